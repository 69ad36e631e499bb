package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.NodeEngine;

class ProvisioningScheduleTest {

  private static final long SECOND_NS = 1_000_000_000L;

  private long nowNs = 7 * SECOND_NS;
  private ProvisioningSchedule schedule = spread(0.5);

  /** A generator that always says the same: 0.5 is in the middle. */
  private static ProvisioningSchedule spread(double where) {
    return new ProvisioningSchedule(
        new RandomGenerator() {
          @Override
          public long nextLong() {
            return 0;
          }

          @Override
          public double nextDouble() {
            return where;
          }
        });
  }

  private void fail(int retryAfterSeconds) {
    schedule.started();
    schedule.failed(retryAfterSeconds, nowNs);
  }

  private double waitSeconds() {
    return (schedule.nextNs() - nowNs) / (double) SECOND_NS;
  }

  @Test
  void nothingIsDueUntilKeysAreWanted() {
    assertFalse(schedule.isDue(Long.MAX_VALUE - 1));
    assertEquals(NodeEngine.NEVER, schedule.nextNs());
  }

  @Test
  void missingKeysAreAskedForAtOnce() {
    schedule.wanted(nowNs);
    assertTrue(schedule.isDue(nowNs));
    assertEquals(nowNs, schedule.nextNs());
  }

  @Test
  void aRunningAttemptIsEnough() {
    schedule.wanted(nowNs);
    schedule.started();
    schedule.wanted(nowNs);
    schedule.urgent(nowNs);
    assertFalse(schedule.isDue(nowNs + 3600 * SECOND_NS));
    assertEquals(NodeEngine.NEVER, schedule.nextNs());
    schedule.succeeded(nowNs + 100 * SECOND_NS);
    assertEquals(nowNs + 100 * SECOND_NS, schedule.nextNs());
    assertFalse(schedule.isDue(nowNs + 100 * SECOND_NS - 1));
    assertTrue(schedule.isDue(nowNs + 100 * SECOND_NS));
  }

  @Test
  void failuresMakeItWaitTwiceAsLongUpToAMinute() {
    for (double seconds : new double[] {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
      fail(0);
      assertEquals(seconds, waitSeconds(), 0.001);
    }
    schedule.succeeded(nowNs + SECOND_NS);
    fail(0);
    assertEquals(1, waitSeconds(), 0.001, "success begins anew");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.25, 0.75, 0.999_999})
  void manyNodesDoNotComeBackTogether(double where) {
    schedule = spread(where);
    double factor = 0.8 + 0.4 * where;
    fail(0);
    assertEquals(factor, waitSeconds(), 0.001);
    fail(0);
    assertEquals(2 * factor, waitSeconds(), 0.001);
  }

  @Test
  void waitsStayWithinAFifth() {
    schedule = new ProvisioningSchedule(new Random(1));
    for (int i = 0; i < 1000; i++) {
      fail(0);
      double exact = i < 6 ? 1 << i : 60;
      assertTrue(waitSeconds() >= 0.8 * exact && waitSeconds() <= 1.2 * exact, "try " + i);
    }
  }

  @Test
  void rfc6618_s5_5_6_retryAfterIsObeyed() {
    fail(30);
    assertEquals(30, waitSeconds(), 0.001);
    schedule.wanted(nowNs + SECOND_NS);
    assertFalse(schedule.isDue(nowNs + 29 * SECOND_NS), "a back-off is kept");
    assertTrue(schedule.isDue(nowNs + 30 * SECOND_NS));
  }

  @Test
  void aRetryAfterIsObeyedForTenMinutesAtMost() {
    fail(Integer.MAX_VALUE);
    assertEquals(600, waitSeconds(), 0.001);
  }

  @Test
  void aRetryAfterDoesNotShortenTheWait() {
    for (int i = 0; i < 6; i++) {
      fail(0);
    }
    fail(5);
    assertEquals(60, waitSeconds(), 0.001);
  }

  @Test
  void whoWaitsIsNotMadeToWait() {
    fail(600);
    schedule.urgent(nowNs);
    assertTrue(schedule.isDue(nowNs));
    fail(0);
    assertEquals(2, waitSeconds(), 0.001, "and failing again counts");
  }

  @Test
  void wantedBeforeTheRenewalIsAtOnce() {
    schedule.started();
    schedule.succeeded(nowNs + 3600 * SECOND_NS);
    schedule.wanted(nowNs + SECOND_NS);
    assertTrue(schedule.isDue(nowNs + SECOND_NS));
  }

  @Test
  void wantedLaterDelaysNothingThatIsDueBefore() {
    schedule.wanted(nowNs + SECOND_NS);
    assertFalse(schedule.isDue(nowNs));
    schedule.wanted(nowNs);
    assertTrue(schedule.isDue(nowNs));
    schedule.wanted(nowNs + SECOND_NS);
    assertTrue(schedule.isDue(nowNs));
  }
}
