package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two guests, each with a daemon of its own, on one bridge abroad. */
@Tag("netns")
class TwoGuestsTest {

  private static final String BEHIND_THE_ROUTER = "2001:db8:ffff::2";

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void eachDaemonServesItsOwnGuestOnASharedBridge(boolean fast) throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off")) {
      Topology topology = laboratory.topology;
      if (!fast) {
        laboratory.packetByPacket();
      }
      laboratory.configuration.add(SecondGuest.DESCRIBED);
      SecondGuest second = laboratory.keep(SecondGuest.build(topology));
      final Wire wire =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("foreign.pcap")));
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      second.boot();
      final DaemonProcess one = laboratory.daemonB();
      final DaemonProcess two = laboratory.daemonB(second);

      laboratory.guestToB();
      // One abroad, one at home: the home agent answers for the one that is away.
      reaches(laboratory, topology.guest(), SecondGuest.HOME_ADDRESS);
      reaches(laboratory, second.namespace(), Topology.HOME_ADDRESS);
      second.moveToB();
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
      laboratory.ping(second.namespace(), "-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(one, "registered");
      Laboratory.awaitState(two, "registered");
      String first = Laboratory.careOf(agent, Topology.HOME_ADDRESS).get(0);
      String other = Laboratory.careOf(agent, SecondGuest.HOME_ADDRESS).get(0);
      assertNotEquals(first, other);

      Laboratory.eventually(
          "frames for the router are led",
          () ->
              led(topology).contains(Topology.GUEST_MAC)
                  && led(topology).contains(SecondGuest.MAC));
      final Wire strays =
          laboratory.keep(
              Wire.tap(
                  topology.hypervisorB(), "kagemusha0", directory.resolve("strays.pcap"),
                  "ether src " + SecondGuest.MAC + " and ip6 dst " + BEHIND_THE_ROUTER));
      reaches(laboratory, second.namespace(), BEHIND_THE_ROUTER);
      // Both at the same time, and longer than a neighbour stays reachable.
      try (PingProcess pings = new PingProcess(topology.guest(), Topology.CORRESPONDENT);
          PingProcess others = new PingProcess(second.namespace(), Topology.CORRESPONDENT)) {
        reaches(laboratory, topology.guest(), SecondGuest.HOME_ADDRESS);
        reaches(laboratory, second.namespace(), Topology.HOME_ADDRESS);
        assertClean(pings.finish());
        assertClean(others.finish());
      }

      assertEquals(List.of(), strays.packets("ipv6"), "at the other guest's daemon");
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
      // Nobody's packet goes through the other's tunnel.
      List<String> sources =
          wire.fields("ipv6.nxt == 41 && ipv6.dst == " + Topology.HOME_AGENT, "ipv6.src").stream()
              .distinct()
              .sorted()
              .toList();
      assertEquals(
          List.of(first + "," + Topology.HOME_ADDRESS, other + "," + SecondGuest.HOME_ADDRESS)
              .stream().sorted().toList(),
          sources);
      List<String> updates =
          wire.fields("mip6.mhtype == 5", "ipv6.src").stream().distinct().toList();
      assertEquals(2, updates.size(), updates.toString());

      // On bridges that do not touch, the way goes through the home agent and back.
      two.close();
      assertTrue(led(topology).contains(Topology.GUEST_MAC), led(topology));
      assertFalse(led(topology).contains(SecondGuest.MAC), led(topology));
      second.separate();
      laboratory.configuration.set("b2", "tap", "bridge", "\"" + SecondGuest.OTHER_BRIDGE + "\"");
      final Wire hairpin =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("hairpin.pcap")));
      DaemonProcess apart = laboratory.daemonB(second);
      laboratory.ping(second.namespace(), "-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(apart, "registered");
      reaches(laboratory, topology.guest(), SecondGuest.HOME_ADDRESS);
      reaches(laboratory, second.namespace(), Topology.HOME_ADDRESS);
      assertFalse(
          hairpin.packets(
              "ipv6.src == " + Topology.HOME_AGENT + " && ipv6.src == " + Topology.HOME_ADDRESS
                  + " && ipv6.dst == " + SecondGuest.HOME_ADDRESS).isEmpty());
      assertEquals(List.of(), hairpin.packets(Wire.FAULTY));
    }
  }

  private static String led(Topology topology) throws IOException {
    String rules =
        Laboratory.exec(topology.hypervisorB(), "nft", "list", "table", "bridge", "kagemusha");
    int map = rules.indexOf("map guests");
    return map < 0 ? "" : rules.substring(map, rules.indexOf("}\n", map));
  }

  private static void reaches(Laboratory laboratory, String from, String to) throws Exception {
    // The neighbour may have moved a moment ago, and a cache still names its old station.
    Laboratory.eventually(
        from + " reaches " + to,
        () -> laboratory.ping(from, "-n", "-c", "1", "-W", "1", to).contains(" 0% packet loss"));
    String pings = laboratory.ping(from, "-n", "-c", "5", "-i", "0.1", "-W", "1", to);
    assertTrue(pings.contains(" 0% packet loss"), pings);
    assertFalse(pings.contains("duplicates"), pings);
  }

  private static void assertClean(PingProcess.Summary summary) {
    assertTrue(summary.transmitted() > 25, summary.toString());
    // The last answer may still be under way.
    assertTrue(summary.received() >= summary.transmitted() - 1, summary.toString());
    assertEquals(0, summary.duplicates(), summary.toString());
  }
}
