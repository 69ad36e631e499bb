package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each sign of an arrival, alone: the guest's kernel is mute, so nothing else can be the cause. */
@Tag("netns")
class ArrivalSignsTest {

  private static final Path CTL = Path.of("../etc/kagemusha-ctl").toAbsolutePath().normalize();

  @TempDir Path directory;

  @Test
  void eachSignAloneStartsTheRegistration() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.signalling, "off")) {
      Topology topology = laboratory.topology;
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      Laboratory.exec(
          topology.guest(), "nft",
          "add table ip6 mute; add chain ip6 mute output"
              + " { type filter hook output priority 0; policy drop; }");
      laboratory.guestToB();
      assertEquals("waiting", Laboratory.state(b));
      String socket = laboratory.configuration.socket("b").toString();

      arrives(agent, b, "announcement", () -> announce(topology, "rarp"));
      leaves(b, () -> Shell.run("sh", CTL.toString(), "-s", socket, "left"));
      arrives(agent, b, "announcement", () -> announce(topology, "advertisement"));
      leaves(b, () -> signal(b, "WINCH"));
      arrives(agent, b, "hook", () -> signal(b, "USR1"));
      leaves(b, () -> b.ask("left"));
      // RFC 6275 §12, MAX_UPDATE_RATE: three a second. A mute guest is not refreshed later.
      long from = System.nanoTime();
      Laboratory.eventually(
          "the rate limit has room",
          () -> System.nanoTime() - from > TimeUnit.MILLISECONDS.toNanos(1500));
      arrives(agent, b, "hook", () -> Shell.run("sh", CTL.toString(), "-s", socket, "arrived"));
      // Said twice, it is still one arrival.
      long updates = updates(b);
      Shell.run("sh", CTL.toString(), "-s", socket, "arrived");
      assertEquals(updates, updates(b));
      assertEquals(4, handover(b).get("moves").getAsLong());
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  private static void arrives(DaemonProcess agent, DaemonProcess b, String trigger, Step sign)
      throws IOException, InterruptedException {
    final long before = updates(b);
    sign.run();
    Laboratory.awaitState(b, "registered");
    assertTrue(updates(b) > before, "a Binding Update of its own");
    assertEquals(trigger, handover(b).get("trigger").getAsString());
    assertEquals(1, Laboratory.careOf(agent, Topology.HOME_ADDRESS).size());
  }

  private static void leaves(DaemonProcess b, Step word) throws IOException, InterruptedException {
    word.run();
    Laboratory.awaitState(b, "fenced");
  }

  /** As a VMM or guest does it; python's start alone takes longer than the guard after "left". */
  static void announce(Topology topology, String what) throws IOException {
    Laboratory.exec(
        topology.guest(), "/usr/bin/python3", "-B",
        Path.of("src/test/resources/scapy/announce.py").toString(), "eth0", Topology.GUEST_MAC,
        Topology.HOME_ADDRESS, what);
  }

  private static void signal(DaemonProcess daemon, String name) throws IOException {
    Shell.run("kill", "-" + name, Long.toString(daemon.pid()));
  }

  private static long updates(DaemonProcess daemon) throws IOException {
    return Laboratory.count(daemon, "counters", "binding_updates_sent");
  }

  private static JsonObject handover(DaemonProcess daemon) throws IOException {
    return Laboratory.object(daemon.ask("status json")).getAsJsonObject("handover");
  }
}
