package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Malformed, truncated, spoofed and fragmented packets of every protocol, at both daemons. */
@Tag("netns")
class GarbageTest {

  /** The least MTU: no ICMPv6 error is larger, RFC 4443 §2.4(c). */
  private static final int LARGEST_ANSWER = 1280;

  @TempDir Path directory;

  @Test
  void rfc4443_s2_4_garbageIsCountedAndHardlyAnswered() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.signalling, "off")) {
      Topology topology = laboratory.topology;
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      try (Sessions sessions = new Sessions(topology)) {
        laboratory.guestToB();
        Laboratory.awaitState(b, "registered");
        String careOf = Laboratory.careOf(agent, Topology.HOME_ADDRESS).get(0);
        Laboratory.ip(topology.foreignRouter(), "route add blackhole 2001:db8:bad::/48");
        Laboratory.ip(
            topology.homeAgent(), "route add 2001:db8:bad::/48 via 2001:db8:ffff::2");
        Wire foreign =
            laboratory.keep(
                Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("foreign.pcap")));
        Wire transit =
            laboratory.keep(
                Wire.tap(topology.foreignRouter(), "transit", directory.resolve("transit.pcap")));
        final long dropsB = drops(b);
        final long dropsAgent = drops(agent);

        int toB = garbage(topology.foreignRouter(), "packets", careOf, Topology.HOME_AGENT, "b");
        int toAgent =
            garbage(topology.foreignRouter(), "packets", Topology.HOME_AGENT, careOf, "a");
        garbage(topology.guest(), "frames", "eth0", Topology.GUEST_MAC);
        garbage(topology.hypervisorB(), "frames", "vms", Topology.GUEST_MAC);

        Laboratory.eventually(
            "B counts what it drops", () -> drops(b) > dropsB + toB / 2);
        Laboratory.eventually(
            "the home agent counts what it drops", () -> drops(agent) > dropsAgent + toAgent / 3);
        assertTrue(reasons(b) >= 10, b.ask("show counters"));
        assertTrue(reasons(agent) >= 8, agent.ask("show counters"));
        assertEquals("registered", Laboratory.state(b));
        assertEquals(List.of(careOf), Laboratory.careOf(agent, Topology.HOME_ADDRESS));
        // RFC 8201 §4: an error that promises less than 1280 octets, or quotes nothing of ours.
        assertEquals("1460", Laboratory.text(b.ask("status json"), "tunnel_mtu"));
        long up = sessions.tcpNumbersToCorrespondent();
        long down = sessions.tcpNumbersToGuest();
        Laboratory.eventually(
            "the session goes on",
            () ->
                sessions.tcpNumbersToCorrespondent() > up + 50
                    && sessions.tcpNumbersToGuest() > down + 50);
        assertNull(sessions.failure());

        assertHardlyAnswered(foreign, toB);
        assertHardlyAnswered(transit, toAgent);
        // What B itself sends is well-formed.
        assertEquals(
            List.of(),
            foreign.packets(
                "(" + Wire.FAULTY + ") && eth.src == " + mac(topology.hypervisorB(), "eth0")));
        assertFalse(Files.readString(b.log()).contains("Exception"), Files.readString(b.log()));
        assertFalse(Files.readString(agent.log()).contains("Exception"));
        assertTrue(
            Files.readString(b.log()).lines().count() < 200, "garbage fills no log");
      }
    }
  }

  private static void assertHardlyAnswered(Wire wire, int sent) throws Exception {
    Map<String, Integer> answers = new HashMap<>();
    for (String line :
        wire.fields("ipv6.dst == 2001:db8:bad::/48 && ipv6.src != 2001:db8:bad::/48", "ipv6.dst",
            "ipv6.plen")) {
      String[] columns = line.split("\t");
      answers.merge(columns[0].split(",")[0], 1, Integer::sum);
      int octets = 40 + Integer.parseInt(columns[1].split(",")[0]);
      assertTrue(octets <= LARGEST_ANSWER, line);
    }
    answers.forEach((source, count) -> assertEquals(1, count, "answers to " + source));
    assertTrue(answers.size() < sent / 3, answers.size() + " answers to " + sent);
  }

  private static int garbage(String namespace, String... arguments) throws IOException {
    String[] command = new String[arguments.length + 3];
    command[0] = "/usr/bin/python3";
    command[1] = "-B";
    command[2] = Path.of("src/test/resources/scapy/garbage.py").toString();
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    return Integer.parseInt(Laboratory.exec(namespace, command).strip());
  }

  private static long drops(DaemonProcess daemon) throws IOException {
    return all(daemon).stream().mapToLong(JsonElement::getAsLong).sum();
  }

  private static long reasons(DaemonProcess daemon) throws IOException {
    return all(daemon).stream().filter(one -> one.getAsLong() > 0).count();
  }

  private static List<JsonElement> all(DaemonProcess daemon) throws IOException {
    return Laboratory.object(daemon.ask("show counters json")).getAsJsonObject("drops")
        .entrySet().stream()
        .map(Map.Entry::getValue)
        .toList();
  }

  private static String mac(String namespace, String device) throws IOException {
    return Laboratory.ip(namespace, "-br link show dev " + device).split(" +")[2];
  }
}
