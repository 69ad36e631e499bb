package org.kagemusha.core.neighbor;

import org.kagemusha.core.node.TokenBucket;

/**
 * How many address resolutions the packets of one source, and of all, may begin (RFC 6583 §4.3).
 * With a share for each source, a mobile node that scans its home prefix uses up its own and not
 * the others'. Sources share by a hash, so the memory is fixed. Allocates nothing.
 */
final class ResolutionLimit {

  /** Resolutions a second, and at once, for one source. */
  static final int PER_SOURCE = 50;

  /** Resolutions a second, and at once, for all. */
  static final int TOTAL = 400;

  private static final int SLOTS = 1024;
  private static final long INTERVAL_NS = 1_000_000_000L / PER_SOURCE;
  private static final long TOLERANCE_NS = INTERVAL_NS * (PER_SOURCE - 1);

  /** For each slot the time at which all it began would have been due at an even rate. */
  private final long[] dueNs = new long[SLOTS];

  private final boolean[] used = new boolean[SLOTS];
  private final TokenBucket total = new TokenBucket(TOTAL, TOTAL);

  /** Says whether a packet of a source, given as two words, may begin a resolution now. */
  boolean tryTake(long high, long low, long nowNs) {
    long mixed = (high * 0x9e37_79b9_7f4a_7c15L ^ low) * 0xbf58_476d_1ce4_e5b9L;
    int slot = (int) (mixed >>> 48) & SLOTS - 1;
    long due = used[slot] ? Math.max(dueNs[slot], nowNs) : nowNs;
    if (due - nowNs > TOLERANCE_NS || !total.tryTake(nowNs)) {
      return false;
    }
    used[slot] = true;
    dueNs[slot] = due + INTERVAL_NS;
    return true;
  }
}
