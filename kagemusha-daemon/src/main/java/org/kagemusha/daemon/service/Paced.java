package org.kagemusha.daemon.service;

import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.kagemusha.daemon.loop.PacketLoop;

/**
 * Does something soon after it was asked for: at once after a rest, else when the pause since the last
 * time is over; asked several times meanwhile, once. The kernel tells each daemon of a host of what
 * every other one does to interfaces and addresses, so that looking at everything each time would cost
 * the cube of their number when many start.
 */
final class Paced {

  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Runnable work;
  private final PacketLoop loop;
  private final Executor executor;
  private final AtomicBoolean asked = new AtomicBoolean();
  private volatile boolean resting;
  private volatile long lastNs;

  /**
   * @param executor where it is done
   */
  Paced(Runnable work, PacketLoop loop, Executor executor) {
    this.work = work;
    this.loop = loop;
    this.executor = executor;
  }

  /** Asks for it; from any thread. */
  void ask() {
    if (!asked.compareAndSet(false, true)) {
      return;
    }
    long waitNs = resting ? lastNs + PAUSE_NS - System.nanoTime() : 0;
    if (waitNs <= 0) {
      executor.execute(this::perform);
    } else {
      loop.eventLoop()
          .schedule(() -> executor.execute(this::perform), waitNs, TimeUnit.NANOSECONDS);
    }
  }

  /** The next time it is asked for, it is done at once: what comes now is awaited. */
  void hurry() {
    resting = false;
  }

  private void perform() {
    lastNs = System.nanoTime();
    resting = true;
    asked.set(false);
    work.run();
  }
}
