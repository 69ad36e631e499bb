package org.kagemusha.tap.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.netlink.PolicyRule.Action;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.tap.TunDevice;

/** Routes and rules, against their layout in the kernel's headers and what ip(8) says of them. */
class Seg6RoutesTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address REMOTE = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:2000::2");
  private static final Ipv6Address GUEST = Ipv6Address.parse("2001:db8:9::9");
  private static final int TABLE = 0x6b00_0007;

  @Test
  void rfc8754_s2_aSegmentRoutingHeaderWithOneSegment() {
    ByteBuffer bytes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    NetlinkWriter writer = new NetlinkWriter(bytes).begin(24, 0, 1, 0);
    Seg6Routes.putEncapsulation(writer, REMOTE);
    byte[] attributes = Arrays.copyOfRange(bytes.array(), 16, writer.finish());
    assertEquals(
        // RTA_ENCAP_TYPE: LWTUNNEL_ENCAP_SEG6
        "060015000500" + "0000"
            // RTA_ENCAP, nested: SEG6_IPTUNNEL_SRH: mode ENCAP_RED
            + "24001680" + "20000100" + "03000000"
            // Next header, length 2, routing type 4, 0 segments left, last entry 0, flags, tag
            + "0002040000000000"
            + "20010db8200000000000000000000001",
        HexFormat.of().formatHex(attributes));
  }

  @Test
  @Tag("netns")
  void ipSaysOfRoutesAndRulesWhatWasMeant() throws Exception {
    try (NetworkNamespace namespace = NetworkNamespace.create()) {
      namespace.ip("link set lo up");
      TunDevice tun = namespace.run(() -> TunDevice.open("kge%d"));
      assertEquals("kge0", tun.name());
      RouteNetlink netlink = namespace.run(RouteNetlink::open);
      Seg6Routes routes = new Seg6Routes(netlink, TABLE, tun.index());
      PolicyRules rules = new PolicyRules(netlink);
      assertEquals(List.of(), rules.all());
      List<PolicyRule> wanted =
          List.of(
              new PolicyRule(100, "kge0", Optional.of(LOCAL), Action.GOTO, 103),
              new PolicyRule(101, "kge0", Optional.empty(), Action.TABLE, TABLE),
              new PolicyRule(102, "kge0", Optional.empty(), Action.DROP, 0),
              new PolicyRule(103, "kge0", Optional.empty(), Action.NOTHING, 0));
      for (PolicyRule rule : wanted) {
        assertTrue(rules.add(rule));
        assertFalse(rules.add(rule));
      }
      assertEquals(wanted, rules.all());
      String said = namespace.exec("ip", "-6", "rule", "list");
      for (String line :
          List.of(
              "100:\tfrom 2001:db8:3000::3 iif kge0 goto 103",
              "101:\tfrom all iif kge0 lookup " + TABLE,
              "102:\tfrom all iif kge0 blackhole",
              "103:\tfrom all iif kge0 nop")) {
        assertTrue(said.contains(line), said);
      }

      assertTrue(netlink.addSourceAddress(tun.index(), LOCAL));
      assertFalse(netlink.addSourceAddress(tun.index(), LOCAL));
      InterfaceAddress address =
          netlink.addresses(tun.index()).stream()
              .filter(one -> one.address().equals(LOCAL)).findFirst().orElseThrow();
      assertTrue(address.isUsable() && !address.isDeprecated());
      assertFalse(routes.leads(GUEST, OTHER));
      routes.encapsulateAll(REMOTE);
      assertTrue(routes.leads(GUEST, OTHER));
      // The host's own address is never given away, nor what another rule takes. The kernel makes its
      // local route a moment after the address.
      long end = System.nanoTime() + 10_000_000_000L;
      while (routes.leads(GUEST, LOCAL)) {
        assertTrue(System.nanoTime() - end < 0);
        Thread.onSpinWait();
      }
      assertFalse(routes.leads(LOCAL, OTHER));
      namespace.ip("-6 rule add pref 50 to 2001:db8:2000::2 lookup 9");
      namespace.ip("-6 route add 2001:db8:2000::2 dev lo table 9");
      assertFalse(routes.leads(GUEST, OTHER));
      namespace.ip("-6 rule del pref 50");
      assertTrue(routes.leads(GUEST, OTHER));
      routes.encapsulate(OTHER, REMOTE);
      routes.encapsulate(OTHER, LOCAL);
      routes.direct(REMOTE);
      assertFalse(routes.leads(GUEST, REMOTE));
      said = namespace.exec("ip", "-6", "route", "list", "table", Integer.toString(TABLE));
      for (String line :
          List.of(
              "2001:db8:2000::2  encap seg6 mode encap.red segs 1 [ 2001:db8:3000::3 ] dev kge0",
              "2001:db8:2000::1 dev kge0",
              "default  encap seg6 mode encap.red segs 1 [ 2001:db8:2000::1 ] dev kge0")) {
        assertTrue(said.contains(line), said);
      }
      assertEquals(3, said.lines().count(), said);
      routes.leave(GUEST);
      assertFalse(routes.leads(OTHER, GUEST));
      assertTrue(
          namespace.exec("ip", "-6", "route", "list", "table", Integer.toString(TABLE))
              .contains("throw 2001:db8:9::9"));
      routes.leaveNoLonger(GUEST);
      assertTrue(routes.leads(OTHER, GUEST));
      assertTrue(routes.delete(OTHER));
      assertFalse(routes.delete(OTHER));

      tun.close();
      assertTrue(rules.all().stream().allMatch(PolicyRule::orphaned));
      for (PolicyRule rule : rules.all()) {
        assertTrue(rules.delete(rule));
      }
      assertEquals(List.of(), rules.all());
      netlink.close();
    }
  }
}
