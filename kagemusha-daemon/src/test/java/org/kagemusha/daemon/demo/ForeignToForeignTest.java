package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From one foreign network to another and back, without a word to the host that is left. */
@Tag("netns")
class ForeignToForeignTest {

  private static final long TICKS_NS = 1_000_000_000L;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "manual, none, true", "required, none, true", "required, udp, true", "required, udp, false"
  })
  void rfc4303_s3_3_3_aHostThatTheGuestReturnsToIsAheadOfTheLast(
      DemoProtection protection, String encapsulation, boolean fast) throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, protection, "off")) {
      if (!fast) {
        laboratory.packetByPacket();
      }
      for (String daemon : List.of("b", "c")) {
        laboratory.configuration.set(
            daemon, "tunnel", "encapsulation", "\"" + encapsulation + "\"");
      }
      Topology topology = laboratory.topology;
      ThirdHypervisor third = laboratory.keep(ThirdHypervisor.build(topology));
      Wire wire =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "transit", directory.resolve("transit.pcap")));
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      DaemonProcess c =
          laboratory.keep(laboratory.configuration.startDaemon("c", third.namespace(), "eth0"));
      c.await("ready", status -> !Laboratory.text(status, "care_of").isEmpty());
      try (Sessions sessions = new Sessions(topology)) {
        laboratory.guestToB();
        isAt(agent, b, "2001:db8:3000:", sessions);
        topology.moveGuest(topology.hypervisorB(), third.namespace());
        isAt(agent, c, "2001:db8:3001:", sessions);
        // B is ahead of C where the guest stayed at C for longer than a few ticks of 250 ms.
        long since = System.nanoTime();
        Laboratory.eventually("ticks have passed", () -> System.nanoTime() - since > TICKS_NS);
        topology.moveGuest(third.namespace(), topology.hypervisorB());
        // B has not noticed that the guest was away, so the announcements of a VMM must tell it.
        Laboratory.eventually(
            "B registers anew",
            () -> {
              ArrivalSignsTest.announce(topology, "rarp");
              return Laboratory.careOf(agent, Topology.HOME_ADDRESS).stream()
                  .anyMatch(one -> one.startsWith("2001:db8:3000:"));
            });
        isAt(agent, b, "2001:db8:3000:", sessions);
        assertNull(sessions.failure());
      }

      // No number twice under one key, and each host's in order. Until the announcement, B's are
      // behind C's, and the home agent drops them: they must not be C's over again.
      Set<String> used = new HashSet<>();
      Map<String, Long> last = new HashMap<>();
      for (String line :
          wire.fields("esp", "esp.spi", "ipv6.src", "ipv6.dst", "esp.sequence")) {
        String[] columns = line.split("\t");
        long sequence = Long.parseLong(columns[3]);
        // Fresh keys have one SPI for both ways, and a key for each.
        String way = columns[0] + (columns[2].equals(Topology.HOME_AGENT) ? " up " : " down ");
        assertTrue(used.add(way + sequence), "twice: " + line);
        Long before = last.put(columns[0] + columns[1] + columns[2], sequence);
        assertTrue(before == null || (int) sequence - before.intValue() > 0, line);
      }
      if (protection == DemoProtection.manual) {
        assertEquals(8, last.size(), last.toString());
      }
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
    }
  }

  private static void isAt(
      DaemonProcess agent, DaemonProcess host, String network, Sessions sessions)
      throws Exception {
    Laboratory.eventually(
        "a care-of address of " + network,
        () ->
            Laboratory.careOf(agent, Topology.HOME_ADDRESS).stream()
                .anyMatch(one -> one.startsWith(network)));
    Laboratory.awaitState(host, "registered");
    long up = sessions.tcpNumbersToCorrespondent();
    long down = sessions.tcpNumbersToGuest();
    Laboratory.eventually(
        "numbers come both ways",
        () ->
            sessions.tcpNumbersToCorrespondent() > up + 50
                && sessions.tcpNumbersToGuest() > down + 50);
  }
}
