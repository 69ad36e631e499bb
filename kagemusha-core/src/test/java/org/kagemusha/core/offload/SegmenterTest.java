package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

class SegmenterTest {

  private static final int TCP_PAYLOAD = Frames.UPPER + 32;

  private final Segmenter segmenter = new Segmenter();
  private final PacketBuffer target = PacketBuffer.allocate(2048);

  private List<byte[]> segments(PacketBuffer packet, int link) {
    assertTrue(segmenter.begin(packet, link));
    return Frames.segments(segmenter, target);
  }

  private static PacketBuffer tcp(int flags, int payload, int segment) {
    byte[] frame = Frames.tcp(0xffff_ff00L, flags, Frames.payload(1, payload));
    return Frames.unfinished(frame, Frames.LINK, Frames.UPPER, Frames.TCP, segment);
  }

  private static void assertSame(List<byte[]> expected, List<byte[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "segment " + i);
    }
  }

  @Test
  void rfc9293_s3_4_sequenceNumbersGoOnAndWrap() {
    List<byte[]> segments = segments(tcp(Frames.ACK, 1000, 400), Frames.LINK);
    int[] sequences = {0xffff_ff00, 0x90, 0x220};
    int[] lengths = {400, 400, 200};
    for (int i = 0; i < 3; i++) {
      byte[] segment = segments.get(i);
      assertEquals(sequences[i], ByteBuffer.wrap(segment).getInt(Frames.UPPER + 4));
      assertEquals(TCP_PAYLOAD + lengths[i], segment.length);
      assertEquals(32 + lengths[i], Frames.u16(segment, 18));
      assertTrue(Frames.isIntact(segment));
      byte[] part = Arrays.copyOfRange(Frames.payload(1, 1000), 400 * i, 400 * i + lengths[i]);
      assertArrayEquals(part, Arrays.copyOfRange(segment, TCP_PAYLOAD, segment.length));
    }
    assertEquals(3, segments.size());
    assertEquals(TCP_PAYLOAD + 400, segmenter.largest());
  }

  @Test
  void rfc3168_s6_1_2_onlyTheFirstSegmentHasCwrAndOnlyTheLastFinAndPsh() {
    int flags = Frames.ACK | Frames.ECE | Frames.CWR | Frames.FIN | Frames.PSH;
    List<byte[]> segments = segments(tcp(flags, 900, 300), Frames.LINK);
    int[] expected = {
      Frames.ACK | Frames.ECE | Frames.CWR,
      Frames.ACK | Frames.ECE,
      Frames.ACK | Frames.ECE | Frames.FIN | Frames.PSH
    };
    for (int i = 0; i < 3; i++) {
      assertEquals(expected[i], segments.get(i)[Frames.UPPER + 13] & 0xff);
      assertTrue(Frames.isIntact(segments.get(i)));
    }
  }

  @Test
  void segmentsAreFinishedAndAtTheUsualHeadroom() {
    target.unfinished(300, 16, 5);
    assertTrue(segmenter.begin(tcp(Frames.ACK, 900, 300), Frames.LINK));
    segmenter.next(target);
    assertFalse(target.isUnfinished());
    assertFalse(target.isSuperPacket());
    assertEquals(PacketBuffer.HEADROOM, target.offset());
    assertEquals(TCP_PAYLOAD + 300, target.length());
  }

  @Test
  void rfc768_datagramsHaveLengthsOfTheirOwn() {
    byte[] frame = Frames.udp(5000, Frames.payload(2, 2501));
    PacketBuffer packet =
        Frames.unfinished(frame, Frames.LINK, Frames.UPPER, Frames.UDP, 1000);
    List<byte[]> segments = segments(packet, Frames.LINK);
    assertEquals(3, segments.size());
    int[] lengths = {1008, 1008, 509};
    for (int i = 0; i < 3; i++) {
      assertEquals(lengths[i], Frames.u16(segments.get(i), Frames.UPPER + 4));
      assertEquals(lengths[i], Frames.u16(segments.get(i), 18));
      assertTrue(Frames.isIntact(segments.get(i)));
    }
  }

  /** A checksum that computes to zero: the sum of all other words is 0xffff. */
  @Test
  void rfc8200_s8_1_udpChecksumOfZeroIsSentAsOnes() {
    byte[] payload = new byte[8];
    byte[] one = Frames.udp(5000, Arrays.copyOf(payload, 4));
    Frames.put16(payload, 2, Frames.u16(one, Frames.UPPER + 6));
    PacketBuffer packet =
        Frames.unfinished(
            Frames.udp(5000, payload), Frames.LINK, Frames.UPPER, Frames.UDP, 4);
    byte[] first = segments(packet, Frames.LINK).get(0);
    assertEquals(0xffff, Frames.u16(first, Frames.UPPER + 6));
    assertTrue(Frames.isIntact(first));
  }

  @Test
  void packetsWithoutEthernetAndWithAnOuterHeaderKeepWhatStandsBefore() {
    byte[] frame = Frames.tcp(7, Frames.ACK | Frames.PSH, Frames.payload(3, 3000));
    byte[] bare = Arrays.copyOfRange(frame, Frames.LINK, frame.length);
    assertSame(
        Frames.part(bare, 0, 40, Frames.TCP, 1200),
        segments(Frames.unfinished(bare, 0, 40, Frames.TCP, 1200), 0));
    byte[] outer = Frames.concat(Arrays.copyOf(bare, 40), bare);
    assertSame(
        Frames.part(outer, 40, 80, Frames.TCP, 1200),
        segments(Frames.unfinished(outer, 40, 80, Frames.TCP, 1200), 40));
  }

  @Test
  void rfc8200_s4_extensionHeadersAreRepeated() {
    byte[] options = HexFormat.of().parseHex("3c00010400000000" + "0600010400000000");
    byte[] upper =
        Frames.concat(Frames.tcpHeader(1, Frames.ACK, new byte[0]), Frames.payload(4, 999));
    byte[] frame = Frames.frame(0, Frames.concat(options, upper));
    int at = Frames.UPPER + 16;
    List<byte[]> segments =
        segments(Frames.unfinished(frame, Frames.LINK, at, Frames.TCP, 500), Frames.LINK);
    assertSame(Frames.part(frame, Frames.LINK, at, Frames.TCP, 500), segments);
    assertEquals(16 + 20 + 500, Frames.u16(segments.get(0), 18));
  }

  /** RFC 8200 §8.1: the pseudo-header has the final destination, which the IPv6 header lacks. */
  @Test
  void rfc8200_s8_1_finalDestinationOfARoutingHeaderIsInTheChecksum() {
    byte[] last = HexFormat.of().parseHex("20010db8900000000000000000000099");
    byte[] routing = Frames.concat(HexFormat.of().parseHex("0602020100000000"), last);
    byte[] upper =
        Frames.concat(Frames.tcpHeader(1, Frames.ACK, new byte[0]), Frames.payload(4, 999));
    byte[] frame = Frames.frame(43, Frames.concat(routing, upper));
    int at = Frames.UPPER + 24;
    byte[] arrived = frame.clone();
    System.arraycopy(last, 0, arrived, 38, 16);
    PacketBuffer packet =
        Frames.unfinished(arrived, Frames.LINK, at, Frames.TCP, 500);
    packet.bytes().put(packet.offset() + 38, frame, 38, 16);
    for (byte[] segment : segments(packet, Frames.LINK)) {
      int checksum = Frames.u16(segment, at + 16);
      System.arraycopy(last, 0, segment, 38, 16);
      assertEquals(
          Frames.u16(Frames.finish(segment, at, Frames.TCP), at + 16), checksum);
    }
  }

  @Test
  void whatFollowsTheIpv6PayloadIsLeftOut() {
    PacketBuffer packet = tcp(Frames.ACK, 1000, 400);
    List<byte[]> expected = segments(packet, Frames.LINK);
    packet.resize(packet.length() + 30);
    assertSame(expected, segments(packet, Frames.LINK));
  }

  @Test
  void aSegmentThatIsLargerThanThePacketGivesOne() {
    List<byte[]> segments = segments(tcp(Frames.ACK, 100, 400), Frames.LINK);
    assertEquals(1, segments.size());
    assertArrayEquals(
        Frames.tcp(0xffff_ff00L, Frames.ACK, Frames.payload(1, 100)), segments.get(0));
  }

  @Test
  void whatIsNotWhatItSaysIsRefused() {
    assertFalse(segmenter.begin(tcp(Frames.ACK, 1000, 0), Frames.LINK), "no super-packet");
    assertFalse(segmenter.begin(tcp(Frames.ACK | Frames.SYN, 1000, 400), Frames.LINK), "SYN");
    assertFalse(segmenter.begin(tcp(Frames.ACK, 0, 400), Frames.LINK), "no payload");
    assertFalse(segmenter.begin(tcp(Frames.ACK, 1000, 400), 0), "no IPv6 there");
    assertFalse(segmenter.begin(tcp(Frames.ACK, 1000, 400), 2000), "no room for a link header");
    int most = Segmenter.MOST_SEGMENTS;
    assertTrue(segmenter.begin(tcp(Frames.ACK, most, 1), Frames.LINK));
    assertFalse(segmenter.begin(tcp(Frames.ACK, most + 1, 1), Frames.LINK), "too many");
    assertFalse(segmenter.hasNext());
    PacketBuffer packet = tcp(Frames.ACK, 1000, 400);
    packet.bytes().putShort(packet.offset() + 18, (short) 1033);
    assertFalse(segmenter.begin(packet, Frames.LINK), "shorter than it says");
    packet = tcp(Frames.ACK, 1000, 400);
    packet.unfinished(packet.checksumStart() + 2, 16, 400);
    assertFalse(segmenter.begin(packet, Frames.LINK), "no TCP there");
    packet = tcp(Frames.ACK, 1000, 400);
    packet.unfinished(packet.checksumStart(), 6, 400);
    assertFalse(segmenter.begin(packet, Frames.LINK), "UDP's offset");
    packet = tcp(Frames.ACK, 1000, 400);
    packet.bytes().put(packet.offset() + Frames.UPPER + 12, (byte) 0x40);
    assertFalse(segmenter.begin(packet, Frames.LINK), "data offset of 16");
    packet = tcp(Frames.ACK, 20, 10);
    packet.bytes().put(packet.offset() + Frames.UPPER + 12, (byte) 0xf0);
    assertFalse(segmenter.begin(packet, Frames.LINK), "data offset beyond the packet");
    packet = tcp(Frames.ACK, 1000, 400);
    packet.bytes().put(packet.offset() + 20, (byte) 44);
    assertFalse(segmenter.begin(packet, Frames.LINK), "fragment");
    assertThrows(IllegalStateException.class, () -> segmenter.next(target));
  }
}
