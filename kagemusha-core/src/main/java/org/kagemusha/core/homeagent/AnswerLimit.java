package org.kagemusha.core.homeagent;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A rate limit for answers, for each address they go to and in total (RFC 4443 §2.4(f), RFC 6275
 * §9.3.3). It takes a fixed amount of memory: addresses share their limits by a salted hash, so
 * that nobody can choose with whom.
 */
final class AnswerLimit {

  private static final int SLOTS = 2048;

  /** For each slot the time at which all that was answered would have been due at an even rate. */
  private final long[] dueNs = new long[SLOTS];

  private final long intervalNs;
  private final long toleranceNs;
  private final TokenBucket total;
  private final long salt;
  private boolean started;

  /**
   * @param perSecond answers a second to one address
   * @param burst answers at once to one address
   * @param totalPerSecond answers a second, and at once, to all
   */
  AnswerLimit(int perSecond, int burst, int totalPerSecond, RandomGenerator random) {
    this.intervalNs = 1_000_000_000L / perSecond;
    this.toleranceNs = intervalNs * (burst - 1);
    this.total = new TokenBucket(totalPerSecond, totalPerSecond);
    this.salt = random.nextLong();
  }

  /** Says whether an answer may go to an address now, and counts it if so. */
  boolean tryTake(Ipv6Address to, long nowNs) {
    if (!started) {
      started = true;
      Arrays.fill(dueNs, nowNs);
    }
    int slot = slot(to);
    long due = Math.max(dueNs[slot], nowNs);
    if (due - nowNs > toleranceNs || !total.tryTake(nowNs)) {
      return false;
    }
    dueNs[slot] = due + intervalNs;
    return true;
  }

  private int slot(Ipv6Address address) {
    long mixed = (address.high() ^ salt) * 0x9e37_79b9_7f4a_7c15L;
    mixed = (mixed ^ mixed >>> 32 ^ address.low()) * 0xbf58_476d_1ce4_e5b9L;
    mixed = (mixed ^ mixed >>> 29 ^ salt) * 0x94d0_49bb_1331_11ebL;
    return (int) (mixed >>> 40) & SLOTS - 1;
  }
}
