package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WallClockTest {

  private static final long MS = 1_000_000;
  private static final long LATEST = 5_000 * MS;
  private static final long UNIX = 1_700_000_000_000_000_000L;
  private static final long MONOTONIC = 3_600_000 * MS;

  private final ArrayDeque<Long> delays = new ArrayDeque<>();
  private long passedNs;

  /** Both clocks; before each reading the thread is scheduled out for the next of the delays. */
  private final WallClock clock =
      new WallClock(() -> UNIX + pass(), () -> MONOTONIC + pass());

  private long pass() {
    passedNs += delays.isEmpty() ? 0 : delays.poll();
    return passedNs;
  }

  @Test
  void aTimeOfTheHostsClockIsPutOnTheMonotonicOne() {
    assertEquals(MONOTONIC - 7 * MS, clock.monotonicNs(UNIX - 7 * MS, LATEST, -1));
    assertEquals(MONOTONIC, clock.monotonicNs(UNIX, LATEST, -1));
  }

  @Test
  void whoIsScheduledOutBetweenTheClocksReadsThemAgain() {
    delays.addAll(List.of(0L, 3 * MS, 0L, 0L, 0L, 4 * MS, 0L, 100L, 100L));
    long atNs = clock.monotonicNs(UNIX - 7 * MS, LATEST, -1);
    assertEquals(MONOTONIC - 7 * MS, atNs, WallClock.TOGETHER_NS);
    assertTrue(delays.isEmpty());
  }

  @Test
  void aBusyHostGetsTheBestOfItsTries() {
    for (int i = 0; i < 60; i++) {
      delays.add(i == 31 ? 20_000L : MS);
    }
    assertEquals(
        MONOTONIC - 7 * MS, clock.monotonicNs(UNIX - 7 * MS, LATEST, -1), MS);
  }

  @Test
  void whereTheClockWasSetMeanwhileTheOtherAnswerCounts() {
    assertEquals(-1, clock.monotonicNs(UNIX + 1, LATEST, -1));
    assertEquals(-1, clock.monotonicNs(UNIX - LATEST, LATEST, -1));
    assertEquals(-1, clock.monotonicNs(0, LATEST, -1));
  }

  @Test
  void theHostsClocksAgree() {
    long nowNs = System.nanoTime();
    long unixNs = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
    long atNs = new WallClock().monotonicNs(unixNs, LATEST, -1);
    assertTrue(Math.abs(atNs - nowNs) < 1000 * MS, "a second is long enough for any scheduler");
  }
}
