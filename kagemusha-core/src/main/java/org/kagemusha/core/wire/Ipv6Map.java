package org.kagemusha.core.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A map from IPv6 addresses, looked up by the two words of an address so that the data path
 * allocates nothing. Open addressing with linear probing; the cost of a look-up does not depend on
 * the number of entries. For one thread.
 *
 * @param <V> the values, never null
 */
public final class Ipv6Map<V> {

  private static final int SMALLEST = 16;

  private long[] highs = new long[SMALLEST];
  private long[] lows = new long[SMALLEST];
  private Object[] values = new Object[SMALLEST];
  private int size;

  /** How many entries there are. */
  public int size() {
    return size;
  }

  /** The value of an address, or null. */
  public V get(Ipv6Address address) {
    return get(address.high(), address.low());
  }

  /** The value of an address given as two words in network order, or null; allocates nothing. */
  @SuppressWarnings("unchecked")
  public V get(long high, long low) {
    return (V) values[find(high, low)];
  }

  /** Sets the value of an address and returns the earlier one, or null. */
  @SuppressWarnings("unchecked")
  public V put(Ipv6Address address, V value) {
    Objects.requireNonNull(value);
    int slot = find(address.high(), address.low());
    V before = (V) values[slot];
    values[slot] = value;
    if (before == null) {
      highs[slot] = address.high();
      lows[slot] = address.low();
      size++;
      if (size * 2 > values.length) {
        resize(values.length * 2);
      }
    }
    return before;
  }

  /** Removes an address and returns its value, or null. */
  @SuppressWarnings("unchecked")
  public V remove(Ipv6Address address) {
    int slot = find(address.high(), address.low());
    V before = (V) values[slot];
    if (before != null) {
      size--;
      values[slot] = null;
      closeGap(slot);
    }
    return before;
  }

  /** The values as they stand now, in no order. */
  @SuppressWarnings("unchecked")
  public List<V> values() {
    List<V> all = new ArrayList<>(size);
    for (Object value : values) {
      if (value != null) {
        all.add((V) value);
      }
    }
    return all;
  }

  private int find(long high, long low) {
    int mask = values.length - 1;
    int slot = hash(high, low) & mask;
    while (values[slot] != null && (lows[slot] != low || highs[slot] != high)) {
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private void closeGap(int gap) {
    int mask = values.length - 1;
    int hole = gap;
    for (int slot = gap + 1 & mask; values[slot] != null; slot = slot + 1 & mask) {
      int home = hash(highs[slot], lows[slot]) & mask;
      if ((slot - home & mask) >= (slot - hole & mask)) {
        highs[hole] = highs[slot];
        lows[hole] = lows[slot];
        values[hole] = values[slot];
        values[slot] = null;
        hole = slot;
      }
    }
  }

  private void resize(int capacity) {
    long[] oldHighs = highs;
    long[] oldLows = lows;
    Object[] oldValues = values;
    highs = new long[capacity];
    lows = new long[capacity];
    values = new Object[capacity];
    for (int i = 0; i < oldValues.length; i++) {
      if (oldValues[i] != null) {
        int slot = find(oldHighs[i], oldLows[i]);
        highs[slot] = oldHighs[i];
        lows[slot] = oldLows[i];
        values[slot] = oldValues[i];
      }
    }
  }

  private static int hash(long high, long low) {
    long mixed = (high ^ Long.rotateLeft(low, 32)) * 0x9e37_79b9_7f4a_7c15L;
    mixed = (mixed ^ mixed >>> 29 ^ low) * 0xbf58_476d_1ce4_e5b9L;
    return (int) (mixed ^ mixed >>> 32);
  }
}
