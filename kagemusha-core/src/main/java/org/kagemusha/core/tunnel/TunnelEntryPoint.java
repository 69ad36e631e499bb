package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Encapsulation, RFC 2473 §3.1 and §5 to §7. One object serves all tunnels of an engine. */
final class TunnelEntryPoint {

  private final TunnelContext context;
  private final InnerErrorWriter writer;
  private final FlowLabels flowLabels;
  private final OuterFragments fragments;

  TunnelEntryPoint(
      TunnelContext context,
      InnerErrorWriter writer,
      FlowLabels flowLabels,
      OuterFragments fragments) {
    this.context = context;
    this.writer = writer;
    this.flowLabels = flowLabels;
    this.fragments = fragments;
  }

  void send(
      Tunnel tunnel, PacketBuffer inner, Underlay underlay, InnerErrors errors, long nowNs) {
    Counters counters = context.counters();
    ByteBuffer bytes = inner.bytes();
    int at = inner.offset();
    if (tunnel.local() == null) {
      counters.drop(DropReason.TUNNEL_NOT_UP);
      return;
    }
    if (tunnel.isEncapsulated() && tunnel.association() == null) {
      counters.drop(DropReason.PROTECTION_REQUIRED);
      return;
    }
    if (!Ipv6Header.isComplete(bytes, at, inner.length())) {
      counters.drop(DropReason.IPV6_MALFORMED);
      return;
    }
    inner.resize(Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at));
    // RFC 2473 §4.1.2: "reject the encapsulation of a packet that has the pair of tunnel
    // entry-point and exit-point addresses identical with the pair of original packet source and
    // final destination addresses"
    if (tunnel.local().matches(bytes, at + Ipv6Header.SOURCE)
        && tunnel.remote().matches(bytes, at + Ipv6Header.DESTINATION)) {
      counters.drop(DropReason.TUNNEL_LOOP);
      return;
    }
    TunnelSettings settings = context.settings();
    InnerHeaders headers = context.headers();
    headers.read(bytes, at, inner.end());
    // RFC 8200 §3: "the packet is discarded if Hop Limit was zero when received or is decremented
    // to zero"
    int spent = settings.decrementHopLimit() ? 1 : 0;
    int hopLimit = Ipv6Header.hopLimit(bytes, at);
    if (hopLimit <= spent) {
      counters.drop(DropReason.HOP_LIMIT_EXCEEDED);
      answer(tunnel, inner, InnerErrorWriter.TIME_EXCEEDED, 0, errors, nowNs);
      return;
    }
    int limit = settings.encapsulationLimit();
    if (headers.limitAt() >= 0) {
      // RFC 2473 §4.1.1(b), (c)
      limit = (bytes.get(headers.limitAt()) & 0xff) - 1;
      if (limit < 0) {
        counters.drop(DropReason.ENCAPSULATION_LIMIT);
        answer(
            tunnel,
            inner,
            InnerErrorWriter.PARAMETER_PROBLEM,
            headers.limitAt() - at,
            errors,
            nowNs);
        return;
      }
    }
    int mtu = tunnel.mtu(limit >= 0 ? EncapsulationLimit.BYTES : 0, nowNs);
    // RFC 2473 §7.1(a): "if the original IPv6 packet size is larger than the IPv6 minimum link MTU"
    int most = Math.max(mtu, Ipv6Header.MINIMUM_MTU);
    if (inner.length() > most) {
      counters.drop(DropReason.TOO_BIG);
      answer(tunnel, inner, InnerErrorWriter.PACKET_TOO_BIG, most, errors, nowNs);
      return;
    }
    if (settings.clampMss() && MssClamp.clamp(bytes, at, inner.end(), headers, mtu)) {
      counters.add(Counter.MSS_CLAMPED);
    }
    Ipv6Header.hopLimit(bytes, at, hopLimit - spent);
    int innerLength = inner.length();
    DropReason refused = encapsulate(tunnel, inner, settings, limit);
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    deliver(tunnel, inner, innerLength, underlay, errors, nowNs);
  }

  private DropReason encapsulate(
      Tunnel tunnel, PacketBuffer packet, TunnelSettings settings, int limit) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int trafficClass =
        EcnTunnelling.outerTrafficClass(
            Ipv6Header.trafficClass(bytes, at), settings.copyDscp());
    int flowLabel =
        settings.copyFlowLabel() ? flowLabels.of(bytes, at, packet.end(), context.headers()) : 0;
    int next = Protocol.IPV6;
    if (tunnel.association() != null) {
      DropReason refused = tunnel.association().seal(packet, Protocol.IPV6);
      if (refused != null) {
        return refused;
      }
      next = Protocol.ESP;
    }
    if (tunnel.isEncapsulated()) {
      UdpEncapsulation.prepend(
          packet, tunnel.localPort(), tunnel.remotePort(), tunnel.local(), tunnel.remote());
      next = Protocol.UDP;
    }
    if (limit >= 0) {
      EncapsulationLimit.prepend(packet, next, limit);
      next = Protocol.DESTINATION_OPTIONS;
    }
    int payload = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        bytes,
        packet.offset(),
        trafficClass,
        flowLabel,
        payload,
        next,
        settings.hopLimit(),
        tunnel.local(),
        tunnel.remote());
    return null;
  }

  private void deliver(
      Tunnel tunnel,
      PacketBuffer outer,
      int innerLength,
      Underlay underlay,
      InnerErrors errors,
      long nowNs) {
    Counters counters = context.counters();
    while (true) {
      int path = tunnel.pathMtu(nowNs);
      Underlay.Sent sent =
          outer.length() <= path
              ? underlay.send(outer)
              : fragments.send(outer, path, underlay, counters);
      if (sent == Underlay.Sent.OK) {
        counters.add(Counter.TUNNEL_PACKETS_SENT);
        counters.add(Counter.TUNNEL_OCTETS_SENT, innerLength);
        return;
      }
      boolean lowered =
          sent == Underlay.Sent.TOO_BIG && tunnel.lowerPathMtuBelow(outer.length(), nowNs);
      if (!lowered) {
        counters.drop(reasonOf(sent));
        return;
      }
      if (innerLength > Ipv6Header.MINIMUM_MTU) {
        counters.drop(DropReason.TOO_BIG);
        answerTooBig(tunnel, outer, innerLength, errors, nowNs);
        return;
      }
    }
  }

  /** What was sealed cannot be quoted: its source is told when it sends the next one. */
  private void answerTooBig(
      Tunnel tunnel, PacketBuffer outer, int innerLength, InnerErrors errors, long nowNs) {
    if (tunnel.association() == null) {
      outer.trimFront(outer.length() - innerLength);
      int mtu = Math.max(tunnel.mtu(nowNs), Ipv6Header.MINIMUM_MTU);
      answer(tunnel, outer, InnerErrorWriter.PACKET_TOO_BIG, mtu, errors, nowNs);
    }
  }

  private void answer(
      Tunnel tunnel, PacketBuffer inner, int type, int value, InnerErrors errors, long nowNs) {
    writer.send(
        tunnel,
        inner.bytes(),
        inner.offset(),
        inner.end(),
        context.headers(),
        type,
        0,
        value,
        errors,
        nowNs);
  }

  private static DropReason reasonOf(Underlay.Sent sent) {
    return switch (sent) {
      case UNREACHABLE -> DropReason.SEND_UNREACHABLE;
      case CONGESTED -> DropReason.QUEUE_FULL;
      default -> DropReason.SEND_FAILED;
    };
  }
}
