package org.kagemusha.core.homeagent;

import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.neighbor.DuplicateAddressDetection;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.neighbor.ProxyNeighborDiscovery;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** Hands a Neighbor Discovery message of the home link to those whom it concerns. */
final class HomeLinkNeighborDiscovery {

  private final Ipv6Address linkLocal;
  private final DuplicateAddressDetection detection;
  private final ProxyNeighborDiscovery proxy;
  private final NeighborCache neighbors;
  private final RouterAdvertiser advertiser;
  private final Counters counters;

  /**
   * @param linkLocal the tap's link-local address, for which the neighbour cache answers
   */
  HomeLinkNeighborDiscovery(
      Ipv6Address linkLocal,
      DuplicateAddressDetection detection,
      ProxyNeighborDiscovery proxy,
      NeighborCache neighbors,
      RouterAdvertiser advertiser,
      Counters counters) {
    this.linkLocal = linkLocal;
    this.detection = detection;
    this.proxy = proxy;
    this.neighbors = neighbors;
    this.advertiser = advertiser;
    this.counters = counters;
  }

  /** Takes a frame with a complete IPv6 packet that is a Neighbor Discovery message by its type. */
  void onFrame(PacketBuffer frame, long nowNs) {
    int at = frame.offset() + EthernetHeader.BYTES;
    NeighborMessage message =
        NeighborDiscovery.parse(frame.bytes(), at, frame.length() - EthernetHeader.BYTES);
    if (message == null) {
      counters.drop(DropReason.ND_INVALID);
      return;
    }
    MacAddress station = MacAddress.read(frame.bytes(), frame.offset() + EthernetHeader.SOURCE);
    if (message instanceof NeighborSolicitation solicitation) {
      onSolicitation(solicitation, station, nowNs);
    } else if (message instanceof NeighborAdvertisement advertisement) {
      detection.onNeighborDiscovery(message, station, nowNs);
      proxy.onNeighborAdvertisement(advertisement, nowNs);
      neighbors.onNeighborDiscovery(message, station, nowNs);
    } else if (message instanceof RouterSolicitation) {
      advertiser.onSolicitation(nowNs);
    } else {
      counters.drop(DropReason.ND_NOT_OURS);
    }
  }

  private void onSolicitation(NeighborSolicitation solicitation, MacAddress station, long nowNs) {
    // The test of an address comes first: it may end the binding that the answer would defend.
    detection.onNeighborDiscovery(solicitation, station, nowNs);
    neighbors.onNeighborDiscovery(solicitation, station, nowNs);
    if (!proxy.onNeighborSolicitation(solicitation, station, nowNs)
        && !solicitation.target().equals(linkLocal)) {
      counters.drop(DropReason.ND_NOT_OURS);
    }
  }
}
