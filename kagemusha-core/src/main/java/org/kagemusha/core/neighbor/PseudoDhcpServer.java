package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import java.util.List;
import org.kagemusha.core.dhcp.DhcpInformation;
import org.kagemusha.core.dhcp.DhcpMessage;
import org.kagemusha.core.dhcp.DhcpResponder;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/**
 * The DHCPv6 server of the home link, played to a guest that has leases of it (RFC 8415 §18.3):
 * without an answer to Renew and Rebind its address would end with its lifetime.
 */
final class PseudoDhcpServer {

  /** All_DHCP_Relay_Agents_and_Servers, RFC 8415 §7.1: ff02::1:2. */
  private static final long SERVERS_HIGH = 0xff02L << 48;

  private static final long SERVERS_LOW = 0x1_0002L;
  private static final int CLIENT_PORT = 546;
  private static final int SERVER_PORT = 547;
  private static final int UDP_HEADER = 8;
  private static final int HOP_LIMIT = 64;
  private static final int REPLIES_PER_SECOND = 5;
  private static final int DUID_LL = 3;
  private static final int ETHERNET = 1;

  private final HomeRouterKnowledge knowledge;
  private final PseudoNeighbors neighbors;
  private final MacAddress guestMac;
  private final NeighborFrames frames;
  private final Counters counters;
  private final DhcpResponder responder;
  private final TokenBucket replies = new TokenBucket(REPLIES_PER_SECOND, REPLIES_PER_SECOND);

  PseudoDhcpServer(
      PseudoHomeNetwork.Settings settings,
      HomeRouterKnowledge knowledge,
      PseudoNeighbors neighbors,
      NeighborFrames frames,
      Counters counters) {
    this.knowledge = knowledge;
    this.neighbors = neighbors;
    this.guestMac = settings.guestMac();
    this.frames = frames;
    this.counters = counters;
    this.responder = new DhcpResponder(duid(settings.pseudoMac()));
  }

  /** DUID-LL, RFC 8415 §11.4, of a MAC address that is the same on every host. */
  private static byte[] duid(MacAddress mac) {
    ByteBuffer duid = ByteBuffer.allocate(4 + MacAddress.BYTES);
    duid.putShort((short) DUID_LL).putShort((short) ETHERNET);
    mac.write(duid, 4);
    return duid.array();
  }

  /** Says whether a complete IPv6 packet is one to DHCPv6 servers. */
  static boolean isForServers(ByteBuffer bytes, int at) {
    return bytes.getLong(at + Ipv6Header.DESTINATION) == SERVERS_HIGH
        && bytes.getLong(at + Ipv6Header.DESTINATION + 8) == SERVERS_LOW
        && Ipv6Header.nextHeader(bytes, at) == Protocol.UDP
        && Ipv6Header.payloadLength(bytes, at) >= UDP_HEADER
        && (bytes.getShort(at + Ipv6Header.BYTES + 2) & 0xffff) == SERVER_PORT;
  }

  /**
   * Takes a packet for which {@link #isForServers} is true.
   *
   * @return null if it was answered, else why not
   */
  DropReason onMessage(ByteBuffer bytes, int at, long nowNs) {
    DhcpMessage request = read(bytes, at);
    if (request == null || DhcpResponder.isInvalid(request)) {
      return DropReason.DHCP_INVALID;
    }
    if (!replies.tryTake(nowNs)) {
      return DropReason.DHCP_RATE_LIMITED;
    }
    byte[] reply = responder.answer(request, this::isGuests, information());
    if (reply == null) {
      return DropReason.DHCP_NOT_ANSWERED;
    }
    send(reply, Ipv6Header.source(bytes, at));
    return null;
  }

  private DhcpMessage read(ByteBuffer bytes, int at) {
    int udp = at + Ipv6Header.BYTES;
    int length = bytes.getShort(udp + 4) & 0xffff;
    Ipv6Address client = Ipv6Header.source(bytes, at);
    // RFC 8415 §5: "The client uses a link-local address or addresses determined through other
    // mechanisms".
    if (!client.isLinkLocal() && !knowledge.isOnHomePrefix(client.high(), client.low())
        || length < UDP_HEADER
        || length > Ipv6Header.payloadLength(bytes, at)) {
      return null;
    }
    // RFC 8200 §8.1: a zero checksum is discarded.
    long sum =
        InternetChecksum.pseudoHeader(bytes, at, length, Protocol.UDP)
            + InternetChecksum.sum(bytes, udp, length);
    return bytes.getShort(udp + 6) == 0 || !InternetChecksum.isValid(sum)
        ? null
        : DhcpMessage.parse(bytes, udp + UDP_HEADER, length - UDP_HEADER);
  }

  /** What the guest can have leased: on a home prefix, and not known to be another's. */
  private boolean isGuests(Ipv6Address address) {
    return knowledge.isOnHomePrefix(address.high(), address.low())
        && !neighbors.isDefended(address);
  }

  private DhcpInformation information() {
    HomeRouter router = knowledge.router();
    return DhcpInformation.of(router == null ? List.of() : router.rawOptions());
  }

  private void send(byte[] reply, Ipv6Address client) {
    int length = UDP_HEADER + reply.length;
    byte[] packet = new byte[Ipv6Header.BYTES + length];
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    Ipv6Header.write(
        bytes, 0, 0, 0, length, Protocol.UDP, HOP_LIMIT, neighbors.speaker(), client);
    int udp = Ipv6Header.BYTES;
    bytes.putShort(udp, (short) SERVER_PORT).putShort(udp + 2, (short) CLIENT_PORT);
    bytes.putShort(udp + 4, (short) length);
    bytes.put(udp + UDP_HEADER, reply);
    int checksum =
        InternetChecksum.finish(
            InternetChecksum.pseudoHeader(bytes, 0, length, Protocol.UDP)
                + InternetChecksum.sum(bytes, udp, length));
    // RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
    bytes.putShort(udp + 6, (short) (checksum == 0 ? 0xffff : checksum));
    frames.send(packet, guestMac, knowledge.mac());
    counters.add(Counter.DHCP_REPLIES_SENT);
  }
}
