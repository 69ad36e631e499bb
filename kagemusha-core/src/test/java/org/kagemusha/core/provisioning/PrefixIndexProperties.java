package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** A search through all prefixes is slower and says the same. */
class PrefixIndexProperties {

  private static final Ipv6Address BASE = Ipv6Address.parse("2001:db8:2000::10");

  /** Addresses that differ in few bits, so that prefixes hold one another. */
  private static Ipv6Address near(Random random) {
    long high = BASE.high();
    long low = BASE.low();
    for (int flips = random.nextInt(3); flips > 0; flips--) {
      if (random.nextBoolean()) {
        high ^= 1L << random.nextInt(Long.SIZE);
      } else {
        low ^= 1L << random.nextInt(Long.SIZE);
      }
    }
    return new Ipv6Address(high, low);
  }

  private static Integer naive(Map<Ipv6Prefix, Integer> prefixes, Ipv6Address address) {
    Ipv6Prefix longest = null;
    for (Ipv6Prefix prefix : prefixes.keySet()) {
      if (prefix.contains(address) && (longest == null || prefix.length() > longest.length())) {
        longest = prefix;
      }
    }
    return prefixes.get(longest);
  }

  @Property(tries = 300)
  void theLongestPrefixWins(@ForAll long seed, @ForAll @IntRange(max = 60) int count) {
    Random random = new Random(seed);
    Map<Ipv6Prefix, Integer> prefixes = new HashMap<>();
    PrefixIndex.Builder<Integer> builder = new PrefixIndex.Builder<>();
    for (int value = 0; value < count; value++) {
      int length =
          switch (random.nextInt(4)) {
            case 0 -> 128;
            case 1 -> 64;
            case 2 -> 0;
            default -> random.nextInt(129);
          };
      Ipv6Prefix prefix = Ipv6Prefix.of(near(random), length);
      prefixes.put(prefix, value);
      builder.put(prefix, value);
    }
    PrefixIndex<Integer> index = builder.build();
    for (int i = 0; i < 100; i++) {
      Ipv6Address address = near(random);
      assertEquals(naive(prefixes, address), index.of(address), () -> address + " " + prefixes);
    }
  }
}
