package org.kagemusha.core.node;

/**
 * The counters of one engine: what it did, and each drop with its reason. Written and read by the
 * engine's thread only, so an increment costs no more than an addition.
 */
public final class Counters {

  private final long[] drops = new long[DropReason.values().length];
  private final long[] events = new long[Counter.values().length];

  /** Counts a dropped packet. */
  public void drop(DropReason reason) {
    drops[reason.ordinal()]++;
  }

  /** Counts dropped packets. */
  public void drop(DropReason reason, int packets) {
    drops[reason.ordinal()] += packets;
  }

  /** How many packets were dropped for a reason. */
  public long drops(DropReason reason) {
    return drops[reason.ordinal()];
  }

  /** Counts one event. */
  public void add(Counter counter) {
    events[counter.ordinal()]++;
  }

  /** Counts many, such as octets. */
  public void add(Counter counter, long amount) {
    events[counter.ordinal()] += amount;
  }

  /** The value of a counter. */
  public long get(Counter counter) {
    return events[counter.ordinal()];
  }
}
