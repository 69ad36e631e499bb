package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay.Sent;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;
import org.kagemusha.tap.nft.KernelQuiet;

/** ESP in UDP between two namespaces: scapy or Python's sockets at the peer. */
@Tag("netns")
class EncapsulationSocketTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:3000::1");
  private static final UnderlaySettings AGENT =
      UnderlaySettings.of(LOCAL).withEncapsulation(UdpEncapsulation.DEFAULT_PORT, false);

  /** Sends argument 1, a list of scapy packets, and ends when the host has answered a ping. */
  private static final String SEND =
      """
      P = IPv6(src="2001:db8:3000::1", dst="2001:db8:3000::2", tc=0xb9, hlim=61)
      E = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
      packets = %s
      for p in packets:
          print(raw(p).hex())
          sendp(E / p, iface="veth0", verbose=0)
      if srp1(E / P / ICMPv6EchoRequest(), iface="veth0", verbose=0, timeout=10) is None:
          sys.exit("the host did not answer")
      """;

  private final Counters counters = new Counters();
  private NetworkNamespace peer;
  private NetworkNamespace host;
  private UnderlaySocket socket;

  @BeforeEach
  void create() {
    peer = NetworkNamespace.create();
    host = NetworkNamespace.create();
    NetworkNamespace.connect(peer, "veth0", host, "veth0");
    peer.ip("link set veth0 address 02:00:00:00:00:01");
    host.ip("link set veth0 address 02:00:00:00:00:02");
    peer.address("veth0", PEER + "/64");
    host.address("veth0", LOCAL + "/64");
    host.address("veth0", OTHER + "/64");
    host.ip("neigh add " + PEER + " lladdr 02:00:00:00:00:01 dev veth0");
    peer.ip("neigh add " + LOCAL + " lladdr 02:00:00:00:00:02 dev veth0");
    peer.ip("neigh add " + OTHER + " lladdr 02:00:00:00:00:02 dev veth0");
    socket = open(AGENT);
  }

  @AfterEach
  void remove() {
    socket.close();
    host.close();
    peer.close();
  }

  @Test
  void rfc3948_deliversWholePacketsWithThePortsThatTheyHad() throws IOException {
    List<String> sent =
        send("[P/UDP(sport=40000,dport=4500)/Raw(bytes(range(1,90))),"
            + "P/UDP(sport=4500,dport=4500)/Raw(b'\\xff'),"
            + "P/UDP(sport=40001,dport=4500)]");
    List<String> received = receiveAll();
    assertEquals(3, sent.size());
    for (int i = 0; i < sent.size(); i++) {
      // The kernel has verified the checksum and does not hand it over.
      String whole = sent.get(i);
      assertEquals(whole.substring(0, 92) + "0000" + whole.substring(96), received.get(i));
    }
    assertEquals(3, received.size());
    assertEquals(4500, socket.encapsulationPort());
    assertEquals(Protocol.UDP, udp().protocol());
  }

  @Test
  void rfc8200_s8_1_wrongAndZeroChecksumsAreNotDelivered() throws IOException {
    send("[P/UDP(sport=1,dport=4500,chksum=1)/Raw(b'abcd'),"
        + "P/UDP(sport=1,dport=4500,chksum=0)/Raw(b'abcd'),"
        + "P/UDP(sport=1,dport=4501)/Raw(b'abcd')]");
    assertEquals(List.of(), receiveAll());
  }

  @Test
  void rfc8200_s4_5_deliversReassembledDatagrams() throws IOException {
    send("fragment6(P/IPv6ExtHdrFragment(id=7)"
        + "/UDP(sport=40000,dport=4500)/Raw(bytes(3000)),1280)");
    List<String> received = receiveAll();
    assertEquals(1, received.size());
    assertEquals(2 * (48 + 3000), received.get(0).length());
  }

  /** A sender on the same machine that leaves cutting to the hardware, which veth has not. */
  @ParameterizedTest
  @ValueSource(ints = {1, 64})
  void datagramsThatAnOffloadJoinedComeOneByOne(int batch) throws IOException {
    socket.close();
    socket = open(AGENT.withBatch(batch, 1500));
    assertEquals(batch > 1, socket.joinsUdp());
    peer.exec("/usr/bin/python3", "-c", """
        import socket
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(17, 103, 1000)
        s.sendto(bytes(i // 1000 + 1 for i in range(2500)), ("2001:db8:3000::2", 4500))
        """);
    assertTrue(Readiness.await(udp().fd(), 5000));
    List<String> all = receiveAll();
    assertEquals(3, all.size());
    for (int i = 0; i < 3; i++) {
      String payload = String.format("%02x", i + 1).repeat(i == 2 ? 500 : 1000);
      assertEquals(payload, all.get(i).substring(2 * 48));
      int length = Integer.parseInt(all.get(i).substring(2 * 44, 2 * 46), 16);
      assertEquals(8 + payload.length() / 2, length);
      assertEquals("1194", all.get(i).substring(2 * 42, 2 * 44));
    }
  }

  @Test
  void rfc3948_sendsWhatAKernelTakes() throws IOException {
    Process receiver =
        peer.start("/usr/bin/python3", "-c", """
            import socket
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            s.bind(("2001:db8:3000::1", 40000))
            s.settimeout(10)
            print("ready", flush=True)
            data, address = s.recvfrom(2000)
            print(data.hex(), address[0], address[1])
            """);
    assertEquals("ready", receiver.inputReader().readLine());
    PacketBuffer packet = PacketBuffer.copyOf(HexFormat.of().parseHex("0000100000000001aabbcc"));
    UdpEncapsulation.prepend(packet, 4500, 40_000, LOCAL, PEER);
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, Protocol.UDP, 64, LOCAL, PEER);
    assertEquals(Sent.OK, socket.send(packet));
    assertEquals(
        "0000100000000001aabbcc " + PEER.toString().replace("::1", "::2") + " 4500",
        receiver.inputReader().readLine());
  }

  @Test
  void aTakenPortIsNamedOrReplacedAsTheSettingsSay() throws IOException {
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> open(AGENT));
    KernelException cause = (KernelException) refused.getCause();
    assertEquals(Errno.EADDRINUSE, cause.errno());
    String text = cause.getMessage();
    assertTrue(text.startsWith("bind UDP port 4500 of 2001:db8:3000::2: EADDRINUSE"), text);
    assertTrue(text.contains("ss -lunp sport = :4500"), text);
    try (UnderlaySocket second = open(UnderlaySettings.of(LOCAL).withEncapsulation(4500, true))) {
      int port = second.encapsulationPort();
      assertTrue(port > 1023 && port < 65_536 && port != 4500, "port " + port);
    }
    try (UnderlaySocket none = open(UnderlaySettings.of(LOCAL))) {
      assertEquals(0, none.encapsulationPort());
      assertEquals(6, none.receivers().size());
    }
  }

  @Test
  void rebindingFollowsACareOfAddressWithTheSameDescriptor() throws IOException {
    int fd = udp().fd();
    send("[P/UDP(sport=1,dport=4500)/Raw(b'for the old')]");
    rebind(socket, OTHER);
    assertEquals(fd, udp().fd());
    assertEquals(4500, socket.encapsulationPort());
    datagram(OTHER, "for the new");
    assertTrue(Readiness.await(fd, 5000));
    List<String> received = receiveAll();
    assertEquals(2, received.size());
    assertTrue(received.get(0).endsWith(HexFormat.of().formatHex("for the old".getBytes())));
    assertEquals(hex(LOCAL), received.get(0).substring(48, 80));
    assertTrue(received.get(1).endsWith(HexFormat.of().formatHex("for the new".getBytes())));
    assertEquals(hex(OTHER), received.get(1).substring(48, 80));
    assertFalse(Readiness.await(fd, 0));
    // The old port is free again.
    open(AGENT).close();
    rebind(socket, LOCAL);
    rebind(socket, OTHER);
    datagram(OTHER, "again");
    assertTrue(Readiness.await(fd, 5000));
    assertEquals(1, receiveAll().size());
  }

  @Test
  void rebindingToATakenPortStaysOrTakesAnother() throws IOException {
    try (UnderlaySocket second = open(UnderlaySettings.of(OTHER).withEncapsulation(4500, true))) {
      assertEquals(4500, second.encapsulationPort());
      assertThrows(IllegalStateException.class, () -> rebind(socket, OTHER));
      rebind(second, LOCAL);
      assertNotEquals(4500, second.encapsulationPort());
    }
    datagram(LOCAL, "still here");
    assertTrue(Readiness.await(udp().fd(), 5000));
    assertEquals(1, receiveAll().size());
  }

  @Test
  void rfc4443_s3_1_portUnreachableStaysInWithTheRule() throws IOException {
    assertEquals("silent", probe(40_000, 4500));
    socket.close();
    assertEquals("refused", probe(40_000, 4500));
    assertEquals("refused", probe(4500, 40_000));
    host.run(
        () -> {
          new KernelQuiet("underlay").install(List.of(LOCAL), 4500);
          return null;
        });
    assertEquals("silent", probe(40_000, 4500));
    assertEquals("silent", probe(4500, 40_000));
    // Every other port is the host's own business.
    assertEquals("refused", probe(40_000, 40_000));
    socket = open(AGENT);
  }

  private UnderlayReceiver udp() {
    return socket.receivers().get(6);
  }

  private UnderlaySocket open(UnderlaySettings settings) {
    return host.run(() -> UnderlaySocket.open(settings, counters));
  }

  private void rebind(UnderlaySocket which, Ipv6Address local) {
    host.run(
        () -> {
          which.rebind(local);
          return null;
        });
  }

  private List<String> send(String packets) {
    return peer.scapy(String.format(SEND, packets)).lines().toList();
  }

  private void datagram(Ipv6Address to, String text) {
    peer.exec("/usr/bin/python3", "-c",
        "import socket\ns=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM)\n"
            + "s.sendto(b'" + text + "',('" + to + "',4500))");
  }

  /** What a connected UDP socket learns: the ping comes after the error. */
  private String probe(int from, int to) {
    return peer.exec("/usr/bin/python3", "-c",
            "import socket,subprocess\ns=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM)\n"
                + "s.bind(('" + PEER + "'," + from + "))\n"
                + "s.connect(('" + LOCAL + "'," + to + "))\n"
                + "s.send(bytes(20))\n"
                + "subprocess.run(['ping','-6','-c','1','-W','5','" + LOCAL + "'],"
                + "stdout=subprocess.DEVNULL,check=True)\n"
                + "try:\n  s.recv(1,socket.MSG_DONTWAIT)\n"
                + "except ConnectionRefusedError:\n  print('refused')\n"
                + "except BlockingIOError:\n  print('silent')\n")
        .strip();
  }

  private List<String> receiveAll() throws IOException {
    List<String> all = new ArrayList<>();
    PacketBuffer into;
    while ((into = udp().receive()) != null) {
      assertTrue(Ipv6Header.isComplete(into.bytes(), into.offset(), into.length()));
      all.add(HexFormat.of().formatHex(into.toBytes()));
      // What a caller may do around the packet must not reach the next.
      for (int i = into.end(); i < into.end() + PacketBuffer.TAILROOM; i++) {
        into.bytes().put(i, (byte) 0x5a);
      }
    }
    assertFalse(udp().pending());
    return all;
  }

  private static String hex(Ipv6Address address) {
    return HexFormat.of().formatHex(address.toBytes());
  }
}
