package org.kagemusha.core.signalling;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.InvalidSpi;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.MobilityHeader;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.message.UnknownMobilityMessage;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Classifies and opens a packet from the routed network, in place: walks options, routing header
 * and ESP down to a Mobility Header, an inner IPv6 packet, an ICMPv6 message or (behind a type 2
 * routing header) an upper-layer packet for the home address. One reader per engine; its methods
 * tell the result of the last call. Inner packets, in clear and in ESP, pass without an allocation.
 *
 * <p>ESP in UDP (RFC 3948) holds either an inner IPv6 packet or a Mobility Header, in front of
 * which a Home Address option or a type 2 routing header may stand as they else stand in front of
 * ESP.
 *
 * <p>Afterwards the buffer holds the packet from its outer IPv6 header to the end of the payload,
 * without what the link or ESP put behind. The reader compares no address with a binding and no
 * association with a policy; it counts nothing.
 */
public final class SignallingReader {

  /** What was found. */
  public enum Found {
    /** A mobility message: {@link #signalling()}. */
    SIGNALLING,
    /**
     * A complete inner IPv6 packet at {@link #innerOffset()}; it may end before the payload does.
     */
    TUNNEL,
    /**
     * An ICMPv6 message at {@link #innerOffset()} that no ESP, home address or routing precedes.
     */
    ICMPV6,
    /**
     * An upper-layer packet at {@link #innerOffset()} for the home address of a type 2 routing
     * header, RFC 6275 §6.4.
     */
    ROUTED_TO_HOME_ADDRESS,
    /** Nothing to take: {@link #dropReason()}; maybe an answer is due, {@link #answer()}. */
    DROPPED
  }

  /** What the sender of a dropped packet is due. */
  public enum Answer {
    /** Nothing. */
    NONE,
    /** Parameter Problem, code {@link #errorCode()}, pointer {@link #errorPointer()}. */
    PARAMETER_PROBLEM,
    /** Binding Error 2, RFC 6275 §9.2, with {@link #homeAddressOption()} if there was one. */
    BINDING_ERROR_UNKNOWN_TYPE,
    /**
     * Binding Error 1 with {@link #homeAddressOption()}, RFC 6275 §9.3.1; no answer where a binding
     * of that home address to the packet's source exists.
     */
    BINDING_ERROR_UNKNOWN_BINDING
  }

  private static final int MOST_HEADERS = 8;
  private static final int ESP_HEADER = 8;
  private static final int REJECTED = -1;

  private final SecurityAssociationDatabase associations;
  private final DestinationOptions options = new DestinationOptions();

  private boolean handovers;
  private int encapsulationPort;
  private int udpPort;
  private int unknownSpi;
  private int invalidSpi;
  private int innerOffset;
  private int upperLayerProtocol;
  private Ipv6Address homeAddressOption;
  private Ipv6Address type2HomeAddress;
  private InboundSecurityAssociation association;
  private SignallingPacket signalling;
  private DropReason dropReason;
  private Answer answer = Answer.NONE;
  private int errorCode;
  private int errorPointer;

  /** Reads with these associations. */
  public SignallingReader(SecurityAssociationDatabase associations) {
    this.associations = associations;
  }

  /**
   * Sets the local port of ESP in UDP.
   *
   * @param localPort 1 to 65535, or 0: UDP is not taken, as in the beginning
   */
  public void encapsulationPort(int localPort) {
    encapsulationPort = localPort;
  }

  /** Takes messages of RFC 5568 from now on; before, their types are unknown. */
  public void takeHandovers() {
    handovers = true;
  }

  /**
   * Classifies a packet, and opens its ESP.
   *
   * @param packet from its IPv6 header on; changed where it was in ESP
   */
  public Found read(PacketBuffer packet, long nowNs) {
    reset();
    int start = packet.offset();
    ByteBuffer bytes = packet.bytes();
    if (!Ipv6Header.isComplete(bytes, start, packet.length())) {
      return drop(DropReason.IPV6_MALFORMED);
    }
    packet.resize(Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, start));
    int at = start + Ipv6Header.BYTES;
    int next = Ipv6Header.nextHeader(bytes, start);
    if (next == Protocol.HOP_BY_HOP) {
      int length = options(packet, at, false);
      if (length < 0) {
        return Found.DROPPED;
      }
      next = bytes.get(at) & 0xff;
      at += length;
    }
    for (int i = 0; i < MOST_HEADERS; i++) {
      int length;
      if (next == Protocol.DESTINATION_OPTIONS) {
        length = options(packet, at, true);
        if (length < 0) {
          return Found.DROPPED;
        }
        next = bytes.get(at) & 0xff;
      } else if (next == Protocol.ROUTING) {
        length = routing(packet, at);
        if (length < 0) {
          return Found.DROPPED;
        }
        next = bytes.get(at) & 0xff;
      } else if (next == Protocol.UDP && isEncapsulation(packet, at)) {
        DropReason reason = udp(packet, at);
        if (reason != null) {
          return drop(reason);
        }
        next = Protocol.ESP;
        length = UdpEncapsulation.HEADER_OCTETS;
      } else if (next == Protocol.ESP && association == null) {
        DropReason reason = open(packet, at);
        if (reason != null) {
          return drop(reason);
        }
        next = association.nextHeader();
        at = innerOffset;
        length = 0;
      } else {
        return upperLayer(packet, at, next);
      }
      at += length;
    }
    return drop(DropReason.OPTIONS_INVALID);
  }

  private void reset() {
    udpPort = 0;
    unknownSpi = 0;
    invalidSpi = 0;
    innerOffset = 0;
    upperLayerProtocol = Protocol.NO_NEXT_HEADER;
    homeAddressOption = null;
    type2HomeAddress = null;
    association = null;
    signalling = null;
    dropReason = null;
    answer = Answer.NONE;
    errorCode = 0;
    errorPointer = 0;
  }

  /**
   * Takes one options header; returns its length, or a negative number if the packet is dropped.
   */
  private int options(PacketBuffer packet, int at, boolean homeAddressAllowed) {
    // RFC 6275 §6.3: once for each IPv6 header, and before ESP, unless that is in UDP.
    boolean allowed =
        homeAddressAllowed
            && (association == null || udpPort != 0)
            && homeAddressOption == null;
    int length = options.read(packet.bytes(), at, packet.end(), allowed);
    if (length < 0) {
      drop(DropReason.OPTIONS_INVALID);
      if (options.isAnswered(packet.bytes().get(packet.offset() + Ipv6Header.DESTINATION))) {
        parameterProblem(Icmpv6.UNRECOGNIZED_OPTION, options.unknownAt() - packet.offset());
      }
      return REJECTED;
    }
    if (options.homeAddressAt() != 0) {
      Ipv6Address address = Ipv6Address.read(packet.bytes(), options.homeAddressAt());
      // §9.3.1: "MUST be dropped if the given home address is not a unicast routable address."
      if (!address.isRoutableUnicast()) {
        drop(DropReason.OPTIONS_INVALID);
        return REJECTED;
      }
      homeAddressOption = address;
    }
    return length;
  }

  /** Takes a routing header; returns its length, or a negative number if the packet is dropped. */
  private int routing(PacketBuffer packet, int at) {
    ByteBuffer bytes = packet.bytes();
    int available = packet.end() - at;
    int length = available < 8 ? 0 : 8 * ((bytes.get(at + 1) & 0xff) + 1);
    if (available < 8 || length > available || association != null && udpPort == 0) {
      drop(DropReason.ROUTING_HEADER_INVALID);
      return REJECTED;
    }
    int segmentsLeft = bytes.get(at + 3) & 0xff;
    if ((bytes.get(at + 2) & 0xff) != MobileHeaders.ROUTING_TYPE) {
      // RFC 8200 §4.4: an unrecognised type is ignored where no segments are left, else answered.
      if (segmentsLeft == 0) {
        return length;
      }
      drop(DropReason.ROUTING_HEADER_INVALID);
      parameterProblem(Icmpv6.ERRONEOUS_HEADER_FIELD, at + 2 - packet.offset());
      return REJECTED;
    }
    // RFC 6275 §6.4.1: "the Hdr Ext Len MUST be 2"; "Segments Left MUST be 1"; §6.3: the Home
    // Address option comes after.
    if (length == MobileHeaders.TYPE_2_HEADER
        && segmentsLeft == 1
        && type2HomeAddress == null
        && homeAddressOption == null) {
      Ipv6Address address = Ipv6Address.read(bytes, at + MobileHeaders.HOME_ADDRESS);
      if (address.isRoutableUnicast()) {
        type2HomeAddress = address;
        return length;
      }
    }
    drop(DropReason.ROUTING_HEADER_INVALID);
    return REJECTED;
  }

  /**
   * Whether a UDP header is one of RFC 3948: right behind the IPv6 header or options that say
   * nothing, and to our port. Behind a type 2 routing header it is the home address's; a Home
   * Address option travels inside.
   */
  private boolean isEncapsulation(PacketBuffer packet, int at) {
    return encapsulationPort != 0
        && association == null
        && udpPort == 0
        && homeAddressOption == null
        && type2HomeAddress == null
        && packet.end() - at >= UdpEncapsulation.HEADER_OCTETS
        && UdpEncapsulation.destinationPort(packet.bytes(), at) == encapsulationPort;
  }

  /** Takes the UDP header; the packet then ends where the datagram does. */
  private DropReason udp(PacketBuffer packet, int at) {
    ByteBuffer bytes = packet.bytes();
    switch (UdpEncapsulation.classify(bytes, at, packet.end())) {
      case ESP:
        udpPort = UdpEncapsulation.sourcePort(bytes, at);
        packet.resize(at + UdpEncapsulation.length(bytes, at) - packet.offset());
        return null;
      case KEEPALIVE:
        return DropReason.UDP_KEEPALIVE;
      case NON_ESP:
        invalidSpi =
            InvalidSpi.spi(
                bytes,
                at + UdpEncapsulation.HEADER_OCTETS,
                at + UdpEncapsulation.length(bytes, at));
        return DropReason.UDP_NOT_ESP;
      default:
        return DropReason.ESP_MALFORMED;
    }
  }

  /** Opens ESP; the packet then ends with the payload, which begins at {@link #innerOffset}. */
  private DropReason open(PacketBuffer packet, int at) {
    int start = packet.offset();
    int end = packet.end();
    if (end - at < ESP_HEADER) {
      return DropReason.ESP_MALFORMED;
    }
    InboundSecurityAssociation candidate = associations.inbound(packet.bytes().getInt(at));
    if (candidate == null) {
      unknownSpi = packet.bytes().getInt(at);
      return DropReason.ESP_NO_ASSOCIATION;
    }
    packet.set(at, end - at);
    DropReason reason = candidate.open(packet);
    if (reason != null) {
      packet.set(start, end - start);
      return reason;
    }
    association = candidate;
    // What was sealed was finished: no hardware computes checksums under ESP.
    packet.finished();
    innerOffset = packet.offset();
    packet.set(start, packet.end() - start);
    return null;
  }

  private Found upperLayer(PacketBuffer packet, int at, int protocol) {
    innerOffset = at;
    upperLayerProtocol = protocol;
    if (protocol == Protocol.MOBILITY) {
      return mobility(packet, at);
    }
    // §9.3.1: behind a Home Address option, ESP and the Mobility Header need no binding.
    if (homeAddressOption != null && association == null) {
      drop(DropReason.NO_BINDING);
      answer = Answer.BINDING_ERROR_UNKNOWN_BINDING;
      return Found.DROPPED;
    }
    // RFC 6275 §10.4.5: what enters the tunnel comes from the care-of address itself.
    if (homeAddressOption != null || protocol == Protocol.NO_NEXT_HEADER) {
      return drop(DropReason.PROTOCOL_NOT_TAKEN);
    }
    if (type2HomeAddress != null) {
      // In UDP the routing header is for signalling alone: payload has a header of its own.
      if (udpPort != 0) {
        return drop(DropReason.PROTOCOL_NOT_TAKEN);
      }
      return Found.ROUTED_TO_HOME_ADDRESS;
    }
    if (protocol == Protocol.IPV6) {
      return Ipv6Header.isComplete(packet.bytes(), at, packet.end() - at)
          ? Found.TUNNEL
          : drop(DropReason.IPV6_MALFORMED);
    }
    return protocol == Protocol.ICMPV6 && association == null
        ? Found.ICMPV6
        : drop(DropReason.PROTOCOL_NOT_TAKEN);
  }

  private Found mobility(PacketBuffer packet, int at) {
    ByteBuffer bytes = packet.bytes();
    Ipv6Address source = Ipv6Header.source(bytes, packet.offset());
    Ipv6Address destination = Ipv6Header.destination(bytes, packet.offset());
    // §6.1.1: the pseudo-header has the home address where an option or routing header gives it.
    MobilityHeader.Decoded decoded =
        MobilityHeader.decode(
            bytes,
            at,
            packet.end() - at,
            homeAddressOption != null ? homeAddressOption : source,
            type2HomeAddress != null ? type2HomeAddress : destination);
    if (decoded instanceof MobilityHeader.Rejected rejected) {
      drop(DropReason.MOBILITY_MALFORMED);
      if (rejected.problem().pointer() >= 0) {
        parameterProblem(
            Icmpv6.ERRONEOUS_HEADER_FIELD, at - packet.offset() + rejected.problem().pointer());
      }
      return Found.DROPPED;
    }
    MobilityMessage message = ((MobilityHeader.Accepted) decoded).message();
    if (message instanceof UnknownMobilityMessage
        || message instanceof HandoverMessage && !handovers) {
      drop(DropReason.MOBILITY_TYPE_UNKNOWN);
      answer = Answer.BINDING_ERROR_UNKNOWN_TYPE;
      return Found.DROPPED;
    }
    signalling =
        new SignallingPacket(
            source,
            destination,
            homeAddressOption,
            type2HomeAddress,
            association,
            udpPort,
            message);
    return Found.SIGNALLING;
  }

  private Found drop(DropReason reason) {
    dropReason = reason;
    return Found.DROPPED;
  }

  /** Due unless ESP was opened: the answer would quote in clear what was not sent in clear. */
  private void parameterProblem(int code, int pointer) {
    if (association == null) {
      answer = Answer.PARAMETER_PROBLEM;
      errorCode = code;
      errorPointer = pointer;
    }
  }

  /** The message of {@link Found#SIGNALLING}, else null. */
  public SignallingPacket signalling() {
    return signalling;
  }

  /** The absolute index of the inner packet, the upper-layer packet or the message. */
  public int innerOffset() {
    return innerOffset;
  }

  /** The association that opened the packet read last, or null. */
  public InboundSecurityAssociation association() {
    return association;
  }

  /**
   * The peer's UDP port if the packet read last was ESP in UDP, opened or not, else 0. Whether it
   * is the peer's own is certain only if the ESP was opened.
   */
  public int udpPort() {
    return udpPort;
  }

  /** The SPI of a packet that was dropped because no association has it, else 0. */
  public int unknownSpi() {
    return unknownSpi;
  }

  /**
   * The SPI that the sender says it does not know, if the packet read last was dropped as {@link
   * DropReason#UDP_NOT_ESP} and was the notification of RFC 7296 §1.5, else 0. Anybody can say so.
   */
  public int invalidSpi() {
    return invalidSpi;
  }

  /** What is at {@link #innerOffset()}. */
  public int upperLayerProtocol() {
    return upperLayerProtocol;
  }

  /** The home address of the type 2 routing header, or null. */
  public Ipv6Address type2HomeAddress() {
    return type2HomeAddress;
  }

  /**
   * The home address of the Home Address option, or null. Also where the packet was dropped behind
   * it, as ESP of an unknown association is.
   */
  public Ipv6Address homeAddressOption() {
    return homeAddressOption;
  }

  /** Why the packet was dropped, not counted yet; null if it was not. */
  public DropReason dropReason() {
    return dropReason;
  }

  /** The answer that is due for a dropped packet; the sender of it keeps the rate limit. */
  public Answer answer() {
    return answer;
  }

  /** The code of a Parameter Problem, RFC 4443 §3.4. */
  public int errorCode() {
    return errorCode;
  }

  /** The pointer of a Parameter Problem: an offset from the outer IPv6 header. */
  public int errorPointer() {
    return errorPointer;
  }
}
