package org.kagemusha.daemon.service;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * What the kernel was found to do with packets to each destination: a table of fixed size, in which
 * a new destination displaces another where its places are taken. Finding allocates nothing.
 */
final class EncapsulatedDestinations {

  private static final int PLACES = 8;
  private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

  private final long[] high;
  private final long[] low;
  private final Ipv6Address[] remote;
  private final boolean[] encapsulated;

  /** In which age it was found out; 0: the place is free. */
  private final int[] age;

  private int now = 1;
  private int victim;

  /**
   * @param expected about how many destinations; at least twice as many have places
   */
  EncapsulatedDestinations(int expected) {
    int size = Integer.highestOneBit(Math.max(expected, PLACES) * 2 - 1) * 2;
    high = new long[size];
    low = new long[size];
    remote = new Ipv6Address[size];
    encapsulated = new boolean[size];
    age = new int[size];
  }

  /** The place of a destination, or -1. */
  int find(long wantedHigh, long wantedLow) {
    int first = first(wantedHigh, wantedLow);
    for (int i = 0; i < PLACES; i++) {
      int slot = first + i & age.length - 1;
      if (age[slot] != 0 && low[slot] == wantedLow && high[slot] == wantedHigh) {
        return slot;
      }
    }
    return -1;
  }

  /** The place for a destination: its own, a free one, or that of another. */
  int place(long wantedHigh, long wantedLow) {
    int found = find(wantedHigh, wantedLow);
    if (found >= 0) {
      return found;
    }
    int first = first(wantedHigh, wantedLow);
    for (int i = 0; i < PLACES; i++) {
      int slot = first + i & age.length - 1;
      if (age[slot] == 0) {
        return slot;
      }
    }
    victim = (victim + 1) % PLACES;
    return first + victim & age.length - 1;
  }

  void put(
      int slot, long newHigh, long newLow, Ipv6Address newRemote, boolean isEncapsulated) {
    high[slot] = newHigh;
    low[slot] = newLow;
    remote[slot] = newRemote;
    encapsulated[slot] = isEncapsulated;
    age[slot] = now;
  }

  void clear(int slot) {
    age[slot] = 0;
    remote[slot] = null;
  }

  /** Whether a place has another destination than this. */
  boolean isOther(int slot, long wantedHigh, long wantedLow) {
    return age[slot] != 0 && (low[slot] != wantedLow || high[slot] != wantedHigh);
  }

  /** Whether the kernel must be asked again: for long, or for another remote end. */
  boolean isDoubtful(int slot, Ipv6Address wantedRemote) {
    return age[slot] != now || remote[slot] != wantedRemote && !wantedRemote.equals(remote[slot]);
  }

  /** Whether the kernel encapsulates packets to it. */
  boolean isEncapsulated(int slot) {
    return encapsulated[slot];
  }

  long high(int slot) {
    return high[slot];
  }

  long low(int slot) {
    return low[slot];
  }

  /** From now on nothing that was found out is sure; the places stay taken. */
  void doubtAll() {
    // After 2^31 changes an age may come again; what is 0 would be taken for free.
    now = now == Integer.MAX_VALUE ? 1 : now + 1;
  }

  private int first(long ofHigh, long ofLow) {
    long mixed = (ofHigh * MIX ^ ofLow) * MIX;
    return (int) (mixed >>> 32) & age.length - 1;
  }
}
