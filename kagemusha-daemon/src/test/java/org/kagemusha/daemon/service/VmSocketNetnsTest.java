package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
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

  private static final String SUFFIX = "-ks" + ProcessHandle.current().pid();
  private static final String HOME = "home" + SUFFIX;
  private static final String HOST = "host" + SUFFIX;
  private static final String GUEST = "guest" + SUFFIX;
  private static final String INSECURE =
      "[protection]\nsignalling = \"none\"\ninsecure = true\n";
  private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");
  private static final String NOBODY = "65534";

  @TempDir Path directory;

  private final List<Process> processes = new ArrayList<>();
  private Path socket;
  private Path vmm;

  @BeforeEach
  void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"));
    for (String namespace : new String[] {HOME, HOST, GUEST}) {
      Daemon.run("ip", "netns", "add", namespace);
      ip(namespace, "link set lo up");
      in(namespace, "sysctl -qw net.ipv6.conf.all.accept_dad=0"
          + " net.ipv6.conf.default.accept_dad=0");
    }
    in(HOME, "sysctl -qw net.ipv6.conf.all.forwarding=1");
    ip(HOME, "link add br-home address 02:00:00:00:20:01 type bridge mcast_snooping 0");
    ip(HOME, "link set br-home up");
    ip(HOME, "address add 2001:db8:2000::1/64 dev br-home nodad");
    ip(HOME, "link add up0 type veth peer name eth0 netns " + HOST);
    ip(HOME, "address add 2001:db8:3000::1/64 dev up0 nodad");
    ip(HOME, "link set up0 up");
    ip(HOST, "link set eth0 up");
    ip(HOST, "address add 2001:db8:3000::b/64 dev eth0 nodad");
    ip(HOST, "route add default via 2001:db8:3000::1");
    ip(GUEST, "tuntap add dev eth0 mode tap");
    ip(GUEST, "link set eth0 address 52:54:00:12:34:10 up");
    ip(GUEST, "address add 2001:db8:2000::10/64 dev eth0 nodad");
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
    for (String namespace : new String[] {HOME, HOST, GUEST}) {
      new ProcessBuilder("ip", "netns", "delete", namespace).start().waitFor();
    }
  }

  private static void ip(String namespace, String arguments) throws Exception {
    Daemon.run(("ip -n " + namespace + " " + arguments).split(" "));
  }

  private static void in(String namespace, String command) throws Exception {
    Daemon.run(("ip netns exec " + namespace + " " + command).split(" "));
  }

  private String write(String name, String text) throws Exception {
    Path file = directory.resolve(name + ".toml");
    Files.writeString(
        file,
        text + INSECURE + "[control]\nsocket = \"" + directory + "/" + name
            + ".sock\"\n[state]\ndirectory = \"" + directory + "/state-" + name + "\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  private String homeAgent() throws Exception {
    return write(
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
        """);
  }

  private String vm(String link) throws Exception {
    return write(
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
        """);
  }

  private String ctl(String request) throws Exception {
    String client = Path.of("..", "etc", "kagemusha-ctl").toAbsolutePath().toString();
    return Daemon.run(
        ("sh " + client + " -s " + directory + "/vm1.sock " + request).split(" "));
  }

  private JsonObject status() throws Exception {
    return JsonParser.parseString(ctl("status json")).getAsJsonObject();
  }

  private Process start(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    processes.add(process);
    return process;
  }

  @ParameterizedTest
  @ValueSource(strings = {"stream", "dgram"})
  void aGuestBehindASocketReachesItsHome(String link) throws Exception {
    try (Daemon agent = new Daemon(HOME, "home-agent", homeAgent());
        Daemon vm = new Daemon(HOST, "run", vm(link))) {
      agent.await("ready name=ha");
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      Process card =
          start(
              "ip", "netns", "exec", GUEST, "/usr/bin/python3",
              Path.of("src/test/resources/vmsocket/guest.py").toAbsolutePath().toString(), link,
              "eth0", socket.toString(), directory + "/guest.net");
      BufferedReader told =
          new BufferedReader(
              new InputStreamReader(card.getInputStream(), StandardCharsets.UTF_8));
      assertEquals("joined", told.readLine());
      in(GUEST, "ping -c 3 -i 0.2 -W 5 -w 60 -I 2001:db8:2000::10 2001:db8:2000::1");
      in(GUEST, "ping -c 3 -i 0.2 -W 5 -s 1300 -I 2001:db8:2000::10 2001:db8:2000::1");
      vm.await("registered vm=vm1");
      assertTrue(vm.text().contains("vmm has the guest vm=vm1"), vm.text());
      JsonObject status = status();
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
    try (Daemon vm = new Daemon(HOST, "run", vm("stream"))) {
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      String netdev =
          "stream,id=n0,server=off,addr.type=unix,addr.path=" + socket;
      final Qemu before = new Qemu("a", netdev);
      vm.await("vmm connected vm=vm1 peer=pid:\\d+,uid:" + NOBODY + " connections=1");
      assertEquals("waiting", status().get("state").getAsString());
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
          1, status().getAsJsonObject("drops").get("vmm_length_invalid").getAsInt());
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
    try (Daemon vm = new Daemon(HOST, "run", vm("dgram"))) {
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
      assertTrue(ctl("status").contains("dgram"));
      IOException refused =
          org.junit.jupiter.api.Assertions.assertThrows(IOException.class, () -> ctl("home"));
      assertTrue(refused.getMessage().contains("on no home link"), refused.getMessage());
    }
  }
}
