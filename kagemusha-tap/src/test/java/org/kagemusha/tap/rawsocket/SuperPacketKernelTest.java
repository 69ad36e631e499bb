package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;
import org.kagemusha.tap.tap.TapDevice;
import org.kagemusha.tap.tap.TapSettings;

/**
 * A kernel tunnels TCP to us by its own IPv6-in-IPv6, with segmentation and checksums left to the
 * (virtual) hardware, so that packets of up to 64 KiB with unfinished checksums reach the socket.
 *
 * <pre>
 * far: TCP server 2001:db8:2000::2, seg6 to 2001:db8:3000::2 ── veth ── host: UnderlaySocket
 *                                                                          │ this test
 *                                            guest: 2001:db8:2000::10 ── tap (MTU 1400)
 * </pre>
 */
@Tag("netns")
class SuperPacketKernelTest {

  private static final Ipv6Address LOCAL = Ipv6Address.parse("2001:db8:3000::2");
  private static final Ipv6Address DECAPSULATOR = Ipv6Address.parse("2001:db8:3000::d6");
  private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:10");
  private static final MacAddress ROUTER = MacAddress.parse("02:00:00:00:00:fe");
  private static final int FIN_AND_PSH = 0x09;
  private static final int OCTETS = 20_000_000;
  private static final int ETHTOOL_SET_TX_CHECKSUM = 0x17;
  private static final int ETHTOOL_SET_TSO = 0x1f;
  private static final int ETHTOOL_SET_GSO = 0x24;
  private static final int ETHTOOL_SET_GRO = 0x2c;

  private final Counters counters = new Counters();
  private final PacketBuffer buffer = NativeMemory.packetBuffer(NativeMemory.LARGEST_PACKET);
  private NetworkNamespace far;
  private NetworkNamespace host;
  private NetworkNamespace guest;
  private TapDevice tap;
  private int longestInner;
  private int bursts;

  @BeforeEach
  void create() {
    far = NetworkNamespace.create();
    host = NetworkNamespace.create();
    guest = NetworkNamespace.create();
    NetworkNamespace.connect(far, "veth0", host, "veth0");
    far.address("veth0", "2001:db8:3000::1/64");
    far.address("lo", "2001:db8:2000::2/128");
    host.address("veth0", LOCAL + "/64");
    far.sysctl("net.ipv6.conf.all.forwarding", "1");
    far.sysctl("net.ipv6.conf.all.seg6_enabled", "1");
    far.sysctl("net.ipv6.conf.veth0.seg6_enabled", "1");
    host.ip("-6 route add " + DECAPSULATOR + " via 2001:db8:3000::1");
    TapSettings settings = new TapSettings("eth0", Optional.of(GUEST), 1400, Optional.empty());
    tap = guest.run(() -> TapDevice.open(settings, counters));
    guest.address("eth0", "2001:db8:2000::10/64");
    guest.ip("neigh add 2001:db8:2000::2 lladdr " + ROUTER + " dev eth0");
    far.ip("-6 route add " + DECAPSULATOR + " encap seg6local action End.DT6 table 255 dev veth0");
    far.ip("-6 route add 2001:db8:2000::10/128 encap seg6 mode encap.red segs " + LOCAL
        + " dev veth0");
  }

  @AfterEach
  void remove() {
    tap.close();
    guest.close();
    host.close();
    far.close();
  }

  @ParameterizedTest
  @CsvSource({"1280, 1280", "1280, 1400", "1400, 1400"})
  void segmentsThatTheSenderNeverPartedReachTheGuestIntact(int segmentOctets, int ordinary)
      throws Exception {
    transfer(segmentOctets, ordinary, ordinary);
  }

  @Test
  void segmentsThatReceiveOffloadJoinedReachTheGuestIntact() throws Exception {
    offload(far, ETHTOOL_SET_TX_CHECKSUM, false);
    offload(far, ETHTOOL_SET_TSO, false);
    offload(far, ETHTOOL_SET_GSO, false);
    offload(host, ETHTOOL_SET_GRO, true);
    // Single segments come finished and are left as long as they are.
    transfer(1280, 1280, 1400);
  }

  /** What ethtool(8) does to {@code veth0}. */
  private static void offload(NetworkNamespace namespace, int command, boolean on) {
    namespace.exec("/usr/bin/python3", "-c",
        "import socket,fcntl,struct,array\n"
            + "v=array.array('B',struct.pack('II'," + command + "," + (on ? 1 : 0) + "))\n"
            + "r=struct.pack('16sP16x',b'veth0',v.buffer_info()[0])\n"
            + "fcntl.ioctl(socket.socket(socket.AF_INET,socket.SOCK_DGRAM),0x8946,r)\n");
  }

  private void transfer(int segmentOctets, int ordinary, int longest) throws Exception {
    UnderlaySettings settings =
        new UnderlaySettings(LOCAL, 0, Optional.empty(), 0, segmentOctets)
            .withBatch(16, 1500)
            .withOrdinary(ordinary);
    try (UnderlaySocket socket = host.run(() -> UnderlaySocket.open(settings, counters))) {
      Process server = far.start("/usr/bin/python3", "-c",
          "import socket,random\n"
              + "s=socket.create_server(('::',7000),family=socket.AF_INET6)\n"
              + "print('ready',flush=True)\nc,_=s.accept()\n"
              + "c.sendall(random.Random(1).randbytes(" + OCTETS + "))\nc.close()\n");
      assertEquals("ready", server.inputReader().readLine());
      Process client = guest.start("/usr/bin/python3", "-c",
          "import socket,random,hashlib\n"
              + "c=socket.create_connection(('2001:db8:2000::2',7000),10)\n"
              + "d=b''.join(iter(lambda: c.recv(1<<20), b''))\n"
              + "print(d==random.Random(1).randbytes(" + OCTETS + "))\n");
      while (client.isAlive()) {
        pump(socket);
      }
      server.destroy();
      assertEquals("True", client.inputReader().readLine());
    }
    assertTrue(bursts > 0, "nothing was joined");
    assertTrue(longestInner <= longest, "longest " + longestInner);
    assertEquals(0, counters.drops(DropReason.RECEIVE_UNFINISHED));
    String[] tcp = guest.exec("grep", "^Tcp:", "/proc/net/snmp").strip().split("\\s+");
    assertEquals("0", tcp[tcp.length - 1], "TCP checksum errors at the guest");
  }

  @Test
  void joinedDatagramsAreDroppedAndSingleOnesCanBeFinished() throws Exception {
    try (UnderlaySocket socket =
        host.run(() -> UnderlaySocket.open(UnderlaySettings.of(LOCAL), counters))) {
      // UDP_SEGMENT (103) of level 17: one call, three datagrams, joined until a device parts them.
      far.exec("/usr/bin/python3", "-c",
          "import socket\ns=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM)\n"
              + "s.bind(('2001:db8:2000::2',0))\n"
              + "s.sendto(b'one',('2001:db8:2000::10',9))\n"
              + "s.setsockopt(17,103,1000)\ns.sendto(b'x'*3000,('2001:db8:2000::10',9))\n");
      UnderlayReceiver receiver = socket.receivers().get(0);
      assertTrue(Readiness.await(receiver.fd(), 5000));
      PacketBuffer single = receiver.receive();
      assertEquals(40 + 40 + 8 + 3, single.length());
      single.trimFront(40);
      UnfinishedChecksum.finish(single);
      assertTrue(UdpWitness.isIntact(single));
      while (counters.drops(DropReason.RECEIVE_UNFINISHED) == 0) {
        assertTrue(Readiness.await(receiver.fd(), 5000));
        assertNull(receiver.receive());
      }
    }
  }

  /** As an offloading device would, to the segment size that the buffer names. */
  private void divide(PacketBuffer joined) {
    byte[] all = joined.toBytes();
    int tcp = joined.checksumStart() - joined.offset();
    int payload = tcp + ((all[tcp + 12] & 0xf0) >>> 2);
    int sequence = joined.bytes().getInt(joined.offset() + tcp + 4);
    for (int at = payload; at < all.length; at += joined.segmentSize()) {
      int count = Math.min(joined.segmentSize(), all.length - at);
      int length = payload + count;
      ByteBuffer octets = buffer.set(PacketBuffer.HEADROOM, length).bytes();
      int start = PacketBuffer.HEADROOM;
      octets.put(start, all, 0, payload).put(start + payload, all, at, count);
      octets.putShort(start + 14 + 4, (short) (length - tcp));
      octets.putInt(start + tcp + 4, sequence + at - payload);
      boolean last = at + count == all.length;
      octets.put(start + tcp + 13, (byte) (last ? all[tcp + 13] : all[tcp + 13] & ~FIN_AND_PSH));
      octets.putShort(start + tcp + 16, (short) 0);
      long sum =
          InternetChecksum.pseudoHeader(octets, start + 14, length - tcp, Protocol.TCP)
              + InternetChecksum.sum(octets, start + tcp, length - tcp);
      octets.putShort(start + tcp + 16, (short) InternetChecksum.finish(sum));
      longestInner = Math.max(longestInner, length - EthernetHeader.BYTES);
      tap.send(buffer);
    }
  }

  private void pump(UnderlaySocket socket) throws Exception {
    UnderlayReceiver receiver = socket.receivers().get(0);
    Readiness.await(receiver.fd(), 1);
    PacketBuffer packet;
    while ((packet = receiver.receive()) != null) {
      packet.trimFront(Ipv6Header.BYTES).prepend(EthernetHeader.BYTES);
      GUEST.write(packet.bytes(), packet.offset());
      ROUTER.write(packet.bytes(), packet.offset() + 6);
      packet.bytes().putShort(packet.offset() + 12, (short) 0x86dd);
      if (packet.isSuperPacket()) {
        bursts++;
        divide(packet);
      } else {
        longestInner = Math.max(longestInner, packet.length() - EthernetHeader.BYTES);
        UnfinishedChecksum.finish(packet);
        tap.send(packet);
      }
    }
    for (int i = 0; i < 64 && tap.read(buffer) > 0; i++) {
      int length = buffer.length() - EthernetHeader.BYTES;
      buffer.trimFront(EthernetHeader.BYTES).prepend(Ipv6Header.BYTES);
      Ipv6Header.write(
          buffer.bytes(), buffer.offset(), 0, 0, length, 41, 64, LOCAL, DECAPSULATOR);
      socket.send(buffer);
      socket.flush((outer, why) -> { });
    }
  }
}
