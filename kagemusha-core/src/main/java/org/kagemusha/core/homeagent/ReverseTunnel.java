package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/** Packets that come from mobile nodes through their tunnels, RFC 6275 §10.4.5. */
final class ReverseTunnel {

  private final BindingCache cache;
  private final Forwarding forwarding;
  private final LostBindings lost;
  private final Counters counters;

  ReverseTunnel(BindingCache cache, Forwarding forwarding, LostBindings lost, Counters counters) {
    this.cache = cache;
    this.forwarding = forwarding;
    this.lost = lost;
    this.counters = counters;
  }

  /**
   * Says whether a packet comes from the care-of address of a binding, or from one that a binding
   * has just left; before any cryptography.
   */
  boolean isFromCareOf(PacketBuffer packet) {
    int source = packet.offset() + Ipv6Header.SOURCE;
    long high = packet.bytes().getLong(source);
    long low = packet.bytes().getLong(source + 8);
    return cache.atCareOf(high, low) != null || cache.wasCareOf(high, low);
  }

  /** Takes an outer packet in which the reader found an inner one. */
  void onPacket(PacketBuffer packet, SignallingReader reader, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int inner = reader.innerOffset();
    BindingCacheEntry entry =
        cache.get(
            bytes.getLong(inner + Ipv6Header.SOURCE),
            bytes.getLong(inner + Ipv6Header.SOURCE + 8));
    if (entry == null) {
      lost.onPacket(packet, inner, reader.association(), nowNs);
    }
    DropReason reason = refused(entry, packet, reader.association(), nowNs);
    if (reason == null) {
      reason = notForwarded(entry, bytes, inner + Ipv6Header.DESTINATION);
    }
    if (reason == null) {
      reason = entry.tunnel.receive(packet, inner, forwarding, nowNs);
    }
    if (reason != null) {
      counters.drop(reason);
      return;
    }
    forwarding.send(packet, nowNs);
  }

  /** Says whether a home address is bound to the address that a packet comes from. */
  boolean isBound(PacketBuffer packet, Ipv6Address homeAddress) {
    BindingCacheEntry entry = cache.get(homeAddress);
    return entry != null
        && entry.isBound()
        && entry.careOf.matches(packet.bytes(), packet.offset() + Ipv6Header.SOURCE);
  }

  /**
   * A clear packet for the home agent itself that came with the Home Address option of a binding.
   * RFC 6275 §9.3.1: the home address takes the place of the source address; the kernel, which has
   * the home agent's address, gets the packet without the option.
   */
  void onHomeAddressOption(PacketBuffer packet, SignallingReader reader, long nowNs) {
    Ipv6Address homeAddress = reader.homeAddressOption();
    BindingCacheEntry entry = cache.get(homeAddress);
    if (!forwarding.allowsClear(entry)) {
      counters.drop(DropReason.PROTECTION_REQUIRED);
      return;
    }
    ByteBuffer bytes = packet.bytes();
    int from = packet.offset();
    int to = reader.innerOffset() - Ipv6Header.BYTES;
    int payload = packet.end() - reader.innerOffset();
    for (int i = Ipv6Header.BYTES - Long.BYTES; i >= 0; i -= Long.BYTES) {
      bytes.putLong(to + i, bytes.getLong(from + i));
    }
    bytes.putShort(to + Ipv6Header.PAYLOAD_LENGTH, (short) payload);
    bytes.put(to + Ipv6Header.NEXT_HEADER, (byte) reader.upperLayerProtocol());
    homeAddress.write(bytes, to + Ipv6Header.SOURCE);
    packet.set(to, Ipv6Header.BYTES + payload);
    forwarding.send(packet, nowNs);
  }

  private DropReason refused(
      BindingCacheEntry entry,
      PacketBuffer packet,
      InboundSecurityAssociation association,
      long nowNs) {
    if (entry == null) {
      return isFromCareOf(packet)
          ? DropReason.INNER_SOURCE_SPOOFED
          : DropReason.OUTER_SOURCE_WRONG;
    }
    if (!entry.isBound()) {
      return DropReason.NO_BINDING;
    }
    // RFC 6275 §10.4.5: "the home agent MUST verify that the Source Address in the tunnel IP header
    // is the mobile node's primary care-of address. [...] This check is not necessary if the
    // reverse-tunneled packet is protected by ESP": what was under way when the node moved.
    int source = packet.offset() + Ipv6Header.SOURCE;
    if (!entry.careOf.matches(packet.bytes(), source)
        && (association == null || !entry.wasAt(packet.bytes(), source, nowNs))) {
      return DropReason.OUTER_SOURCE_WRONG;
    }
    if (association == null) {
      // RFC 6275 §10.4.5: "reverse-tunneled packets MAY be discarded unless accompanied by a valid
      // ESP header."
      return forwarding.allowsClear(entry) ? null : DropReason.PROTECTION_REQUIRED;
    }
    // RFC 4301 §5.2: the packet must match the selectors of the association that opened it.
    return forwarding.accepts(entry, association) ? null : DropReason.ESP_SELECTOR_MISMATCH;
  }

  private static DropReason notForwarded(
      BindingCacheEntry entry, ByteBuffer bytes, int destination) {
    long high = bytes.getLong(destination);
    if (AddressScope.isMulticast(high)) {
      return DropReason.MULTICAST_NOT_TUNNELLED;
    }
    if (AddressScope.isLinkLocal(high)) {
      return DropReason.LINK_LOCAL_NOT_TUNNELLED;
    }
    if (!AddressScope.isRoutable(high, bytes.getLong(destination + 8))) {
      return DropReason.INNER_DESTINATION_WRONG;
    }
    return entry.homeAddress.matches(bytes, destination) ? DropReason.TUNNEL_LOOP : null;
  }

  /**
   * Takes an ICMPv6 error. Every tunnel to the care-of address that it quotes learns the path MTU,
   * and the correspondent is told by the tunnel of the binding whose packet is quoted. Where the
   * inner packet is to be seen and belongs to no binding there, nothing is believed: RFC 8201 §4,
   * "Nodes should appropriately validate the payload of ICMPv6 PTB messages".
   */
  void onIcmpv6(PacketBuffer packet, long nowNs) {
    BindingCacheEntry first = entryAt(packet, Tunnel.quotedDestination(packet));
    int inner = Tunnel.quotedInner(packet);
    BindingCacheEntry quoted = inner < 0 ? null : quoted(packet, inner);
    if (first == null
        || inner >= 0 && (quoted == null || !quoted.careOf.equals(first.careOf))) {
      counters.drop(DropReason.ICMP_ERROR_UNMATCHED);
      return;
    }
    if (!first.errors.tryTake(nowNs)) {
      counters.drop(DropReason.ICMP_RATE_LIMITED);
      return;
    }
    DropReason reason = null;
    boolean taken = false;
    for (BindingCacheEntry entry = first; entry != null; entry = entry.nextAtCareOf) {
      DropReason refused =
          entry.tunnel.onIcmpError(packet, entry == quoted ? forwarding : null, nowNs);
      taken |= refused == null;
      reason = refused;
    }
    if (!taken) {
      counters.drop(reason);
    }
  }

  private BindingCacheEntry entryAt(PacketBuffer packet, int careOf) {
    return careOf < 0
        ? null
        : cache.atCareOf(packet.bytes().getLong(careOf), packet.bytes().getLong(careOf + 8));
  }

  /** The binding to whose home address a quoted inner packet was sent, or null. */
  private BindingCacheEntry quoted(PacketBuffer packet, int inner) {
    int destination = inner + Ipv6Header.DESTINATION;
    BindingCacheEntry entry =
        cache.get(
            packet.bytes().getLong(destination), packet.bytes().getLong(destination + 8));
    return entry != null && entry.isBound() ? entry : null;
  }
}
