package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an unmodified kernel's own neighbour cache, routes and path MTU say of the pseudo home
 * network.
 */
@Tag("netns")
class GuestKernelTest {

  @TempDir Path directory;

  @Test
  void rfc4861_s7_3_neighboursAndDefaultRouteSurviveUnreachabilityDetection() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.signalling, "off")) {
      String guest = laboratory.topology.guest();
      laboratory.homeAgent();
      // Reachable for 0.5 to 1.5 s only, so that the guest probes every neighbour within seconds.
      neighbourSetting(guest, "base_reachable_time_ms", "1000");
      neighbourSetting(guest, "delay_first_probe_time", "1");
      laboratory.bootGuestAtHome();
      laboratory.pingFromGuest("-c", "1", Topology.CORRESPONDENT);
      laboratory.pingFromGuest("-c", "1", "2001:db8:3000::1");
      final String macBefore = neighbour(guest, Topology.CORRESPONDENT);
      final DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      laboratory.pingFromGuest("-c", "3", "-i", "0.2", "2001:db8:3000::1");

      // Longer apart than a neighbour stays reachable: each of them goes through a probe.
      for (String far : new String[] {Topology.CORRESPONDENT, "2001:db8:3000::1"}) {
        String answers = laboratory.pingFromGuest("-c", "4", "-i", "1.7", "-W", "1", far);
        assertTrue(answers.contains(" 0% packet loss"), answers);
      }

      String routes = Shell.run("ip", "-n", guest, "-6", "route", "show", "default");
      assertTrue(routes.contains("via " + Topology.ROUTER_LINK_LOCAL), routes);
      assertEquals(1, routes.lines().filter(l -> l.startsWith("default")).count(), routes);
      String router = neighbour(guest, Topology.ROUTER_LINK_LOCAL);
      assertTrue(router.contains(Topology.ROUTER_MAC) && router.contains("router"), router);
      assertFalse(router.contains("FAILED"), router);
      assertEquals(
          macBefore.replaceAll(".*lladdr (\\S+).*", "$1"),
          neighbour(guest, Topology.CORRESPONDENT).replaceAll(".*lladdr (\\S+).*", "$1"));
      // Asked for the first time abroad: a host that the guest has never spoken to.
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.HOME_AGENT);
      String dad = Shell.run("ip", "-n", guest, "-6", "addr", "show", "dev", "eth0");
      assertFalse(dad.contains("dadfailed"), dad);
      assertEquals("registered", Laboratory.text(b.ask("status json"), "state"));
    }
  }

  @Test
  void rfc4862_s5_4_aNewAddressPassesDuplicateAddressDetectionAbroad() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off")) {
      String guest = laboratory.topology.guest();
      laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      laboratory.daemonB();
      laboratory.guestToB();
      laboratory.pingFromGuest("-c", "2", "-i", "0.2", "-W", "1", Topology.CORRESPONDENT);

      // The guest's own addresses may be tested again; the router's are somebody else's.
      Shell.run("ip", "-n", guest, "addr", "add", "2001:db8:2000::77/64", "dev", "eth0");
      Shell.run("ip", "-n", guest, "addr", "add", Topology.HOME_AGENT + "/64", "dev", "eth0");
      Laboratory.eventually(
          "the home agent's address is defended",
          () -> addresses(guest).lines().anyMatch(
              l -> l.contains(Topology.HOME_AGENT + "/") && l.contains("dadfailed")));
      Laboratory.eventually(
          "an address of the guest's own is not",
          () -> addresses(guest).lines().anyMatch(
              l -> l.contains("2001:db8:2000::77/") && !l.contains("tentative")));
    }
  }

  @Test
  void rfc2473_s7_1_theGuestLearnsTheTunnelMtu() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off")) {
      laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      laboratory.daemonB();
      laboratory.guestToB();
      laboratory.pingFromGuest("-c", "2", "-i", "0.2", "-W", "1", Topology.CORRESPONDENT);

      String big =
          laboratory.pingFromGuest(
              "-c", "2", "-i", "0.3", "-W", "1", "-M", "do", "-s", "1452", Topology.CORRESPONDENT);
      assertTrue(big.contains("1460") || big.contains("100% packet loss"), big);
      String route =
          Shell.run("ip", "-n", laboratory.topology.guest(), "-6", "route", "get",
              Topology.CORRESPONDENT);
      assertTrue(route.contains("mtu 1460"), route);
      String fits =
          laboratory.pingFromGuest(
              "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1412", Topology.CORRESPONDENT);
      assertTrue(fits.contains(" 0% packet loss"), fits);
    }
  }

  private static void neighbourSetting(String namespace, String key, String value)
      throws IOException {
    for (String scope : new String[] {"eth0"}) {
      Shell.run("ip", "netns", "exec", namespace, "sh", "-c",
          "echo " + value + " > /proc/sys/net/ipv6/neigh/" + scope + "/" + key);
    }
  }

  private static String neighbour(String namespace, String address) throws IOException {
    return Shell.run("ip", "-n", namespace, "-6", "neigh", "show", address, "dev", "eth0").strip();
  }

  private static String addresses(String namespace) throws IOException {
    return Shell.run("ip", "-n", namespace, "-6", "-o", "addr", "show", "dev", "eth0");
  }
}
