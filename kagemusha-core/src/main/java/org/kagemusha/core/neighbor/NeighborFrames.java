package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** Neighbor Discovery in Ethernet frames: what all users of a link share. For one thread. */
final class NeighborFrames {

  /** RetransTimer, RFC 4861 §10, in nanoseconds. */
  static final long RETRANS_TIMER_NS = 1_000_000_000L;

  /** MAX_NEIGHBOR_ADVERTISEMENT, RFC 4861 §10. */
  static final int MAX_NEIGHBOR_ADVERTISEMENT = 3;

  private static final int LARGEST_MESSAGE = 2048;
  private static final int TARGET = Ipv6Header.BYTES + 8;

  private final HomeLink link;
  private final PacketBuffer out = PacketBuffer.allocate(LARGEST_MESSAGE);

  private MacAddress station;

  NeighborFrames(HomeLink link) {
    this.link = link;
  }

  /** From now on every frame has this Ethernet source; null: what is given with each frame. */
  void station(MacAddress mac) {
    station = mac;
  }

  /** Sends a message. */
  void send(NeighborMessage message, MacAddress destination, MacAddress source) {
    send(NeighborDiscovery.build(message), destination, source);
  }

  /** Sends an IPv6 packet. */
  void send(byte[] ipv6, MacAddress destination, MacAddress source) {
    if (ipv6.length > LARGEST_MESSAGE) {
      send(PacketBuffer.copyOf(ipv6), destination, source);
      return;
    }
    out.set(PacketBuffer.HEADROOM, ipv6.length);
    out.bytes().put(PacketBuffer.HEADROOM, ipv6);
    send(out, destination, source);
  }

  /** Puts an Ethernet header on an IPv6 packet and sends it; allocates nothing. */
  void send(PacketBuffer ipv6, MacAddress destination, MacAddress source) {
    ipv6.prepend(EthernetHeader.BYTES);
    EthernetHeader.write(
        ipv6.bytes(),
        ipv6.offset(),
        destination,
        station == null ? source : station,
        EthernetHeader.TYPE_IPV6);
    link.send(ipv6);
  }

  /**
   * The type of the Neighbor Discovery message with a target field (RFC 4861 §4.3, §4.4) in a
   * frame, or -1 if there is none. Validates nothing else, allocates nothing.
   */
  static int targetedType(PacketBuffer frame) {
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    if (length < TARGET + Ipv6Address.BYTES
        || EthernetHeader.type(frame.bytes(), frame.offset()) != EthernetHeader.TYPE_IPV6
        || !NeighborDiscovery.isNeighborDiscovery(frame.bytes(), at, length)) {
      return -1;
    }
    int type = frame.bytes().get(at + Ipv6Header.BYTES) & 0xff;
    return type == NeighborSolicitation.TYPE || type == NeighborSolicitation.TYPE + 1 ? type : -1;
  }

  /** The index of the target field of a frame for which {@link #targetedType} is not -1. */
  static int targetIndex(PacketBuffer frame) {
    return frame.offset() + EthernetHeader.BYTES + TARGET;
  }

  /** Reads the message of a frame with an Ethernet header; null if it is invalid. */
  static NeighborMessage parse(PacketBuffer frame) {
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    ByteBuffer bytes = frame.bytes();
    if (length < Ipv6Header.BYTES || !Ipv6Header.isComplete(bytes, at, length)) {
      return null;
    }
    return NeighborDiscovery.parse(bytes, at, length);
  }

  /** The Ethernet source of a frame. */
  static MacAddress stationOf(PacketBuffer frame) {
    return MacAddress.read(frame.bytes(), frame.offset() + EthernetHeader.SOURCE);
  }

  /**
   * Where the answer to a solicitation goes: "the Neighbor Cache entry for the IP Source Address"
   * (RFC 4861 §7.2.3), which its Source Link-Layer Address option has just set; without the option,
   * the station that sent the frame. Null if that is no station's address.
   */
  static MacAddress answerTo(NeighborSolicitation solicitation, MacAddress station) {
    MacAddress given = solicitation.sourceLinkLayerAddress();
    MacAddress to = given == null ? station : given;
    return isStation(to) ? to : null;
  }

  /** Says whether an address can be that of one station: not a group, not zero. */
  static boolean isStation(MacAddress mac) {
    return !mac.isGroup() && mac.bits() != 0;
  }
}
