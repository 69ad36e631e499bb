package org.kagemusha.daemon.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  /** NET_ADDR_SET of the kernel's include/uapi/linux/netdevice.h. */
  private static final String SET_BY_ADMINISTRATOR = "3";

  private static final int SMALLEST_MTU = 1280;

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
      warnOfBorrowedMac(bridge, mac);
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

  /** The same bridge's MAC address and the MTU as they are now; what is not found stays. */
  HomeLinkFacts asOfNow() {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      MacAddress mac = netlink.link(bridgeIndex).flatMap(Link::mac).orElse(bridgeMac);
      return new HomeLinkFacts(bridgeIndex, mac, linkLocal, underlayMtu(netlink));
    } catch (KernelException e) {
      log.warn("bridge and mtu not found cause={}", e.getMessage());
      return this;
    }
  }

  /** Says whether the home agent's address is on the bridge; true where that cannot be found. */
  boolean has(Ipv6Address homeAgent) {
    try (RouteNetlink netlink = RouteNetlink.open()) {
      return netlink.addresses(bridgeIndex).stream()
          .anyMatch(one -> one.address().equals(homeAgent));
    } catch (KernelException e) {
      log.warn("addresses not found cause={}", e.getMessage());
      return true;
    }
  }

  /** Most of what people call the bridge's address is its lowest port's, and goes with the port. */
  private static void warnOfBorrowedMac(String bridge, MacAddress mac) {
    try {
      Path type = Path.of("/sys/class/net", bridge, "addr_assign_type");
      if (!Files.readString(type).strip().equals(SET_BY_ADMINISTRATOR)) {
        log.warn(
            "mac address of bridge={} changes with its ports; fix it: ip link set {} address {}",
            bridge, bridge, mac);
      }
    } catch (IOException e) {
      log.debug("kind of mac address not found bridge={} cause={}", bridge, e.getMessage());
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
