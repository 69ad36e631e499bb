package org.kagemusha.tap.scheduling;

import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** The scheduling policy of the calling thread, sched(7). Threads that it starts are ordinary. */
public final class ThreadScheduling {

  /** The lowest of 1 to 99: before all ordinary threads, and behind the kernel's own. */
  public static final int PRIORITY = 1;

  private static final int SCHED_OTHER = 0;
  private static final int SCHED_RR = 2;
  private static final int SCHED_RESET_ON_FORK = 0x40000000;

  private ThreadScheduling() {}

  /**
   * The thread runs whenever it can: no ordinary thread keeps it waiting.
   *
   * @throws KernelException EPERM without CAP_SYS_NICE and where RLIMIT_RTPRIO is 0
   */
  public static void realTime() throws KernelException {
    set(SCHED_RR, PRIORITY, "SCHED_RR");
  }

  /**
   * The thread shares the processors with others, by its nice value.
   *
   * @throws KernelException if the kernel refuses that
   */
  public static void ordinary() throws KernelException {
    set(SCHED_OTHER, 0, "SCHED_OTHER");
  }

  private static void set(int policy, int priority, String name) throws KernelException {
    NativeMemory parameters = new NativeMemory(Integer.BYTES);
    parameters.bytes().putInt(0, priority);
    if (Libc.sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, parameters.address()) < 0) {
      int errno = Libc.errno();
      throw new KernelException(
          "sched_setscheduler", name, errno,
          errno == Errno.EPERM ? "LimitRTPRIO=1 of the systemd unit allows it" : "");
    }
  }

  /** Whether the thread runs in real time. */
  public static boolean isRealTime() {
    return (Libc.sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_RR;
  }
}
