package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys that run out, by the clock or by use, are replaced without losing a packet. */
@Tag("netns")
class RekeyTest {

  private static final long TEN_MS = TimeUnit.MILLISECONDS.toNanos(10);

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"association-lifetime, '\"10s\"'", "maximum-packets, 2000"})
  void rfc4301_s4_4_2_1_replacesAnAssociationBeforeItsHardLifetime(String key, String value)
      throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      Topology topology = laboratory.topology;
      laboratory.configuration.set("ha", "controller", key, value);
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      Path capture = directory.resolve("foreign.pcap");
      final Wire wire =
          laboratory.keep(Wire.tap(topology.foreignRouter(), "foreign", capture));
      laboratory.guestToB();
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(b, "registered");
      try (Sessions sessions = new Sessions(topology, TEN_MS)) {
        final long beganNs = System.nanoTime();
        final String pings =
            laboratory.pingFromGuest(
                "-n", "-q", "-i", "0.01", "-c", "1500", "-W", "2", Topology.CORRESPONDENT);
        Laboratory.eventually(
            "keys are replaced at least twice",
            () -> Grants.lines(b, "keys granted").size() >= 4);
        final long endNs = System.nanoTime();
        final PingProcess.Summary ping = sessions.finish();

        assertTrue(pings.contains("1500 received"), pings);
        assertFalse(pings.contains("duplicates"), pings);
        assertEquals(0, ping.transmitted() - ping.received(), ping.toString());
        assertEquals(0, ping.duplicates());
        assertNull(sessions.failure());
        assertTrue(sessions.tcpFromGuest.hasArrival(endNs - 20 * TEN_MS, Long.MAX_VALUE));
        assertTrue(sessions.tcpToGuest.hasArrival(endNs - 20 * TEN_MS, Long.MAX_VALUE));
        for (PacketLedger stream : List.of(sessions.udpFromGuest, sessions.udpToGuest)) {
          assertEquals(0, stream.lost(beganNs, endNs));
          assertEquals(0, stream.duplicated(beganNs, endNs));
        }
      }
      for (DaemonProcess end : List.of(agent, b)) {
        for (String reason :
            List.of("association_expired", "protection_required", "esp_no_association")) {
          assertEquals(0, Laboratory.count(end, "drops", reason), reason);
        }
      }
      wire.stop();
      List<EspWire.Packet> packets = EspWire.packets(capture);
      Set<Long> up = EspWire.spis(packets, EspWire.Packet::toHomeAgent);
      Set<Long> down = EspWire.spis(packets, packet -> !packet.toHomeAgent());
      assertEquals(up, down);
      assertTrue(up.size() >= 3, up.toString());
      ClearTraffic.assertNone(wire, capture);
      if (key.equals("maximum-packets")) {
        for (long spi : up) {
          long most =
              Math.max(
                  packets.stream().filter(p -> p.spi() == spi && p.toHomeAgent()).count(),
                  packets.stream().filter(p -> p.spi() == spi && !p.toHomeAgent()).count());
          assertTrue(most <= 2000, most + " packets under " + spi);
        }
      }
    }
  }
}
