package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.kagemusha.core.signalling.BindingUpdateSequence;

/** What holds for every way a VM can take through a world that loses packets. */
class MobileNodeProperties {

  /**
   * On its way, {@link Simulation} asserts at every update that the VM is at the host that sends it
   * (so no stale host takes the binding back), that no second holds four updates, and that a fenced
   * host sends nothing; in the end, that the home agent knows where the VM is.
   */
  @Property(tries = 150, shrinking = ShrinkingMode.OFF)
  void rfc6275_s11_7_1_theHomeAgentKnowsInTheEndWhereTheVmIs(@ForAll long seed) {
    new Simulation(seed).run(6);
  }

  @Property(tries = 300)
  void rfc6275_s9_5_1_sequenceNumbersIncreaseAcrossHostsWithWrongClocks(
      @ForAll long seed, @ForAll @LongRange(min = 0, max = 4_000_000_000_000L) long startMs) {
    Random random = new Random(seed);
    long nowMs = startMs;
    int last = -1;
    for (int host = 0; host < 20; host++) {
      BindingUpdateSequence sequence = new BindingUpdateSequence();
      long skewMs = random.nextInt(200) - 100;
      int updates = 1 + random.nextInt(5);
      for (int i = 0; i < updates; i++) {
        int next = sequence.next(nowMs + skewMs);
        assertTrue(
            last < 0 || BindingUpdateSequence.isAhead(next, last), next + " after " + last);
        last = next;
        nowMs += 334 + random.nextInt(60_000);
      }
      nowMs += 600;
    }
  }

  @Property(tries = 300)
  void rfc6275_s11_8_updateRateHoldsInEveryWindowOfASecond(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 400) int meanMs) {
    Random random = new Random(seed);
    UpdateRate rate = new UpdateRate();
    long[] sent = new long[200];
    long now = 0;
    for (int i = 0; i < sent.length; i++) {
      now = Math.max(now + random.nextInt(meanMs) * 1_000_000L, rate.earliestNs(now));
      rate.sent(now);
      sent[i] = now;
      assertTrue(i < 3 || sent[i] - sent[i - 3] >= 1_000_000_000L);
    }
  }
}
