package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay.Sent;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/** Queued packets between two namespaces, with our sockets at both ends and tcpdump between. */
@Tag("netns")
class UnderlayBatchTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address PEER = Ipv6Address.parse("2001:db8:3000::1");
  private static final Ipv6Address NOWHERE = Ipv6Address.parse("2001:db8:dead::1");

  private final Counters counters = new Counters();
  private final List<String> refusals = new ArrayList<>();
  private final UnderlaySocket.Refused refused =
      (outer, why) -> refusals.add(why + " " + (outer.bytes().get(outer.end() - 1) & 0xff));
  private NetworkNamespace peer;
  private NetworkNamespace host;
  private UnderlaySocket socket;
  private UnderlaySocket far;

  @BeforeEach
  void create() {
    peer = NetworkNamespace.create();
    host = NetworkNamespace.create();
    NetworkNamespace.connect(peer, "veth0", host, "veth0");
    peer.address("veth0", PEER + "/64");
    host.address("veth0", LOCAL + "/64");
    host.address("veth0", OTHER + "/64");
    peer.ip("link set veth0 address 02:00:00:00:00:01");
    host.ip("neigh add " + PEER + " lladdr 02:00:00:00:00:01 dev veth0");
    UnderlaySettings ours =
        UnderlaySettings.of(LOCAL).withEncapsulation(4500, false).withBatch(64, 1500);
    socket = host.run(() -> UnderlaySocket.open(ours, counters));
    UnderlaySettings theirs =
        UnderlaySettings.of(PEER).withEncapsulation(4500, false).withBatch(64, 1500);
    far = peer.run(() -> UnderlaySocket.open(theirs, counters));
  }

  @AfterEach
  void remove() {
    far.close();
    socket.close();
    host.close();
    peer.close();
  }

  @Test
  void keepsTheOrderOfABatchAndTellsWhichPacketWasRefused() throws Exception {
    for (int i = 0; i < 150; i++) {
      PacketBuffer slot = socket.slot(200);
      assertSame(slot, socket.slot(100));
      slot.copyFrom(tunnelled(i % 70 == 3 ? NOWHERE : PEER, 200, i));
      assertEquals(i % 70 == 3 && i > 70 ? Sent.UNREACHABLE : Sent.OK, socket.send(slot));
    }
    socket.flush(refused);
    assertTrue(socket.isEmpty());
    assertEquals(List.of("UNREACHABLE 3"), refusals);
    List<Integer> expected = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      if (i % 70 != 3) {
        expected.add(i);
      }
    }
    assertEquals(expected, received(0));
  }

  @Test
  void aDeviceThatShrankRefusesWithinTheBatchAndALongerPacketAtOnce() throws Exception {
    host.ip("link set veth0 mtu 1400");
    for (int i = 0; i < 5; i++) {
      assertEquals(Sent.OK, socket.send(tunnelled(PEER, i == 2 ? 1450 : 1400, i)));
      assertEquals(Sent.OK, socket.send(esp(LOCAL, i == 2 ? 1450 : 1400, 10 + i)));
    }
    socket.flush(refused);
    assertEquals(List.of("TOO_BIG 2", "TOO_BIG 12"), refusals);
    assertEquals(List.of(0, 1, 3, 4), received(0));
    assertEquals(List.of(10, 11, 13, 14), received(6));
    assertEquals(Sent.TOO_BIG, socket.send(tunnelled(PEER, 1501, 9)));
    assertEquals(Sent.TOO_BIG, socket.send(esp(LOCAL, 1501, 9)));
    assertTrue(socket.isEmpty());
  }

  @Test
  void rfc3948_segmentsOfOneCallAreDatagramsWithTheirHeadersOnTheWire() throws Exception {
    // ETHTOOL_STXCSUM: a device that can do nothing gets datagrams that are finished.
    host.exec("/usr/bin/python3", "-c",
        "import socket,fcntl,struct,array\n"
            + "v=array.array('B',struct.pack('II',0x17,0))\n"
            + "r=struct.pack('16sP16x',b'veth0',v.buffer_info()[0])\n"
            + "fcntl.ioctl(socket.socket(socket.AF_INET,socket.SOCK_DGRAM),0x8946,r)\n");
    Path file = Files.createTempFile("und", ".pcap");
    Process capture =
        peer.start("tcpdump", "-U", "--immediate-mode", "-i", "veth0", "-w", file.toString(),
            "udp", "port", "4500");
    while (Files.size(file) < 24) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 5; i++) {
      assertEquals(Sent.OK, socket.send(esp(LOCAL, i == 4 ? 700 : 1000, i)));
    }
    assertEquals(Sent.OK, socket.send(esp(LOCAL, 1000, 5)));
    socket.flush(refused);
    assertEquals(List.of(0, 1, 2, 3, 4, 5), received(6));
    capture.destroy();
    capture.waitFor();
    String text =
        peer.exec("tshark", "-r", file.toString(), "-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "ipv6.flow", "-e",
            "ipv6.tclass", "-e", "ipv6.hlim", "-e", "udp.checksum.status",
            "-e", "udp.length");
    List<String> lines = text.lines().filter(l -> l.startsWith("0x")).toList();
    assertEquals(6, lines.size(), text);
    for (int i = 0; i < 6; i++) {
      assertEquals("0x012345\t0x0000002d\t63\t1\t" + (i == 4 ? 660 : 960), lines.get(i));
    }
    Files.delete(file);
  }

  @Test
  void rebindingSendsWhatWaitsFirst() throws Exception {
    assertEquals(Sent.OK, socket.send(esp(LOCAL, 1000, 1)));
    host.run(
        () -> {
          socket.rebind(OTHER);
          return null;
        });
    assertTrue(socket.isEmpty());
    // From the old address it leaves by the raw socket, its checksum computed.
    assertEquals(Sent.OK, socket.send(esp(LOCAL, 1000, 2)));
    assertEquals(Sent.OK, socket.send(esp(OTHER, 1000, 3)));
    socket.flush(refused);
    assertEquals(List.of(1, 2, 3), received(6));
    assertEquals(List.of(), refusals);
  }

  /** The witness is the kernel's table of raw sockets. */
  @Test
  @Timeout(60)
  void whatTheKernelHasNoRoomForIsCounted() throws Exception {
    UnderlayReceiver from = far.receivers().get(0);
    while (kernelDrops() == 0) {
      for (int i = 0; i < 1000; i++) {
        socket.send(tunnelled(PEER, 1500, i));
      }
      socket.flush(refused);
    }
    assertEquals(0, counters.drops(DropReason.RECEIVE_OVERFLOW));
    do {
      while (from.receive() != null) {
        continue;
      }
    } while (Readiness.await(from.fd(), 0));
    // The kernel tells with the next packet that it takes.
    socket.send(tunnelled(PEER, 1500, 1));
    socket.flush(refused);
    assertTrue(Readiness.await(from.fd(), 5000));
    assertNotNull(from.receive());
    assertEquals(kernelDrops(), counters.drops(DropReason.RECEIVE_OVERFLOW));
  }

  private long kernelDrops() {
    for (String line : peer.exec("cat", "/proc/net/raw6").lines().toList()) {
      String[] fields = line.strip().split(" +");
      if (fields[1].endsWith(":0029")) {
        return Long.parseLong(fields[fields.length - 1]);
      }
    }
    throw new AssertionError("no raw socket for IPv6 in IPv6");
  }

  /** The last octets of all that arrived, and that headers came as they were. */
  private List<Integer> received(int receiver) throws IOException {
    List<Integer> numbers = new ArrayList<>();
    UnderlayReceiver from = far.receivers().get(receiver);
    assertTrue(Readiness.await(from.fd(), 5000));
    do {
      PacketBuffer packet;
      while ((packet = from.receive()) != null) {
        int at = packet.offset();
        assertEquals(0x62d0_0000, packet.bytes().getInt(at));
        assertEquals(63, packet.bytes().get(at + Ipv6Header.HOP_LIMIT));
        assertTrue(Ipv6Header.isComplete(packet.bytes(), at, packet.length()));
        numbers.add(packet.bytes().get(packet.end() - 1) & 0xff);
      }
    } while (Readiness.await(from.fd(), 100));
    assertNull(from.receive());
    return numbers;
  }

  private static PacketBuffer tunnelled(Ipv6Address destination, int length, int number) {
    return packet(LOCAL, destination, Protocol.IPV6, length, number);
  }

  private static PacketBuffer esp(Ipv6Address source, int length, int number) {
    PacketBuffer packet = packet(source, PEER, Protocol.UDP, length, number);
    int udp = packet.offset() + Ipv6Header.BYTES;
    packet.bytes().putLong(udp, 4500L << 48 | 4500L << 32 | (length - 40L) << 16);
    packet.bytes().putInt(udp + 8, 0x1234);
    return packet;
  }

  private static PacketBuffer packet(
      Ipv6Address source, Ipv6Address destination, int protocol, int length, int number) {
    PacketBuffer packet = NativeMemory.packetBuffer(length).set(PacketBuffer.HEADROOM, length);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0x2d, 0x12345, length - 40, protocol, 63, source,
        destination);
    packet.bytes().put(packet.end() - 1, (byte) number);
    return packet;
  }
}
