package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.kagemusha.core.wire.PacketBuffer;

/** What holds for all streams: nothing is lost, changed or out of order, and segments are plain. */
class OffloadProperties {

  private static final byte[][] EXTENSIONS = {
    {}, HexFormat.of().parseHex("00010400000000"), HexFormat.of().parseHex("01" + "00".repeat(14))
  };

  /** Segments are what the plain segmentation makes, for any sizes, headers and memory. */
  @Property(tries = 400)
  void segmentsAreThoseOfThePlainSegmentation(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 65_000) int length,
      @ForAll @IntRange(min = 1, max = 9000) int size,
      @ForAll boolean tcp,
      @ForAll boolean direct) {
    Random random = new Random(seed);
    int protocol = tcp ? Frames.TCP : Frames.UDP;
    int segment = Math.max(size, length / Segmenter.MOST_SEGMENTS + 1);
    byte[] extension = EXTENSIONS[random.nextInt(EXTENSIONS.length)];
    byte[] chain = extension.length == 0 ? extension
        : Frames.concat(new byte[] {(byte) protocol}, extension);
    byte[] options = new byte[4 * random.nextInt(11)];
    random.nextBytes(options);
    int flags = random.nextInt(256) & ~Frames.SYN;
    byte[] header =
        tcp ? Frames.tcpHeader(random.nextInt(), flags, options) : new byte[8];
    byte[] payload = new byte[length];
    random.nextBytes(payload);
    byte[] upper = Frames.concat(chain, header, payload);
    byte[] frame = Frames.frame(chain.length == 0 ? protocol : 60, upper);
    int link = random.nextBoolean() ? Frames.LINK : 0;
    byte[] whole = Arrays.copyOfRange(frame, Frames.LINK - link, frame.length);
    int at = link + 40 + chain.length;
    PacketBuffer packet = Frames.unfinished(whole, link, at, protocol, segment);
    PacketBuffer target =
        direct
            ? PacketBuffer.allocate(9200)
            : PacketBuffer.copyOf(new byte[9200]);
    Segmenter segmenter = new Segmenter();
    assertTrue(segmenter.begin(packet, link));
    List<byte[]> expected = Frames.part(whole, link, at, protocol, segment);
    List<byte[]> actual = Frames.segments(segmenter, target);
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i));
    }
    assertEquals(expected.get(0).length, segmenter.largest());
  }

  /** One of the flows of a stream. */
  private static final class Flow {
    final List<byte[]> packets = new ArrayList<>();
    int sequence;
    int size = 1000;
    int acknowledgment;
    int trafficClass;
  }

  private static byte[] nextPacket(Flow flow, int port, boolean tcp, Random random) {
    if (random.nextInt(20) == 0) {
      flow.size = 1 + random.nextInt(1400);
    }
    if (random.nextInt(20) == 0) {
      flow.acknowledgment++;
    }
    if (random.nextInt(30) == 0) {
      flow.trafficClass = random.nextInt(4);
    }
    int length = random.nextInt(12) == 0 ? random.nextInt(1400) : flow.size;
    byte[] payload = new byte[length];
    random.nextBytes(payload);
    byte[] frame;
    if (tcp) {
      int flags = Frames.ACK;
      if (random.nextInt(15) == 0) {
        flags |= 1 << random.nextInt(8);
      }
      frame = Frames.tcp(flow.sequence, flags, payload);
      ByteBuffer.wrap(frame).putInt(Frames.UPPER + 8, flow.acknowledgment);
      boolean lost = random.nextInt(30) == 0;
      flow.sequence += lost ? 0 : length;
    } else {
      frame = Frames.udp(0, payload);
    }
    frame[15] |= (byte) (flow.trafficClass << 4);
    Frames.put16(frame, Frames.UPPER, port);
    Frames.finish(frame, Frames.UPPER, tcp ? Frames.TCP : Frames.UDP);
    int accident = random.nextInt(60);
    if (accident == 0) {
      // Behind the ports: with others it would be of another flow.
      int behindPorts = Frames.UPPER + 4;
      frame[behindPorts + random.nextInt(frame.length - behindPorts)] ^= (byte) (1 + port);
    } else if (accident == 1) {
      frame = Arrays.copyOf(frame, frame.length + 1 + random.nextInt(20));
    } else if (accident == 2 && !tcp) {
      Frames.put16(frame, Frames.UPPER + 6, 0);
    }
    return frame;
  }

  private static int portOf(byte[] frame) {
    return Frames.u16(frame, Frames.UPPER);
  }

  /**
   * Coalescing and segmentation give each flow's octets in the order in which they came, damaged
   * packets too, whatever is flushed when.
   */
  @Property(tries = 300)
  void whatIsJoinedAndPartedIsWhatItWas(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 12) int count,
      @ForAll @IntRange(min = 1, max = 400) int packets,
      @ForAll boolean datagrams) {
    Random random = new Random(seed);
    Flow[] flows = new Flow[count];
    Arrays.setAll(flows, i -> new Flow());
    Collector collector = new Collector(Frames.LINK);
    Coalescer coalescer =
        new Coalescer(
            collector,
            Frames.LINK,
            datagrams,
            () -> PacketBuffer.copyOf(new byte[random.nextInt(3) == 0 ? 5000 : 65_549]));
    int flow = 0;
    for (int i = 0; i < packets; i++) {
      if (random.nextInt(6) == 0) {
        flow = random.nextInt(count);
      }
      byte[] frame = nextPacket(flows[flow], flow, flow % 3 != 2, random);
      flows[flow].packets.add(frame);
      PacketBuffer buffer = PacketBuffer.copyOf(frame);
      coalescer.add(buffer);
      Arrays.fill(buffer.bytes().array(), (byte) 0x55);
      if (random.nextInt(40) == 0) {
        coalescer.flush();
        assertTrue(coalescer.isEmpty());
      }
    }
    coalescer.flush();
    Map<Integer, List<byte[]>> parted = new TreeMap<>();
    for (byte[] frame : collector.parted()) {
      parted.computeIfAbsent(portOf(frame), port -> new ArrayList<>()).add(frame);
    }
    for (int i = 0; i < count; i++) {
      List<byte[]> actual = parted.getOrDefault(i, List.of());
      assertEquals(flows[i].packets.size(), actual.size());
      for (int j = 0; j < actual.size(); j++) {
        assertArrayEquals(flows[i].packets.get(j), actual.get(j), "packet " + j);
      }
    }
  }

  /** What a device makes of a large packet becomes the same large packet again. */
  @Property(tries = 200)
  void whatWasPartedIsJoinedToWhatItWas(
      @ForAll int seed,
      @ForAll @IntRange(min = 2, max = 64_000) int length,
      @ForAll @IntRange(min = 1, max = 1500) int size,
      @ForAll boolean tcp,
      @ForAll boolean pushed) {
    int segment = Math.max(Math.min(size, length - 1), (length - 1) / 64 + 1);
    byte[] payload = Frames.payload(seed, length);
    int flags = Frames.ACK | (pushed ? Frames.PSH : 0);
    byte[] whole = tcp ? Frames.tcp(seed, flags, payload) : Frames.udp(9, payload);
    PacketBuffer packet =
        Frames.unfinished(
            whole, Frames.LINK, Frames.UPPER, tcp ? Frames.TCP : Frames.UDP, segment);
    Collector collector = new Collector(Frames.LINK);
    Coalescer coalescer =
        new Coalescer(
            collector, Frames.LINK, true, () -> PacketBuffer.copyOf(new byte[65_549]));
    Segmenter segmenter = new Segmenter();
    assertTrue(segmenter.begin(packet, Frames.LINK));
    PacketBuffer target = PacketBuffer.allocate(2000);
    while (segmenter.hasNext()) {
      segmenter.next(target);
      coalescer.add(target);
    }
    coalescer.flush();
    assertEquals(1, collector.given.size());
    assertArrayEquals(packet.toBytes(), collector.given.get(0).toBytes());
    assertEquals(segment, collector.given.get(0).segmentSize());
  }

  /** Any header before any frame: what is believed can be finished or parted, and written again. */
  @Property(tries = 2000)
  void aHostileHeaderIsRefusedOrTrueEnough(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 3000) int length) {
    Random random = new Random(seed);
    byte[] frame =
        random.nextBoolean()
            ? Frames.tcp(1, random.nextInt(256), Frames.payload(1, length))
            : Frames.udp(1, Frames.payload(1, length));
    for (int i = random.nextInt(3); i > 0; i--) {
      frame[random.nextInt(Frames.UPPER + 8)] = (byte) random.nextInt();
    }
    byte[] header = new byte[10];
    random.nextBytes(header);
    if (random.nextInt(4) > 0) {
      header[0] = 1;
      header[1] = (byte) (random.nextBoolean() ? 4 : random.nextInt(6));
      header[6] = (byte) (random.nextInt(4) > 0 ? Frames.UPPER : random.nextInt(80));
      header[7] = 0;
      header[8] = (byte) (random.nextBoolean() ? 16 : 6);
      header[9] = 0;
    }
    PacketBuffer packet = PacketBuffer.copyOf(frame);
    if (!VirtioNetHeader.read(ByteBuffer.wrap(header), 0, packet)) {
      assertFalse(packet.isUnfinished());
      return;
    }
    ByteBuffer again = ByteBuffer.allocate(10);
    VirtioNetHeader.write(packet, again, 0);
    PacketBuffer other = PacketBuffer.copyOf(frame);
    assertTrue(VirtioNetHeader.read(again, 0, other));
    assertEquals(packet.checksumStart(), other.checksumStart());
    assertEquals(packet.checksumOffset(), other.checksumOffset());
    assertEquals(packet.segmentSize(), other.segmentSize());
    if (packet.isSuperPacket()) {
      Segmenter segmenter = new Segmenter();
      if (segmenter.begin(packet, Frames.LINK)) {
        PacketBuffer target = PacketBuffer.copyOf(new byte[segmenter.largest()]);
        Frames.segments(segmenter, target).forEach(s -> assertTrue(s.length <= frame.length));
      }
    } else {
      UnfinishedChecksum.finish(packet);
      assertEquals(frame.length, packet.length());
    }
  }
}
