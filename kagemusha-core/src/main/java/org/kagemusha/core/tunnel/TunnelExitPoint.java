package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/** Decapsulation, RFC 2473 §3.3. One object serves all tunnels of an engine. */
final class TunnelExitPoint {

  private final TunnelContext context;
  private final InnerErrorWriter writer;

  TunnelExitPoint(TunnelContext context, InnerErrorWriter writer) {
    this.context = context;
    this.writer = writer;
  }

  DropReason receive(
      Tunnel tunnel, PacketBuffer packet, int innerAt, InnerErrors errors, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int outerAt = packet.offset();
    int outerLength = innerAt - outerAt;
    if (outerLength < Ipv6Header.BYTES
        || !Ipv6Header.isComplete(bytes, innerAt, packet.length() - outerLength)) {
      return DropReason.IPV6_MALFORMED;
    }
    TunnelSettings settings = context.settings();
    int trafficClass = Ipv6Header.trafficClass(bytes, innerAt);
    int innerEcn = trafficClass & EcnTunnelling.MASK;
    int outerEcn = Ipv6Header.trafficClass(bytes, outerAt) & EcnTunnelling.MASK;
    int ecn = EcnTunnelling.decapsulated(innerEcn, outerEcn);
    if (ecn == EcnTunnelling.DROP) {
      return DropReason.ECN_CONGESTION;
    }
    packet.set(innerAt, Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, innerAt));
    InnerHeaders headers = context.headers();
    if (settings.decrementHopLimit()) {
      int hopLimit = Ipv6Header.hopLimit(bytes, innerAt) - 1;
      if (hopLimit <= 0) {
        headers.read(bytes, innerAt, packet.end());
        writer.send(
            tunnel,
            bytes,
            innerAt,
            packet.end(),
            headers,
            InnerErrorWriter.TIME_EXCEEDED,
            0,
            0,
            errors,
            nowNs);
        return DropReason.HOP_LIMIT_EXCEEDED;
      }
      Ipv6Header.hopLimit(bytes, innerAt, hopLimit);
    }
    if (ecn != innerEcn) {
      Ipv6Header.trafficClass(bytes, innerAt, trafficClass & ~EcnTunnelling.MASK | ecn);
    }
    Counters counters = context.counters();
    if (settings.clampMss() && tunnel.local() != null) {
      headers.read(bytes, innerAt, packet.end());
      if (MssClamp.clamp(bytes, innerAt, packet.end(), headers, tunnel.mtu(nowNs))) {
        counters.add(Counter.MSS_CLAMPED);
      }
    }
    counters.add(Counter.TUNNEL_PACKETS_RECEIVED);
    counters.add(Counter.TUNNEL_OCTETS_RECEIVED, packet.length());
    return null;
  }
}
