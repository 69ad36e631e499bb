package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The daemon finds out by itself which form of ESP a network lets through, and remembers it. */
@Tag("netns")
class EncapsulationAutoTest {

  /** Before the first retransmission, 1.5 s after the move: what worked did so at once. */
  private static final double AT_ONCE_MS = 1400;

  /** A second until the home agent is put right, and what the way there takes. */
  private static final double PUT_RIGHT_MS = 3500;

  /** ESP, Destination Options, Routing and Mobility Headers right behind the IPv6 header. */
  static final String NO_NATIVE = "ip6 nexthdr { 43, 50, 60, 135 } drop";

  @TempDir Path directory;

  /** What a middlebox drops, what is found, and how long the guest may wait for the way down. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                                            | none | " + AT_ONCE_MS,
        "udp dport 4500 drop; udp sport 4500 drop    | none | " + AT_ONCE_MS,
        "ip6 saddr 2001:db8:2000::1 ip6 nexthdr { 43, 50 } drop | udp | " + PUT_RIGHT_MS,
      })
  void findsWhatGetsThrough(String dropped, String found, double downMs) throws Exception {
    try (Laboratory laboratory = laboratory()) {
      if (dropped != null) {
        rule(laboratory, dropped.split("; "));
      }
      final Wire wire = tap(laboratory, "probe.pcap");
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      try (Sessions sessions = new Sessions(laboratory.topology)) {
        laboratory.guestToB();
        final long movedNs = System.nanoTime();
        Laboratory.awaitState(b, "registered");
        UdpEncapsulationTest.goesOn(sessions, movedNs, "B");
        awaitEncapsulation(agent, b, found);
        assertSoon(sessions.udpFromGuest, movedNs, AT_ONCE_MS);
        assertSoon(sessions.udpToGuest, movedNs, downMs);
        // It stays so while packets go both ways.
        long laterNs = System.nanoTime();
        UdpEncapsulationTest.goesOn(sessions, laterNs, "B");
        awaitEncapsulation(agent, b, found);
      }
      // Both forms were tried, the one in UDP first.
      List<String> tried =
          wire.fields(
              "esp && ipv6.dst == " + Topology.HOME_AGENT
                  + " && (ipv6.nxt == 60 || udp.dstport == 4500)",
              "ipv6.nxt");
      assertEquals(List.of("17", "60"), tried.subList(0, 2));
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
    }
  }

  @Test
  void remembersOverMovesAndRestartsThatNativeEspIsDropped() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      rule(laboratory, NO_NATIVE);
      final DaemonProcess agent = laboratory.homeAgent();
      final DaemonProcess a = laboratory.daemonA();
      laboratory.bootGuestAtHome();
      Laboratory.awaitState(a, "home");
      final Path memory = directory.resolve("b.state").resolve("vm1.encapsulation.json");
      try (Sessions sessions = new Sessions(laboratory.topology)) {
        try (DaemonProcess b = laboratory.daemonB()) {
          stay(laboratory, sessions, a, b);
          awaitEncapsulation(agent, b, "udp");
          assertTrue(updates(b).contains("udp=false"), "tried once");
          Laboratory.eventually("it is written down", () -> Files.exists(memory));
          goHome(laboratory, sessions, a, b);

          int before = updates(b).size();
          stay(laboratory, sessions, a, b);
          awaitEncapsulation(agent, b, "udp");
          List<String> again = updates(b);
          assertEquals(Set.of("udp=true"), Set.copyOf(again.subList(before, again.size())));
          goHome(laboratory, sessions, a, b);
        }

        try (DaemonProcess b = laboratory.daemonB()) {
          stay(laboratory, sessions, a, b);
          awaitEncapsulation(agent, b, "udp");
          assertEquals(Set.of("udp=true"), Set.copyOf(updates(b)), "after a restart");
          goHome(laboratory, sessions, a, b);
        }

        // The middlebox is gone, and an hour has passed: nothing is remembered.
        Laboratory.exec(laboratory.topology.foreignRouter(), "nft", "flush", "ruleset");
        Files.delete(memory);
        DaemonProcess b = laboratory.daemonB();
        stay(laboratory, sessions, a, b);
        awaitEncapsulation(agent, b, "none");
        assertEquals(null, sessions.failure());
      }
    }
  }

  /** The guest moves to B and its sessions go on at once. */
  private static void stay(
      Laboratory laboratory, Sessions sessions, DaemonProcess a, DaemonProcess b)
      throws IOException, InterruptedException {
    laboratory.guestToB();
    final long movedNs = System.nanoTime();
    a.ask("left");
    Laboratory.awaitState(b, "registered");
    UdpEncapsulationTest.goesOn(sessions, movedNs, "B");
    assertSoon(sessions.udpFromGuest, movedNs, AT_ONCE_MS);
    assertSoon(sessions.udpToGuest, movedNs, AT_ONCE_MS);
  }

  private static void goHome(
      Laboratory laboratory, Sessions sessions, DaemonProcess a, DaemonProcess b)
      throws IOException, InterruptedException {
    laboratory.guestToA();
    final long movedNs = System.nanoTime();
    b.ask("left");
    Laboratory.awaitState(a, "home");
    UdpEncapsulationTest.goesOn(sessions, movedNs, "A");
  }

  private static void assertSoon(PacketLedger ledger, long movedNs, double limitMs) {
    double ms = (ledger.firstArrival(movedNs) - movedNs) / 1e6;
    assertTrue(ms < limitMs, "first packet after " + ms + " ms");
  }

  /** The form of each Binding Update that a daemon sent abroad, by its own log. */
  private static List<String> updates(DaemonProcess daemon) throws IOException {
    return Files.readString(daemon.log()).lines()
        .filter(line -> line.contains("bu sent "))
        .map(line -> line.contains("udp=true") ? "udp=true" : "udp=false")
        .toList();
  }

  private static void awaitEncapsulation(DaemonProcess agent, DaemonProcess b, String found)
      throws IOException, InterruptedException {
    Laboratory.eventually(
        "both ends use " + found,
        () ->
            Laboratory.text(b.ask("status json"), "encapsulation").equals(found)
                && Laboratory.object(agent.ask("status json"))
                    .getAsJsonArray("bindings").get(0).getAsJsonObject()
                    .get("encapsulation").getAsString()
                    .startsWith(found));
  }

  private Laboratory laboratory() throws IOException {
    Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off");
    laboratory.configuration.set("b", "tunnel", "encapsulation", "\"auto\"");
    return laboratory;
  }

  private Wire tap(Laboratory laboratory, String file) throws IOException {
    return laboratory.keep(
        Wire.tap(laboratory.topology.foreignRouter(), "foreign", directory.resolve(file)));
  }

  /** A middlebox on the foreign network's router. */
  static void rule(Laboratory laboratory, String... rules) throws IOException {
    String router = laboratory.topology.foreignRouter();
    Laboratory.exec(router, "nft", "add table ip6 middlebox");
    Laboratory.exec(
        router, "nft",
        "add chain ip6 middlebox forward { type filter hook forward priority 0; }");
    for (String rule : rules) {
      Laboratory.exec(router, "nft", "add rule ip6 middlebox forward " + rule);
    }
  }
}
