package org.kagemusha.core.signalling;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.MobilityHeader;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Builds whole packets with a Mobility Header. */
public final class SignallingWriter {

  private static final int HOP_LIMIT = 64;

  private SignallingWriter() {}

  /**
   * Builds {@code IPv6 | [type 2 routing header] | [Destination Options: PadN, Home Address] |
   * [ESP] | Mobility Header}. Checksum and ESP see the home address in place of the care-of address
   * wherever one is given (RFC 6275 §6.1.1, §11.3.2).
   *
   * @param source of the IPv6 header
   * @param destination of the IPv6 header
   * @param homeAddressOption the home address in place of the source, or null for no option
   * @param type2HomeAddress the home address in place of the destination, or null for no header
   * @param association that protects the Mobility Header, or null for clear
   * @return the packet, or null if it could not be sealed: sequence numbers are used up
   */
  public static PacketBuffer build(
      Ipv6Address source,
      Ipv6Address destination,
      Ipv6Address homeAddressOption,
      Ipv6Address type2HomeAddress,
      MobilityMessage message,
      OutboundSecurityAssociation association) {
    return build(
        source, destination, homeAddressOption, type2HomeAddress, message, association, 0, 0);
  }

  /**
   * Builds a packet as {@link #build(Ipv6Address, Ipv6Address, Ipv6Address, Ipv6Address,
   * MobilityMessage, OutboundSecurityAssociation)} does, or in UDP (RFC 3948) {@code IPv6 | UDP |
   * ESP [[type 2 routing header] | [Destination Options: PadN, Home Address] | Mobility Header]}:
   * RFC 6618 §6.3 encapsulates so, "there is no additional IP header inside". What middleboxes
   * distrust is hidden from them, and the home address is encrypted and authenticated.
   *
   * @param source of the IPv6 header
   * @param destination of the IPv6 header
   * @param homeAddressOption the home address in place of the source, or null for no option
   * @param type2HomeAddress the home address in place of the destination, or null for no header
   * @param association that protects the message; null for clear, not in UDP
   * @param localPort the UDP source port, 1 to 65535; 0 with {@code remotePort} 0: no UDP
   * @param remotePort the UDP destination port
   * @return the packet, or null if it could not be sealed: the association is used up
   * @throws IllegalArgumentException if one port alone is 0, or UDP is asked for without an
   *     association
   */
  public static PacketBuffer build(
      Ipv6Address source,
      Ipv6Address destination,
      Ipv6Address homeAddressOption,
      Ipv6Address type2HomeAddress,
      MobilityMessage message,
      OutboundSecurityAssociation association,
      int localPort,
      int remotePort) {
    boolean udp = UdpEncapsulation.isEncapsulated(localPort, remotePort);
    if (udp && association == null) {
      throw new IllegalArgumentException("UDP carries ESP only");
    }
    PacketBuffer packet =
        PacketBuffer.copyOf(
            MobilityHeader.encode(
                message,
                homeAddressOption != null ? homeAddressOption : source,
                type2HomeAddress != null ? type2HomeAddress : destination));
    int next = Protocol.MOBILITY;
    if (association != null && !udp) {
      if (association.seal(packet, next) != null) {
        return null;
      }
      next = Protocol.ESP;
    }
    // §6.3: the option stands behind a routing header and in front of ESP.
    if (homeAddressOption != null) {
      prependHomeAddress(packet, next, homeAddressOption);
      next = Protocol.DESTINATION_OPTIONS;
    }
    if (type2HomeAddress != null) {
      prependType2(packet, next, type2HomeAddress);
      next = Protocol.ROUTING;
    }
    if (udp) {
      if (association.seal(packet, next) != null) {
        return null;
      }
      UdpEncapsulation.prepend(packet, localPort, remotePort, source, destination);
      next = Protocol.UDP;
    }
    int payload = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, payload, next, HOP_LIMIT, source, destination);
    return packet;
  }

  private static void prependHomeAddress(PacketBuffer packet, int next, Ipv6Address homeAddress) {
    int at = packet.prepend(MobileHeaders.HOME_ADDRESS_HEADER).offset();
    ByteBuffer bytes = packet.bytes();
    bytes.put(at, (byte) next);
    bytes.put(at + 1, (byte) MobileHeaders.LENGTH);
    // §6.3: "The alignment requirement for the Home Address option is 8n + 6."
    bytes.put(at + 2, (byte) MobileHeaders.OPTION_PADN);
    bytes.put(at + 3, (byte) 2);
    bytes.putShort(at + 4, (short) 0);
    bytes.put(at + 6, (byte) MobileHeaders.OPTION_HOME_ADDRESS);
    bytes.put(at + 7, (byte) Ipv6Address.BYTES);
    homeAddress.write(bytes, at + MobileHeaders.HOME_ADDRESS);
  }

  private static void prependType2(PacketBuffer packet, int next, Ipv6Address homeAddress) {
    int at = packet.prepend(MobileHeaders.TYPE_2_HEADER).offset();
    ByteBuffer bytes = packet.bytes();
    bytes.put(at, (byte) next);
    bytes.put(at + 1, (byte) MobileHeaders.LENGTH);
    bytes.put(at + 2, (byte) MobileHeaders.ROUTING_TYPE);
    bytes.put(at + 3, (byte) 1);
    bytes.putInt(at + 4, 0);
    homeAddress.write(bytes, at + MobileHeaders.HOME_ADDRESS);
  }
}
