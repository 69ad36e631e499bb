package org.kagemusha.tap.team;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A team of the calling thread and some threads of its own. Whoever is free takes the next few
 * jobs, which lie side by side, so a thread that the kernel does not run takes none, and the caller
 * waits for nothing but jobs that another has begun. Threads that run out of work look for more for
 * a short while, then sleep. Handing over allocates nothing and takes no lock.
 *
 * <p>On a machine whose processors are busy, a thread that is woken comes too late, and takes the
 * processor from the one that woke it. So one that found nothing to do sleeps again at once, and
 * after batches that nobody helped with, some are done without waking anybody.
 */
public final class CipherThreads implements CipherTeam, AutoCloseable {

  /** Jobs that are taken at a time. */
  static final int PORTION = 8;

  private static final Logger log = LoggerFactory.getLogger(CipherThreads.class);

  /** About what lies between two batches of a fast flow. */
  private static final long LOOKS_NS = 200_000;

  private static final int MOST_WITHOUT_HELP = 64;

  /** Less than this part of a batch is no help: it is not worth waking anybody. */
  private static final int LEAST_SHARE = 4;

  private static final int LOOKS_PER_CLOCK = 32;
  private static final int WAITS_BEFORE_YIELD = 256;
  private static final int FIELD = 16;
  private static final int MOST_JOBS = (1 << FIELD) - 1;

  private static final VarHandle TICKET;
  private static final VarHandle FINISHED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TICKET = lookup.findVarHandle(CipherThreads.class, "ticket", long.class);
      FINISHED = lookup.findVarHandle(CipherThreads.class, "finished", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Helper[] helpers;

  /** The number of the batch in the upper half, then its jobs, then the next one to take. */
  private long ticket;

  /** Jobs of this batch that helpers have done. */
  private int finished;

  private Task task;
  private int batch;

  /** Batches for which nobody is woken: how many still, and how many the next time. */
  private int withoutHelp;

  private int nextWithoutHelp = 1;
  private volatile boolean closed;
  private volatile boolean failed;

  /**
   * Starts the threads.
   *
   * @param members the caller included, 1 to {@link CipherTeam#MOST_MEMBERS}
   */
  public CipherThreads(int members) {
    if (members < 1 || members > MOST_MEMBERS) {
      throw new IllegalArgumentException("no team of " + members);
    }
    helpers = new Helper[members - 1];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Helper(i + 1);
    }
    for (Helper helper : helpers) {
      helper.start();
    }
  }

  @Override
  public int members() {
    return helpers.length + 1;
  }

  @Override
  public void run(int jobs, Task work) {
    if (jobs > MOST_JOBS) {
      throw new IllegalArgumentException(jobs + " jobs");
    }
    if (jobs < FEWEST_JOBS || helpers.length == 0 || closed) {
      for (int i = 0; i < jobs; i += MOST_IN_ONE_PASS) {
        attempt(work, i, Math.min(jobs, i + MOST_IN_ONE_PASS), 0);
      }
      return;
    }
    task = work;
    FINISHED.set(this, 0);
    batch++;
    // Before the helpers' flags are read: one that goes to sleep sets its flag, then reads this.
    TICKET.setVolatile(this, (long) batch << 2 * FIELD | (long) jobs << FIELD);
    boolean woken = wake(jobs);
    int others = jobs - takeJobs(0);
    if (others >= jobs / LEAST_SHARE) {
      withoutHelp = 0;
      nextWithoutHelp = 1;
    } else if (woken) {
      withoutHelp = nextWithoutHelp;
      nextWithoutHelp = Math.min(MOST_WITHOUT_HELP, 2 * nextWithoutHelp);
    }
    for (int i = 0; (int) FINISHED.getAcquire(this) != others; i++) {
      if (i < WAITS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private boolean wake(int jobs) {
    if (withoutHelp > 0) {
      withoutHelp--;
      return false;
    }
    int wanted = Math.min(helpers.length, (jobs - 1) / PORTION);
    boolean woken = false;
    for (int i = 0; i < wanted; i++) {
      woken |= helpers[i].wake();
    }
    return woken;
  }

  /** Takes jobs of the present batch until none is left; returns how many it did. */
  private int takeJobs(int member) {
    int done = 0;
    while (true) {
      long now = (long) TICKET.getAcquire(this);
      int jobs = (int) (now >>> FIELD) & MOST_JOBS;
      int first = (int) now & MOST_JOBS;
      if (first >= jobs) {
        return done;
      }
      // If the batch is another one by now, the ticket is too, and what was read is not used.
      Task work = task;
      int count = Math.min(PORTION, jobs - first);
      if (!TICKET.compareAndSet(this, now, now + count)) {
        Thread.onSpinWait();
        continue;
      }
      attempt(work, first, first + count, member);
      done += count;
      if (member > 0) {
        FINISHED.getAndAdd(this, count);
      }
    }
  }

  /** Does some jobs in a row, in one pass if they are enough for that. */
  private void attempt(Task work, int first, int end, int member) {
    boolean inOnePass = end - first >= FEWEST_IN_ONE_PASS;
    for (int i = first; i < end; i++) {
      try {
        if (inOnePass) {
          work.begin(i, member);
        } else {
          work.run(i, member);
        }
      } catch (Throwable e) {
        failed(e, member);
      }
    }
    for (int i = first; inOnePass && i < end; i++) {
      try {
        work.complete(i, member);
      } catch (Throwable e) {
        failed(e, member);
      }
    }
  }

  private void failed(Throwable e, int member) {
    if (!failed) {
      failed = true;
      log.error("cipher failed, packets are dropped and counted thread={}", member, e);
    }
  }

  private boolean hasJobs() {
    long now = (long) TICKET.getVolatile(this);
    return ((int) now & MOST_JOBS) < ((int) (now >>> FIELD) & MOST_JOBS);
  }

  /** Ends the threads; what is to be done afterwards, the caller does by itself. */
  @Override
  public void close() {
    closed = true;
    for (Helper helper : helpers) {
      LockSupport.unpark(helper);
    }
  }

  /** A thread of the team. */
  private final class Helper extends Thread {

    private final int member;
    private volatile boolean sleeps;

    Helper(int member) {
      super("cipher-" + member);
      this.member = member;
      setDaemon(true);
    }

    boolean wake() {
      if (!sleeps) {
        return false;
      }
      sleeps = false;
      LockSupport.unpark(this);
      return true;
    }

    @Override
    public void run() {
      while (!closed) {
        if (takeJobs(member) == 0 || !look()) {
          sleeps = true;
          if (!hasJobs() && !closed) {
            LockSupport.park(CipherThreads.this);
          }
          sleeps = false;
        }
      }
    }

    /** Looks for jobs for a short while. */
    private boolean look() {
      long start = System.nanoTime();
      for (int i = 1; !hasJobs(); i++) {
        if (i % LOOKS_PER_CLOCK == 0 && System.nanoTime() - start > LOOKS_NS) {
          return false;
        }
        Thread.onSpinWait();
      }
      return true;
    }
  }
}
