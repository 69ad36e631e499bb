package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Daemons whose packets leave straight to the next hop, and next hops that change. */
@Tag("netns")
class DirectTest {

  private static final int OCTETS = 3 << 20;

  @TempDir Path directory;

  @Test
  void packetsLeavePastTheFirewallAndFollowTheNextHop() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      Topology topology = laboratory.topology;
      String host = topology.hypervisorB();
      String router = topology.foreignRouter();
      for (String daemon : List.of("ha", "b")) {
        laboratory.configuration.set(daemon, "tunnel", "direct", "true");
      }
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      Laboratory.eventually(
          "the home agent's packets leave straight", () -> isDirect(laboratory, agent));
      Laboratory.eventually("the host's packets leave straight", () -> isDirect(laboratory, b));

      Laboratory.exec(host, "nft", "add", "table", "ip6", "witness");
      Laboratory.exec(
          host, "nft", "add chain ip6 witness out { type filter hook output priority 0; }");
      Laboratory.exec(host, "nft", "add rule ip6 witness out meta l4proto esp counter");
      final long straight = straight(b);
      PathMtuTest.transfer(topology, OCTETS);
      long left = straight(b) - straight;
      long seen = seenByFirewall(host);
      assertTrue(left > OCTETS / 3000 && seen < left, left + " straight, firewall " + seen);
      assertTrue(straight(agent) > OCTETS / 3000, straight(agent) + " straight");

      set(router, "conf/foreign/ndisc_notify", "1");
      set(host, "neigh/eth0/base_reachable_time_ms", "2000");
      set(host, "neigh/eth0/delay_first_probe_time", "1");
      set(host, "neigh/eth0/retrans_time_ms", "200");
      Laboratory.ip(router, "link set foreign address 02:00:00:00:00:09");
      assertGoesOn(laboratory, b, "the router has another MAC address");
      Laboratory.ip(router, "addr add 2001:db8:3000::99/64 dev foreign nodad");
      Laboratory.ip(host, "route replace default via 2001:db8:3000::99");
      assertGoesOn(laboratory, b, "the host has another router");
      PathMtuTest.transfer(topology, OCTETS);

      for (DaemonProcess one : List.of(agent, b)) {
        String log = Files.readString(one.log());
        assertTrue(log.contains("direct sending in use destinations=1"), log);
        assertFalse(log.contains("packet handling failed"), log);
        assertEquals(0, Laboratory.count(one, "counters", "direct_packets_diverted"));
      }
    }
  }

  private static void set(String namespace, String key, String value) throws IOException {
    Laboratory.exec(
        namespace, "sh", "-c", "echo " + value + " > /proc/sys/net/ipv6/" + key);
  }

  private static void assertGoesOn(Laboratory laboratory, DaemonProcess daemon, String what)
      throws Exception {
    long before = straight(daemon);
    Laboratory.eventually(
        what,
        () ->
            laboratory
                    .pingFromGuest("-c", "3", "-i", "0.2", "-W", "1", Topology.CORRESPONDENT)
                    .contains(" 0% packet loss")
                && straight(daemon) > before + 2);
  }

  /** Only packets make a daemon look for their next hop. */
  private static boolean isDirect(Laboratory laboratory, DaemonProcess daemon)
      throws IOException {
    laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
    JsonObject path = Laboratory.object(daemon.ask("status json")).getAsJsonObject("data_path");
    return path.get("direct").getAsString().startsWith("yes (1 of");
  }

  private static long straight(DaemonProcess daemon) throws IOException {
    return Laboratory.count(daemon, "counters", "direct_packets_sent");
  }

  private static long seenByFirewall(String namespace) throws IOException {
    String table = Laboratory.exec(namespace, "nft", "list", "table", "ip6", "witness");
    return Long.parseLong(table.replaceAll("(?s).*counter packets (\\d+).*", "$1"));
  }
}
