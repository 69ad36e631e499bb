package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * ICMPv6 errors that come back from inside a tunnel, RFC 2473 §8. Believed only if they quote a
 * packet that this tunnel could have sent. One object serves all tunnels of an engine.
 */
final class TunnelErrors {

  private static final int FIRST_INFORMATIONAL = 128;
  private static final int NOTHING = -1;

  private final TunnelContext context;
  private final InnerErrorWriter writer;

  /** Absolute indexes into the error that is being read, or {@link #NOTHING}. */
  private int innerAt;

  private int limitAt;

  TunnelErrors(TunnelContext context, InnerErrorWriter writer) {
    this.context = context;
    this.writer = writer;
  }

  static int quotedDestination(PacketBuffer error) {
    int quoteAt = error.offset() + InnerErrorWriter.BEFORE_QUOTE;
    return error.end() - quoteAt < Ipv6Header.BYTES ? -1 : quoteAt + Ipv6Header.DESTINATION;
  }

  static int quotedInner(PacketBuffer error) {
    ByteBuffer bytes = error.bytes();
    int end = error.end();
    int here = error.offset() + InnerErrorWriter.BEFORE_QUOTE + Ipv6Header.BYTES;
    if (here > end) {
      return -1;
    }
    int next = Ipv6Header.nextHeader(bytes, here - Ipv6Header.BYTES);
    if (next == Protocol.FRAGMENT && end - here >= 8) {
      if ((bytes.getShort(here + 2) & 0xfff8) != 0) {
        return -1;
      }
      next = bytes.get(here) & 0xff;
      here += 8;
    }
    if (next == Protocol.DESTINATION_OPTIONS && end - here >= EncapsulationLimit.BYTES) {
      if (bytes.get(here + 1) != 0) {
        return -1;
      }
      next = bytes.get(here) & 0xff;
      here += EncapsulationLimit.BYTES;
    }
    boolean seen =
        next == Protocol.IPV6
            && end - here >= Ipv6Header.BYTES
            && Ipv6Header.version(bytes, here) == 6;
    return seen ? here : -1;
  }

  DropReason onIcmpError(Tunnel tunnel, PacketBuffer error, InnerErrors errors, long nowNs) {
    ByteBuffer bytes = error.bytes();
    int at = error.offset();
    if (!Ipv6Header.isComplete(bytes, at, error.length())) {
      return DropReason.IPV6_MALFORMED;
    }
    int icmp = at + Ipv6Header.BYTES;
    int length = Ipv6Header.payloadLength(bytes, at);
    int quote = at + InnerErrorWriter.BEFORE_QUOTE;
    int end = icmp + length;
    if (Ipv6Header.nextHeader(bytes, at) != Protocol.ICMPV6
        || length < 8
        || (bytes.get(icmp) & 0xff) >= FIRST_INFORMATIONAL) {
      return DropReason.PROTOCOL_NOT_TAKEN;
    }
    // RFC 4443 §2.3
    if (!InternetChecksum.isValid(
        InternetChecksum.pseudoHeader(bytes, at, length, Protocol.ICMPV6)
            + InternetChecksum.sum(bytes, icmp, length))) {
      return DropReason.ICMP_ERROR_INVALID;
    }
    // RFC 8201 §4: "Nodes should appropriately validate the payload of ICMPv6 PTB messages"
    if (!matches(tunnel, bytes, quote, end)) {
      return DropReason.ICMP_ERROR_UNMATCHED;
    }
    int code = bytes.get(icmp + 1) & 0xff;
    int value = bytes.getInt(icmp + 4);
    switch (bytes.get(icmp)) {
      case InnerErrorWriter.PACKET_TOO_BIG:
        return onPacketTooBig(tunnel, bytes, quote, end, value, errors, nowNs);
      case InnerErrorWriter.DESTINATION_UNREACHABLE:
        reportUnreachable(tunnel, bytes, end, errors, nowNs);
        break;
      case InnerErrorWriter.TIME_EXCEEDED:
        // RFC 2473 §8.1 names only "hop limit exceeded"; code 1 is a reassembly given up.
        if (code == 0) {
          reportUnreachable(tunnel, bytes, end, errors, nowNs);
        }
        break;
      case InnerErrorWriter.PARAMETER_PROBLEM:
        // RFC 2473 §8.1: "pointing to a valid Tunnel Encapsulation Limit [...]". §8.1 says that its
        // value is one, §8.2 that it is zero. Any other problem is one of the host at the other
        // end, which may well take the packet all the same, and no concern of the inner source.
        if (code == 0
            && limitAt != NOTHING
            && value == limitAt - quote
            && (bytes.get(limitAt) & 0xfe) == 0) {
          reportUnreachable(tunnel, bytes, end, errors, nowNs);
        }
        break;
      default:
        break;
    }
    return null;
  }

  private DropReason onPacketTooBig(
      Tunnel tunnel,
      ByteBuffer bytes,
      int quote,
      int end,
      int mtu,
      InnerErrors errors,
      long nowNs) {
    // RFC 8201 §4: "reporting a next-hop MTU that is less than the IPv6 minimum link MTU, it must
    // discard it". And no router says that of a packet which is no larger.
    int quoted = Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, quote);
    if (mtu < Ipv6Header.MINIMUM_MTU || mtu >= quoted) {
      return DropReason.ICMP_ERROR_INVALID;
    }
    tunnel.lowerPathMtu(mtu, nowNs);
    if (innerAt != NOTHING) {
      int most = Math.max(tunnel.mtu(nowNs), Ipv6Header.MINIMUM_MTU);
      int inner = Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, innerAt);
      // RFC 2473 §8.2: "only if the original packet size is larger than the minimum link MTU size"
      if (inner > most) {
        report(tunnel, bytes, end, InnerErrorWriter.PACKET_TOO_BIG, 0, most, errors, nowNs);
      }
    }
    return null;
  }

  /** RFC 2473 §8.2: "Type 1 - unreachable node, Code 3 - address unreachable". */
  private void reportUnreachable(
      Tunnel tunnel, ByteBuffer bytes, int end, InnerErrors errors, long nowNs) {
    if (innerAt != NOTHING) {
      int type = InnerErrorWriter.DESTINATION_UNREACHABLE;
      report(tunnel, bytes, end, type, InnerErrorWriter.ADDRESS_UNREACHABLE, 0, errors, nowNs);
    }
  }

  private void report(
      Tunnel tunnel,
      ByteBuffer bytes,
      int end,
      int type,
      int code,
      int value,
      InnerErrors errors,
      long nowNs) {
    InnerHeaders headers = context.headers();
    headers.read(bytes, innerAt, end);
    writer.send(tunnel, bytes, innerAt, end, headers, type, code, value, errors, nowNs);
  }

  /**
   * Whether the quoted octets are the start of an outer packet of the tunnel: IPv6, perhaps
   * Fragment, perhaps a Tunnel Encapsulation Limit, then what the tunnel carries. Notes where the
   * inner packet is, if it is to be seen.
   */
  private boolean matches(Tunnel tunnel, ByteBuffer bytes, int quote, int end) {
    innerAt = NOTHING;
    limitAt = NOTHING;
    if (tunnel.local() == null
        || end - quote < Ipv6Header.BYTES
        || Ipv6Header.version(bytes, quote) != 6
        || !tunnel.local().matches(bytes, quote + Ipv6Header.SOURCE)
        || !tunnel.remote().matches(bytes, quote + Ipv6Header.DESTINATION)) {
      return false;
    }
    int next = Ipv6Header.nextHeader(bytes, quote);
    int here = quote + Ipv6Header.BYTES;
    if (next == Protocol.FRAGMENT) {
      if (end - here < 8) {
        return false;
      }
      next = bytes.get(here) & 0xff;
      if ((bytes.getShort(here + 2) & 0xfff8) != 0) {
        return next == Protocol.DESTINATION_OPTIONS || isCarried(tunnel, next);
      }
      here += 8;
    }
    if (next == Protocol.DESTINATION_OPTIONS) {
      if (end - here < EncapsulationLimit.BYTES
          || bytes.get(here + 1) != 0
          || bytes.get(here + 2) != EncapsulationLimit.OPTION_TYPE) {
        return false;
      }
      next = bytes.get(here) & 0xff;
      limitAt = here + EncapsulationLimit.LIMIT;
      here += EncapsulationLimit.BYTES;
    }
    if (!isCarried(tunnel, next)) {
      return false;
    }
    if (next == Protocol.UDP) {
      if (end - here < UdpEncapsulation.HEADER_OCTETS
          || UdpEncapsulation.sourcePort(bytes, here) != tunnel.localPort()
          || UdpEncapsulation.destinationPort(bytes, here) != tunnel.remotePort()) {
        return false;
      }
      here += UdpEncapsulation.HEADER_OCTETS;
    }
    OutboundSecurityAssociation association = tunnel.association();
    if (association != null) {
      return end - here >= 4 && bytes.getInt(here) == association.spi();
    }
    if (end - here >= Ipv6Header.BYTES && Ipv6Header.version(bytes, here) == 6) {
      innerAt = here;
    }
    return true;
  }

  /** ESP also where it now travels in UDP: it is the same path, and the SPI is still checked. */
  private static boolean isCarried(Tunnel tunnel, int next) {
    if (tunnel.association() == null) {
      return next == Protocol.IPV6;
    }
    return next == Protocol.ESP || next == Protocol.UDP && tunnel.isEncapsulated();
  }
}
