package org.kagemusha.daemon.loop;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.kagemusha.core.node.NodeEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread on which an engine lives. Each wake-up of a descriptor reads the clock once, takes at
 * most {@link #BUDGET} packets, so that no side starves the other, gives what came of them to the
 * kernel, and arms the timer again. What others want of the engine they {@link #execute} or {@link
 * #call}.
 */
public final class PacketLoop implements AutoCloseable {

  /**
   * Packets taken from one descriptor in one wake-up, by their {@link PacketSource#weight}; the
   * rest waits for the next.
   */
  public static final int BUDGET = 64;

  /**
   * A wake-up that found so much, and then nothing, waits {@link #MODERATION_NS} once, as network
   * cards moderate their interrupts: in a stream the next packets are under way, and fewer, larger
   * batches cost both ends less. A lone packet never waits.
   */
  static final int BUSY = 16;

  /** Nanoseconds; the kernel's timer slack adds some 50 µs. */
  private static final long MODERATION_NS = 20_000;

  /** A timer that is earlier than need be by so much is replaced. */
  static final long TOO_EARLY_NS = TimeUnit.SECONDS.toNanos(5);

  private static final Logger log = LoggerFactory.getLogger(PacketLoop.class);

  private final MultiThreadIoEventLoopGroup group;
  private final IoEventLoop loop;
  private final Consumer<Throwable> onBroken;
  private final Runnable onTimer = this::onTimer;

  private NodeEngine engine;
  private Runnable afterWork = () -> {};
  private PacketSink sink = nowNs -> {};
  private boolean working;
  private LoopScheduling scheduling;
  private long armedNs = NodeEngine.NEVER;
  private ScheduledFuture<?> timer;
  private boolean retired;

  /**
   * Starts the thread.
   *
   * @param name of the thread
   * @param onBroken takes the cause when a descriptor is of no use any more, or the JVM itself is
   *     broken (a class that is missing, a stack that is too small); called on the loop
   */
  public PacketLoop(String name, Consumer<Throwable> onBroken) {
    this.onBroken = onBroken;
    group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory(name, false), EpollIoHandler.newFactory());
    loop = group.next();
  }

  /** The event loop, for sockets of the control plane. */
  public IoEventLoop eventLoop() {
    return loop;
  }

  /**
   * Gives the loop its engine.
   *
   * @param newSink takes what the engine sends
   * @param work done after every wake-up, on the loop: cheap, without allocation
   */
  public void engine(NodeEngine newEngine, PacketSink newSink, Runnable work) {
    call(
        () -> {
          engine = newEngine;
          sink = newSink;
          afterWork = work;
          finishWork(System.nanoTime());
          return null;
        });
  }

  /**
   * From now on the thread runs in real time, as long as it does little: {@link RealTimeShare}.
   *
   * @return why the kernel refuses, or null
   */
  public String realTime() {
    return call(
        () -> {
          scheduling = new LoopScheduling(loop);
          return scheduling.refusal();
        });
  }

  /** How the thread is scheduled, for people; on the loop. */
  public String scheduling() {
    return scheduling == null ? "ordinary" : scheduling.text();
  }

  /**
   * Lets go of the engine: from now on nothing is received, sent or due, so that descriptors can be
   * closed by whoever owns them. Work may still be executed.
   */
  public void retire() {
    call(
        () -> {
          retired = true;
          engine = null;
          afterWork = () -> {};
          sink = nowNs -> {};
          return null;
        });
  }

  /**
   * Whether the loop's thread is in a wake-up, at the end of which the {@link PacketSink} is asked
   * to flush. Where it is not (what the control plane does by itself), nothing may be kept back.
   */
  public boolean isWorking() {
    return working && !retired;
  }

  /**
   * Begins to read a descriptor.
   *
   * @return stops reading when closed; the descriptor itself stays open
   */
  public AutoCloseable add(PacketSource source) {
    SourceHandle handle = new SourceHandle(this, source);
    IoRegistration registration = loop.register(handle).syncUninterruptibly().getNow();
    handle.arm(registration);
    return registration::cancel;
  }

  /**
   * Begins to read a descriptor, from the loop's own thread.
   *
   * @return stops reading when run; the descriptor itself stays open
   */
  public Runnable addOnLoop(PacketSource source) {
    SourceHandle handle = new SourceHandle(this, source);
    loop.register(handle)
        .addListener(
            done -> {
              if (done.isSuccess()) {
                handle.arm((IoRegistration) done.getNow());
              } else {
                broken(source.name(), done.cause());
              }
            });
    return handle::cancel;
  }

  /** Does something on the loop, and then arms the timer again. */
  public void execute(Runnable work) {
    loop.execute(() -> run(work));
  }

  /**
   * As {@link #execute}, but at once where the caller is on the loop already and not in the engine.
   */
  public void perform(Runnable work) {
    if (loop.inEventLoop() && !working) {
      run(work);
    } else {
      execute(work);
    }
  }

  private void run(Runnable work) {
    working = true;
    try {
      work.run();
    } finally {
      finishWork(System.nanoTime());
    }
  }

  /** Does something on the loop and waits for it; at once when already there. */
  public <T> T call(Callable<T> work) {
    try {
      if (loop.inEventLoop()) {
        return work.call();
      }
      return loop.submit(
              () -> {
                working = true;
                try {
                  return work.call();
                } finally {
                  finishWork(System.nanoTime());
                }
              })
          .get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads one side; the level-triggered descriptor wakes the loop again if something is left.
   *
   * @return false if there will never be anything to read again
   */
  boolean drain(PacketSource source, Runnable again) {
    if (retired) {
      return false;
    }
    long nowNs = System.nanoTime();
    boolean usable = true;
    working = true;
    int weight = 1;
    try {
      int left = BUDGET;
      boolean mayWait = source.isModerated();
      while (left > 0 && weight > 0) {
        weight = source.receive(nowNs);
        left -= weight;
        if (weight == 0 && mayWait && BUDGET - left >= BUSY) {
          mayWait = false;
          LockSupport.parkNanos(MODERATION_NS);
          weight = source.receive(nowNs);
          left -= weight;
        }
      }
    } catch (IOException e) {
      usable = false;
      weight = 0;
      broken(source.name(), e);
    } catch (RuntimeException | AssertionError e) {
      log.error("packet handling failed source={}", source.name(), e);
    } catch (Error e) {
      usable = false;
      weight = 0;
      broken(source.name(), e);
    }
    if (weight > 0 && source.pending()) {
      loop.execute(again);
    }
    finishWork(nowNs);
    return usable;
  }

  private void onTimer() {
    armedNs = NodeEngine.NEVER;
    working = true;
    finishWork(System.nanoTime());
  }

  /** Does what is due, sends what was kept back, and arms the timer for what is next. */
  private void finishWork(long nowNs) {
    try {
      if (engine != null) {
        try {
          if (engine.nextDeadlineNs() - nowNs <= 0) {
            engine.onDeadline(nowNs);
          }
        } finally {
          sink.flush(nowNs);
        }
        afterWork.run();
        arm(engine.nextDeadlineNs(), nowNs);
      }
    } catch (RuntimeException | AssertionError e) {
      log.error("deadline handling failed", e);
      arm(nowNs + TimeUnit.SECONDS.toNanos(1), nowNs);
    } catch (Error e) {
      broken("deadlines", e);
    } finally {
      working = false;
      if (scheduling != null) {
        scheduling.worked();
      }
    }
  }

  /**
   * A timer that fires too early costs one wake-up, one that is replaced costs an allocation. Where
   * packets pass, deadlines move with each; where none do, a wake-up finds all memory cold: so a
   * timer is replaced by an earlier one, and by one that is much later.
   */
  private void arm(long deadlineNs, long nowNs) {
    if (deadlineNs >= armedNs && deadlineNs - armedNs < TOO_EARLY_NS) {
      return;
    }
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
    armedNs = deadlineNs;
    if (deadlineNs == NodeEngine.NEVER) {
      return;
    }
    timer = loop.schedule(onTimer, Math.max(0, deadlineNs - nowNs), TimeUnit.NANOSECONDS);
  }

  /** When the loop wakes by itself, or NEVER; on the loop. */
  long wakesNs() {
    return armedNs;
  }

  void broken(String name, Throwable cause) {
    if (cause instanceof Error) {
      log.error("cannot go on source={}", name, cause);
    } else {
      log.error("descriptor failed source={} cause={}", name, cause.getMessage());
    }
    onBroken.accept(cause);
  }

  /** Ends the thread; descriptors stay open. Not from the loop itself. */
  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
