package org.kagemusha.core.provisioning;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Values by longest prefix; a look-up costs as many probes as there are different lengths, and
 * allocates nothing.
 */
final class PrefixIndex<T> {

  private static final int BITS = 128;

  /** One length. */
  private record Length<T>(long highMask, long lowMask, Ipv6Map<T> values) {}

  private final List<Length<T>> longestFirst = new ArrayList<>();

  /** Fills an index. */
  static final class Builder<T> {

    @SuppressWarnings({"unchecked", "rawtypes"})
    private final Ipv6Map<T>[] byLength = new Ipv6Map[BITS + 1];

    void put(Ipv6Prefix prefix, T value) {
      if (byLength[prefix.length()] == null) {
        byLength[prefix.length()] = new Ipv6Map<>();
      }
      byLength[prefix.length()].put(prefix.address(), value);
    }

    PrefixIndex<T> build() {
      PrefixIndex<T> index = new PrefixIndex<>();
      for (int bits = BITS; bits >= 0; bits--) {
        if (byLength[bits] != null) {
          index.longestFirst.add(
              new Length<>(mask(bits), mask(bits - Long.SIZE), byLength[bits]));
        }
      }
      return index;
    }

    private static long mask(int bits) {
      return bits <= 0 ? 0 : bits >= Long.SIZE ? -1 : -1L << Long.SIZE - bits;
    }
  }

  /** The value with the longest prefix that holds an address, or null. */
  T of(Ipv6Address address) {
    for (int i = 0; i < longestFirst.size(); i++) {
      Length<T> length = longestFirst.get(i);
      T value =
          length.values()
              .get(address.high() & length.highMask(), address.low() & length.lowMask());
      if (value != null) {
        return value;
      }
    }
    return null;
  }
}
