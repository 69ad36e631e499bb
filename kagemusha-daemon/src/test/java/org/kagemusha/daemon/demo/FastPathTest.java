package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Bulk TCP both ways through each way that packets can take, and a capture of it by the daemon
 * itself that tshark finds nothing wrong with.
 */
@Tag("netns")
class FastPathTest {

  private static final int OCTETS = 3 << 20;
  private static final int ETHERNET_HEADER = 14;
  private static final int CAPTURE_SECONDS = 4;

  @TempDir Path directory;

  /** What the wire is like: as it is between two machines, or as it is with receive offload. */
  enum Underlay {
    plain,
    joining
  }

  @ParameterizedTest
  @CsvSource({
    "none, none, 1500, true, true, 64, joining, 1",
    "none, none, 9000, true, true, 64, joining, 1",
    "required, none, 1500, true, true, 64, plain, 1",
    "required, udp, 1500, true, true, 64, joining, 1",
    "required, udp, 9000, true, true, 64, plain, 1",
    "none, none, 1500, false, false, 1, joining, 1",
    "required, udp, 1500, true, false, 1, joining, 1",
    "required, udp, 1500, true, true, 64, joining, 2"
  })
  void rfc9293_s3_1_bulkTransfersArriveAndEveryChecksumIsRight(
      DemoProtection protection, String encapsulation, int mtu, boolean offloads,
      boolean coalescing, int batch, Underlay kind, int cipherThreads)
      throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, protection, "off")) {
      Topology topology = laboratory.topology;
      laboratory.configuration.set("b", "tunnel", "encapsulation", "\"" + encapsulation + "\"");
      laboratory.dataPath(offloads, coalescing, batch);
      for (String daemon : List.of("ha", "b")) {
        laboratory.configuration.set(daemon, "tap", "mtu", String.valueOf(mtu));
        laboratory.configuration.set(
            daemon, "protection", "cipher-threads", String.valueOf(cipherThreads));
      }
      laboratory.mtu(mtu);
      boolean joining = kind == Underlay.joining;
      for (Laboratory.Device device : laboratory.underlay()) {
        NetworkCard.leavesToHardware(device.namespace(), device.name(), joining);
        NetworkCard.joinsReceived(device.namespace(), device.name(), joining);
      }
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      Laboratory.eventually(
          "the guest is reached abroad",
          () ->
              laboratory
                  .pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT)
                  .contains(" 0% packet loss"));
      Laboratory.awaitState(b, "registered");
      assertPath(agent, offloads, coalescing, batch);
      assertPath(b, offloads, coalescing, batch);
      assertThreads(agent, cipherThreads);
      assertThreads(b, cipherThreads);

      // Without a capture first: that must not be what makes it right.
      PathMtuTest.transfer(topology, OCTETS);
      List<CompletableFuture<Path>> captures =
          List.of(capture(agent, "ha"), capture(b, "b"));
      PathMtuTest.transfer(topology, OCTETS);
      String tooLong =
          " || frame.len > (mtu + 14) || (frame.interface_name == \"underlay\" && frame.len > mtu)"
              .replace("(mtu + 14)", String.valueOf(mtu + ETHERNET_HEADER))
              .replace("mtu", String.valueOf(mtu));
      for (CompletableFuture<Path> one : captures) {
        Path file = one.get();
        assertTrue(Files.size(file) > OCTETS / 2, file + " has " + Files.size(file));
        assertEquals(List.of(), Wire.packets(file, "(" + Wire.FAULTY + ")" + tooLong));
      }
      for (String namespace : List.of(topology.guest(), topology.correspondent())) {
        assertEquals(0, tcpChecksumErrors(namespace), namespace);
      }
      if (offloads) {
        assertFewerFramesThanPackets(b, topology.hypervisorB(), DemoGuest.FIRST.tap(), mtu, coalescing);
        assertFewerFramesThanPackets(agent, topology.homeAgent(), "kagemusha0", mtu, coalescing);
      }
      for (DaemonProcess one : List.of(agent, b)) {
        assertEquals(0, Laboratory.count(one, "drops", "offload_invalid"));
        assertEquals(0, Laboratory.count(one, "drops", "receive_unfinished"));
        assertEquals(0, Laboratory.count(one, "drops", "cipher_failed"));
        assertEquals(0, Laboratory.count(one, "drops", "esp_authentication_failed"));
        assertEquals(0, Laboratory.count(one, "drops", "esp_replayed"));
        assertFalse(Files.readString(one.log()).contains("packet handling failed"));
      }
    }
  }

  private static void assertPath(
      DaemonProcess daemon, boolean offloads, boolean coalescing, int batch) throws IOException {
    JsonObject path = Laboratory.object(daemon.ask("status json")).getAsJsonObject("data_path");
    assertEquals(offloads, path.get("tap_offloads").getAsBoolean());
    assertEquals(offloads && coalescing, path.get("coalescing").getAsBoolean());
    assertEquals(batch, path.get("batch").getAsInt());
    String line = offloads ? "offloads=checksum+tcp" : "offloads=none";
    assertTrue(Files.readString(daemon.log()).contains(line), line);
  }

  private static void assertThreads(DaemonProcess daemon, int threads) throws IOException {
    JsonObject path = Laboratory.object(daemon.ask("status json")).getAsJsonObject("data_path");
    assertEquals(threads, path.get("cipher_threads").getAsInt());
    assertTrue(Files.readString(daemon.log()).contains("cipher-threads=" + threads));
    long helpers;
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + daemon.pid() + "/task"))) {
      helpers = tasks.filter(task -> nameOf(task).startsWith("cipher-")).count();
    }
    assertEquals(threads - 1, helpers);
  }

  private static String nameOf(Path task) {
    try {
      return Files.readString(task.resolve("comm"));
    } catch (IOException e) {
      return "";
    }
  }

  /** What the tap carried, as the kernel counts it, against what the tunnel carried. */
  private static void assertFewerFramesThanPackets(
      DaemonProcess daemon, String namespace, String tap, int mtu, boolean coalescing)
      throws IOException {
    long sent = Laboratory.count(daemon, "counters", "tunnel_packets_sent");
    long received = Laboratory.count(daemon, "counters", "tunnel_packets_received");
    long fromTap = statistic(namespace, tap, "tx_packets");
    long toTap = statistic(namespace, tap, "rx_packets");
    String told = tap + ": " + fromTap + " frames for " + sent + " packets sent, " + toTap
        + " for " + received + " received";
    // Seven segments fill a super-frame where packets are large, and acknowledgments count too.
    assertTrue((mtu > 1500 ? 1 : 2) * fromTap < sent, told);
    if (coalescing) {
      assertTrue(toTap < received, told);
    }
  }

  private static long statistic(String namespace, String device, String name) throws IOException {
    String found =
        Laboratory.exec(namespace, "cat", "/sys/class/net/" + device + "/statistics/" + name);
    return Long.parseLong(found.strip());
  }

  private static int tcpChecksumErrors(String namespace) throws IOException {
    String[] tcp = Laboratory.exec(namespace, "grep", "^Tcp:", "/proc/net/snmp").split("\\s+");
    return Integer.parseInt(tcp[tcp.length - 1]);
  }

  private CompletableFuture<Path> capture(DaemonProcess daemon, String name) throws Exception {
    Path file = directory.resolve(name + ".pcapng");
    CompletableFuture<Path> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                Files.writeString(
                    file, daemon.ask("capture " + CAPTURE_SECONDS, StandardCharsets.ISO_8859_1),
                    StandardCharsets.ISO_8859_1);
                done.complete(file);
              } catch (IOException e) {
                done.completeExceptionally(e);
              }
            },
            "capture");
    thread.setDaemon(true);
    thread.start();
    Laboratory.eventually(
        "the capture has begun",
        () -> Files.readString(daemon.log()).contains("capture started"));
    return done;
  }
}
