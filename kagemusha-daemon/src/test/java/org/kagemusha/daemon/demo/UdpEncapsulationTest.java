package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ESP in UDP (RFC 3948) where the operator says so; tshark tells what the foreign network saw. */
@Tag("netns")
class UdpEncapsulationTest {

  private static final int UDP_HEADER_OCTETS = 8;
  private static final int ENOUGH = 50;

  /** 1400 less IPv6, UDP, ESP with its initialization vector, trailer and ICV of AES-GCM. */
  private static final int MTU_THROUGH_1400 = 1400 - 40 - 8 - 16 - 2 - 16;

  /** All that a path with ESP in UDP has to let through: it, the controller's TLS, and ICMPv6. */
  private static final String ALLOWED =
      "(udp.srcport == 4500 && udp.dstport == 4500 && (esp || udpencap.nat_keepalive))"
          + " || tcp.port == 7872 || icmpv6";

  @TempDir Path directory;

  @Test
  void rfc3948_s2_1_sessionsGoOnInUdpAndNothingElseIsOnTheWire() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      Wire wire =
          laboratory.keep(
              Wire.tap(
                  laboratory.topology.foreignRouter(), "foreign",
                  directory.resolve("foreign.pcap")));
      final DaemonProcess agent = laboratory.homeAgent();
      final DaemonProcess a = laboratory.daemonA();
      final DaemonProcess b = laboratory.daemonB();
      laboratory.bootGuestAtHome();
      Laboratory.awaitState(a, "home");
      try (Sessions sessions = new Sessions(laboratory.topology)) {
        laboratory.guestToB();
        long movedNs = System.nanoTime();
        a.ask("left");
        Laboratory.awaitState(b, "registered");
        goesOn(sessions, movedNs, "B");
        assertEquals("udp", Laboratory.text(b.ask("status json"), "encapsulation"));
        assertEquals("udp:4500", encapsulationAt(agent));
        long up = sessions.tcpNumbersToCorrespondent();
        long down = sessions.tcpNumbersToGuest();
        Laboratory.eventually(
            "there is something to look at",
            () ->
                sessions.tcpNumbersToCorrespondent() > up + ENOUGH
                    && sessions.tcpNumbersToGuest() > down + ENOUGH);

        laboratory.guestToA();
        movedNs = System.nanoTime();
        b.ask("left");
        Laboratory.awaitState(a, "home");
        goesOn(sessions, movedNs, "A");
      }

      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
      assertEquals(List.of(), wire.packets("ipv6 && !(" + ALLOWED + ")"));
      assertEquals(
          List.of(),
          wire.packets(
              "ipv6.addr == " + Topology.HOME_ADDRESS + " || ipv6.addr == "
                  + Topology.CORRESPONDENT
                  + " || mip6.mhtype || ipv6.nxt == 43 || ipv6.nxt == 60"));
      assertFalse(wire.packets("tls").isEmpty());
      for (String way : List.of("src", "dst")) {
        String esp = "udp.port == 4500 && esp && ipv6." + way + " == " + Topology.HOME_AGENT;
        assertTrue(wire.packets(esp).size() > ENOUGH, way);
        // RFC 3948 §2.1 wants zero over IPv4; over IPv6 it is computed (RFC 8200 §8.1).
        assertEquals(List.of(), wire.packets(esp + " && udp.checksum == 0"));
      }
    }
  }

  @Test
  void rfc3948_s4_anIdleGuestIsKeptReachable() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      Wire wire =
          laboratory.keep(
              Wire.tap(
                  laboratory.topology.foreignRouter(), "foreign",
                  directory.resolve("foreign.pcap")));
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      laboratory.configuration.set("b", "tunnel", "encapsulation", "\"none\"");
      int nativeMtu;
      try (DaemonProcess b = laboratory.daemonB()) {
        laboratory.guestToB();
        register(laboratory, b);
        nativeMtu = tunnelMtu(b);
      }
      laboratory.configuration.set("b", "tunnel", "encapsulation", "\"udp\"");
      DaemonProcess b = laboratory.daemonB();
      register(laboratory, b);
      // 1500 octets leave a multiple of four for ESP either way, so its alignment costs nothing.
      assertEquals(nativeMtu - UDP_HEADER_OCTETS, tunnelMtu(b));

      Laboratory.eventually(
          "a keepalive", () -> Laboratory.count(agent, "drops", "udp_keepalive") > 0);
      // What came in nobody's packet, §2.3, is for nobody else.
      assertEquals(0, Laboratory.count(agent, "drops", "udp_not_esp"));
      List<String> keepalives =
          wire.fields("udpencap.nat_keepalive", "udp.length", "ipv6.dst", "udp.dstport");
      assertFalse(keepalives.isEmpty());
      assertEquals("9\t" + Topology.HOME_AGENT + "\t4500", keepalives.get(0));
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
    }
  }

  @Test
  void rfc8200_s5_aPacketTooBigThatQuotesUdpNarrowsTheTunnelBothWays() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      Topology topology = laboratory.topology;
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      register(laboratory, b);
      // The router in the middle has the narrow link on both sides, and neither end sees it.
      Laboratory.ip(
          topology.foreignRouter(),
          "-6 route change default via 2001:db8:ffff::1 mtu lock 1400");
      Laboratory.ip(
          topology.foreignRouter(),
          "-6 route change 2001:db8:3000::/64 dev foreign proto kernel metric 256 mtu lock 1400");
      Wire wire =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "any", directory.resolve("narrow.pcap")));

      PathMtuTest.learnsTheMtu(
          laboratory, topology.guest(), Topology.CORRESPONDENT, MTU_THROUGH_1400);
      PathMtuTest.learnsTheMtu(
          laboratory, topology.correspondent(), Topology.HOME_ADDRESS, MTU_THROUGH_1400);
      assertEquals(MTU_THROUGH_1400, tunnelMtu(b));
      PathMtuTest.transfer(topology);

      String careOf = Laboratory.text(b.ask("status json"), "care_of");
      for (String end : List.of(careOf, Topology.HOME_AGENT)) {
        String quoting =
            "icmpv6.type == 2 && icmpv6.mtu == 1400 && udp.port == 4500 && ipv6.dst == " + end;
        assertFalse(wire.packets(quoting).isEmpty(), end);
      }
      assertEquals(List.of(), wire.packets("ipv6.fraghdr"));
      assertEquals(0, Laboratory.count(b, "drops", "icmp_error_unmatched"));
      assertEquals(0, Laboratory.count(agent, "drops", "icmp_error_unmatched"));
    }
  }

  @Test
  void rfc3948_s2_1_guestsBehindOneCareOfAddressHavePortsOfTheirOwn() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      DemoConfiguration configuration = laboratory.configuration;
      configuration.add(SecondGuest.DESCRIBED);
      configuration.set("b2", "tunnel", "encapsulation", "\"udp\"");
      configuration.set("b", "underlay", "care-of", "\"host\"");
      configuration.set("b2", "underlay", "care-of", "\"host\"");
      SecondGuest second = laboratory.keep(SecondGuest.build(laboratory.topology));
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      second.boot();
      final DaemonProcess one = laboratory.daemonB();
      final DaemonProcess two = laboratory.daemonB(second);
      laboratory.guestToB();
      second.moveToB();
      for (String guest : List.of(laboratory.topology.guest(), second.namespace())) {
        Laboratory.eventually(
            guest + " is reached abroad",
            () ->
                laboratory
                    .ping(guest, "-c", "5", "-i", "0.1", "-W", "1", Topology.CORRESPONDENT)
                    .contains(" 0% packet loss"));
      }
      Laboratory.awaitState(one, "registered");
      Laboratory.awaitState(two, "registered");
      assertEquals(List.of("2001:db8:3000::3"), Laboratory.careOf(agent, Topology.HOME_ADDRESS));
      assertEquals(
          List.of("2001:db8:3000::3"), Laboratory.careOf(agent, SecondGuest.HOME_ADDRESS));
      Set<String> ports = new HashSet<>();
      for (JsonElement binding :
          Laboratory.object(agent.ask("status json")).getAsJsonArray("bindings")) {
        ports.add(binding.getAsJsonObject().get("encapsulation").getAsString());
      }
      assertEquals(2, ports.size(), ports.toString());
      assertTrue(ports.contains("udp:4500"), ports.toString());
    }
  }

  private Laboratory laboratory() throws IOException {
    Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off");
    laboratory.configuration.set("b", "tunnel", "encapsulation", "\"udp\"");
    return laboratory;
  }

  private static void register(Laboratory laboratory, DaemonProcess b)
      throws IOException, InterruptedException {
    Laboratory.eventually(
        "the guest is reached abroad",
        () ->
            laboratory
                .pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT)
                .contains(" 0% packet loss"));
    Laboratory.awaitState(b, "registered");
  }

  private static int tunnelMtu(DaemonProcess daemon) throws IOException {
    return Integer.parseInt(Laboratory.text(daemon.ask("status json"), "tunnel_mtu"));
  }

  private static String encapsulationAt(DaemonProcess agent) throws IOException {
    return Laboratory.object(agent.ask("status json"))
        .getAsJsonArray("bindings").get(0).getAsJsonObject().get("encapsulation").getAsString();
  }

  /** Packets that were sent after the move arrive, of TCP and UDP and both ways. */
  static void goesOn(Sessions sessions, long movedNs, String where)
      throws IOException, InterruptedException {
    for (PacketLedger ledger :
        List.of(
            sessions.udpFromGuest, sessions.udpToGuest, sessions.tcpFromGuest,
            sessions.tcpToGuest)) {
      Laboratory.eventually(
          "the sessions go on at " + where, () -> ledger.firstArrival(movedNs) > 0);
    }
    assertEquals(null, sessions.failure());
  }
}
