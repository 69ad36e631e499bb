package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What ndisc6 and rdisc6, started inside the guest abroad, find of the home link. */
@Tag("netns")
class RouterDiscoveryTest {

  @TempDir Path directory;

  @Test
  void rfc4861_s6_2_6_theHomeRouterAnswersAbroad() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.signalling, "off")) {
      String guest = laboratory.topology.guest();
      laboratory.configuration.set("ha", "advertisement", "router-lifetime", "\"1700s\"");
      laboratory.homeAgent();
      // On the home link the daemon of A learns from the advertisements, B from its configuration.
      laboratory.bootGuestAtHome();
      final String atHome = Laboratory.exec(guest, "rdisc6", "-1", "-r", "3", "eth0");
      DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(b, "registered");

      String abroad = Laboratory.exec(guest, "rdisc6", "-1", "-r", "3", "eth0");
      for (String expected :
          new String[] {
            "from " + Topology.ROUTER_LINK_LOCAL,
            "Prefix                   : 2001:db8:2000::/64",
            "On-link                 :          Yes",
            "Autonomous address conf.:          Yes",
            "Source link-layer address: " + Topology.ROUTER_MAC.toUpperCase(Locale.ROOT)
          }) {
        assertTrue(abroad.contains(expected), expected + " in:\n" + abroad);
      }
      assertTrue(atHome.contains("from " + Topology.ROUTER_LINK_LOCAL), atHome);
      // The tunnel's MTU is a matter of paths: Packet Too Big tells it, no advertisement.
      assertFalse(abroad.contains("MTU"), abroad);
      long lifetime = number(abroad, "Router lifetime *: *(\\d+)");
      assertTrue(lifetime >= 30 && lifetime <= 9000, abroad);
      assertTrue(number(abroad, "Valid time *: *(\\d+)") >= 7200, abroad);
      assertTrue(number(abroad, "Pref. time *: *(\\d+)") > 0, abroad);

      String router =
          Laboratory.exec(
              guest, "ndisc6", "-1", "-r", "3", Topology.ROUTER_LINK_LOCAL, "eth0");
      assertTrue(router.toLowerCase(Locale.ROOT).contains(Topology.ROUTER_MAC), router);
      String neighbour =
          Laboratory.exec(guest, "ndisc6", "-1", "-r", "3", Topology.CORRESPONDENT, "eth0");
      assertTrue(neighbour.contains("Target link-layer address"), neighbour);
      String stranger =
          Laboratory.exec(guest, "ndisc6", "-1", "-r", "3", "2001:db8:2000::4242", "eth0");
      assertTrue(stranger.contains("Target link-layer address"), stranger);

      String routes = Laboratory.ip(guest, "-6 route show default");
      assertEquals(1, routes.lines().filter(l -> l.contains("via")).count(), routes);
      assertTrue(routes.contains("via " + Topology.ROUTER_LINK_LOCAL), routes);
      String pings =
          laboratory.pingFromGuest("-c", "3", "-i", "0.1", "-W", "1", "2001:db8:3000::1");
      assertTrue(pings.contains(" 0% packet loss"), pings);
    }
  }

  private static long number(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertTrue(matcher.find(), pattern + " in:\n" + text);
    return Long.parseLong(matcher.group(1));
  }
}
