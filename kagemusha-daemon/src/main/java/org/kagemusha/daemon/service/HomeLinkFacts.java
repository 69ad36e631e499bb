package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netlink.InterfaceAddress;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.RouteNetlink;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the kernel says of the home bridge and of the ways to the mobile nodes.
 *
 * @param bridgeIndex its interface index
 * @param bridgeMac its MAC address: the kernel's as a router
 * @param linkLocal the kernel's link-local address on it
 * @param underlayMtu the smallest MTU of the interfaces with a global address, octets
 */
record HomeLinkFacts(
    int bridgeIndex, MacAddress bridgeMac, Ipv6Address linkLocal, int underlayMtu) {

  private static final Logger log = LoggerFactory.getLogger(HomeLinkFacts.class);
  private static final int USUAL_MTU = 1500;
  private static final int SMALLEST_MTU = 1280;

  HomeLinkFacts withUnderlayMtu(int mtu) {
    return new HomeLinkFacts(bridgeIndex, bridgeMac, linkLocal, mtu);
  }

  /**
   * Asks.
   *
   * @throws IOException if the bridge is missing, or lacks what a home agent needs
   */
  static HomeLinkFacts find(String bridge, Ipv6Address homeAgent) throws IOException {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      Link link = netlink.requireLink(bridge);
      List<InterfaceAddress> addresses = netlink.addresses(link.index());
      MacAddress mac =
          link.mac().orElseThrow(() -> new IOException(bridge + " has no MAC address"));
      Ipv6Address linkLocal =
          addresses.stream()
              .filter(one -> one.address().isLinkLocal() && !one.isDuplicate())
              .map(InterfaceAddress::address)
              .findFirst()
              .orElseThrow(
                  () ->
                      new IOException(
                          bridge + " has no link-local address, from which router advertisements"
                              + " come; is it up?"));
      if (addresses.stream().noneMatch(one -> one.address().equals(homeAgent))) {
        throw new IOException(
            "the home agent's address " + homeAgent + " is not on " + bridge + "; add it: ip"
                + " address add " + homeAgent + "/64 dev " + bridge);
      }
      return new HomeLinkFacts(link.index(), mac, linkLocal, underlayMtu(netlink));
    }
  }

  /** The MTU as it is now, or the one before if it cannot be found. */
  static int underlayMtuNow(int before) {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      return underlayMtu(netlink);
    } catch (KernelException e) {
      log.warn("mtu not found cause={}", e.getMessage());
      return before;
    }
  }

  private static int underlayMtu(RouteNetlink netlink) throws KernelException {
    int smallest = Integer.MAX_VALUE;
    for (InterfaceAddress address : netlink.addresses(0)) {
      if (address.address().isRoutableUnicast()) {
        int mtu = netlink.link(address.index()).map(Link::mtu).orElse(USUAL_MTU);
        smallest = Math.min(smallest, mtu);
      }
    }
    return smallest == Integer.MAX_VALUE ? USUAL_MTU : Math.max(smallest, SMALLEST_MTU);
  }
}
