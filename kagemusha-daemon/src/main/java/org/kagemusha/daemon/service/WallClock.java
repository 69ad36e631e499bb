package org.kagemusha.daemon.service;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Puts times of the host's clock, as the kernel and the VMM give them, on the monotonic clock. Both
 * clocks are read one after the other, and whoever is scheduled out in between is wrong by a time
 * slice, which decides whether a packet came before the VM was stopped: so they are read again
 * until they were read together.
 */
final class WallClock {

  /** How far apart the clocks may be read, ns. */
  static final long TOGETHER_NS = 10_000;

  private static final int MOST_TRIES = 20;

  private final LongSupplier unixNs;
  private final LongSupplier monotonicNs;

  /** The host's clocks. */
  WallClock() {
    this(WallClock::unixNs, System::nanoTime);
  }

  WallClock(LongSupplier unixNs, LongSupplier monotonicNs) {
    this.unixNs = unixNs;
    this.monotonicNs = monotonicNs;
  }

  private static long unixNs() {
    Instant now = Instant.now();
    return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
  }

  /**
   * When something happened.
   *
   * @param atUnixNs by the host's clock, ns since 1970; positive
   * @param latestNs how long it may be past
   * @param otherwise the answer where it is longer past, or to come: the clock was set meanwhile
   */
  long monotonicNs(long atUnixNs, long latestNs, long otherwise) {
    long best = Long.MAX_VALUE;
    long agoNs = 0;
    long nowNs = 0;
    for (int i = 0; i < MOST_TRIES && best > TOGETHER_NS; i++) {
      long before = monotonicNs.getAsLong();
      long wall = unixNs.getAsLong();
      long apart = monotonicNs.getAsLong() - before;
      if (apart < best) {
        best = apart;
        agoNs = wall - atUnixNs;
        nowNs = before + apart / 2;
      }
    }
    return agoNs >= 0 && agoNs < latestNs ? nowNs - agoNs : otherwise;
  }
}
