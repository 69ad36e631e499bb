package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * A small model of what Linux does with its neighbours, default router and addresses: the states of
 * RFC 4861 §7.3.2, unicast probes before multicast solicitations, the default route lost when its
 * neighbour is no router any more, and the two-hour rule of RFC 4862 §5.5.3(e).
 */
final class LinuxGuestModel {

  private static final long SECOND = NeighborFixture.SECOND;
  private static final long TWO_HOURS = 7200 * SECOND;

  enum State {
    INCOMPLETE,
    REACHABLE,
    STALE,
    DELAY,
    PROBE,
    FAILED
  }

  static final class Neighbour {
    final Ipv6Address address;
    MacAddress mac;
    State state = State.STALE;
    boolean router;
    long untilNs;
    int probes;

    Neighbour(Ipv6Address address) {
      this.address = address;
    }
  }

  final Map<Ipv6Address, Neighbour> neighbours = new HashMap<>();
  final List<String> mishaps = new ArrayList<>();
  final List<byte[]> out = new ArrayList<>();
  final MacAddress mac;
  final Ipv6Address linkLocal;
  final Ipv6Address address;
  final Ipv6Prefix prefix;
  Ipv6Address defaultRouter;
  long defaultUntilNs;
  long validUntilNs;
  long preferredUntilNs;
  int linkMtu = 1500;
  int multicastSolicitations;
  int unicastProbes;

  LinuxGuestModel(
      MacAddress mac, Ipv6Address linkLocal, Ipv6Address address, Ipv6Prefix prefix) {
    this.mac = mac;
    this.linkLocal = linkLocal;
    this.address = address;
    this.prefix = prefix;
  }

  void knows(Ipv6Address neighbour, MacAddress itsMac, boolean router) {
    Neighbour entry = new Neighbour(neighbour);
    entry.mac = itsMac;
    entry.router = router;
    neighbours.put(neighbour, entry);
  }

  /** Sends a packet; false if there is no way. */
  boolean send(Ipv6Address destination, long nowNs) {
    Ipv6Address next =
        prefix.contains(destination) || destination.isLinkLocal() ? destination : defaultRouter;
    if (next == null) {
      mishaps.add("no route at " + nowNs / SECOND + " s");
      return false;
    }
    Neighbour entry = neighbours.computeIfAbsent(next, Neighbour::new);
    if (entry.mac == null || entry.state == State.FAILED) {
      entry.state = State.INCOMPLETE;
      entry.probes = 0;
      solicit(entry, nowNs);
      return false;
    }
    if (entry.state == State.REACHABLE && nowNs >= entry.untilNs) {
      entry.state = State.STALE;
    }
    if (entry.state == State.STALE) {
      entry.state = State.DELAY;
      entry.untilNs = nowNs + 5 * SECOND;
    }
    out.add(NeighborFixture.udp(address, destination, entry.mac).toBytes());
    return true;
  }

  void tick(long nowNs) {
    for (Neighbour entry : neighbours.values()) {
      if (nowNs < entry.untilNs) {
        continue;
      }
      switch (entry.state) {
        case DELAY -> {
          entry.state = State.PROBE;
          entry.probes = 0;
          probe(entry, nowNs);
        }
        case PROBE -> {
          if (entry.probes < 3) {
            probe(entry, nowNs);
          } else {
            entry.state = State.FAILED;
            mishaps.add(entry.address + " lost at " + nowNs / SECOND + " s");
          }
        }
        case INCOMPLETE -> {
          if (entry.probes < 3) {
            solicit(entry, nowNs);
          } else {
            entry.state = State.FAILED;
            mishaps.add(entry.address + " unresolved at " + nowNs / SECOND + " s");
          }
        }
        default -> { }
      }
    }
    if (defaultRouter != null && nowNs >= defaultUntilNs) {
      defaultRouter = null;
      mishaps.add("default route expired at " + nowNs / SECOND + " s");
    }
    if (nowNs >= preferredUntilNs || nowNs >= validUntilNs) {
      mishaps.add("address deprecated or expired at " + nowNs / SECOND + " s");
    }
  }

  void receive(byte[] frame, long nowNs) {
    if (!NeighborFixture.destinationOf(frame).equals(mac)) {
      mishaps.add("frame for another station");
      return;
    }
    NeighborMessage message =
        NeighborDiscovery.parse(ByteBuffer.wrap(frame), 14, frame.length - 14);
    if (message instanceof NeighborAdvertisement advertisement) {
      onAdvertisement(advertisement, nowNs);
    } else if (message instanceof RouterAdvertisement advertisement) {
      onRouter(advertisement, nowNs);
    }
  }

  /** RFC 4861 §7.2.5. */
  private void onAdvertisement(NeighborAdvertisement advertisement, long nowNs) {
    if (advertisement.target().equals(address) || advertisement.target().equals(linkLocal)) {
      mishaps.add("somebody has " + advertisement.target());
    }
    Neighbour entry = neighbours.get(advertisement.target());
    if (entry == null) {
      return;
    }
    MacAddress given = advertisement.targetLinkLayerAddress();
    if (entry.state == State.INCOMPLETE) {
      entry.mac = given;
    } else if (given != null && !given.equals(entry.mac)) {
      if (!advertisement.override()) {
        return;
      }
      entry.mac = given;
      mishaps.add("MAC of " + entry.address + " replaced");
    }
    if (advertisement.solicited()) {
      entry.state = State.REACHABLE;
      entry.untilNs = nowNs + 30 * SECOND;
    }
    if (entry.router && !advertisement.router() && entry.address.equals(defaultRouter)) {
      defaultRouter = null;
      mishaps.add("default route deleted at " + nowNs / SECOND + " s");
    }
    entry.router = advertisement.router();
  }

  private void onRouter(RouterAdvertisement advertisement, long nowNs) {
    if (defaultRouter != null && !advertisement.source().equals(defaultRouter)) {
      mishaps.add("second router " + advertisement.source());
    }
    defaultRouter = advertisement.routerLifetimeSeconds() > 0 ? advertisement.source() : null;
    defaultUntilNs = nowNs + advertisement.routerLifetimeSeconds() * SECOND;
    if (advertisement.mtu() != 0) {
      linkMtu = advertisement.mtu();
    }
    Neighbour entry = neighbours.computeIfAbsent(advertisement.source(), Neighbour::new);
    MacAddress given = advertisement.sourceLinkLayerAddress();
    if (given != null && !given.equals(entry.mac)) {
      mishaps.add("MAC of the router replaced");
      entry.mac = given;
      entry.state = State.STALE;
    }
    entry.router = true;
    for (PrefixInformation information : advertisement.prefixes()) {
      if (information.prefix().equals(prefix)
          && information.has(PrefixInformation.AUTONOMOUS)) {
        long valid = information.validSeconds() * SECOND;
        preferredUntilNs = nowNs + information.preferredSeconds() * SECOND;
        if (valid > TWO_HOURS || nowNs + valid > validUntilNs) {
          validUntilNs = nowNs + valid;
        } else if (validUntilNs - nowNs > TWO_HOURS) {
          validUntilNs = nowNs + TWO_HOURS;
        }
      }
    }
  }

  private void probe(Neighbour entry, long nowNs) {
    unicastProbes++;
    entry.probes++;
    entry.untilNs = nowNs + SECOND;
    Ipv6Address source = entry.address.isLinkLocal() ? linkLocal : address;
    PacketBuffer frame =
        NeighborFixture.frame(
            new NeighborSolicitation(source, entry.address, entry.address, mac), entry.mac, mac);
    out.add(frame.toBytes());
  }

  private void solicit(Neighbour entry, long nowNs) {
    multicastSolicitations++;
    entry.probes++;
    entry.untilNs = nowNs + SECOND;
    Ipv6Address source = entry.address.isLinkLocal() ? linkLocal : address;
    out.add(NeighborFixture.resolve(source, mac, entry.address).toBytes());
  }
}
