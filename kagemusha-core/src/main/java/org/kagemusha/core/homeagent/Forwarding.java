package org.kagemusha.core.homeagent;

import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Where an IPv6 packet goes: into a mobile node's tunnel, or on the home link. Takes the tunnels'
 * ICMPv6 errors too, whose sources are on either side.
 */
final class Forwarding implements InnerErrors {

  private final BindingCache cache;
  private final KeySource keys;
  private final NeighborCache neighbors;
  private final Underlay underlay;
  private final Counters counters;

  /** For packets that have waited; null until one has. */
  private PacketBuffer scratch;

  /** When the packet in work came in; errors have no time of their own. */
  private long packetNs;

  /** The local UDP port of ESP in UDP, or 0. */
  private int encapsulationPort;

  Forwarding(
      BindingCache cache,
      KeySource keys,
      NeighborCache neighbors,
      Underlay underlay,
      Counters counters) {
    this.cache = cache;
    this.keys = keys;
    this.neighbors = neighbors;
    this.underlay = underlay;
    this.counters = counters;
  }

  /** Sets the local UDP port of ESP in UDP, RFC 3948, or 0 for none. */
  void encapsulationPort(int localPort) {
    if (localPort != encapsulationPort) {
      encapsulationPort = localPort;
      for (BindingCacheEntry entry : cache.entries()) {
        if (entry.isBound()) {
          follow(entry);
        }
      }
    }
  }

  /** Says when the packet in work came in, before anything is done with it. */
  void at(long nowNs) {
    packetNs = nowNs;
  }

  /** Sends a whole IPv6 packet to its destination address. */
  void send(PacketBuffer packet, long nowNs) {
    int destination = packet.offset() + Ipv6Header.DESTINATION;
    BindingCacheEntry entry =
        cache.get(packet.bytes().getLong(destination), packet.bytes().getLong(destination + 8));
    if (entry != null && entry.isBound()) {
      tunnel(entry, packet, nowNs);
    } else {
      neighbors.send(packet, nowNs);
    }
  }

  @Override
  public void send(PacketBuffer icmpv6) {
    send(icmpv6, packetNs);
  }

  /**
   * Sends a whole IPv6 packet through the tunnel of an entry in force, behind those that are
   * awaited.
   */
  void tunnel(BindingCacheEntry entry, PacketBuffer packet, long nowNs) {
    if (entry.awaited != null) {
      if (entry.awaited.offer(packet)) {
        counters.add(Counter.HANDOVER_PACKETS_HELD);
        return;
      }
      release(entry, nowNs);
    }
    tunnelAtOnce(entry, packet, nowNs);
  }

  /** Sends what waits in front of a tunnel; nothing is awaited any more. */
  void release(BindingCacheEntry entry, long nowNs) {
    HomeLinkBacklog.Awaited awaited = entry.awaited;
    entry.awaited = null;
    if (awaited == null || awaited.isEmpty()) {
      return;
    }
    // What is sent may have an answer that goes where packets wait, too.
    PacketBuffer packet = scratch == null ? PacketRing.scratch() : scratch;
    scratch = null;
    while (awaited.poll(packet)) {
      send(packet, nowNs);
    }
    scratch = packet;
  }

  /** Sends a whole IPv6 packet through the tunnel of an entry in force; it waits for none. */
  void tunnelAtOnce(BindingCacheEntry entry, PacketBuffer packet, long nowNs) {
    // RFC 6275 §10.4.2: "Before tunneling a packet to the mobile node, the home agent MUST perform
    // any IPsec processing as indicated by the security policy data base."
    if (protection(entry) == null && !allowsClear(entry)) {
      counters.drop(DropReason.PROTECTION_REQUIRED);
      return;
    }
    entry.tunnel.send(packet, underlay, this, nowNs);
  }

  /** An outer packet did not go out because it is too big: the tunnels to its destination learn. */
  void tooBig(PacketBuffer outer, long nowNs) {
    int destination = outer.offset() + Ipv6Header.DESTINATION;
    long high = outer.bytes().getLong(destination);
    long low = outer.bytes().getLong(destination + 8);
    BindingCacheEntry entry = cache.atCareOf(high, low);
    for (; entry != null; entry = entry.nextAtCareOf) {
      entry.tunnel.onRefused(outer.length(), nowNs);
    }
  }

  /**
   * The payload associations in force for an entry, or null. They are chosen by home address and
   * not by care-of address, so they follow the mobile node (RFC 6275 §10.4.6, RFC 3776 §4.3); a key
   * source that replaced them is followed too.
   */
  SecurityAssociationPair protection(BindingCacheEntry entry) {
    SecurityAssociationPair pair =
        keys.associations(entry.homeAddress, KeySource.Purpose.PAYLOAD);
    if (pair != entry.payload) {
      cache.protect(entry, pair);
      configure(entry);
    }
    return pair;
  }

  /** Makes the tunnel of an entry in force follow its associations and its UDP port. */
  void follow(BindingCacheEntry entry) {
    protection(entry);
    configure(entry);
  }

  private void configure(BindingCacheEntry entry) {
    SecurityAssociationPair pair = entry.payload;
    entry.tunnel.protection(pair == null ? null : pair.outbound());
    // RFC 3948 has no form for what is not ESP.
    boolean udp = pair != null && entry.udpPort != 0 && encapsulationPort != 0;
    entry.tunnel.encapsulation(udp ? encapsulationPort : 0, udp ? entry.udpPort : 0);
  }

  /** Says whether the packets of an entry may pass without ESP, both ways; allocates nothing. */
  boolean allowsClear(BindingCacheEntry entry) {
    return !entry.authorisation.requirePayloadProtection()
        && keys.allowsClear(entry.homeAddress, KeySource.Purpose.PAYLOAD);
  }

  /** Says whether an association may protect what comes from an entry; allocates nothing. */
  boolean accepts(BindingCacheEntry entry, InboundSecurityAssociation association) {
    return keys.accepting(entry.homeAddress, KeySource.Purpose.PAYLOAD, association) != null;
  }
}
