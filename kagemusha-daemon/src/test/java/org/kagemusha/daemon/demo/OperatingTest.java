package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** An operator's day with a daemon that has a guest abroad: reload, capture, metrics. */
@Tag("netns")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OperatingTest {

  private static final String SAMPLE =
      "[a-zA-Z_:][a-zA-Z0-9_:]*(\\{[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\[\"\\\\n])*\""
          + "(,[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\[\"\\\\n])*\")*\\})?"
          + " (NaN|[+-]?Inf|[+-]?[0-9.]+([eE][+-]?[0-9]+)?)";

  @TempDir static Path directory;

  private Laboratory laboratory;
  private DaemonProcess agent;
  private DaemonProcess b;

  @BeforeAll
  void guestAbroad() throws Exception {
    laboratory = new Laboratory(directory, DemoProtection.manual, "off");
    laboratory.configuration.set(
        "b", "metrics", "listen", "\"unix:" + directory.resolve("metrics.sock") + "\"");
    agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    b = laboratory.daemonB();
    laboratory.guestToB();
    laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
    Laboratory.awaitState(b, "registered");
  }

  @AfterAll
  void end() throws IOException {
    laboratory.close();
  }

  @Test
  void reloadAppliesAnotherLifetimeWithoutLosingTheBinding() throws Exception {
    lifetime("\"5m\"");
    assertEquals("", b.ask("reload"));
    Laboratory.eventually("five minutes are asked for", () -> remaining() <= 300);
    assertEquals("registered", Laboratory.state(b));

    lifetime("\"20m\"");
    Shell.run("kill", "-HUP", Long.toString(b.pid()));
    Laboratory.eventually("SIGHUP does the same", () -> remaining() > 1100);
    works();
  }

  @Test
  void reloadRefusesABrokenFileAsAWhole() throws Exception {
    final String before = b.ask("show binding json").replaceAll("\"remaining_s\": \\d+", "");
    Path file = laboratory.configuration.file("b");
    lifetime("\"soon\"");
    int line = lineOf(file, "lifetime");
    try {
      IOException refused = assertThrows(IOException.class, () -> b.ask("reload"));
      assertTrue(refused.getMessage().contains("nothing was changed"), refused.getMessage());
      assertTrue(
          refused.getMessage().contains(file.getFileName() + ":" + line), refused.getMessage());
      Shell.run("kill", "-HUP", Long.toString(b.pid()));
      Laboratory.eventually(
          "the log names the place",
          () -> Files.readString(b.log()).lines()
              .filter(one -> one.contains(file.getFileName() + ":" + line)).count() >= 2);
      assertEquals(before, b.ask("show binding json").replaceAll("\"remaining_s\": \\d+", ""));
      works();
    } finally {
      lifetime("\"20m\"");
    }
  }

  @Test
  void captureHasBothSidesAndIsReadableByItsOwnerAlone() throws Exception {
    Path file = directory.resolve("both.pcapng");
    Process capture =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), "org.kagemusha.daemon.Main", "capture",
                "--socket", laboratory.configuration.socket("b").toString(), file.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("capture.log").toFile())
            .start();
    try {
      Laboratory.eventually(
          "the capture has begun", () -> Files.exists(file) && Files.size(file) > 0);
      works();
      Laboratory.eventually("packets are in it", () -> Files.size(file) > 4000);
    } finally {
      capture.destroy();
      assertTrue(capture.waitFor(10, TimeUnit.SECONDS));
    }
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(List.of(), tshark(file, Wire.FAULTY));
    for (String side : List.of("kagemusha0", "underlay")) {
      assertFalse(tshark(file, "frame.interface_name == \"" + side + "\"").isEmpty(), side);
    }
    assertFalse(tshark(file, "frame.interface_name == \"underlay\" && esp").isEmpty());
    assertFalse(
        tshark(file, "frame.interface_name == \"kagemusha0\" && icmpv6.type == 129").isEmpty());
    assertEquals("registered", Laboratory.state(b));
  }

  @Test
  void metricsArePrometheusTextAndServedToThisHostAlone() throws Exception {
    Path socket = directory.resolve("metrics.sock");
    String answer = get(socket);
    assertTrue(answer.startsWith("HTTP/1.1 200"), answer);
    assertTrue(answer.contains("text/plain"), answer);
    String page = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    Pattern sample = Pattern.compile(SAMPLE);
    for (String line : page.lines().toList()) {
      assertTrue(
          line.matches("# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+")
              || sample.matcher(line).matches(),
          line);
    }
    assertTrue(page.contains("kagemusha_registered{name=\"vm1\"} 1"), page);
    assertTrue(page.contains("kagemusha_dropped_packets_total{name=\"vm1\",reason="), page);
    assertFalse(page.contains("kagemusha_tunnel_packets_sent_total{name=\"vm1\"} 0.0"), page);
    // Off by default: the home agent has no such line in its file; nobody listens on a port.
    assertEquals(
        "", Laboratory.exec(laboratory.topology.homeAgent(), "ss", "-Hlnt").strip());
    assertEquals(
        "", Laboratory.exec(laboratory.topology.hypervisorB(), "ss", "-Hlnt").strip());
  }

  private static String get(Path socket) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(
          ByteBuffer.wrap(
              "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII)));
      return new String(
          Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static List<String> tshark(Path file, String filter) throws IOException {
    return Shell.run("tshark", "-n", "-r", file.toString(), "-Y", filter).lines()
        .filter(l -> !l.startsWith("Running as user"))
        .toList();
  }

  private void lifetime(String value) throws IOException {
    laboratory.configuration.set("b", "binding", "lifetime", value);
    laboratory.configuration.rewriteDaemon("b", "eth0");
  }

  private static int lineOf(Path file, String key) throws IOException {
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith(key + " ")) {
        return i + 1;
      }
    }
    throw new AssertionError("no " + key + " in " + file);
  }

  private long remaining() throws IOException {
    return Laboratory.object(agent.ask("status json"))
        .getAsJsonArray("bindings").get(0).getAsJsonObject().get("remaining_s").getAsLong();
  }

  private void works() throws IOException {
    String pings =
        laboratory.pingFromGuest("-c", "20", "-i", "0.02", "-W", "1", Topology.CORRESPONDENT);
    assertTrue(pings.contains(" 0% packet loss"), pings);
  }
}
