package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.daemon.config.MetricsAddress;
import org.kagemusha.daemon.loop.PacketLoop;

@Timeout(60)
class MetricsServerTest {

  @TempDir Path directory;
  private final Counters counters = new Counters();
  private PacketLoop loop;
  private MetricsPage page;

  @BeforeEach
  void open() {
    loop = new PacketLoop("test", cause -> { });
    counters.add(Counter.TUNNEL_PACKETS_SENT, 42);
    counters.drop(DropReason.TOO_BIG);
    page =
        new MetricsPage("vm1", counters)
            .gauge("tunnel_mtu_bytes", "MTU", () -> 1460)
            .count("controller_granted", "sessions that ended with keys", () -> 7);
  }

  @AfterEach
  void close() {
    loop.close();
  }

  private static String request(SocketAddress address, String text) throws IOException {
    boolean unix = address instanceof UnixDomainSocketAddress;
    try (SocketChannel channel =
        unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open()) {
      channel.connect(address);
      channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
      return new String(
          Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static final String GET = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

  @Test
  void servesThePageOnAUnixSocket() throws IOException {
    Path socket = directory.resolve("m.sock");
    Files.createFile(socket);
    MetricsServer server =
        MetricsServer.open(loop.eventLoop(), MetricsAddress.parse("unix:" + socket), page);
    try (server) {
      String answer = request(UnixDomainSocketAddress.of(socket), GET);
      assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
      assertTrue(answer.contains("text/plain; version=0.0.4"), answer);
      assertTrue(answer.contains("kagemusha_tunnel_packets_sent_total{name=\"vm1\"} 42.0"), answer);
      assertTrue(
          answer.contains(
              "kagemusha_dropped_packets_total{name=\"vm1\",reason=\"too_big\"} 1.0"),
          answer);
      assertTrue(answer.contains("kagemusha_tunnel_mtu_bytes{name=\"vm1\"} 1460.0"), answer);
      assertTrue(answer.contains("kagemusha_controller_granted_total{name=\"vm1\"} 7.0"), answer);
    }
    assertTrue(Files.notExists(socket));
  }

  @Test
  void servesThePageOnTheLoopback() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    MetricsServer server =
        MetricsServer.open(loop.eventLoop(), MetricsAddress.parse("127.0.0.1:" + port), page);
    try (server) {
      SocketAddress address = new InetSocketAddress("127.0.0.1", port);
      assertTrue(request(address, GET).contains("kagemusha_"));
      assertTrue(
          request(address, "GET / HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 404 Not Found\r\n"));
      assertTrue(
          request(address, "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
              .startsWith("HTTP/1.1 405"));
      assertTrue(request(address, "nonsense\r\n\r\n").startsWith("HTTP/1.1 400"));
    }
  }

  @Test
  void everyCounterHasItsHelp() {
    String text = new String(page.render(), StandardCharsets.UTF_8);
    for (Counter counter : Counter.values()) {
      assertTrue(
          text.contains("# HELP kagemusha_" + MetricsPage.metricName(counter) + "_total "
              + counter.help()),
          counter.name());
    }
    // The unit comes last and is a base unit of Prometheus.
    assertTrue(text.contains("kagemusha_tunnel_sent_bytes_total{name=\"vm1\"}"), text);
    assertFalse(text.contains("octets_") || text.contains("_octets"), text);
    for (DropReason reason : DropReason.values()) {
      assertTrue(text.contains("reason=\"" + CountersReport.name(reason) + "\""), reason.name());
    }
  }

  @Test
  void theReportShowsWhatIsNotZero() {
    assertEquals(
        "counters:\n42  tunnel_packets_sent  inner packets encapsulated\n"
            + "drops:\n1  too_big  larger than the tunnel MTU\n",
        CountersReport.text(counters));
    assertEquals(
        42,
        CountersReport.json(counters).getAsJsonObject("counters")
            .get("tunnel_packets_sent").getAsInt());
  }
}
