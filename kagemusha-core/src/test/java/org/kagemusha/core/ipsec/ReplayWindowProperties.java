package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** The window against a set of everything that was ever marked. */
class ReplayWindowProperties {

  private static final long SUBSPACE = 1L << 32;

  @Provide
  Arbitrary<Integer> windows() {
    return Arbitraries.integers().between(1, 64).map(words -> words * 64);
  }

  @Provide
  Arbitrary<List<Long>> steps() {
    Arbitrary<Long> step =
        Arbitraries.frequencyOf(
            Tuple.of(8, Arbitraries.longs().between(-80, 80)),
            Tuple.of(4, Arbitraries.longs().between(-5000, 5000)),
            Tuple.of(1, Arbitraries.longs().between(0, SUBSPACE - 5000)));
    return step.list().ofMinSize(1).ofMaxSize(300);
  }

  @Property(tries = 500)
  void rfc4303_s3_4_3_acceptsWhatIsInTheWindowOrRightOfItAndNotSeen(
      @ForAll("windows") int size, @ForAll("steps") List<Long> steps) {
    ReplayWindow window = new ReplayWindow(size, true);
    Set<Long> seen = new HashSet<>();
    long top = 0;
    for (long step : steps) {
      long number = top + step;
      boolean expected = number > 0 && number > top - size && !seen.contains(number);
      assertEquals(expected, window.accepts(number), "number " + number + " top " + top);
      if (expected) {
        window.mark(number);
        seen.add(number);
        top = Math.max(top, number);
        assertEquals(top, window.top());
      }
    }
  }

  @Property(tries = 500)
  void rfc4303_appendixA2_2_infersEveryNumberFromTheWindowToASubspaceBeyondIt(
      @ForAll("windows") int size,
      @ForAll("tops") long top,
      @ForAll("distances") long distance) {
    ReplayWindow window = new ReplayWindow(size, true);
    window.mark(top);
    long number = top - size + 1 + distance;
    if (number > 0) {
      assertEquals(number, window.infer((int) number));
    }
  }

  @Provide
  Arbitrary<Long> tops() {
    return Arbitraries.oneOf(
        Arbitraries.longs().between(1, 10_000),
        Arbitraries.longs().between(SUBSPACE - 5000, SUBSPACE + 5000),
        Arbitraries.longs().between(7 * SUBSPACE - 5000, 7 * SUBSPACE + 5000),
        Arbitraries.longs().between(1, Long.MAX_VALUE / 2));
  }

  @Provide
  Arbitrary<Long> distances() {
    return Arbitraries.oneOf(
        Arbitraries.longs().between(0, 10_000),
        Arbitraries.longs().between(SUBSPACE - 10_000, SUBSPACE - 1),
        Arbitraries.longs().between(0, SUBSPACE - 1));
  }

  @Property(tries = 200)
  void rfc4303_s3_4_3_aPermutationWithinTheWindowIsAcceptedOnce(
      @ForAll("windows") int size, @ForAll("tops") long base) {
    ReplayWindow window = new ReplayWindow(size, true);
    for (int i = size - 1; i >= 0; i--) {
      // 67 has no divisor in common with a size, so this visits each number once.
      long number = base + (long) i * 67 % size;
      assertTrue(window.accepts(number));
      window.mark(number);
    }
    for (long number = base; number < base + size; number++) {
      assertTrue(!window.accepts(number));
    }
    assertTrue(window.accepts(base + size));
  }

  @Example
  void rfc4303_s2_2_aShortNumberIsItself() {
    ReplayWindow window = new ReplayWindow(64, false);
    assertEquals(0xffff_ffffL, window.infer(-1));
    window.mark(0xffff_ffffL);
    assertEquals(1, window.infer(1));
    assertTrue(!window.accepts(1));
  }
}
