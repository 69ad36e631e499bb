package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IcmpV6NeighborAdvertisementPacket;
import org.pcap4j.packet.IcmpV6NeighborSolicitationPacket;
import org.pcap4j.packet.IcmpV6RedirectPacket;
import org.pcap4j.packet.IcmpV6RouterAdvertisementPacket;
import org.pcap4j.packet.IcmpV6RouterSolicitationPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.IpV6SimpleFlowLabel;
import org.pcap4j.packet.IpV6SimpleTrafficClass;
import org.pcap4j.packet.Packet;
import org.pcap4j.packet.namednumber.IcmpV6Code;
import org.pcap4j.packet.namednumber.IcmpV6Type;
import org.pcap4j.packet.namednumber.IpNumber;
import org.pcap4j.packet.namednumber.IpVersion;

/**
 * Neighbor Discovery messages (RFC 4861 §4) from and to whole IPv6 packets. A message is validated
 * on its octets before anything reads it, because the library behind cuts malformed options off in
 * silence.
 */
public final class NeighborDiscovery {

  private static final int HOP_LIMIT = 255;
  private static final int CODE = 1;
  private static final int FIRST_ADDRESS = 8;
  private static final int SECOND_ADDRESS = 24;

  private NeighborDiscovery() {}

  /**
   * Says whether a packet is a Neighbor Discovery message: ICMPv6 of type 133 to 137 directly
   * behind the IPv6 header. Validates nothing, allocates nothing.
   *
   * @param ipv6Offset the absolute index of the IPv6 header
   * @param length octets received from there on
   */
  public static boolean isNeighborDiscovery(ByteBuffer bytes, int ipv6Offset, int length) {
    return length > Ipv6Header.BYTES
        && Ipv6Header.nextHeader(bytes, ipv6Offset) == Protocol.ICMPV6
        && isType(bytes.get(ipv6Offset + Ipv6Header.BYTES) & 0xff);
  }

  private static boolean isType(int type) {
    return type >= RouterSolicitation.TYPE && type <= Redirect.TYPE;
  }

  /**
   * Says whether a packet is a Neighbor Discovery message that RFC 6980 §5 wants dropped: it has a
   * Fragment header. Told by the first fragment alone, which a message cannot do without; one too
   * short to show the ICMPv6 type counts as well. Other fragmented ICMPv6, such as a large echo,
   * and later fragments are not meant. Allocates nothing.
   *
   * @param ipv6Offset the absolute index of the IPv6 header
   * @param length octets received from there on
   */
  public static boolean isFragmented(ByteBuffer bytes, int ipv6Offset, int length) {
    long found = ExtensionHeaders.upperLayer(bytes, ipv6Offset, length);
    if (found == ExtensionHeaders.NONE
        || !ExtensionHeaders.isFragmented(found)
        || ExtensionHeaders.isLaterFragment(found)
        || ExtensionHeaders.protocol(found) != Protocol.ICMPV6) {
      return false;
    }
    int offset = ExtensionHeaders.offset(found);
    return offset >= length || isType(bytes.get(ipv6Offset + offset) & 0xff);
  }

  /**
   * Validates (RFC 4861 §6.1.1, §6.1.2, §7.1.1, §7.1.2, §8.1) and reads a message that stands
   * directly behind the IPv6 header. An option of a length that its type does not allow is passed
   * over.
   *
   * @param ipv6Offset the absolute index of the IPv6 header
   * @param length octets received from there on
   * @return the message, or null if it is invalid
   */
  public static NeighborMessage parse(ByteBuffer bytes, int ipv6Offset, int length) {
    if (!isNeighborDiscovery(bytes, ipv6Offset, length)
        || !Icmpv6.isValid(bytes, ipv6Offset, length)
        || Ipv6Header.hopLimit(bytes, ipv6Offset) != HOP_LIMIT
        || bytes.get(ipv6Offset + Ipv6Header.BYTES + CODE) != 0) {
      return null;
    }
    int payload = Ipv6Header.payloadLength(bytes, ipv6Offset);
    byte[] message = new byte[payload];
    bytes.get(ipv6Offset + Ipv6Header.BYTES, message);
    int type = message[0] & 0xff;
    Ipv6Address source = Ipv6Header.source(bytes, ipv6Offset);
    Ipv6Address destination = Ipv6Header.destination(bytes, ipv6Offset);
    int fixed = fixedPart(type);
    if (payload < fixed || !NeighborOptions.areWellFormed(message, fixed)) {
      return null;
    }
    try {
      NeighborOptions options = NeighborOptions.read(message, fixed);
      return read(type, message, fixed, source, destination, options);
    } catch (IllegalRawDataException e) {
      return null;
    }
  }

  /** Octets before the options: the least length of §6.1.1, §6.1.2, §7.1.1, §7.1.2 and §8.1. */
  private static int fixedPart(int type) {
    return switch (type) {
      case RouterSolicitation.TYPE -> 8;
      case RouterAdvertisement.TYPE -> 16;
      case Redirect.TYPE -> 40;
      default -> 24;
    };
  }

  private static NeighborMessage read(
      int type,
      byte[] message,
      int fixed,
      Ipv6Address source,
      Ipv6Address destination,
      NeighborOptions options)
      throws IllegalRawDataException {
    // Four octets of ICMPv6 header are the library's outer packet; the rest is the message's own.
    int body = fixed - 4;
    return switch (type) {
      case RouterSolicitation.TYPE ->
          // §6.1.1: no source link-layer address where the source is unspecified.
          source.isUnspecified() && options.sourceLinkLayer() != null
              ? null
              : new RouterSolicitation(source, destination, options.sourceLinkLayer());
      case RouterAdvertisement.TYPE ->
          // §6.1.2: "IP Source Address is a link-local address."
          source.isLinkLocal()
              ? advertisement(
                  IcmpV6RouterAdvertisementPacket.newPacket(message, 4, body).getHeader(),
                  source,
                  destination,
                  options)
              : null;
      case NeighborSolicitation.TYPE -> solicitation(message, source, destination, options);
      case NeighborAdvertisement.TYPE ->
          neighborAdvertisement(
              IcmpV6NeighborAdvertisementPacket.newPacket(message, 4, body).getHeader(),
              address(message, FIRST_ADDRESS),
              source,
              destination,
              options);
      default -> redirect(message, source, destination);
    };
  }

  private static NeighborSolicitation solicitation(
      byte[] message, Ipv6Address source, Ipv6Address destination, NeighborOptions options) {
    Ipv6Address target = address(message, FIRST_ADDRESS);
    if (target.isMulticast()) {
      return null;
    }
    // §7.1.1: from the unspecified address only to a solicited-node multicast address, and without
    // a source link-layer address.
    if (source.isUnspecified()
        && (!isSolicitedNode(destination) || options.sourceLinkLayer() != null)) {
      return null;
    }
    return new NeighborSolicitation(source, destination, target, options.sourceLinkLayer());
  }

  private static boolean isSolicitedNode(Ipv6Address destination) {
    return destination.high() == 0xff02L << 48 && destination.low() >>> 24 == 0x1_ff;
  }

  private static NeighborAdvertisement neighborAdvertisement(
      IcmpV6NeighborAdvertisementPacket.IcmpV6NeighborAdvertisementHeader header,
      Ipv6Address target,
      Ipv6Address source,
      Ipv6Address destination,
      NeighborOptions options) {
    // §7.1.2: "If the IP Destination Address is a multicast address the Solicited flag is zero."
    if (target.isMulticast() || destination.isMulticast() && header.getSolicitedFlag()) {
      return null;
    }
    return new NeighborAdvertisement(
        source,
        destination,
        target,
        header.getRouterFlag(),
        header.getSolicitedFlag(),
        header.getOverrideFlag(),
        options.targetLinkLayer());
  }

  private static RouterAdvertisement advertisement(
      IcmpV6RouterAdvertisementPacket.IcmpV6RouterAdvertisementHeader header,
      Ipv6Address source,
      Ipv6Address destination,
      NeighborOptions options) {
    int flags =
        (header.getManagedAddressConfigurationFlag() ? RouterAdvertisement.MANAGED : 0)
            | (header.getOtherConfigurationFlag() ? RouterAdvertisement.OTHER : 0)
            | header.getReserved() & 0x3f;
    return new RouterAdvertisement(
        source,
        destination,
        header.getCurHopLimitAsInt(),
        flags,
        header.getRouterLifetimeAsInt(),
        header.getReachableTime(),
        header.getRetransTimer(),
        options.sourceLinkLayer(),
        options.mtu(),
        options.prefixes(),
        options.homeAgent(),
        options.advertisementIntervalMs(),
        options.others());
  }

  private static Redirect redirect(byte[] message, Ipv6Address source, Ipv6Address destination) {
    Ipv6Address target = address(message, FIRST_ADDRESS);
    Ipv6Address redirected = address(message, SECOND_ADDRESS);
    // §8.1: a link-local source; no multicast destination; a router or the destination as target.
    if (!source.isLinkLocal()
        || redirected.isMulticast()
        || !target.isLinkLocal() && !target.equals(redirected)) {
      return null;
    }
    return new Redirect(source, destination, target, redirected);
  }

  private static Ipv6Address address(byte[] message, int at) {
    return Ipv6Address.read(ByteBuffer.wrap(message), at);
  }

  /** The whole IPv6 packet of a message, with hop limit 255 and the checksum. */
  public static byte[] build(NeighborMessage message) {
    IcmpV6CommonPacket.Builder icmp =
        new IcmpV6CommonPacket.Builder()
            .type(IcmpV6Type.getInstance((byte) typeOf(message)))
            .code(IcmpV6Code.NO_CODE)
            .srcAddr(message.source().toInetAddress())
            .dstAddr(message.destination().toInetAddress())
            .payloadBuilder(body(message))
            .correctChecksumAtBuild(true);
    return new IpV6Packet.Builder()
        .version(IpVersion.IPV6)
        .trafficClass(IpV6SimpleTrafficClass.newInstance((byte) 0))
        .flowLabel(IpV6SimpleFlowLabel.newInstance(0))
        .nextHeader(IpNumber.ICMPV6)
        .hopLimit((byte) HOP_LIMIT)
        .srcAddr(message.source().toInetAddress())
        .dstAddr(message.destination().toInetAddress())
        .payloadBuilder(icmp)
        .correctLengthAtBuild(true)
        .build()
        .getRawData();
  }

  private static int typeOf(NeighborMessage message) {
    if (message instanceof NeighborSolicitation) {
      return NeighborSolicitation.TYPE;
    } else if (message instanceof NeighborAdvertisement) {
      return NeighborAdvertisement.TYPE;
    } else if (message instanceof RouterSolicitation) {
      return RouterSolicitation.TYPE;
    } else if (message instanceof RouterAdvertisement) {
      return RouterAdvertisement.TYPE;
    }
    return Redirect.TYPE;
  }

  private static Packet.Builder body(NeighborMessage message) {
    if (message instanceof NeighborSolicitation solicitation) {
      return new IcmpV6NeighborSolicitationPacket.Builder()
          .targetAddress(solicitation.target().toInetAddress())
          .options(NeighborOptions.source(solicitation.sourceLinkLayerAddress()));
    } else if (message instanceof NeighborAdvertisement advertisement) {
      return new IcmpV6NeighborAdvertisementPacket.Builder()
          .routerFlag(advertisement.router())
          .solicitedFlag(advertisement.solicited())
          .overrideFlag(advertisement.override())
          .targetAddress(advertisement.target().toInetAddress())
          .options(NeighborOptions.target(advertisement.targetLinkLayerAddress()));
    } else if (message instanceof RouterSolicitation solicitation) {
      return new IcmpV6RouterSolicitationPacket.Builder()
          .options(NeighborOptions.source(solicitation.sourceLinkLayerAddress()));
    } else if (message instanceof RouterAdvertisement advertisement) {
      return new IcmpV6RouterAdvertisementPacket.Builder()
          .curHopLimit((byte) advertisement.currentHopLimit())
          .managedAddressConfigurationFlag(
              (advertisement.flags() & RouterAdvertisement.MANAGED) != 0)
          .otherConfigurationFlag((advertisement.flags() & RouterAdvertisement.OTHER) != 0)
          .reserved((byte) (advertisement.flags() & 0x3f))
          .routerLifetime((short) advertisement.routerLifetimeSeconds())
          .reachableTime(advertisement.reachableTimeMs())
          .retransTimer(advertisement.retransTimerMs())
          .options(NeighborOptions.of(advertisement));
    }
    Redirect redirect = (Redirect) message;
    return new IcmpV6RedirectPacket.Builder()
        .targetAddress(redirect.target().toInetAddress())
        .destinationAddress(redirect.redirectedDestination().toInetAddress())
        .options(NeighborOptions.source(null));
  }
}
