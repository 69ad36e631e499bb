package org.kagemusha.daemon.service;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.kagemusha.core.mobility.Milestone;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNode.Trigger;
import org.kagemusha.daemon.config.VmmConfig;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.qmp.QmpLink;
import org.kagemusha.daemon.qmp.VmmListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the VMM says becomes what the engine is told; and a VM that was announced, by its VMM or by
 * {@code prepare}, and does not come within its time is told of. Nothing was registered for it
 * then, and nothing is: the daemon goes on waiting as it did before.
 */
final class VmmWatch implements VmmListener, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(VmmWatch.class);

  /** What the VMM tells later than so is of no use for a timeline; ns. */
  private static final long LATEST_NS = 5_000_000_000L;

  private final String vm;
  private final WallClock clock = new WallClock();
  private final PacketLoop loop;
  private final MobileNode engine;
  private final Runnable changed;
  private VmmConfig config = new VmmConfig(null, 0);
  private QmpLink link;
  private ScheduledFuture<?> expectation;

  /** When the VM was stopped, until the engine is told that it was; 0: not known. */
  private long stoppedNs;

  /**
   * @param changed called when the state may be another one
   */
  VmmWatch(String vm, PacketLoop loop, MobileNode engine, Runnable changed) {
    this.vm = vm;
    this.loop = loop;
    this.engine = engine;
    this.changed = changed;
  }

  /** Applies the configuration, from any thread. */
  void follow(VmmConfig fresh) {
    loop.call(
        () -> {
          VmmConfig before = config;
          config = fresh;
          if (!Objects.equals(before.qmpSocket(), fresh.qmpSocket())) {
            release();
            if (fresh.qmpSocket() != null) {
              link =
                  new QmpLink(
                      loop.eventLoop(), vm, fresh.qmpSocket(), this, System::nanoTime);
              link.start();
            }
          }
          return null;
        });
  }

  private void release() {
    if (link != null) {
      link.close();
      link = null;
      engine.migrating(false, System.nanoTime());
    }
  }

  /** What the VMM said last, in one word; or null where none is asked. */
  String text() {
    return link == null ? null : link.text();
  }

  private void tell(LongConsumer what) {
    loop.perform(
        () -> {
          what.accept(System.nanoTime());
          changed.run();
        });
  }

  /** The VMM runs on this host, by whose clock it tells the time: so it can be put on ours. */
  @Override
  public void happenedAt(boolean resumed, long unixUs) {
    loop.perform(
        () -> {
          stoppedNs = 0;
          long atNs = clock.monotonicNs(unixUs * 1000, LATEST_NS, 0);
          if (atNs != 0) {
            stoppedNs = resumed ? 0 : atNs;
            engine.vmm(resumed ? Milestone.VMM_RESUME : Milestone.VMM_STOP, unixUs, atNs);
          }
        });
  }

  @Override
  public void arrived() {
    tell(nowNs -> engine.arrived(Trigger.QMP, nowNs));
  }

  @Override
  public void paused() {
    tell(
        nowNs -> {
          engine.stopped(nowNs, stoppedNs == 0 ? nowNs : stoppedNs);
          stoppedNs = 0;
        });
  }

  @Override
  public void migrating(boolean underWay) {
    tell(nowNs -> engine.migrating(underWay, nowNs));
  }

  @Override
  public void left() {
    tell(engine::left);
  }

  @Override
  public void released() {
    tell(engine::release);
  }

  @Override
  public void expected() {
    if (link != null) {
      link.hurry();
    }
    forget();
    engine.expected(true, System.nanoTime());
    if (isAway()) {
      int moves = moves();
      expectation =
          loop.eventLoop()
              .schedule(
                  () -> onTimeout(moves), config.arrivalTimeoutSeconds(), TimeUnit.SECONDS);
    }
  }

  @Override
  public void notComing(String reason) {
    forget();
    engine.expected(false, System.nanoTime());
    if (isAway()) {
      log.info("guest does not come vm={} reason=\"{}\"", vm, reason);
    }
  }

  private int moves() {
    return engine.status(System.nanoTime()).handover().moveCount();
  }

  /** A VM that came, and has left since, did come. */
  private void onTimeout(int movesBefore) {
    expectation = null;
    engine.expected(false, System.nanoTime());
    if (isAway() && moves() == movesBefore) {
      log.warn(
          "guest did not come vm={} waited={}s registered=false", vm,
          config.arrivalTimeoutSeconds());
    }
  }

  private void forget() {
    if (expectation != null) {
      expectation.cancel(false);
      expectation = null;
    }
  }

  private boolean isAway() {
    return !engine.isGuestHere();
  }

  @Override
  public void close() {
    loop.call(
        () -> {
          forget();
          release();
          return null;
        });
  }
}
