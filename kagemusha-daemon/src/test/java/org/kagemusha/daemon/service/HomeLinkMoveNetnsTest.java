package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
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
import org.kagemusha.tap.netns.NamespaceCall;

/**
 * A guest goes from one host of the home link to another: its first host, which has a daemon, is a
 * bridge, and the rest of the link another one. The guest has an interface in both.
 */
@Tag("netns")
@Timeout(120)
class HomeLinkMoveNetnsTest {

  private static final long ID = ProcessHandle.current().pid();
  private static final String HOST = "host-kl" + ID;
  private static final String LINK = "link-kl" + ID;
  private static final String GUEST = "guest-kl" + ID;
  private static final String GUEST_MAC = "52:54:00:12:34:10";
  private static final String HOME_ADDRESS = "2001:db8:2000::10";
  private static final int PORT = 5000;
  private static final int PACKETS = 100;

  @TempDir Path directory;

  private PlayedVmm vmm;

  private static void ip(String namespace, String command) throws Exception {
    Daemon.run(("ip -n " + namespace + " " + command).split(" "));
  }

  @BeforeEach
  void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"));
    for (String namespace : List.of(HOST, LINK, GUEST)) {
      Daemon.run("ip", "netns", "add", namespace);
      ip(namespace, "link set lo up");
    }
    for (String bridged : List.of(HOST, LINK)) {
      ip(bridged, "link add br0 type bridge mcast_snooping 0");
      ip(bridged, "link set br0 up");
    }
    ip(HOST, "link add up0 type veth peer name up1 netns " + LINK);
    ip(HOST, "link add vm0 type veth peer name g0 netns " + GUEST);
    ip(LINK, "link add vm1 type veth peer name g1 netns " + GUEST);
    for (String port : List.of("up0", "vm0")) {
      ip(HOST, "link set " + port + " master br0 up");
    }
    for (String port : List.of("up1", "vm1")) {
      ip(LINK, "link set " + port + " master br0 up");
    }
    ip(LINK, "address add 2001:db8:2000::9/64 dev br0 nodad");
    ip(LINK, "neighbour add " + HOME_ADDRESS + " lladdr " + GUEST_MAC + " dev br0");
    ip(GUEST, "link set g0 address " + GUEST_MAC);
    ip(GUEST, "link set g1 address " + GUEST_MAC);
    guestIsAt("g0");
    awaitLink();
    vmm = new PlayedVmm(directory.resolve("vm1.qmp"));
  }

  @AfterEach
  void remove() throws Exception {
    if (vmm != null) {
      vmm.close();
    }
    for (String namespace : List.of(HOST, LINK, GUEST)) {
      new ProcessBuilder("ip", "netns", "delete", namespace).start().waitFor();
    }
  }

  private static void guestIsAt(String device) throws Exception {
    ip(GUEST, "link set " + device + " up");
    ip(GUEST, "address add " + HOME_ADDRESS + "/64 dev " + device + " nodad");
  }

  /** A link that has just come up may carry nothing yet. */
  private static void awaitLink() throws Exception {
    Daemon.run(
        "ip", "netns", "exec", GUEST, "ping", "-6", "-i", "0.2", "-c", "1", "-w", "20",
        "2001:db8:2000::9");
  }

  private String configuration() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("vm1.toml"),
            """
            [vm]
            mac = "52:54:00:12:34:10"
            home-address = "2001:db8:2000::10"
            [home]
            prefix = "2001:db8:2000::/64"
            agent = "2001:db8:2000::1"
            [tap]
            bridge = "br0"
            [binding]
            location = "home"
            [protection]
            signalling = "none"
            insecure = true
            """
                + "[vmm]\nqmp-socket = \"" + directory + "/vm1.qmp\"\n"
                + "[control]\nsocket = \"" + directory + "/vm1.sock\"\n[state]\ndirectory = \""
                + directory + "/state\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  private String status() throws Exception {
    return Daemon.run(Daemon.client(directory.resolve("vm1.sock"), "status json"));
  }

  /** Nobody reads the tap of a VM that is stopped, and nobody writes to it. */
  private static void stopGuest() throws Exception {
    String at = " device \"g0\" priority 0; policy drop; }\n";
    Daemon.run(
        "ip", "netns", "exec", GUEST, "nft",
        "table netdev stopped { chain in { type filter hook ingress" + at
            + "chain out { type filter hook egress" + at + "}");
  }

  private static void send() throws Exception {
    try (DatagramSocket sender = NamespaceCall.in(LINK, () -> new DatagramSocket(PORT))) {
      InetSocketAddress guest =
          new InetSocketAddress(InetAddress.getByName(HOME_ADDRESS), PORT);
      for (int i = 0; i < PACKETS; i++) {
        sender.send(new DatagramPacket(new byte[] {(byte) i}, 1, guest));
      }
    }
  }

  /** What comes until all is there, or nothing more. */
  private static List<Integer> receive(DatagramSocket socket) throws Exception {
    List<Integer> numbers = new ArrayList<>();
    DatagramPacket packet = new DatagramPacket(new byte[1], 1);
    try {
      while (numbers.size() < PACKETS) {
        socket.receive(packet);
        numbers.add((int) packet.getData()[0]);
      }
    } catch (SocketTimeoutException e) {
      // Then some are missing, and the log says what was kept.
    }
    return numbers;
  }

  @Test
  void whatCameDuringThePauseFollowsTheGuestToAnotherHostOfTheLink() throws Exception {
    try (Daemon daemon = new Daemon(HOST, "run", configuration());
        DatagramSocket socket = NamespaceCall.in(GUEST, () -> new DatagramSocket(PORT))) {
      socket.setSoTimeout(15_000);
      vmm.greet("running");
      daemon.await("vmm state vm=vm1 state=running");
      vmm.migration("active");
      stopGuest();
      vmm.event("STOP");
      daemon.await("guest paused vm=vm1 place=home");
      assertTrue(status().contains("\"keeping\""), status());
      send();
      vmm.migration("completed");
      vmm.state("postmigrate");
      daemon.await("guest left vm=vm1 place=home");
      ip(GUEST, "link set g0 down");
      guestIsAt("g1");
      awaitLink();
      // There may be more than the datagrams: an answer that the guest was still to get.
      daemon.await(
          "handover forwarding vm=vm1 hoa=2001:db8:2000::10 from=home to=52:54:00:12:34:10 kept=");
      List<Integer> sent = new ArrayList<>();
      for (int i = 0; i < PACKETS; i++) {
        sent.add(i);
      }
      assertEquals(sent, receive(socket), daemon::text);
    }
  }
}
