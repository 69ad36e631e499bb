package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Decapsulation, RFC 2473 §3.3. A super-packet stays one: only its headers change, and what is left
 * to do is still left to do afterwards. One object serves all tunnels of an engine.
 */
final class TunnelExitPoint {

  private final TunnelContext context;
  private final InnerErrorWriter writer;
  private final Quotation quotation;
  private final OffloadState offload = new OffloadState();

  TunnelExitPoint(TunnelContext context, InnerErrorWriter writer, Quotation quotation) {
    this.context = context;
    this.writer = writer;
    this.quotation = quotation;
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
    if (packet.isUnfinished() && !offload.isConsistent(packet)) {
      return DropReason.OFFLOAD_INVALID;
    }
    InnerHeaders headers = context.headers();
    if (settings.decrementHopLimit()) {
      int hopLimit = Ipv6Header.hopLimit(bytes, innerAt) - 1;
      if (hopLimit <= 0) {
        answerTimeExceeded(tunnel, packet, errors, nowNs);
        return DropReason.HOP_LIMIT_EXCEEDED;
      }
      Ipv6Header.hopLimit(bytes, innerAt, hopLimit);
    }
    if (ecn != innerEcn) {
      Ipv6Header.trafficClass(bytes, innerAt, trafficClass & ~EcnTunnelling.MASK | ecn);
    }
    Counters counters = context.counters();
    if (settings.clampMss() && tunnel.local() != null && !packet.isSuperPacket()) {
      headers.read(bytes, innerAt, packet.end());
      if (MssClamp.clamp(packet, headers, tunnel.mtu(nowNs))) {
        counters.add(Counter.MSS_CLAMPED);
      }
    }
    int packets = OffloadState.segments(packet);
    counters.add(Counter.TUNNEL_PACKETS_RECEIVED, packets);
    counters.add(Counter.TUNNEL_OCTETS_RECEIVED, OffloadState.octets(packet, packets));
    return null;
  }

  private void answerTimeExceeded(
      Tunnel tunnel, PacketBuffer inner, InnerErrors errors, long nowNs) {
    InnerHeaders headers = context.headers();
    headers.read(inner.bytes(), inner.offset(), inner.end());
    PacketBuffer quoted = quotation.of(inner);
    if (quoted == null) {
      return;
    }
    writer.send(
        tunnel,
        quoted.bytes(),
        quoted.offset(),
        quoted.end(),
        headers,
        InnerErrorWriter.TIME_EXCEEDED,
        0,
        0,
        errors,
        nowNs);
  }
}
