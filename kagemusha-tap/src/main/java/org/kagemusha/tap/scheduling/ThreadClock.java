package org.kagemusha.tap.scheduling;

import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** How long threads run, clock_gettime(2). For one thread; allocates nothing. */
public final class ThreadClock {

  private static final int CLOCK_THREAD_CPUTIME_ID = 3;
  private static final long SECOND_NS = 1_000_000_000L;

  private final NativeMemory time = new NativeMemory(2 * Long.BYTES);

  /** How long the calling thread has run since its start, nanoseconds. */
  public long runNs() {
    Libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time.address());
    return time.bytes().getLong(0) * SECOND_NS + time.bytes().getLong(Long.BYTES);
  }
}
