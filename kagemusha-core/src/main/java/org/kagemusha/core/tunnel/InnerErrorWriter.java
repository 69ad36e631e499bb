package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Writes ICMPv6 errors to the sources of inner packets (RFC 4443 §3, RFC 2473 §8.2) into shared
 * memory, where the rules of RFC 4443 §2.4 and the rate limits allow it. Allocates nothing.
 */
final class InnerErrorWriter {

  static final int DESTINATION_UNREACHABLE = 1;
  static final int ADDRESS_UNREACHABLE = 3;
  static final int PACKET_TOO_BIG = 2;
  static final int TIME_EXCEEDED = 3;
  static final int PARAMETER_PROBLEM = 4;

  /** Octets in front of the quoted packet: the IPv6 header and the ICMPv6 error's own. */
  static final int BEFORE_QUOTE = Ipv6Header.BYTES + 8;

  private static final int FIRST_INFORMATIONAL = 128;
  private static final int REDIRECT = 137;
  private static final int HOP_LIMIT = 64;

  private final TunnelContext context;
  private final PacketBuffer error = PacketBuffer.allocate(Ipv6Header.MINIMUM_MTU);

  InnerErrorWriter(TunnelContext context) {
    this.context = context;
  }

  /**
   * Sends an error about an inner packet, or counts that the rate limit withheld it.
   *
   * @param bytes what holds the inner packet
   * @param at the absolute index of the inner header, which is whole
   * @param end the absolute index behind the last octet there is of the inner packet
   * @param headers what was read of this packet
   * @param parameter the 32 bits behind the checksum: MTU or pointer
   * @param errors who sends it; null: nobody
   */
  void send(
      Tunnel tunnel,
      ByteBuffer bytes,
      int at,
      int end,
      InnerHeaders headers,
      int type,
      int code,
      int parameter,
      InnerErrors errors,
      long nowNs) {
    if (errors == null || !mayAnswer(bytes, at, end, headers, type)) {
      return;
    }
    // RFC 4443 §2.4(f): "an IPv6 node MUST limit the rate of ICMPv6 error messages it originates"
    if (!tunnel.mayAnswer(nowNs) || !context.mayAnswer(nowNs)) {
      context.counters().drop(DropReason.ICMP_RATE_LIMITED);
      return;
    }
    write(tunnel, bytes, at, end, type, code, parameter);
    if (type == PACKET_TOO_BIG) {
      context.counters().add(Counter.PACKET_TOO_BIG_SENT);
    }
    errors.send(error);
  }

  private static boolean mayAnswer(
      ByteBuffer bytes, int at, int end, InnerHeaders headers, int type) {
    // RFC 4443 §2.4(e.6): a source "that does not uniquely identify a single node"
    long sourceHigh = bytes.getLong(at + Ipv6Header.SOURCE);
    long sourceLow = bytes.getLong(at + Ipv6Header.SOURCE + 8);
    boolean nobody = sourceHigh == 0 && Long.compareUnsigned(sourceLow, 1) <= 0;
    if (nobody || sourceHigh >>> 56 == 0xff) {
      return false;
    }
    // §2.4(e.3), with its exception for Packet Too Big
    if (bytes.get(at + Ipv6Header.DESTINATION) == (byte) 0xff && type != PACKET_TOO_BIG) {
      return false;
    }
    // §2.4(e.1), (e.2); where the type is not to be seen, it may be an error
    if (headers.protocol() < 0) {
      return false;
    }
    if (headers.protocol() == Protocol.ICMPV6) {
      int icmp = headers.upperAt();
      if (icmp < 0 || icmp >= end) {
        return false;
      }
      int about = bytes.get(icmp) & 0xff;
      return about >= FIRST_INFORMATIONAL && about != REDIRECT;
    }
    return true;
  }

  private void write(
      Tunnel tunnel, ByteBuffer inner, int innerAt, int innerEnd, int type, int code, int value) {
    // §2.4(c): "as much of the IPv6 offending (invoking) packet [...] as possible without making
    // the error message packet exceed the minimum IPv6 MTU"
    int quoted = Math.min(innerEnd - innerAt, Ipv6Header.MINIMUM_MTU - BEFORE_QUOTE);
    error.finished().set(PacketBuffer.HEADROOM, BEFORE_QUOTE + quoted);
    ByteBuffer bytes = error.bytes();
    int at = error.offset();
    // RFC 2473 §8, figure 8 (d.1), where nothing better is known: "The ICMP message has the tunnel
    // entry-point node address as source address"
    Ipv6Address source =
        context.errorSource() != null ? context.errorSource() : tunnel.local();
    bytes.putInt(at, 6 << 28);
    bytes.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) (8 + quoted));
    bytes.put(at + Ipv6Header.NEXT_HEADER, (byte) Protocol.ICMPV6);
    bytes.put(at + Ipv6Header.HOP_LIMIT, (byte) HOP_LIMIT);
    source.write(bytes, at + Ipv6Header.SOURCE);
    bytes.put(
        at + Ipv6Header.DESTINATION, inner, innerAt + Ipv6Header.SOURCE, Ipv6Address.BYTES);
    int icmp = at + Ipv6Header.BYTES;
    bytes.putInt(icmp, type << 24 | code << 16);
    bytes.putInt(icmp + 4, value);
    bytes.put(icmp + 8, inner, innerAt, quoted);
    long sum =
        InternetChecksum.pseudoHeader(bytes, at, 8 + quoted, Protocol.ICMPV6)
            + InternetChecksum.sum(bytes, icmp, 8 + quoted);
    bytes.putShort(icmp + 2, (short) InternetChecksum.finish(sum));
  }
}
