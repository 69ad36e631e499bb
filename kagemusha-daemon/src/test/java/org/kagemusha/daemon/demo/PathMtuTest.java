package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.tap.netns.NamespaceCall;

/** Paths that are narrower than the guest believes: fragments outside, Packet Too Big inside. */
@Tag("netns")
class PathMtuTest {

  private static final int OCTETS = 5 << 20;
  private static final int LIMIT_MS = 45_000;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "none, foreign, none, 41",
    "manual, transit, none, 50",
    "required, foreign, none, 50",
    "required, transit, udp, 17",
    "none, transit, packet by packet, 41"
  })
  void rfc2473_s7_2_fragmentsWhatMustNotBeRefused(
      DemoProtection protection, String narrow, String encapsulation, int nextHeader)
      throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, protection, "off")) {
      if (encapsulation.equals("packet by packet")) {
        laboratory.packetByPacket();
      } else {
        laboratory.configuration.set(
            "b", "tunnel", "encapsulation", "\"" + encapsulation + "\"");
      }
      Topology topology = laboratory.topology;
      Wire wide = wire(laboratory, "wide.pcap");
      abroad(laboratory);
      transfer(topology);
      assertEquals(List.of(), wide.packets(Wire.FAULTY));
      // The clamped segments fill the path, and nothing is in pieces.
      assertEquals(List.of(), wide.packets("ipv6.fraghdr"));
      assertTrue(wide.packets("ipv6.plen > 1400").size() > 1000);

      narrow(topology, narrow);
      Wire wire = wire(laboratory, "narrow.pcap");
      // 1280 octets may not be refused (RFC 2473 §7.1), so the outer packet goes in pieces.
      Laboratory.eventually(
          "packets of 1280 octets go through both ways",
          () ->
              laboratory
                  .pingFromGuest("-c", "5", "-i", "0.1", "-W", "1", "-M", "do", "-s", "1232",
                      Topology.CORRESPONDENT)
                  .contains(" 0% packet loss"));
      learnsTheMtu(laboratory, topology.guest(), Topology.CORRESPONDENT, 1280);
      learnsTheMtu(laboratory, topology.correspondent(), Topology.HOME_ADDRESS, 1280);
      transfer(topology);

      String pieces = "ipv6.fragment.count >= 2 && ipv6.fraghdr.nxt == " + nextHeader;
      String agent = Topology.HOME_AGENT;
      assertFalse(wire.packets(pieces + " && ipv6.dst == " + agent).isEmpty(), "up");
      assertFalse(wire.packets(pieces + " && ipv6.src == " + agent).isEmpty(), "down");
      assertEquals(List.of(), wire.packets(Wire.FAULTY + " || ipv6.fragment.error"));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
    }
  }

  private Wire wire(Laboratory laboratory, String file) throws IOException {
    return laboratory.keep(
        Wire.tap(laboratory.topology.foreignRouter(), "foreign", directory.resolve(file)));
  }

  /** Packets that fitted before are refused with the tunnel's MTU. */
  static void learnsTheMtu(Laboratory laboratory, String namespace, String far, int mtu)
      throws IOException, InterruptedException {
    Laboratory.eventually(
        namespace + " learns the MTU",
        () -> {
          laboratory.ping(
              namespace, "-c", "2", "-i", "0.2", "-W", "1", "-M", "do", "-s", "1360", far);
          return Laboratory.ip(namespace, "-6 route get " + far).contains("mtu " + mtu);
        });
  }

  private static void narrow(Topology topology, String link) throws IOException {
    Laboratory.ip(topology.foreignRouter(), "link set " + link + " mtu 1280");
    Laboratory.ip(
        link.equals("foreign") ? topology.hypervisorB() : topology.homeAgent(),
        "link set " + (link.equals("foreign") ? "eth0" : "transit") + " mtu 1280");
  }

  private static void abroad(Laboratory laboratory) throws Exception {
    laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    DaemonProcess b = laboratory.daemonB();
    laboratory.guestToB();
    laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
    Laboratory.awaitState(b, "registered");
  }

  /** Both ways at the same time over one connection. */
  static void transfer(Topology topology) throws Exception {
    transfer(topology, OCTETS);
  }

  /** Both ways at the same time over one connection, so many octets each. */
  static void transfer(Topology topology, int octets) throws Exception {
    byte[] up = new byte[octets];
    byte[] down = new byte[octets];
    new Random(1).nextBytes(up);
    new Random(2).nextBytes(down);
    try (ServerSocket server =
            NamespaceCall.in(
                topology.correspondent(),
                () -> {
                  ServerSocket listening = new ServerSocket();
                  listening.bind(new InetSocketAddress(Topology.CORRESPONDENT, 45456));
                  listening.setSoTimeout(LIMIT_MS);
                  return listening;
                });
        Socket guest =
            NamespaceCall.in(
                topology.guest(),
                () -> {
                  Socket socket = new Socket();
                  socket.connect(new InetSocketAddress(Topology.CORRESPONDENT, 45456), LIMIT_MS);
                  return socket;
                });
        Socket correspondent = server.accept()) {
      CompletableFuture<byte[]> atGuest = digest(guest);
      CompletableFuture<byte[]> atCorrespondent = digest(correspondent);
      CompletableFuture<Void> sent = send(guest, up);
      send(correspondent, down).get(LIMIT_MS, TimeUnit.MILLISECONDS);
      sent.get(LIMIT_MS, TimeUnit.MILLISECONDS);
      assertArrayEquals(
          MessageDigest.getInstance("SHA-256").digest(up),
          atCorrespondent.get(LIMIT_MS, TimeUnit.MILLISECONDS));
      assertArrayEquals(
          MessageDigest.getInstance("SHA-256").digest(down),
          atGuest.get(LIMIT_MS, TimeUnit.MILLISECONDS));
    }
  }

  private static CompletableFuture<Void> send(Socket socket, byte[] octets) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            OutputStream out = socket.getOutputStream();
            out.write(octets);
            socket.shutdownOutput();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        },
        PathMtuTest::onThread);
  }

  private static CompletableFuture<byte[]> digest(Socket socket) throws IOException {
    socket.setSoTimeout(LIMIT_MS);
    InputStream in = socket.getInputStream();
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[65536];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
              digest.update(buffer, 0, n);
            }
            return digest.digest();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
          }
        },
        PathMtuTest::onThread);
  }

  private static void onThread(Runnable work) {
    Thread thread = new Thread(work, "transfer");
    thread.setDaemon(true);
    thread.start();
  }
}
