package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guest goes A → B → A → B: keys of its own for each place, and only ESP on the wire. */
@Tag("netns")
class FreshKeysTest {

  @TempDir Path directory;

  private Laboratory laboratory;
  private DaemonProcess agent;
  private DaemonProcess a;
  private DaemonProcess b;
  private Sessions sessions;

  @Test
  void rfc4301_s4_4_1_everyPlaceHasItsOwnKeysAndOldPacketsAreWorthNothing() throws Exception {
    try (Laboratory made = new Laboratory(directory, DemoProtection.required, "off")) {
      laboratory = made;
      Topology topology = made.topology;
      agent = made.homeAgent();
      a = made.daemonA();
      b = made.daemonB();
      made.bootGuestAtHome();
      Laboratory.awaitState(a, "home");
      try (Sessions running = new Sessions(topology)) {
        sessions = running;
        final Path home = directory.resolve("home.pcap");
        final Wire homeWire = made.keep(Wire.tap(topology.homeAgent(), "hva", home));
        final Path stay = directory.resolve("first.pcap");
        final Wire stayWire = made.keep(Wire.tap(topology.foreignRouter(), "foreign", stay));

        final long first = moveToB();
        replayWhileBound(stay, first);
        moveToA(first);
        assertOnlyEsp(stayWire, stay, first);
        replayWhereNothingIsBound(stay);

        final Path again = directory.resolve("again.pcap");
        final Wire againWire = made.keep(Wire.tap(topology.foreignRouter(), "foreign", again));
        final long second = moveToB();
        assertOnlyEsp(againWire, again, second);

        homeWire.stop();
        Set<Long> atHome = EspWire.spis(EspWire.packets(home), EspWire.Packet::toHomeAgent);
        assertFalse(atHome.isEmpty(), "A ended the binding under keys of its own");
        assertFalse(atHome.contains(first) || atHome.contains(second) || first == second);
        Laboratory.eventually(
            "the keys by which A spoke have ended",
            () -> Grants.spis(agent).stream().noneMatch(atHome::contains));

        PingProcess.Summary ping = running.finish();
        assertEquals(0, ping.duplicates());
        assertEquals(0, running.udpFromGuest.duplicated(0, Long.MAX_VALUE));
        assertEquals(0, running.udpToGuest.duplicated(0, Long.MAX_VALUE));
        assertNull(running.failure());
      }
    }
  }

  private long moveToB() throws Exception {
    Grants.prepared(b);
    final List<Long> before = Grants.spis(b);
    laboratory.guestToB();
    a.ask("left");
    Laboratory.awaitState(b, "registered");
    long spi = Grants.agreed(b, agent);
    assertTrue(before.contains(spi), "the keys were there before the guest: " + before);
    goesOn();
    return spi;
  }

  private void moveToA(long last) throws Exception {
    Grants.prepared(a);
    laboratory.guestToA();
    b.ask("left");
    Laboratory.awaitState(a, "home");
    goesOn();
    Laboratory.eventually(
        "the home agent has forgotten the keys of the place before",
        () -> !Grants.spis(agent).contains(last));
    Laboratory.eventually(
        "so has the host, which goes on for a while for packets on their way",
        () -> !Grants.spis(b).contains(last));
  }

  private void replayWhileBound(Path capture, long spi) throws Exception {
    final List<String> careOf = Laboratory.careOf(agent, Topology.HOME_ADDRESS);
    final long before = replays();
    int sent = replay(capture);
    Laboratory.eventually("replays are counted", () -> replays() >= before + sent * 9 / 10);
    assertTrue(Laboratory.count(agent, "drops", "esp_replayed") > 0, "inside of the window");
    assertEquals(careOf, Laboratory.careOf(agent, Topology.HOME_ADDRESS));
    assertEquals(List.of(spi), Grants.spis(agent, "in-force"));
    assertEquals("registered", Laboratory.state(b));
    goesOn();
  }

  private void replayWhereNothingIsBound(Path capture) throws Exception {
    assertEquals(0, Grants.bound(agent));
    final long unknown = Laboratory.count(agent, "drops", "esp_no_association");
    int sent = replay(capture);
    Laboratory.eventually(
        "packets under keys that have ended are counted",
        () -> Laboratory.count(agent, "drops", "esp_no_association") >= unknown + sent * 9 / 10);
    assertEquals(0, Grants.bound(agent));
    assertEquals("home", Laboratory.state(a));
    goesOn();
  }

  /**
   * RFC 4303 appendix A2.2: what is left of the window is taken for a number of the next 2^32, and
   * then its integrity check fails.
   */
  private long replays() throws IOException {
    return Laboratory.count(agent, "drops", "esp_replayed")
        + Laboratory.count(agent, "drops", "esp_authentication_failed");
  }

  /** From where B's packets pass, so that nothing on the way tells them from the first ones. */
  private int replay(Path capture) throws IOException {
    Path copy = directory.resolve("replay.pcap");
    String sent =
        Laboratory.exec(
            laboratory.topology.foreignRouter(), "/usr/bin/python3", "-B",
            Path.of("src/test/resources/scapy/replay.py").toString(), capture.toString(),
            copy.toString(), Topology.HOME_AGENT);
    int count = Integer.parseInt(sent.strip());
    assertTrue(count > 100, "only " + count + " packets were replayed");
    return count;
  }

  private static void assertOnlyEsp(Wire wire, Path capture, long spi) throws Exception {
    ClearTraffic.assertNone(wire, capture);
    ClearTraffic.assertOnlyEsp(wire);
    assertEquals(List.of(), wire.packets(Wire.FAULTY));
    // What the host sends on after the guest has left has keys of its own.
    Set<Long> seen = EspWire.spis(EspWire.packets(capture), packet -> true);
    assertTrue(seen.contains(spi) && seen.size() <= 2, seen.toString());
  }

  private void goesOn() throws Exception {
    long up = sessions.tcpNumbersToCorrespondent();
    long down = sessions.tcpNumbersToGuest();
    Laboratory.eventually(
        "the session goes on",
        () ->
            sessions.tcpNumbersToCorrespondent() > up + 50
                && sessions.tcpNumbersToGuest() > down + 50);
  }
}
