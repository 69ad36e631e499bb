package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kagemusha.daemon.LogLines;
import org.kagemusha.daemon.loop.PacketLoop;

/** The end waits for packets that are being handed over, and not for ever. */
@Timeout(60)
class PatienceTest {

  private static final String LATER =
      "stopping later reason=\"packets are being handed over\"";

  private final PacketLoop loop = new PacketLoop("test", cause -> { });
  private final LogLines log = new LogLines(Patience.class);

  @AfterEach
  void close() {
    log.close();
    loop.close();
  }

  @Test
  void whereNothingIsHandedOverTheEndIsAtOnceAndSilent() {
    new Patience(loop, () -> true).await();
    assertEquals(List.of(), log.all());
  }

  @Test
  void theEndWaitsUntilAllIsHandedOverAndTheLogSaysSo() {
    AtomicInteger asked = new AtomicInteger();
    new Patience(loop, () -> asked.incrementAndGet() > 3).await();
    assertEquals(List.of(LATER), log.all());
    assertTrue(asked.get() >= 4, "asked " + asked);
  }

  @Test
  void aHandoverWithoutEndHoldsTheDaemonForABoundedTimeOnly() {
    long beginNs = System.nanoTime();
    new Patience(loop, () -> false).await();
    assertTrue(
        System.nanoTime() - beginNs >= TimeUnit.MILLISECONDS.toNanos(Patience.LONGEST_MS));
    assertEquals(List.of(LATER), log.all());
  }
}
