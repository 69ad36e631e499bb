package org.kagemusha.core.node;

/** A rate limit on monotonic time: a burst, refilled evenly. Allocates nothing. */
public final class TokenBucket {

  private final long intervalNs;
  private final long burst;
  private long tokens;
  private long refilledNs;
  private boolean started;

  /**
   * @param perSecond tokens gained each second, 1 to 10^9
   * @param burst the most that are kept, at least 1
   */
  public TokenBucket(int perSecond, int burst) {
    if (perSecond < 1 || perSecond > 1_000_000_000 || burst < 1) {
      throw new IllegalArgumentException("rate " + perSecond + "/s, burst " + burst);
    }
    this.intervalNs = 1_000_000_000L / perSecond;
    this.burst = burst;
    this.tokens = burst;
  }

  /** Takes a token if there is one. */
  public boolean tryTake(long nowNs) {
    if (!started) {
      started = true;
      refilledNs = nowNs;
    }
    long gained = (nowNs - refilledNs) / intervalNs;
    if (gained > 0) {
      tokens = Math.min(burst, tokens + Math.min(gained, burst));
      refilledNs += gained * intervalNs;
    }
    if (tokens == 0) {
      return false;
    }
    tokens--;
    return true;
  }
}
