package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Encapsulation, RFC 2473 §3.1 and §5 to §7. A super-packet is judged once, as its source sent it,
 * and goes out segment by segment. One object serves all tunnels of an engine.
 */
final class TunnelEntryPoint {

  /** What an inner hop limit must exceed for the outer one to be its rest. */
  static final int LEAST_HOP_LIMIT = 32;

  private static final int LONGEST_PAYLOAD = 65_535;

  private final TunnelContext context;
  private final InnerErrorWriter writer;
  private final OuterHeaders outerHeaders;
  private final OuterDelivery delivery;
  private final Quotation quotation;
  private final OffloadState offload = new OffloadState();
  private final Segmenter segmenter = new Segmenter();

  /** Where segments are built if the underlay has no place for them. */
  private PacketBuffer scratch;

  TunnelEntryPoint(
      TunnelContext context,
      InnerErrorWriter writer,
      OuterHeaders outerHeaders,
      OuterDelivery delivery,
      Quotation quotation) {
    this.context = context;
    this.writer = writer;
    this.outerHeaders = outerHeaders;
    this.delivery = delivery;
    this.quotation = quotation;
  }

  void send(
      Tunnel tunnel, PacketBuffer inner, Underlay underlay, InnerErrors errors, long nowNs) {
    Counters counters = context.counters();
    DropReason unusable = unusable(tunnel, inner);
    if (unusable != null) {
      counters.drop(unusable);
      return;
    }
    ByteBuffer bytes = inner.bytes();
    int at = inner.offset();
    TunnelSettings settings = context.settings();
    InnerHeaders headers = context.headers();
    headers.read(bytes, at, inner.end());
    // RFC 8200 §3: "the packet is discarded if Hop Limit was zero when received or is decremented
    // to zero"
    int spent = settings.decrementHopLimit() ? 1 : 0;
    int hopLimit = Ipv6Header.hopLimit(bytes, at) - spent;
    if (hopLimit <= 0) {
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
        int pointer = headers.limitAt() - at;
        answer(tunnel, inner, InnerErrorWriter.PARAMETER_PROBLEM, pointer, errors, nowNs);
        return;
      }
    }
    int mtu = tunnel.mtu(limit >= 0 ? EncapsulationLimit.BYTES : 0, nowNs);
    // RFC 2473 §7.1(a): "if the original IPv6 packet size is larger than the IPv6 minimum link MTU"
    int most = Math.max(mtu, Ipv6Header.MINIMUM_MTU);
    if (inner.isSuperPacket() && !segmenter.begin(inner, 0)) {
      counters.drop(DropReason.OFFLOAD_INVALID);
      return;
    }
    int largest = inner.isSuperPacket() ? segmenter.largest() : inner.length();
    if (largest > most) {
      counters.drop(DropReason.TOO_BIG);
      answer(tunnel, inner, InnerErrorWriter.PACKET_TOO_BIG, most, errors, nowNs);
      return;
    }
    outerHeaders.begin(tunnel, inner, headers, settings, limit);
    if (inner.isSuperPacket()) {
      if (sendWhole(tunnel, inner, hopLimit, underlay, nowNs)) {
        return;
      }
      sendSegments(tunnel, inner, hopLimit, underlay, errors, nowNs);
      return;
    }
    if (settings.clampMss() && MssClamp.clamp(inner, headers, mtu)) {
      counters.add(Counter.MSS_CLAMPED);
    }
    Ipv6Header.hopLimit(bytes, at, hopLimit);
    sendOne(tunnel, inner, underlay, errors, nowNs);
  }

  /** What can be told before the headers are walked; finishes an ordinary packet. */
  private DropReason unusable(Tunnel tunnel, PacketBuffer inner) {
    ByteBuffer bytes = inner.bytes();
    int at = inner.offset();
    if (tunnel.local() == null) {
      return DropReason.TUNNEL_NOT_UP;
    }
    if (tunnel.isEncapsulated() && tunnel.association() == null) {
      return DropReason.PROTECTION_REQUIRED;
    }
    if (!Ipv6Header.isComplete(bytes, at, inner.length())) {
      return DropReason.IPV6_MALFORMED;
    }
    inner.resize(Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at));
    // RFC 2473 §4.1.2: "reject the encapsulation of a packet that has the pair of tunnel
    // entry-point and exit-point addresses identical with the pair of original packet source and
    // final destination addresses"
    if (tunnel.local().matches(bytes, at + Ipv6Header.SOURCE)
        && tunnel.remote().matches(bytes, at + Ipv6Header.DESTINATION)) {
      return DropReason.TUNNEL_LOOP;
    }
    if (inner.isUnfinished()) {
      return offload.isConsistent(inner)
          ? OffloadState.finish(inner, Ipv6Header.BYTES)
          : DropReason.OFFLOAD_INVALID;
    }
    return null;
  }

  private void sendOne(
      Tunnel tunnel, PacketBuffer packet, Underlay underlay, InnerErrors errors, long nowNs) {
    int innerLength = packet.length();
    DropReason refused = outerHeaders.prepend(packet, underlay);
    if (refused == null) {
      refused = delivery.send(tunnel, packet, innerLength, underlay, nowNs);
    }
    if (refused == null) {
      return;
    }
    context.counters().drop(refused);
    // What was sealed cannot be quoted: its source is told when it sends the next one.
    if (refused == DropReason.TOO_BIG && tunnel.association() == null) {
      packet.trimFront(packet.length() - innerLength);
      answerTooBig(tunnel, packet, errors, nowNs);
    }
  }

  /**
   * Leaves a super-packet to an underlay that encapsulates itself, if the outcome is what was to be
   * sent.
   */
  private boolean sendWhole(
      Tunnel tunnel, PacketBuffer inner, int hopLimit, Underlay underlay, long nowNs) {
    // RFC 2473 §6.3 has a hop limit of the tunnel's own; here it is what is left of the inner one.
    // Extension headers a kernel may act upon that has the packet whole.
    if (!outerHeaders.isPlain()
        || inner.checksumStart() != inner.offset() + Ipv6Header.BYTES
        || hopLimit <= LEAST_HOP_LIMIT
        || inner.length() > LONGEST_PAYLOAD
        || segmenter.largest() + Ipv6Header.BYTES > tunnel.pathMtu(nowNs)) {
      return false;
    }
    ByteBuffer bytes = inner.bytes();
    int before = Ipv6Header.hopLimit(bytes, inner.offset());
    Ipv6Header.hopLimit(bytes, inner.offset(), hopLimit);
    int segments = segmenter.count();
    if (!underlay.encapsulate(inner, segments, tunnel.local(), tunnel.remote())) {
      Ipv6Header.hopLimit(bytes, inner.offset(), before);
      return false;
    }
    context.counters().add(Counter.TUNNEL_PACKETS_SENT, segments);
    context.counters().add(Counter.TUNNEL_OCTETS_SENT, segmenter.octets());
    return true;
  }

  /** Sends what {@link #segmenter} has begun with; one that is lost does not hold up the others. */
  private void sendSegments(
      Tunnel tunnel,
      PacketBuffer whole,
      int hopLimit,
      Underlay underlay,
      InnerErrors errors,
      long nowNs) {
    int largest = segmenter.largest();
    while (segmenter.hasNext()) {
      PacketBuffer segment = underlay.slot(largest);
      if (segment == null) {
        segment = scratch(largest);
      }
      segmenter.next(segment);
      Ipv6Header.hopLimit(segment.bytes(), segment.offset(), hopLimit);
      int innerLength = segment.length();
      DropReason refused = outerHeaders.prepend(segment, underlay);
      if (refused == null) {
        refused = delivery.send(tunnel, segment, innerLength, underlay, nowNs);
      }
      if (refused != null) {
        context.counters().drop(refused);
      }
      if (refused == DropReason.TOO_BIG) {
        dropRest(largest);
        answerTooBig(tunnel, whole, errors, nowNs);
        return;
      }
    }
  }

  /** The segments behind one that was too big are no smaller, or the last. */
  private void dropRest(int largest) {
    PacketBuffer segment = scratch(largest);
    while (segmenter.hasNext()) {
      segmenter.next(segment);
      context.counters().drop(DropReason.TOO_BIG);
    }
  }

  private PacketBuffer scratch(int octets) {
    scratch = Quotation.withRoom(scratch, octets);
    return scratch;
  }

  private void answerTooBig(
      Tunnel tunnel, PacketBuffer inner, InnerErrors errors, long nowNs) {
    int most = Math.max(tunnel.mtu(nowNs), Ipv6Header.MINIMUM_MTU);
    answer(tunnel, inner, InnerErrorWriter.PACKET_TOO_BIG, most, errors, nowNs);
  }

  private void answer(
      Tunnel tunnel, PacketBuffer inner, int type, int value, InnerErrors errors, long nowNs) {
    PacketBuffer quoted = quotation.of(inner);
    if (quoted == null) {
      return;
    }
    writer.send(
        tunnel,
        quoted.bytes(),
        quoted.offset(),
        quoted.end(),
        context.headers(),
        type,
        0,
        value,
        errors,
        nowNs);
  }
}
