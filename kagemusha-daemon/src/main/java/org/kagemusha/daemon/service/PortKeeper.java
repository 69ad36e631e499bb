package org.kagemusha.daemon.service;

import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.RouteNetlink;
import org.kagemusha.tap.tap.TapDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that the tap stays a port of its bridge: a network service that is restarted takes
 * ports away and makes bridges anew, and nothing on the tap itself tells of it. A tap that was
 * taken out is put back; a bridge that is gone, or another one of the same name, needs a new start.
 * Looks on the edge thread.
 */
final class PortKeeper {

  private static final Logger log = LoggerFactory.getLogger(PortKeeper.class);

  /** Between two times of putting back, lest two services fight for the tap at full speed. */
  private static final long PAUSE_SECONDS = 5;

  private final TapDevice tap;
  private final String bridge;
  private final int bridgeIndex;
  private final PacketLoop loop;
  private final Executor edge;
  private final Consumer<String> onGone;
  private final AtomicBoolean asked = new AtomicBoolean();

  // The edge thread's.
  private boolean pausing;
  private boolean down;
  private String failure = "";

  /**
   * @param onGone takes the reason when the bridge is of no use any more; on the edge thread
   * @throws KernelException if there is no such bridge
   */
  PortKeeper(
      TapDevice tap, String bridge, PacketLoop loop, Executor edge, Consumer<String> onGone)
      throws KernelException {
    this.tap = tap;
    this.bridge = bridge;
    this.loop = loop;
    this.edge = edge;
    this.onGone = onGone;
    try (RouteNetlink netlink = RouteNetlink.open()) {
      bridgeIndex = netlink.requireLink(bridge).index();
    }
  }

  /** Looks soon; from any thread. */
  void look() {
    if (asked.compareAndSet(false, true)) {
      edge.execute(this::check);
    }
  }

  private void check() {
    asked.set(false);
    try (RouteNetlink netlink = RouteNetlink.open()) {
      // By index: a bridge may be renamed, and stays what it was.
      Optional<Link> master = netlink.link(bridgeIndex);
      Optional<Link> port = netlink.link(tap.index());
      if (port.isEmpty()) {
        // Whoever reads the tap hears of it.
        return;
      }
      if (master.isEmpty()) {
        onGone.accept("the bridge " + bridge + " was deleted");
        return;
      }
      if (port.get().isUp() == down) {
        down = !down;
        log.warn("tap interface={} state={}", tap.name(), down ? "down" : "up");
      }
      if (port.get().master() != bridgeIndex && !pausing) {
        netlink.setMaster(tap.index(), bridgeIndex);
        log.warn("tap put back into its bridge interface={} bridge={}", tap.name(), bridge);
        pause();
      }
      failure = "";
    } catch (KernelException e) {
      if (!failure.equals(e.getMessage())) {
        failure = e.getMessage();
        log.warn("tap and bridge not looked at cause={}", failure);
      }
    }
  }

  private void pause() {
    pausing = true;
    loop.eventLoop()
        .schedule(
            () ->
                edge.execute(
                    () -> {
                      pausing = false;
                      check();
                    }),
            PAUSE_SECONDS, TimeUnit.SECONDS);
  }
}
