package org.kagemusha.core.handover;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * An IPv6 packet with nothing in it (RFC 8200 §4.7), on the way that kept packets take, as GTP's
 * end marker is: behind the last of them it says that those of the new way may go out. Between
 * hosts it travels in their tunnel. On the home link it comes from the link-local address of the
 * station that keeps them, to the home address, twice: when it begins to keep, and behind the last
 * of them.
 */
public final class Mark {

  private static final int HOP_LIMIT = 64;

  /** RFC 4861 §7.1.1 has it so: no router has forwarded this packet. */
  private static final int ON_LINK_HOP_LIMIT = 255;

  private Mark() {}

  /**
   * Makes one, for a tunnel.
   *
   * @param packet is overwritten
   * @param from the host that sends it
   */
  public static PacketBuffer inTunnel(
      PacketBuffer packet, Ipv6Address from, Ipv6Address homeAddress) {
    return write(packet, from, homeAddress, HOP_LIMIT);
  }

  /**
   * Makes one, for the home link.
   *
   * @param packet is overwritten
   * @param linkLocal the station's
   */
  public static PacketBuffer onLink(
      PacketBuffer packet, Ipv6Address linkLocal, Ipv6Address homeAddress) {
    return write(packet, linkLocal, homeAddress, ON_LINK_HOP_LIMIT);
  }

  private static PacketBuffer write(
      PacketBuffer packet, Ipv6Address from, Ipv6Address homeAddress, int hopLimit) {
    packet.finished().set(PacketBuffer.HEADROOM, Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, 0, Protocol.NO_NEXT_HEADER, hopLimit, from,
        homeAddress);
    return packet;
  }

  /** Says whether a packet is one that a host sends in a tunnel. */
  public static boolean isFrom(Ipv6Address host, ByteBuffer bytes, int at) {
    return Ipv6Header.nextHeader(bytes, at) == Protocol.NO_NEXT_HEADER
        && host.matches(bytes, at + Ipv6Header.SOURCE);
  }

  /** Says whether a packet is one of the home link; any station there can send it. */
  public static boolean isOfLink(ByteBuffer bytes, int at) {
    return Ipv6Header.nextHeader(bytes, at) == Protocol.NO_NEXT_HEADER
        && Ipv6Header.hopLimit(bytes, at) == ON_LINK_HOP_LIMIT
        && bytes.getShort(at + Ipv6Header.SOURCE) == (short) 0xfe80;
  }
}
