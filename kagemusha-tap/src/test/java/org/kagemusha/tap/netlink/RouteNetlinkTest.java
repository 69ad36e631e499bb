package org.kagemusha.tap.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/** Namespaces {@code one} and {@code other} on one link, {@code veth0} in each. */
@Tag("netns")
class RouteNetlinkTest {

  private static final Ipv6Address ADDRESS = Ipv6Address.parse("2001:db8:3000::c0a");

  private NetworkNamespace one;
  private NetworkNamespace other;
  private RouteNetlink netlink;
  private NetlinkMonitor monitor;
  private final List<String> events = new ArrayList<>();

  @BeforeEach
  void create() {
    one = NetworkNamespace.create();
    other = NetworkNamespace.create();
    NetworkNamespace.connect(one, "veth0", other, "veth0");
    one.address("veth0", "2001:db8:3000::2/64");
    netlink = one.run(RouteNetlink::open);
    monitor = one.run(NetlinkMonitor::open);
  }

  @AfterEach
  void remove() {
    monitor.close();
    netlink.close();
    other.close();
    one.close();
  }

  private int veth0() throws KernelException {
    return netlink.requireLink("veth0").index();
  }

  /** Waits for an event, forgetting those before it. */
  private void await(String wanted) throws KernelException {
    while (true) {
      while (!events.isEmpty()) {
        if (events.remove(0).startsWith(wanted)) {
          return;
        }
      }
      assertTrue(Readiness.await(monitor.fd(), 10_000), wanted);
      drain();
    }
  }

  private void drain() throws KernelException {
    monitor.drain(
        new NetlinkMonitor.Listener() {
          @Override
          public void onAddress(InterfaceAddress address) {
            String state =
                address.isDuplicate() ? "duplicate"
                    : address.isTentative() ? "tentative" : "usable";
            events.add(state + " " + address.address());
          }

          @Override
          public void onAddressRemoved(InterfaceAddress address) {
            events.add("removed " + address.address());
          }

          @Override
          public void onLink(Link link) {
            events.add("link " + link.name() + (link.isUp() ? " up " : " down ") + link.mtu());
          }

          @Override
          public void onLinkRemoved(Link link) {
            events.add("gone " + link.name());
          }

          @Override
          public void onRoutes() {
            events.add("routes");
          }
        });
  }

  @Test
  void describesAndChangesLinks() throws Exception {
    assertTrue(netlink.link("nothing").isEmpty());
    assertTrue(netlink.link(4711).isEmpty());
    assertEquals(
        Errno.ENODEV,
        assertThrows(KernelException.class, () -> netlink.requireLink("nothing")).errno());
    one.ip("link add br0 type bridge");
    Link bridge = netlink.requireLink("br0");
    assertTrue(bridge.isBridge());
    assertFalse(bridge.isUp());

    MacAddress mac = MacAddress.parse("02:00:00:00:00:42");
    netlink.setMac(veth0(), mac);
    netlink.setMtu(veth0(), 1400);
    netlink.setMaster(veth0(), bridge.index());
    netlink.setUp(bridge.index(), true);
    Link link = netlink.link(veth0()).orElseThrow();
    assertEquals(Optional.of(mac), link.mac());
    assertEquals(1400, link.mtu());
    assertEquals(bridge.index(), link.master());
    assertEquals("veth", link.kind());
    assertTrue(link.isUp());
    await("link br0 up");
    netlink.setMaster(veth0(), 0);
    netlink.setUp(veth0(), false);
    assertEquals(0, netlink.requireLink("veth0").master());
    await("link veth0 down 1400");
    one.ip("link del br0");
    await("gone br0");
    assertEquals(
        List.of("lo", "veth0"), netlink.links().stream().map(Link::name).sorted().toList());
  }

  @Test
  void aRefusalCarriesTheKernelsWords() {
    KernelException e =
        assertThrows(KernelException.class, () -> netlink.setMtu(veth0(), 70_000));
    assertEquals(Errno.EINVAL, e.errno());
    assertTrue(e.getMessage().contains("mtu greater than device maximum"), e.getMessage());
  }

  @Test
  void rfc4862_s5_5_4_theHostDoesNotPickAnAddressOfOursAsItsSource() throws Exception {
    assertTrue(netlink.addHostAddress(veth0(), ADDRESS, false));
    assertFalse(netlink.addHostAddress(veth0(), ADDRESS, false));
    await("usable " + ADDRESS);
    InterfaceAddress found =
        netlink.addresses(veth0()).stream()
            .filter(a -> a.address().equals(ADDRESS)).findFirst().orElseThrow();
    assertEquals(128, found.prefixLength());
    assertTrue(found.isDeprecated());
    assertTrue(found.isUsable());
    assertEquals(0, found.preferredSeconds());
    assertEquals(InterfaceAddress.FOREVER, found.validSeconds());
    Route route = netlink.routeTo(Ipv6Address.parse("2001:db8:3000::1")).orElseThrow();
    assertEquals(veth0(), route.index());
    assertEquals(Optional.of(Ipv6Address.parse("2001:db8:3000::2")), route.source());
    assertTrue(route.gateway().isEmpty());
    assertTrue(netlink.routeTo(Ipv6Address.parse("2001:db8:dead::1")).isEmpty());
    assertTrue(netlink.deleteHostAddress(veth0(), ADDRESS));
    assertFalse(netlink.deleteHostAddress(veth0(), ADDRESS));
    await("removed " + ADDRESS);
  }

  @Test
  void rfc4862_s5_4_5_tellsHowDuplicateAddressDetectionEnded() throws Exception {
    one.sysctl("net.ipv6.conf.veth0.accept_dad", "1");
    // The time before the first probe is random, up to this many seconds.
    one.sysctl("net.ipv6.conf.veth0.router_solicitation_delay", "0");
    one.sysctl("net.ipv6.neigh.veth0.retrans_time_ms", "100");
    Ipv6Address taken = Ipv6Address.parse("2001:db8:3000::bad");
    other.address("veth0", taken + "/64");
    netlink.addHostAddress(veth0(), taken, true);
    await("tentative " + taken);
    await("duplicate " + taken);
    netlink.addHostAddress(veth0(), ADDRESS, true);
    await("tentative " + ADDRESS);
    await("usable " + ADDRESS);
    assertTrue(netlink.deleteHostAddress(veth0(), taken));
  }

  @Test
  void hearsOfRoutes() throws Exception {
    drain();
    events.clear();
    one.ip("-6 route add 2001:db8:9::/64 via 2001:db8:3000::1");
    await("routes");
    Route route = netlink.routeTo(Ipv6Address.parse("2001:db8:9::1")).orElseThrow();
    assertEquals(Optional.of(Ipv6Address.parse("2001:db8:3000::1")), route.gateway());
  }
}
