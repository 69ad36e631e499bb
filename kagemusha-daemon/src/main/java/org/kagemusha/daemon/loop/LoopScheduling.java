package org.kagemusha.daemon.loop;

import io.netty.channel.IoEventLoop;
import java.util.concurrent.TimeUnit;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.scheduling.ThreadClock;
import org.kagemusha.tap.scheduling.ThreadScheduling;

/**
 * Lets a loop's thread run in real time for its {@link RealTimeShare}: where virtual processors
 * keep all of the host's busy, each step of a move would wait for their time slices. All on the
 * loop.
 */
final class LoopScheduling {

  /** How often a thread that did too much is looked at. */
  static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private final IoEventLoop loop;
  private final ThreadClock clock = new ThreadClock();
  private final RealTimeShare share = new RealTimeShare();
  private boolean raised;
  private String refusal;

  LoopScheduling(IoEventLoop loop) {
    this.loop = loop;
    raise(System.nanoTime());
  }

  private void raise(long nowNs) {
    try {
      ThreadScheduling.realTime();
      raised = true;
      share.begin(clock.runNs(), nowNs);
    } catch (KernelException e) {
      refusal = e.getMessage();
    }
  }

  /** The loop has done something. Allocates nothing as long as nothing changes. */
  void worked() {
    if (raised && !share.isLeft(clock.runNs(), System.nanoTime())) {
      lower();
    }
  }

  private void lower() {
    raised = false;
    try {
      ThreadScheduling.ordinary();
      lookLater();
    } catch (KernelException e) {
      refusal = e.getMessage();
    }
  }

  private void lookLater() {
    loop.schedule(this::look, LOOK_NS, TimeUnit.NANOSECONDS);
  }

  private void look() {
    long nowNs = System.nanoTime();
    if (share.isModest(clock.runNs(), nowNs)) {
      raise(nowNs);
    } else {
      lookLater();
    }
  }

  /** Why the kernel refuses, or null. */
  String refusal() {
    return refusal;
  }

  /** For people. */
  String text() {
    if (refusal != null) {
      return "ordinary (" + refusal + ")";
    }
    return raised ? "real time" : "real time, busy: ordinary now";
  }
}
