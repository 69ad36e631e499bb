package org.kagemusha.daemon.service;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.kagemusha.daemon.loop.PacketLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon that is told to end goes on for a moment while it hands packets over: a VMM's hook stops
 * it when the VM has just left. Bounded, and shorter than systemd's patience with the unit.
 */
final class Patience {

  /** The grace of a handover and some more, ms. */
  static final long LONGEST_MS = 6_000;

  private static final Logger log = LoggerFactory.getLogger(Patience.class);
  private static final long INTERVAL_MS = 20;

  private final PacketLoop loop;
  private final BooleanSupplier done;

  Patience(PacketLoop loop, BooleanSupplier done) {
    this.loop = loop;
    this.done = done;
  }

  /** Waits on the caller's thread, while the loop goes on. */
  void await() {
    if (loop.call(done::getAsBoolean)) {
      return;
    }
    log.info("stopping later reason=\"packets are being handed over\"");
    CompletableFuture<Void> end = new CompletableFuture<>();
    end.completeOnTimeout(null, LONGEST_MS, TimeUnit.MILLISECONDS);
    ScheduledFuture<?> looking =
        loop.eventLoop()
            .scheduleAtFixedRate(
                () -> {
                  if (done.getAsBoolean()) {
                    end.complete(null);
                  }
                },
                INTERVAL_MS, INTERVAL_MS, TimeUnit.MILLISECONDS);
    end.join();
    looking.cancel(false);
  }
}
