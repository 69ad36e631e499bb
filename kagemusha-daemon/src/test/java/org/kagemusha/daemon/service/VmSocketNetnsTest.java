package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.kagemusha.daemon.service.HomeAndHost.ip;

import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Both daemons as processes, and a VMM without root, tap or bridge on the host abroad.
 *
 * <pre>
 *   home link 2001:db8:2000::/64                foreign network 2001:db8:3000::/64
 *   [ home: br-home ::1, home agent ]--------------[ host: eth0 ::b, daemon ]
 *                                                            : a Unix socket
 *                                                   [ guest ::10, or QEMUs ]
 * </pre>
 */
@Tag("netns")
@Timeout(120)
class VmSocketNetnsTest {

  private static final String INSECURE =
      "[protection]\nsignalling = \"none\"\ninsecure = true\n";
  private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
  private static final String NOBODY = "65534";

  @TempDir Path directory;

  private final List<Process> processes = new ArrayList<>();
  private HomeAndHost net;
  private Path socket;
  private Path vmm;

  @BeforeEach
  void build() throws Exception {
    net = new HomeAndHost("ks", directory);
    net.build();
    ip(net.guest, "tuntap add dev eth0 mode tap");
    net.guestIsUp();
    // Open to a VMM that is not root.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    vmm = Files.createDirectory(directory.resolve("vmm"));
    Files.setPosixFilePermissions(vmm, PosixFilePermissions.fromString("rwxrwxrwx"));
    socket = directory.resolve("vm1.net");
  }

  @AfterEach
  void remove() throws Exception {
    for (Process process : processes) {
      process.destroy();
      process.waitFor();
    }
    net.remove();
  }

  private String homeAgent() throws Exception {
    return net.write(
        "ha",
        """
        [home-agent]
        address = "2001:db8:2000::1"
        prefix = "2001:db8:2000::/64"
        dad = "off"
        [tap]
        bridge = "br-home"
        [[mobile-node]]
        name = "vm1"
        home-address = "2001:db8:2000::10"
        """
            + INSECURE);
  }

  private String vm(String link) throws Exception {
    return net.write(
        "vm1",
        """
        [vm]
        mac = "52:54:00:12:34:10"
        home-address = "2001:db8:2000::10"
        socket-group = "nogroup"
        """
            + "link = \"" + link + "\"\nsocket = \"" + socket + "\"\n"
            + """
        [home]
        prefix = "2001:db8:2000::/64"
        agent = "2001:db8:2000::1"
        router = "fe80::ff:fe00:2001"
        router-mac = "02:00:00:00:20:01"
        """
            + INSECURE);
  }

  private Process start(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    processes.add(process);
    return process;
  }

  @ParameterizedTest
  @ValueSource(strings = {"stream", "dgram"})
  void aGuestBehindASocketReachesItsHome(String link) throws Exception {
    try (Daemon agent = new Daemon(net.home, "home-agent", homeAgent());
        Daemon vm = new Daemon(net.host, "run", vm(link))) {
      agent.await("ready name=ha");
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      Process card =
          start(
              "ip", "netns", "exec", net.guest, "/usr/bin/python3",
              Path.of("src/test/resources/vmsocket/guest.py").toAbsolutePath().toString(), link,
              "eth0", socket.toString(), directory + "/guest.net");
      BufferedReader told =
          new BufferedReader(
              new InputStreamReader(card.getInputStream(), StandardCharsets.UTF_8));
      assertEquals("joined", told.readLine());
      net.ping("-w", "60");
      net.ping("-s", "1300");
      vm.await("registered vm=vm1");
      assertTrue(vm.text().contains("vmm has the guest vm=vm1"), vm.text());
      JsonObject status = net.status("vm1");
      assertEquals("registered", status.get("state").getAsString());
      JsonObject path = status.getAsJsonObject("data_path");
      assertEquals(link, path.get("link").getAsString());
      assertFalse(path.get("tap_offloads").getAsBoolean());
      assertFalse(path.get("coalescing").getAsBoolean());
      assertTrue(
          status.getAsJsonObject("counters").get("tunnel_packets_received").getAsInt() >= 6);
      vm.signal("TERM");
      assertEquals(0, vm.end(), vm.text());
      assertFalse(Files.exists(socket));
    }
  }

  /** A machine without a guest, which can announce one; not root. */
  private final class Qemu {
    final Process process;
    final SocketChannel operator;
    final BufferedReader answers;

    Qemu(String name, String netdev, String... more) throws Exception {
      Path monitor = vmm.resolve(name + ".qmp");
      List<String> command =
          new ArrayList<>(
              List.of(
                  "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups",
                  QEMU.toString(), "-M", "pc", "-accel", "tcg", "-m", "16", "-nodefaults",
                  "-display", "none", "-serial", "none", "-monitor", "none", "-netdev",
                  netdev, "-device",
                  "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:10,romfile=", "-qmp",
                  "unix:" + monitor + ",server=on,wait=off"));
      command.addAll(List.of(more));
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve(name + ".log").toFile())
              .start();
      processes.add(process);
      operator = connect(monitor, name);
      answers = new BufferedReader(Channels.newReader(operator, StandardCharsets.UTF_8));
      answers.readLine();
      command("{\"execute\": \"qmp_capabilities\", \"id\": 1}");
    }

    private SocketChannel connect(Path path, String name) throws Exception {
      while (true) {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
          channel.connect(UnixDomainSocketAddress.of(path));
          return channel;
        } catch (IOException e) {
          channel.close();
          if (!process.isAlive()) {
            throw new IOException(Files.readString(directory.resolve(name + ".log")), e);
          }
          Thread.onSpinWait();
        }
      }
    }

    void command(String line) throws IOException {
      Channels.newOutputStream(operator)
          .write((line + "\n").getBytes(StandardCharsets.UTF_8));
      String answer = answers.readLine();
      while (!answer.contains("\"id\": 1")) {
        answer = answers.readLine();
      }
      assertEquals("{\"return\": {}, \"id\": 1}", answer);
    }

    void announce() throws IOException {
      command(
          "{\"execute\": \"announce-self\", \"arguments\": {\"initial\": 50, \"max\": 550,"
              + " \"rounds\": 3, \"step\": 50}, \"id\": 1}");
    }
  }

  private static int count(String text, String part) {
    return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
  }

  @Test
  void qemuWithoutRootConnectsAndMovesWithinTheHost() throws Exception {
    assumeTrue(Files.isExecutable(QEMU));
    try (Daemon vm = new Daemon(net.host, "run", vm("stream"))) {
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      String netdev =
          "stream,id=n0,server=off,addr.type=unix,addr.path=" + socket;
      final Qemu before = new Qemu("a", netdev);
      vm.await("vmm connected vm=vm1 peer=pid:\\d+,uid:" + NOBODY + " connections=1");
      assertEquals("waiting", net.status("vm1").get("state").getAsString());
      before.announce();
      vm.await("guest arrived vm=vm1 trigger=announcement place=foreign moves=1")
          .await("bu sent");
      Path stream = vmm.resolve("migration");
      Qemu after = new Qemu("b", netdev, "-incoming", "unix:" + stream);
      vm.await("vmm connected vm=vm1 .* connections=2");
      assertEquals(1, count(vm.text(), "vmm has the guest"));
      before.command(
          "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"unix:" + stream
              + "\"}, \"id\": 1}");
      // QEMU announces the guest by itself where it goes on.
      vm.await("vmm has the guest vm=vm1 peer=pid:" + after.process.pid() + ",");
      before.command("{\"execute\": \"quit\", \"id\": 1}");
      vm.await("vmm disconnected vm=vm1 .* connections=1 cause=\"closed by the VMM\"");
      after.announce();
      nonsense();
      vm.await("vmm disconnected .* connections=1 cause=\"sent 1195725856 as the length");
      assertEquals(
          1, net.status("vm1").getAsJsonObject("drops").get("vmm_length_invalid").getAsInt());
      assertEquals(1, count(vm.text(), "guest arrived"));
      assertFalse(vm.text().contains("guest left"), vm.text());
    }
  }

  private void nonsense() throws IOException {
    try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      client.connect(UnixDomainSocketAddress.of(socket));
      client.write(ByteBuffer.wrap("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
      assertEquals(-1, client.read(ByteBuffer.allocate(1)));
    }
  }

  @Test
  void qemuSendsDatagramsAndIsAnswered() throws Exception {
    assumeTrue(Files.isExecutable(QEMU));
    try (Daemon vm = new Daemon(net.host, "run", vm("dgram"))) {
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      Path own = vmm.resolve("qemu.net");
      Qemu qemu =
          new Qemu(
              "a",
              "dgram,id=n0,local.type=unix,local.path=" + own
                  + ",remote.type=unix,remote.path=" + socket);
      qemu.announce();
      vm.await("vmm connected vm=vm1 peer=" + own + " connections=1")
          .await("guest arrived vm=vm1 trigger=announcement place=foreign moves=1");
      qemu.command("{\"execute\": \"quit\", \"id\": 1}");
      qemu.process.waitFor();
      // The guest is asked whether it is there, and nobody takes the question.
      assertTrue(net.ask("vm1", "status").contains("dgram"));
      IOException refused =
          assertThrows(IOException.class, () -> net.ask("vm1", "home"));
      assertTrue(refused.getMessage().contains("on no home link"), refused.getMessage());
    }
  }
}
