package org.kagemusha.tap.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.message.PcapReader;
import org.kagemusha.core.message.PcapWriter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/**
 * Two kernels talk through us, each by a tap that is its own network card:
 *
 * <pre>
 * client 2001:db8::1 ── tap (MTU 1500) ── this test ── tap (MTU 1500) ── server 2001:db8::2
 * </pre>
 */
@Tag("netns")
class SuperFrameTransferTest {

  private static final int OCTETS = 30_000_000;

  private final Counters counters = new Counters();
  private final PacketBuffer frame = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
  private final PacketBuffer segment = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
  private final Segmenter segmenter = new Segmenter();
  private NetworkNamespace client;
  private NetworkNamespace server;
  private TapDevice clientTap;
  private TapDevice serverTap;
  private boolean inSegments;
  private PcapWriter capture;
  private int captured;
  private int superFrames;
  private int longest;

  @TempDir Path directory;

  @BeforeEach
  void create() {
    client = NetworkNamespace.create();
    server = NetworkNamespace.create();
  }

  @AfterEach
  void remove() {
    if (clientTap != null) {
      clientTap.close();
    }
    if (serverTap != null) {
      serverTap.close();
    }
    client.close();
    server.close();
  }

  private void open(boolean offloads) {
    TapSettings settings =
        new TapSettings("eth0", Optional.empty(), 1500, Optional.empty(), offloads);
    clientTap = client.run(() -> TapDevice.open(settings, counters));
    serverTap = server.run(() -> TapDevice.open(settings, counters));
    client.address("eth0", "2001:db8::1/64");
    server.address("eth0", "2001:db8::2/64");
  }

  private void transfer() throws Exception {
    Process sink = server.start("/usr/bin/python3", "-c",
        "import socket,random\n"
            + "s=socket.create_server(('::',7000),family=socket.AF_INET6)\n"
            + "print('ready',flush=True)\nc,_=s.accept()\n"
            + "d=b''.join(iter(lambda: c.recv(1<<20), b''))\n"
            + "print(d==random.Random(1).randbytes(" + OCTETS + "),flush=True)\n");
    assertEquals("ready", sink.inputReader().readLine());
    Process source = client.start("/usr/bin/python3", "-c",
        "import socket,random\n"
            + "c=socket.create_connection(('2001:db8::2',7000),10)\n"
            + "c.sendall(random.Random(1).randbytes(" + OCTETS + "))\nc.close()\n");
    while (sink.isAlive()) {
      Readiness.await(clientTap.fd(), 1);
      pump(clientTap, serverTap);
      pump(serverTap, clientTap);
    }
    assertEquals("True", sink.inputReader().readLine());
    source.destroy();
    for (NetworkNamespace end : new NetworkNamespace[] {client, server}) {
      String[] tcp = end.exec("grep", "^Tcp:", "/proc/net/snmp").strip().split("\\s+");
      assertEquals("0", tcp[tcp.length - 1], "TCP checksum errors");
    }
    assertEquals(0, counters.drops(DropReason.OFFLOAD_INVALID));
    assertEquals(0, counters.drops(DropReason.RECEIVE_TRUNCATED));
  }

  private void pump(TapDevice from, TapDevice to) throws Exception {
    for (int i = 0; i < 64 && from.read(frame) > 0; i++) {
      longest = Math.max(longest, frame.length());
      superFrames += frame.isSuperPacket() ? 1 : 0;
      if (!inSegments) {
        give(frame, to);
      } else if (frame.isSuperPacket()) {
        assertTrue(segmenter.begin(frame, EthernetHeader.BYTES));
        assertTrue(segmenter.largest() <= 1500 + EthernetHeader.BYTES);
        while (segmenter.hasNext()) {
          segmenter.next(segment);
          give(segment, to);
        }
      } else {
        if (frame.isUnfinished()) {
          UnfinishedChecksum.finish(frame);
        }
        give(frame, to);
      }
    }
  }

  private void give(PacketBuffer outgoing, TapDevice to) throws Exception {
    if (capture != null && captured++ < 2000) {
      capture.write(
          0, PcapWriter.Direction.INBOUND, captured, outgoing.bytes(), outgoing.offset(),
          outgoing.length());
    }
    to.send(outgoing);
  }

  @ParameterizedTest
  @CsvSource({"true, false", "true, true", "false, false"})
  void aTransferArrivesIntact(boolean offloads, boolean segments) throws Exception {
    open(offloads);
    inSegments = segments;
    transfer();
    if (offloads) {
      assertTrue(superFrames > 0, "no super-frame came");
      assertTrue(longest > 20_000, "longest " + longest);
    } else {
      assertEquals(0, superFrames);
      assertTrue(longest <= 1514, "longest " + longest);
    }
  }

  @Test
  void tsharkFindsEveryChecksumRight() throws Exception {
    open(true);
    inSegments = true;
    Path file = directory.resolve("segments.pcapng");
    try (OutputStream output = Files.newOutputStream(file);
        PcapWriter writer =
            new PcapWriter(
                output, List.of(new PcapWriter.Interface("tap", PcapReader.ETHERNET)))) {
      capture = writer;
      transfer();
      // UDP_SEGMENT (103) of level 17: one call, three datagrams.
      client.exec("/usr/bin/python3", "-c",
          "import socket\ns=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM)\n"
              + "s.setsockopt(17,103,1000)\ns.sendto(b'x'*2500,('2001:db8::2',9))\n");
      captured = 0;
      int datagrams = superFrames;
      while (Readiness.await(clientTap.fd(), 200)) {
        pump(clientTap, serverTap);
      }
      assertEquals(clientTap.segmentsUdp() ? datagrams + 1 : datagrams, superFrames);
    }
    assertTrue(superFrames > 0);
    String all = tshark(file, "tcp.checksum.status == 1 or udp.checksum.status == 1");
    String bad = tshark(file,
        "tcp.checksum.status == 0 or udp.checksum.status == 0 or icmpv6.checksum.status == 0");
    assertTrue(all.lines().count() > 1000, "too few frames");
    assertEquals(3, tshark(file, "udp.port == 9 and udp.checksum.status == 1").lines().count());
    assertEquals("", bad);
  }

  private String tshark(Path file, String filter) {
    return client.exec("sh", "-c",
        "tshark -r " + file + " -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -Y '"
            + filter + "' -T fields -e frame.number 2>/dev/null");
  }
}
