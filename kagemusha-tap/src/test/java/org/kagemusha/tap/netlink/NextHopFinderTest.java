package org.kagemusha.tap.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.netns.NetworkNamespace;

/** The kernel's answers about routes as iproute2 makes them. */
@Tag("netns")
class NextHopFinderTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address ROUTER = Ipv6Address.parse("2001:db8:3000::1");
  private static final MacAddress MAC = MacAddress.parse("02:00:00:00:00:01");

  @Test
  void tellsTheNextHopWhereThereIsNothingElseToBeDone() throws Exception {
    try (NetworkNamespace peer = NetworkNamespace.create();
        NetworkNamespace host = NetworkNamespace.create()) {
      NetworkNamespace.connect(peer, "veth0", host, "veth0");
      host.address("veth0", LOCAL + "/64");
      host.ip("-6 route add 2001:db8:1::/48 via " + ROUTER);
      host.ip(
          "-6 route add 2001:db8:2::/48 nexthop via " + ROUTER + " nexthop via 2001:db8:3000::3");
      host.ip("-6 route add unreachable 2001:db8:4::/48");
      host.ip("tuntap add mode tun name tun0");
      host.ip("link set tun0 up");
      host.ip("-6 route add 2001:db8:5::/48 dev tun0");
      host.ip("-6 route add table 77 2001:db8:1:7::/64 via 2001:db8:3000::7 dev veth0");
      host.ip("-6 rule add from 2001:db8:3000::22 table 77");
      try (NextHopFinder finder = host.run(NextHopFinder::open)) {
        NextHopFinder.Found routed = find(finder, "2001:db8:1:7::1");
        assertNull(routed.obstacle());
        assertEquals(ROUTER, routed.address());
        assertEquals(Optional.empty(), routed.mac());
        assertEquals(
            Ipv6Address.parse("2001:db8:3000::7"),
            finder
                .find(
                    Ipv6Address.parse("2001:db8:3000::22"), Ipv6Address.parse("2001:db8:1:7::1"))
                .address());
        for (String state : new String[] {"reachable", "stale", "delay", "probe", "permanent"}) {
          host.ip("neigh replace " + ROUTER + " lladdr " + MAC + " dev veth0 nud " + state);
          assertEquals(Optional.of(MAC), find(finder, "2001:db8:1::1").mac(), state);
          host.ip("neigh del " + ROUTER + " dev veth0");
        }
        for (String state : new String[] {"failed", "noarp"}) {
          host.ip("neigh replace " + ROUTER + " lladdr " + MAC + " dev veth0 nud " + state);
          assertEquals(Optional.empty(), find(finder, "2001:db8:1::1").mac(), state);
        }
        NextHopFinder.Found onLink = find(finder, "2001:db8:3000::9");
        assertEquals(Ipv6Address.parse("2001:db8:3000::9"), onLink.address());
        assertEquals("the route has several next hops", find(finder, "2001:db8:2::1").obstacle());
        assertEquals("no route", find(finder, "2001:db8:4::1").obstacle());
        assertEquals("no route", find(finder, "2001:db8:9::1").obstacle());
        assertEquals("tun0 is not Ethernet", find(finder, "2001:db8:5::1").obstacle());
        assertEquals(
            "not a route to another host", find(finder, LOCAL.toString()).obstacle());
        host.ip("link set veth0 down");
        assertEquals("no route", find(finder, "2001:db8:1::1").obstacle());
      }
    }
  }

  private static NextHopFinder.Found find(NextHopFinder finder, String destination)
      throws Exception {
    return finder.find(LOCAL, Ipv6Address.parse(destination));
  }
}
