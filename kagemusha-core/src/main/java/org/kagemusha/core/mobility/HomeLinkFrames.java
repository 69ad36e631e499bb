package org.kagemusha.core.mobility;

import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * What the node itself says on the bridge while it does not play the home link: everything has the
 * tap's own Ethernet source, so that no bridge learns the guest's address on the wrong port.
 */
final class HomeLinkFrames {

  private final HomeLink link;
  private final Counters counters;
  private MacAddress tapMac;
  private MacAddress guestMac;

  HomeLinkFrames(HomeLink link, Counters counters) {
    this.link = link;
    this.counters = counters;
  }

  void stations(MacAddress tap, MacAddress guest) {
    tapMac = tap;
    guestMac = guest;
  }

  /** Asks routers for an advertisement, RFC 4861 §6.3.7. */
  void solicitRouters() {
    send(
        new RouterSolicitation(Ipv6Address.UNSPECIFIED, Ipv6Address.ALL_ROUTERS, null),
        MacAddress.multicastOf(Ipv6Address.ALL_ROUTERS));
  }

  /**
   * Asks for the home agent by asking for an address that it defends, RFC 6275 §11.5.5: "the mobile
   * node MUST multicast the packet, and in addition set the Source Address of this Neighbor
   * Solicitation to the unspecified address".
   */
  void solicitDefender(Ipv6Address homeAddress) {
    Ipv6Address group = homeAddress.solicitedNode();
    send(
        new NeighborSolicitation(Ipv6Address.UNSPECIFIED, group, homeAddress, null),
        MacAddress.multicastOf(group));
    counters.add(Counter.NEIGHBOR_SOLICITATIONS_SENT);
  }

  /** Resolves an address as the tap's own station, RFC 4861 §7.2.2. */
  void resolve(Ipv6Address target) {
    Ipv6Address group = target.solicitedNode();
    send(
        new NeighborSolicitation(Ipv6Address.linkLocalOf(tapMac), group, target, tapMac),
        MacAddress.multicastOf(group));
    counters.add(Counter.NEIGHBOR_SOLICITATIONS_SENT);
  }

  /** Asks the guest whether it is there, RFC 4861 §7.3.3. */
  void askGuest(Ipv6Address homeAddress) {
    send(
        new NeighborSolicitation(
            Ipv6Address.linkLocalOf(tapMac), homeAddress, homeAddress, tapMac),
        guestMac);
    counters.add(Counter.NEIGHBOR_SOLICITATIONS_SENT);
  }

  /**
   * Tells all nodes where the guest is, RFC 6275 §11.5.5: to the all-nodes address, with the
   * guest's link-layer address, not solicited, overriding.
   */
  void announceGuest(Ipv6Address address) {
    send(
        new NeighborAdvertisement(
            address, Ipv6Address.ALL_NODES, address, false, false, true, guestMac),
        MacAddress.multicastOf(Ipv6Address.ALL_NODES));
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }

  /**
   * Tells who asks where the guest is, RFC 6275 §11.5.5: "Such replies MUST be sent using a unicast
   * Neighbor Advertisement to the sender's link-layer address."
   *
   * @param station the Ethernet source of the solicitation
   */
  void answerForGuest(NeighborSolicitation solicitation, MacAddress station) {
    MacAddress given = solicitation.sourceLinkLayerAddress();
    send(
        new NeighborAdvertisement(
            solicitation.target(), solicitation.source(), solicitation.target(), false, true, true,
            guestMac),
        given == null || given.isGroup() ? station : given);
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }

  /**
   * Tells the home agent where the guest is, as it will ask when it has taken the Binding Update in
   * front of this: by the same unicast Neighbor Advertisement, RFC 6275 §11.5.5. A home agent that
   * reads this before the Binding Update may ignore it (RFC 4861 §7.2.5), and asks.
   */
  void answerBeforehand(Ipv6Address homeAddress, Ipv6Address homeAgent, MacAddress station) {
    send(
        new NeighborAdvertisement(
            homeAddress, homeAgent, homeAddress, false, false, true, guestMac),
        station);
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }

  private void send(NeighborMessage message, MacAddress destination) {
    send(PacketBuffer.copyOf(NeighborDiscovery.build(message)), destination);
  }

  /**
   * Says that packets for a home address are kept here.
   *
   * <p>The home agent's station need not be known yet: a frame to all nodes with a unicast packet
   * in it (as RFC 6085 has the reverse) is taken by who looks for it, and by no other node.
   */
  void sayKept(Ipv6Address homeAddress) {
    mark(homeAddress, MacAddress.multicastOf(Ipv6Address.ALL_NODES));
  }

  /** Says to the home agent that it has all that was kept. */
  void sayAllSent(Ipv6Address homeAddress, MacAddress homeAgent) {
    mark(homeAddress, homeAgent);
  }

  private void mark(Ipv6Address homeAddress, MacAddress destination) {
    PacketBuffer packet = PacketBuffer.allocate(PacketBuffer.HEADROOM + Ipv6Header.BYTES);
    send(Mark.onLink(packet, Ipv6Address.linkLocalOf(tapMac), homeAddress), destination);
  }

  /** Sends an IPv6 packet in a frame from the tap. */
  void send(PacketBuffer ipv6, MacAddress destination) {
    ipv6.prepend(EthernetHeader.BYTES);
    EthernetHeader.write(
        ipv6.bytes(), ipv6.offset(), destination, tapMac, EthernetHeader.TYPE_IPV6);
    link.send(ipv6);
  }

  /** The Neighbor Discovery message in a frame, or null if there is none that is valid. */
  static NeighborMessage parse(PacketBuffer frame) {
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    if (length < Ipv6Header.BYTES
        || EthernetHeader.type(frame.bytes(), frame.offset()) != EthernetHeader.TYPE_IPV6
        || !Ipv6Header.isComplete(frame.bytes(), at, length)
        || !NeighborDiscovery.isNeighborDiscovery(frame.bytes(), at, length)) {
      return null;
    }
    int packet = Ipv6Header.BYTES + Ipv6Header.payloadLength(frame.bytes(), at);
    return NeighborDiscovery.parse(frame.bytes(), at, packet);
  }
}
