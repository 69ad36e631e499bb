package org.kagemusha.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RealTimeShareTest {

  private static final long MS = 1_000_000;

  private final RealTimeShare share = new RealTimeShare();
  private long runNs = 7 * MS;
  private long nowNs = -3 * MS;

  @BeforeEach
  void begin() {
    share.begin(runNs, nowNs);
  }

  private boolean isLeftAfter(long ranNs, long intervalNs) {
    runNs += ranNs;
    nowNs += intervalNs;
    return share.isLeft(runNs, nowNs);
  }

  private boolean isModestAfter(long ranNs, long intervalNs) {
    runNs += ranNs;
    nowNs += intervalNs;
    return share.isModest(runNs, nowNs);
  }

  @Test
  void aMoveIsWithinIt() {
    for (int i = 0; i < 10; i++) {
      assertTrue(isLeftAfter(MS / 2, MS), "after " + i);
    }
  }

  @Test
  void workWithoutAnEndUsesItUp() {
    int through = 0;
    while (isLeftAfter(MS, MS)) {
      through++;
    }
    // A burst of 10 ms and a fifth of the time meanwhile.
    assertEquals(12, through);
  }

  @Test
  void aFifthOfTheTimeCanGoOnForever() {
    for (int i = 0; i < 100_000; i++) {
      assertTrue(isLeftAfter(MS, 5 * MS), "after " + i);
    }
  }

  @Test
  void restIsNotSavedBeyondABurst() {
    assertTrue(isLeftAfter(0, 3600_000 * MS));
    assertFalse(isLeftAfter(RealTimeShare.BURST_NS + MS, 4 * MS));
  }

  @Test
  void ordinaryWorkIsModestUpToTheSameShare() {
    assertFalse(isLeftAfter(30 * MS, 30 * MS));
    assertFalse(isModestAfter(21 * MS, 100 * MS));
    assertTrue(isModestAfter(20 * MS, 100 * MS));
    share.begin(runNs, nowNs);
    assertTrue(isLeftAfter(9 * MS, 0));
  }
}
