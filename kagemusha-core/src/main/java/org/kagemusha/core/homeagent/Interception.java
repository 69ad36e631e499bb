package org.kagemusha.core.homeagent;

import org.kagemusha.core.neighbor.DuplicateAddressDetection;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.neighbor.ProxyNeighborDiscovery;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * Puts a binding in force and out of it: its tunnel, and the interception of its packets on the
 * home link (RFC 6275 §10.4.1). No address is proxied without a binding, and no binding is in force
 * without being proxied.
 */
final class Interception {

  private static final int FIRST_LINK_MTU = 1500;

  private final Ipv6Address homeAgent;
  private final BindingCache cache;
  private final ProxyNeighborDiscovery proxy;
  private final NeighborCache neighbors;
  private final Forwarding forwarding;
  private final TunnelContext tunnels;
  private final HomeLinkBacklog backlog;
  private DuplicateAddressDetection detection;
  private int linkMtu = FIRST_LINK_MTU;

  Interception(
      Ipv6Address homeAgent,
      BindingCache cache,
      ProxyNeighborDiscovery proxy,
      NeighborCache neighbors,
      Forwarding forwarding,
      TunnelContext tunnels,
      HomeLinkBacklog backlog) {
    this.homeAgent = homeAgent;
    this.cache = cache;
    this.proxy = proxy;
    this.neighbors = neighbors;
    this.forwarding = forwarding;
    this.tunnels = tunnels;
    this.backlog = backlog;
  }

  /** Sets what tests addresses, once. */
  void testWith(DuplicateAddressDetection duplicateAddressDetection) {
    detection = duplicateAddressDetection;
  }

  void linkMtu(int octets, long nowNs) {
    linkMtu = octets;
    for (BindingCacheEntry entry : cache.entries()) {
      if (entry.isBound()) {
        entry.tunnel.linkMtu(octets, nowNs);
      }
    }
  }

  /** Starts duplicate address detection for the addresses that an entry defends. */
  void test(BindingCacheEntry entry, long nowNs) {
    entry.testingHomeAddress = true;
    entry.testingLinkLocal = entry.defendsLinkLocal;
    detection.start(entry.homeAddress, nowNs);
    if (entry.defendsLinkLocal) {
      detection.start(entry.linkLocal, nowNs);
    }
  }

  /** Begins to serve an entry at its care-of address. */
  void begin(BindingCacheEntry entry, long nowNs) {
    Tunnel tunnel = new Tunnel(tunnels);
    tunnel.endpoints(homeAgent, entry.careOf);
    tunnel.linkMtu(linkMtu, nowNs);
    cache.bind(entry, entry.careOf, tunnel);
    forwarding.follow(entry);
    backlog.begin(entry, nowNs);
    // What was resolved on the link is the node that has just left it.
    neighbors.forget(entry.homeAddress);
    proxy.add(entry.homeAddress, nowNs);
    // RFC 6275 §10.4.1: "If the Link-Layer Address Compatibility (L) flag has been specified in the
    // Binding Update, the home agent MUST do the same for the link-local address."
    if (entry.defendsLinkLocal) {
      neighbors.forget(entry.linkLocal);
      proxy.add(entry.linkLocal, nowNs);
    }
  }

  /**
   * Gives an entry in force another care-of address; the associations stay (RFC 3776 §4.3).
   *
   * @param formerUntilNs until when protected packets from the address before are taken
   */
  void move(BindingCacheEntry entry, Ipv6Address careOf, long formerUntilNs) {
    cache.move(entry, careOf, formerUntilNs);
    entry.tunnel.endpoints(homeAgent, careOf);
  }

  /** Makes the tunnel of an entry in force follow its associations and its UDP port. */
  void follow(BindingCacheEntry entry) {
    forwarding.follow(entry);
  }

  /** Follows the L bit of a refresh; an address that is taken already stays undefended. */
  void defendLinkLocal(BindingCacheEntry entry, boolean wanted, long nowNs) {
    if (wanted && !entry.defendsLinkLocal) {
      if (cache.claimLinkLocal(entry)) {
        neighbors.forget(entry.linkLocal);
        proxy.add(entry.linkLocal, nowNs);
      }
    } else if (!wanted && entry.defendsLinkLocal) {
      detection.cancel(entry.linkLocal);
      entry.testingLinkLocal = false;
      proxy.remove(entry.linkLocal);
      cache.releaseLinkLocal(entry);
    }
  }

  /** Sends what waits for packets from the home link, to where the home address is now. */
  void releaseAwaiting(BindingCacheEntry entry, long nowNs) {
    backlog.end(entry, nowNs);
  }

  /** Stops testing and intercepting at once; the cache is told by the caller. */
  void end(BindingCacheEntry entry, long nowNs) {
    detection.cancel(entry.homeAddress);
    MacAddress claimant = proxy.claimant(entry.homeAddress, nowNs);
    proxy.remove(entry.homeAddress);
    // It may resolve to our own address, from a time when the node was away.
    neighbors.forget(entry.homeAddress);
    if (claimant != null) {
      neighbors.advertised(entry.homeAddress, claimant, nowNs);
    }
    if (entry.defendsLinkLocal) {
      detection.cancel(entry.linkLocal);
      proxy.remove(entry.linkLocal);
      neighbors.forget(entry.linkLocal);
    }
  }
}
