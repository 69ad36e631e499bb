package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.homeagent.BindingCacheEntry.State;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/** What becomes of a data packet that the home link sent to our link-layer address, §10.4.2. */
final class InterceptedPackets {

  private final BindingCache cache;
  private final Forwarding forwarding;
  private final HomeLinkBacklog backlog;
  private final ReturnedGuests returned;
  private final ErrorAnswers errors;
  private final Counters counters;

  InterceptedPackets(
      BindingCache cache,
      Forwarding forwarding,
      HomeLinkBacklog backlog,
      ReturnedGuests returned,
      ErrorAnswers errors,
      Counters counters) {
    this.cache = cache;
    this.forwarding = forwarding;
    this.backlog = backlog;
    this.returned = returned;
    this.errors = errors;
    this.counters = counters;
  }

  /**
   * Takes an IPv6 packet without Ethernet header.
   *
   * @param station the Ethernet source, of {@link org.kagemusha.core.wire.MacAddress#bits}
   */
  void onPacket(PacketBuffer packet, long station, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int destination = packet.offset() + Ipv6Header.DESTINATION;
    long high = bytes.getLong(destination);
    long low = bytes.getLong(destination + 8);
    if (AddressScope.isMulticast(high)) {
      // RFC 6275 §10.4.2: "Multicast packets addressed to a multicast address with link-local scope
      // [...] MUST NOT be tunneled to the mobile node. These packets SHOULD be silently discarded";
      // wider ones "only if the home agent supports multicast group membership control messages".
      counters.drop(DropReason.MULTICAST_NOT_TUNNELLED);
      return;
    }
    BindingCacheEntry entry = cache.get(high, low);
    if (Mark.isOfLink(bytes, packet.offset())) {
      backlog.onMark(new Ipv6Address(high, low), entry, station, nowNs);
    } else if (entry != null && entry.isBound()) {
      tunnel(entry, packet, station, nowNs);
    } else if (entry != null && entry.state != State.TESTING) {
      relay(packet, nowNs);
    } else if (AddressScope.isLinkLocal(high)) {
      toLinkLocal(high, low, packet, nowNs);
    } else {
      counters.drop(DropReason.NO_BINDING);
    }
  }

  private void tunnel(
      BindingCacheEntry entry, PacketBuffer packet, long station, long nowNs) {
    int source = packet.offset() + Ipv6Header.SOURCE;
    long high = packet.bytes().getLong(source);
    if (!AddressScope.isRoutable(high, packet.bytes().getLong(source + 8))) {
      // RFC 4291 §2.5.6: "Routers must not forward any packets with Link-Local source or
      // destination addresses to other links."
      counters.drop(DropReason.LINK_LOCAL_NOT_TUNNELLED);
      if (AddressScope.isLinkLocal(high)) {
        errors.beyondScope(packet, nowNs);
      }
      return;
    }
    if (backlog.isKept(entry, station, nowNs)) {
      forwarding.tunnelAtOnce(entry, packet, nowNs);
    } else {
      forwarding.tunnel(entry, packet, nowNs);
    }
  }

  private void toLinkLocal(long high, long low, PacketBuffer packet, long nowNs) {
    BindingCacheEntry entry = cache.ofLinkLocal(high, low);
    if (entry == null || !entry.isBound()) {
      counters.drop(DropReason.PROTOCOL_NOT_TAKEN);
      return;
    }
    // RFC 6275 §10.4.2: "packets addressed to the mobile node's link-local address MUST NOT be
    // tunneled to the mobile node. Instead, these packets MUST be discarded and the home agent
    // SHOULD return an ICMP Destination Unreachable, Code 3, message to the packet's Source Address
    // (unless this Source Address is a multicast address)."
    counters.drop(DropReason.LINK_LOCAL_NOT_TUNNELLED);
    errors.unreachable(packet, nowNs);
  }

  /**
   * A sender that has not heard yet that the node is at home again: hand on instead of losing it.
   */
  private void relay(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int hopLimit = Ipv6Header.hopLimit(bytes, at) - 1;
    if (hopLimit <= 0) {
      counters.drop(DropReason.HOP_LIMIT_EXCEEDED);
      errors.hopLimitExceeded(packet, nowNs);
      return;
    }
    Ipv6Header.hopLimit(bytes, at, hopLimit);
    if (!returned.holds(packet, nowNs)) {
      forwarding.send(packet, nowNs);
    }
  }
}
