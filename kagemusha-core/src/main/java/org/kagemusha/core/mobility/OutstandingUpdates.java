package org.kagemusha.core.mobility;

/**
 * The Binding Updates of one effort that may still be acknowledged. Retransmissions carry new
 * sequence numbers (RFC 6275 §11.8), and an acknowledgement of an earlier one is as good: it says
 * when the granted lifetime began. The oldest gives way.
 */
final class OutstandingUpdates {

  private static final int CAPACITY = 8;
  private static final int NONE = -1;

  private final int[] sequences = new int[CAPACITY];
  private final int[] lifetimes = new int[CAPACITY];
  private final long[] times = new long[CAPACITY];
  private final boolean[] udp = new boolean[CAPACITY];
  private int added;
  private boolean twins;
  private boolean settling;

  void add(int sequence, int lifetimeUnits, boolean inUdp, long sentNs) {
    int slot = added++ % CAPACITY;
    sequences[slot] = sequence;
    lifetimes[slot] = lifetimeUnits;
    times[slot] = sentNs;
    udp[slot] = inUdp;
  }

  /** Takes the last one back: it never left. */
  void removeLast() {
    if (added > 0) {
      added--;
      sequences[added % CAPACITY] = NONE;
    }
  }

  /** The latest one has a native twin right behind it, or has not. */
  void twins(boolean value) {
    twins = value;
  }

  /** Whether the latest went in both forms, and the native one is not acknowledged. */
  boolean hasTwins() {
    return twins;
  }

  /** Of twins, the one in UDP was acknowledged: only the native one is still of interest. */
  void settle() {
    settling = true;
    for (int slot = 0; slot < Math.min(added, CAPACITY); slot++) {
      if (udp[slot]) {
        sequences[slot] = NONE;
      }
    }
  }

  /** Whether of twins the one in UDP was acknowledged, and the native one is waited for. */
  boolean isSettling() {
    return settling;
  }

  void clear() {
    added = 0;
    twins = false;
    settling = false;
  }

  boolean isEmpty() {
    return added == 0;
  }

  /** The slot of a sequence number, or -1. */
  int find(int sequence) {
    for (int slot = 0; slot < Math.min(added, CAPACITY); slot++) {
      if (sequences[slot] == sequence) {
        return slot;
      }
    }
    return -1;
  }

  /** What an update asked for, in units of four seconds. */
  int lifetimeUnits(int slot) {
    return lifetimes[slot];
  }

  /** When an update was sent, monotonic ns. */
  long sentNs(int slot) {
    return times[slot];
  }

  /** Whether an update went in UDP. */
  boolean isInUdp(int slot) {
    return udp[slot];
  }
}
