package org.kagemusha.core.neighbor;

/**
 * Spreads a burst of multicasts: "the node SHOULD introduce a small delay between the sending of
 * each advertisement" (RFC 4861 §7.2.6). A few leave at once, the rest one after another.
 */
final class Pacer {

  private final long intervalNs;
  private final long creditNs;
  private long slotNs;
  private boolean started;

  /**
   * @param intervalNs between two, nanoseconds
   * @param burst how many leave at once after a quiet time
   */
  Pacer(long intervalNs, int burst) {
    this.intervalNs = intervalNs;
    this.creditNs = intervalNs * burst;
  }

  /** When the next one may leave: {@code nowNs} or later. Each call takes a place in the queue. */
  long next(long nowNs) {
    long earliest = nowNs - creditNs;
    slotNs = started ? Math.max(slotNs, earliest) + intervalNs : earliest + intervalNs;
    started = true;
    return Math.max(slotNs, nowNs);
  }
}
