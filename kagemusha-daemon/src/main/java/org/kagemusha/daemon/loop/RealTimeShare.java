package org.kagemusha.daemon.loop;

/**
 * How much a thread may do in real time: a part of the time, and so much at once as a move takes.
 * Bulk traffic uses it up, and takes its turn with all others then.
 */
final class RealTimeShare {

  /** One part in so many of the time. */
  static final int PARTS = 5;

  /**
   * The most at once, nanoseconds. With half of it, packets that the home agent still had overtook
   * each other in moves; with twice as much, bulk transfers whose ends share the processors began
   * more slowly.
   */
  static final long BURST_NS = 10_000_000;

  private long leftNs;
  private long ranNs;
  private long seenNs;

  /**
   * Begins with all of it.
   *
   * @param runNs how long the thread has run in its life
   */
  void begin(long runNs, long nowNs) {
    leftNs = BURST_NS;
    ranNs = runNs;
    seenNs = nowNs;
  }

  /** Whether anything is left after what was done in real time. */
  boolean isLeft(long runNs, long nowNs) {
    leftNs = Math.min(BURST_NS, leftNs + (nowNs - seenNs) / PARTS) - (runNs - ranNs);
    ranNs = runNs;
    seenNs = nowNs;
    return leftNs > 0;
  }

  /** Whether what was done since the last look, in ordinary time, would have been within it. */
  boolean isModest(long runNs, long nowNs) {
    boolean modest = runNs - ranNs <= (nowNs - seenNs) / PARTS;
    ranNs = runNs;
    seenNs = nowNs;
    return modest;
  }
}
