package org.kagemusha.daemon.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** When a VMM is tried again. */
class BackOffTest {

  private final BackOff backOff = new BackOff();

  @Test
  void missingSocketIsLookedForEverySecond() {
    for (int i = 0; i < 100; i++) {
      assertEquals(1_000, backOff.missingMs(i));
    }
  }

  @Test
  void expectedVmIsLookedForMoreOftenForAMinute() {
    backOff.hurry(5);
    assertEquals(50, backOff.missingMs(6));
    assertEquals(50, backOff.missingMs(BackOff.HURRY_NS + 4));
    assertEquals(1_000, backOff.missingMs(BackOff.HURRY_NS + 5));
  }

  @Test
  void failuresDoubleUpToHalfAMinute() {
    long[] expected = {1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000};
    for (long ms : expected) {
      assertEquals(ms, backOff.failedMs());
    }
    backOff.served();
    assertEquals(1_000, backOff.failedMs());
  }
}
