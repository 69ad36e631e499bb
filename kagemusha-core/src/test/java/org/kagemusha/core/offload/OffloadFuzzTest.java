package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.wire.PacketBuffer;

/** Arbitrary octets from a guest and from the network: nothing throws, nothing is lost. */
class OffloadFuzzTest {

  static Stream<Arguments> frames() {
    byte[] tcp = Frames.tcp(1, Frames.ACK, Frames.payload(1, 900));
    byte[] udp = Frames.udp(1, Frames.payload(1, 900));
    byte[] options = HexFormat.of().parseHex("0600010400000000");
    byte[] upper = Arrays.copyOfRange(tcp, Frames.UPPER, tcp.length);
    byte[] extended = Frames.frame(60, Frames.concat(options, upper));
    return Stream.of(
            Frames.concat(HexFormat.of().parseHex("01045600900136001000"), tcp),
            Frames.concat(HexFormat.of().parseHex("0184560001003600" + "1000"), tcp),
            Frames.concat(HexFormat.of().parseHex("01053e00900136000600"), udp),
            Frames.concat(HexFormat.of().parseHex("0104560090013e001000"), extended),
            Frames.concat(HexFormat.of().parseHex("0100000000003600" + "1000"), tcp),
            Frames.concat(new byte[10], udp))
        .map(Arguments::of);
  }

  /** A virtio header and a frame. */
  @MethodSource("frames")
  @FuzzTest(maxDuration = "10s")
  void fromTheGuest(byte[] data) {
    if (data.length < VirtioNetHeader.OCTETS) {
      return;
    }
    byte[] frame = Arrays.copyOfRange(data, VirtioNetHeader.OCTETS, data.length);
    PacketBuffer packet = PacketBuffer.copyOf(frame);
    if (!VirtioNetHeader.read(ByteBuffer.wrap(data), 0, packet)) {
      assertTrue(!packet.isUnfinished());
      return;
    }
    ByteBuffer header = ByteBuffer.allocate(VirtioNetHeader.OCTETS);
    VirtioNetHeader.write(packet, header, 0);
    if (!packet.isSuperPacket()) {
      UnfinishedChecksum.finish(packet);
      assertEquals(frame.length, packet.length());
      return;
    }
    Segmenter segmenter = new Segmenter();
    for (int link : new int[] {Frames.LINK, 0, 40}) {
      if (segmenter.begin(packet, link)) {
        PacketBuffer target = PacketBuffer.copyOf(new byte[segmenter.largest()]);
        List<byte[]> segments = Frames.segments(segmenter, target);
        assertTrue(segments.size() <= Segmenter.MOST_SEGMENTS);
        assertTrue(segments.stream().allMatch(s -> s.length <= segmenter.largest()));
      }
    }
  }

  static Stream<Arguments> streams() {
    byte[] first = Frames.tcp(0, Frames.ACK, Frames.payload(1, 100));
    byte[] second = Frames.tcp(100, Frames.ACK, Frames.payload(2, 100));
    byte[] last = Frames.tcp(200, Frames.ACK | Frames.PSH, Frames.payload(3, 50));
    byte[] datagram = Frames.udp(5, Frames.payload(1, 100));
    return Stream.of(
            stream(first, second, last),
            stream(first, datagram, second, datagram, last, datagram),
            stream(first, Frames.frame(58, new byte[8]), second),
            stream(first, Frames.frame(44, new byte[8]), second))
        .map(Arguments::of);
  }

  private static byte[] stream(byte[]... frames) {
    byte[] stream = new byte[0];
    for (byte[] frame : frames) {
      byte[] length = {(byte) (frame.length >> 8), (byte) frame.length};
      stream = Frames.concat(stream, length, frame);
    }
    return stream;
  }

  /** Frames, each behind its length; what comes out is what went in, if not in the same order. */
  @MethodSource("streams")
  @FuzzTest(maxDuration = "10s")
  void fromTheNetwork(byte[] data) {
    Collector collector = new Collector(Frames.LINK);
    Coalescer coalescer =
        new Coalescer(
            collector, Frames.LINK, true, () -> PacketBuffer.copyOf(new byte[65_549]));
    List<String> expected = new ArrayList<>();
    for (int at = 0; data.length - at >= 2; ) {
      int length = Math.min(Frames.u16(data, at), data.length - at - 2);
      byte[] frame = Arrays.copyOfRange(data, at + 2, at + 2 + length);
      at += 2 + length;
      expected.add(canonical(frame));
      coalescer.add(PacketBuffer.copyOf(frame));
    }
    coalescer.flush();
    List<String> actual = new ArrayList<>();
    collector.parted().forEach(frame -> actual.add(canonical(frame)));
    assertArrayEquals(expected.stream().sorted().toArray(), actual.stream().sorted().toArray());
  }

  /** A TCP checksum of all ones means the same as one of zero, which is what a device writes. */
  private static String canonical(byte[] frame) {
    byte[] octets = frame.clone();
    if (octets.length >= Frames.UPPER + 20
        && octets[20] == Frames.TCP
        && Frames.u16(octets, Frames.UPPER + 16) == 0xffff) {
      Frames.put16(octets, Frames.UPPER + 16, 0);
    }
    return HexFormat.of().formatHex(octets);
  }
}
