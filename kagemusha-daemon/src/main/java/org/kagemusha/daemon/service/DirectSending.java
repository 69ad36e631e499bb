package org.kagemusha.daemon.service;

import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.Neighbour;
import org.kagemusha.tap.netlink.NextHopFinder;
import org.kagemusha.tap.rawsocket.NextHops;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the next hops of tunnel ends that are in use, so that packets may leave straight to their
 * link-layer addresses: asks netlink on the edge thread, and hears its events on the loop. What is
 * asked and what changes at the same time is told apart by {@link NextHops}.
 */
final class DirectSending implements NextHops.Asker, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(DirectSending.class);

  /** A home agent with more tunnels at one time sends the others by the routing table. */
  private static final int MOST_DESTINATIONS = 1024;

  private final PacketLoop loop;
  private final ExecutorService edge;
  private final NextHops hops;

  /** The edge thread's. */
  private NextHopFinder finder;

  private boolean isUsed;

  /**
   * @param peers how many tunnels there are about
   */
  DirectSending(int peers, PacketLoop loop, ExecutorService edge) {
    this.loop = loop;
    this.edge = edge;
    hops = new NextHops(Math.min(peers, MOST_DESTINATIONS), this);
  }

  NextHops hops() {
    return hops;
  }

  @Override
  public void ask(Ipv6Address source, Ipv6Address destination, long asked) {
    edge.execute(() -> find(source, destination, asked));
  }

  private void find(Ipv6Address source, Ipv6Address destination, long asked) {
    NextHops.Way way = null;
    String why = null;
    try {
      if (finder == null) {
        finder = NextHopFinder.open();
      }
      NextHopFinder.Found found = finder.find(source, destination);
      why = found.obstacle();
      if (why == null) {
        way = new NextHops.Way(found.index(), found.address(), found.mac().orElse(null));
      }
    } catch (KernelException e) {
      why = e.getMessage();
    }
    tell(destination, asked, way, why);
  }

  private void tell(Ipv6Address destination, long asked, NextHops.Way way, String why) {
    try {
      loop.execute(
          () -> {
            hops.answer(destination, asked, way, why, System.nanoTime());
            log.debug("next hop destination={} way={} cause={}", destination, way, why);
            say();
          });
    } catch (RejectedExecutionException e) {
      log.debug("next hop not needed any more destination={}", destination);
    }
  }

  /** Addresses, interfaces, routes or rules have changed; on the loop. */
  void changed() {
    hops.doubtAll(System.nanoTime());
    say();
  }

  /** The kernel's neighbour cache has changed; on the loop. */
  void neighbour(Neighbour neighbour) {
    Optional<MacAddress> mac = neighbour.mac();
    hops.neighbour(
        neighbour.index(), neighbour.address(), mac.orElse(null), System.nanoTime());
    say();
  }

  /** Whether any destination has a straight way, of how many; or why none has. */
  String text() {
    int usable = hops.usable();
    return usable == 0
        ? "no (" + hops.obstacle() + ")"
        : "yes (" + usable + " of " + hops.destinations() + " destinations)";
  }

  private void say() {
    boolean now = hops.usable() > 0;
    if (now == isUsed) {
      return;
    }
    isUsed = now;
    if (now) {
      log.info("direct sending in use destinations={}", hops.usable());
    } else {
      log.info("direct sending not used cause={}", hops.obstacle());
    }
  }

  @Override
  public void close() {
    edge.execute(
        () -> {
          if (finder != null) {
            finder.close();
          }
        });
  }
}
