package org.kagemusha.core.mobility;

/**
 * MAX_UPDATE_RATE of RFC 6275 §11.8: "The mobile node MUST NOT send Mobility Header messages of a
 * particular type to a particular correspondent node more than MAX_UPDATE_RATE times within a
 * second." A window over the last three, so that no second holds a fourth wherever it begins.
 */
final class UpdateRate {

  /** MAX_UPDATE_RATE, §12. */
  static final int MAXIMUM = 3;

  private static final long WINDOW_NS = 1_000_000_000L;

  private final long[] sentNs = new long[MAXIMUM];
  private int count;
  private int oldest;

  /**
   * The earliest time, monotonic ns, at which one more may be sent; not later than now if it may.
   */
  long earliestNs(long nowNs) {
    return earliestNs(1, nowNs);
  }

  /**
   * The earliest time, monotonic ns, at which some more may be sent together; not later than now if
   * they may.
   *
   * @param more 1 to {@link #MAXIMUM}
   */
  long earliestNs(int more, long nowNs) {
    int full = count + more - MAXIMUM;
    return full <= 0 ? nowNs : sentNs[(oldest + full - 1) % MAXIMUM] + WINDOW_NS;
  }

  /** Notes that one was sent. */
  void sent(long nowNs) {
    if (count < MAXIMUM) {
      sentNs[count++] = nowNs;
    } else {
      sentNs[oldest] = nowNs;
      oldest = (oldest + 1) % MAXIMUM;
    }
  }
}
