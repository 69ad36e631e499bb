package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** The stations of a home link, their frames, and a link that remembers what was sent. */
final class NeighborFixture implements HomeLink {

  static final long SECOND = 1_000_000_000L;
  static final Ipv6Prefix HOME = Ipv6Prefix.parse("2001:db8:2000::/64");
  static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:10");
  static final Ipv6Address GUEST_LL = Ipv6Address.linkLocalOf(GUEST);
  static final Ipv6Address HOA = Ipv6Address.parse("2001:db8:2000::10");
  static final MacAddress ROUTER = MacAddress.parse("02:00:5e:00:00:01");
  static final Ipv6Address ROUTER_LL = Ipv6Address.parse("fe80::1");
  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  static final MacAddress NEIGHBOR = MacAddress.parse("02:00:5e:00:00:02");
  static final Ipv6Address NEIGHBOR_GUA = Ipv6Address.parse("2001:db8:2000::2");
  static final Ipv6Address NEIGHBOR_LL = Ipv6Address.parse("fe80::2");
  static final Ipv6Address OFF_LINK = Ipv6Address.parse("2001:db8:ffff::99");
  static final MacAddress PSEUDO = MacAddress.parse("02:6b:61:67:65:6d");
  static final MacAddress ALL_NODES_MAC = MacAddress.multicastOf(Ipv6Address.ALL_NODES);
  static final byte[] RDNSS = {
    25, 3, 0, 0, 0, 0, 2, 88, 0x20, 1, 0xd, (byte) 0xb8, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53
  };

  final List<byte[]> sent = new ArrayList<>();

  @Override
  public void send(PacketBuffer frame) {
    sent.add(frame.toBytes());
  }

  /** The only frame sent since the last call. */
  byte[] only() {
    assertEquals(1, sent.size(), "frames sent");
    return sent.remove(0);
  }

  /** The message of the only frame sent, which is valid. */
  NeighborMessage onlyMessage() {
    return message(only());
  }

  static HomeRouter router() {
    return new HomeRouter(
        ROUTER_LL,
        ROUTER,
        64,
        RouterAdvertisement.OTHER,
        1800,
        0,
        0,
        List.of(new HomeRouter.PrefixInformation(HOME, 0xc0, 86400, 14400)),
        List.of(RDNSS));
  }

  static RouterAdvertisement homeAdvertisement(Ipv6Address source, int lifetime, long valid) {
    return new RouterAdvertisement(
        source,
        Ipv6Address.ALL_NODES,
        64,
        RouterAdvertisement.OTHER,
        lifetime,
        0,
        0,
        ROUTER,
        1400,
        List.of(new PrefixInformation(HOME.address(), 64, 0xc0, valid, Math.min(valid, 14400))),
        null,
        0,
        List.of(RDNSS));
  }

  static NeighborMessage message(byte[] frame) {
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    NeighborMessage message = NeighborDiscovery.parse(bytes, 14, frame.length - 14);
    assertTrue(message != null, "a valid Neighbor Discovery message was sent");
    return message;
  }

  static MacAddress destinationOf(byte[] frame) {
    return MacAddress.read(ByteBuffer.wrap(frame), 0);
  }

  static MacAddress sourceOf(byte[] frame) {
    return MacAddress.read(ByteBuffer.wrap(frame), 6);
  }

  static PacketBuffer frame(NeighborMessage message, MacAddress destination, MacAddress source) {
    return frame(NeighborDiscovery.build(message), destination, source);
  }

  static PacketBuffer frame(byte[] ipv6, MacAddress destination, MacAddress source) {
    byte[] frame = new byte[14 + ipv6.length];
    EthernetHeader.write(
        ByteBuffer.wrap(frame), 0, destination, source, EthernetHeader.TYPE_IPV6);
    System.arraycopy(ipv6, 0, frame, 14, ipv6.length);
    return PacketBuffer.copyOf(frame);
  }

  /** A solicitation by multicast, as for resolution. */
  static PacketBuffer resolve(Ipv6Address source, MacAddress station, Ipv6Address target) {
    Ipv6Address group = target.solicitedNode();
    MacAddress option = source.isUnspecified() ? null : station;
    return frame(
        new NeighborSolicitation(source, group, target, option),
        MacAddress.multicastOf(group),
        station);
  }

  /** A unicast solicitation of the guest to a MAC in its cache. */
  static PacketBuffer probe(Ipv6Address source, Ipv6Address target, MacAddress mac) {
    return frame(new NeighborSolicitation(source, target, target, GUEST), mac, GUEST);
  }

  static PacketBuffer test(Ipv6Address target, MacAddress station) {
    return resolve(Ipv6Address.UNSPECIFIED, station, target);
  }

  static PacketBuffer solicitRouter(Ipv6Address source) {
    return frame(
        new RouterSolicitation(
            source, Ipv6Address.ALL_ROUTERS, source.isUnspecified() ? null : GUEST),
        MacAddress.multicastOf(Ipv6Address.ALL_ROUTERS),
        GUEST);
  }

  static PacketBuffer announce(Ipv6Address address, MacAddress station) {
    return frame(
        new NeighborAdvertisement(
            address, Ipv6Address.ALL_NODES, address, false, false, true, station),
        ALL_NODES_MAC,
        station);
  }

  static PacketBuffer udp(Ipv6Address source, Ipv6Address destination, MacAddress mac) {
    byte[] packet = new byte[48];
    Ipv6Header.write(
        ByteBuffer.wrap(packet), 0, 0, 0, 8, Protocol.UDP, 64, source, destination);
    ByteBuffer.wrap(packet).putShort(44, (short) 8);
    return frame(packet, mac, GUEST);
  }

  static byte[] icmp(
      int type, Ipv6Address source, Ipv6Address destination, int hopLimit, byte[] body) {
    byte[] packet = new byte[44 + body.length];
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    Ipv6Header.write(
        bytes, 0, 0, 0, 4 + body.length, Protocol.ICMPV6, hopLimit, source, destination);
    bytes.put(40, (byte) type);
    bytes.put(44, body);
    long sum =
        InternetChecksum.pseudoHeader(bytes, 0, 4 + body.length, Protocol.ICMPV6)
            + InternetChecksum.sum(bytes, 40, 4 + body.length);
    bytes.putShort(42, (short) InternetChecksum.finish(sum));
    return packet;
  }

  /** An IPv6 packet without Ethernet header. */
  static PacketBuffer packet(Ipv6Address source, Ipv6Address destination, int payload) {
    byte[] packet = new byte[40 + payload];
    Ipv6Header.write(
        ByteBuffer.wrap(packet), 0, 0, 0, payload, Protocol.UDP, 64, source, destination);
    return PacketBuffer.copyOf(packet);
  }
}
