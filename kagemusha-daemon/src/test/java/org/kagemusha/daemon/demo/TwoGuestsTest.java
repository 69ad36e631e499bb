package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two guests, each with a daemon of its own, on one bridge abroad. */
@Tag("netns")
class TwoGuestsTest {

  @TempDir Path directory;

  @Test
  void eachDaemonServesItsOwnGuestOnASharedBridge() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, "disabled", "off")) {
      Topology topology = laboratory.topology;
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
      second.moveToB();
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
      laboratory.ping(second.namespace(), "-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(one, "registered");
      Laboratory.awaitState(two, "registered");
      String first = Laboratory.careOf(agent, Topology.HOME_ADDRESS).get(0);
      String other = Laboratory.careOf(agent, SecondGuest.HOME_ADDRESS).get(0);
      assertNotEquals(first, other);

      // Both at the same time, and longer than a neighbour stays reachable.
      try (PingProcess pings = new PingProcess(topology.guest(), Topology.CORRESPONDENT);
          PingProcess others = new PingProcess(second.namespace(), Topology.CORRESPONDENT)) {
        String between =
            laboratory.pingFromGuest(
                "-n", "-c", "10", "-i", "0.2", "-W", "1", SecondGuest.HOME_ADDRESS);
        assertTrue(between.contains(" 0% packet loss"), between);
        String back =
            laboratory.ping(
                second.namespace(), "-n", "-c", "5", "-i", "0.2", "-W", "1",
                Topology.HOME_ADDRESS);
        assertTrue(back.contains(" 0% packet loss"), back);
        assertClean(pings.finish());
        assertClean(others.finish());
      }

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
    }
  }

  private static void assertClean(PingProcess.Summary summary) {
    assertTrue(summary.transmitted() > 50, summary.toString());
    // The last answer may still be under way.
    assertTrue(summary.received() >= summary.transmitted() - 1, summary.toString());
    assertEquals(0, summary.duplicates(), summary.toString());
  }
}
