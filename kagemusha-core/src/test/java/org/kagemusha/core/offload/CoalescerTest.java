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
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.wire.PacketBuffer;

class CoalescerTest {

  private final List<byte[]> input = new ArrayList<>();
  private Collector collector = new Collector(Frames.LINK);
  private int buffers;
  private Coalescer coalescer = coalescer(true);

  private Coalescer coalescer(boolean datagrams) {
    return new Coalescer(collector, Frames.LINK, datagrams, this::buffer);
  }

  private PacketBuffer buffer() {
    buffers++;
    return PacketBuffer.allocate(Frames.LINK + 65_535);
  }

  private void add(byte[] frame) {
    input.add(frame);
    coalescer.add(PacketBuffer.copyOf(frame));
  }

  private static byte[] tcp(long sequence, int flags, int payload) {
    return Frames.tcp(sequence, flags, Frames.payload((int) sequence, payload));
  }

  private static byte[] segment(long sequence) {
    return tcp(sequence, Frames.ACK, 1000);
  }

  /** How many octets of transport payload each packet that was given has, and how long segments. */
  private void assertGiven(int... expected) {
    int[] actual = new int[collector.given.size()];
    for (int i = 0; i < actual.length; i++) {
      byte[] frame = collector.given.get(i).toBytes();
      actual[i] = frame.length - Frames.UPPER - (frame[20] == Frames.TCP ? 32 : 8);
    }
    assertArrayEquals(expected, actual, Arrays.toString(actual));
  }

  private void assertSameOctetsInOrder() {
    coalescer.flush();
    List<byte[]> parted = collector.parted();
    assertEquals(input.size(), parted.size());
    for (int i = 0; i < parted.size(); i++) {
      assertArrayEquals(input.get(i), parted.get(i), "packet " + i);
    }
  }

  @Test
  void consecutiveSegmentsAreJoined() {
    for (int i = 0; i < 5; i++) {
      add(segment(0xffff_f000L + 1000 * i));
    }
    assertGiven();
    assertFalse(coalescer.isEmpty());
    coalescer.flush();
    assertTrue(coalescer.isEmpty());
    assertGiven(5000);
    PacketBuffer joined = collector.given.get(0);
    assertEquals(1000, joined.segmentSize());
    assertEquals(joined.offset() + Frames.UPPER, joined.checksumStart());
    assertEquals(16, joined.checksumOffset());
    byte[] octets = joined.toBytes();
    assertEquals(5032, Frames.u16(octets, 18));
    assertEquals(
        Frames.pseudo(octets, Frames.LINK, 5032, Frames.TCP),
        Frames.u16(octets, Frames.UPPER + 16));
    assertEquals(0xffff_f000, ByteBuffer.wrap(octets).getInt(Frames.UPPER + 4));
    assertSameOctetsInOrder();
  }

  @Test
  void aSinglePacketGoesOutAsItCameWhateverItsChecksum() {
    byte[] damaged = segment(1);
    damaged[100] ^= 1;
    add(damaged);
    coalescer.flush();
    add(segment(1001));
    coalescer.flush();
    PacketBuffer unfinished =
        Frames.unfinished(segment(2001), Frames.LINK, Frames.UPPER, Frames.TCP, 0);
    coalescer.add(unfinished);
    coalescer.flush();
    assertGiven(1000, 1000, 1000);
    assertArrayEquals(damaged, collector.given.get(0).toBytes());
    assertFalse(collector.given.get(1).isUnfinished());
    PacketBuffer last = collector.given.get(2);
    assertArrayEquals(unfinished.toBytes(), last.toBytes());
    assertEquals(last.offset() + Frames.UPPER, last.checksumStart());
    assertFalse(last.isSuperPacket());
  }

  @Test
  void pshEndsASuperPacketAtOnce() {
    add(segment(0));
    add(tcp(1000, Frames.ACK | Frames.PSH, 1000));
    assertGiven(2000);
    assertEquals(
        Frames.ACK | Frames.PSH, collector.given.get(0).toBytes()[Frames.UPPER + 13]);
    add(tcp(2000, Frames.ACK | Frames.PSH, 1000));
    assertGiven(2000, 1000);
    assertSameOctetsInOrder();
  }

  @Test
  void aShorterSegmentIsTheLastAndALongerOneIsNotJoined() {
    add(segment(0));
    add(tcp(1000, Frames.ACK, 10));
    assertGiven(1010);
    add(tcp(1010, Frames.ACK, 20));
    add(tcp(1030, Frames.ACK, 21));
    coalescer.flush();
    assertGiven(1010, 20, 21);
    assertSameOctetsInOrder();
  }

  @ParameterizedTest
  @ValueSource(
      ints = {Frames.FIN, Frames.SYN, Frames.RST, Frames.URG, Frames.CWR, Frames.PSH | Frames.FIN})
  void rfc9293_s3_1_otherFlagsPassBehindWhatIsHeld(int flag) {
    add(segment(0));
    add(segment(1000));
    add(tcp(2000, Frames.ACK | flag, 1000));
    assertGiven(2000, 1000);
    add(segment(3000));
    assertSameOctetsInOrder();
    assertGiven(2000, 1000, 1000);
  }

  @Test
  void segmentsWithoutAcknowledgmentOrDataPassBehindWhatIsHeld() {
    add(segment(0));
    add(tcp(1000, 0, 1000));
    assertGiven(1000, 1000);
    add(segment(2000));
    add(tcp(3000, Frames.ACK, 0));
    assertGiven(1000, 1000, 1000, 0);
    assertSameOctetsInOrder();
  }

  @Test
  void rfc3168_s6_1_3_congestionEchoIsJoinedToItsLikeOnly() {
    add(tcp(0, Frames.ACK | Frames.ECE, 1000));
    add(tcp(1000, Frames.ACK | Frames.ECE, 1000));
    add(tcp(2000, Frames.ACK, 1000));
    assertSameOctetsInOrder();
    assertGiven(2000, 1000);
  }

  private static byte[] changed(byte[] frame, int at, int mask) {
    byte[] octets = frame.clone();
    octets[at] ^= (byte) mask;
    return Frames.finish(octets, Frames.UPPER, frame[20]);
  }

  /**
   * One bit of: each MAC address, DSCP, ECN (RFC 3168 §5.3: a mark must not spread), flow label,
   * hop limit; sequence, acknowledgment, reserved bits, window, urgent pointer, options.
   */
  @ParameterizedTest
  @ValueSource(
      ints = {0, 5, 6, 11, 14, 15, 16, 17, 21, 58, 61, 62, 65, 66, 68, 69, 72, 73, 74, 79, 85})
  void anyOtherDifferenceFlushesTheFlowAndBeginsAnew(int at) {
    int mask = at == 15 ? 0x10 : at == 66 ? 1 : at == 14 ? 2 : 4;
    add(segment(0));
    add(segment(1000));
    add(changed(segment(2000), at, mask));
    assertGiven(2000);
    assertSameOctetsInOrder();
    assertGiven(2000, 1000);
  }

  @Test
  void rfc3168_s5_3_congestionExperiencedIsNotMixed() {
    UnaryOperator<byte[]> marked =
        frame -> {
          frame[15] |= 0x30;
          return frame;
        };
    add(marked.apply(segment(0)));
    add(marked.apply(segment(1000)));
    add(segment(2000));
    assertSameOctetsInOrder();
    assertGiven(2000, 1000);
  }

  @Test
  void aDifferentDataOffsetIsNotJoined() {
    add(segment(0));
    add(Frames.tcp(1000, Frames.ACK, new byte[0], Frames.payload(1, 1000)));
    assertSameOctetsInOrder();
    assertEquals(2, collector.given.size());
  }

  @Test
  void sequenceNumbersMustFollow() {
    add(segment(0));
    add(segment(2000));
    add(segment(1000));
    add(segment(1000));
    assertSameOctetsInOrder();
    assertGiven(1000, 1000, 1000, 1000);
  }

  @Test
  void rfc9293_s3_1_whatIsDamagedIsNeverJoined() {
    byte[] damaged = segment(2000);
    damaged[500] ^= 4;
    add(segment(0));
    add(segment(1000));
    add(damaged);
    add(segment(3000));
    assertGiven(2000, 1000);
    add(segment(4000));
    coalescer.flush();
    assertGiven(2000, 1000, 2000);
    assertArrayEquals(damaged, collector.given.get(1).toBytes());
    assertSameOctetsInOrder();
  }

  @Test
  void aDamagedFirstPacketStaysAlone() {
    byte[] damaged = segment(0);
    damaged[damaged.length - 1] ^= 4;
    add(damaged);
    add(segment(1000));
    add(segment(2000));
    assertSameOctetsInOrder();
    assertGiven(1000, 2000);
  }

  @Test
  void flowsAreJoinedBesideEachOther() {
    for (int i = 0; i < 4; i++) {
      for (int port = 0; port < 3; port++) {
        coalescer.add(PacketBuffer.copyOf(changed(segment(1000 * i), 55, port)));
      }
    }
    coalescer.flush();
    assertGiven(4000, 4000, 4000);
    assertEquals(3, buffers);
  }

  @Test
  void theOldestOfTooManyFlowsMakesRoom() {
    for (int port = 0; port <= Coalescer.MOST_FLOWS; port++) {
      coalescer.add(PacketBuffer.copyOf(changed(segment(0), 55, port)));
    }
    assertGiven(1000);
    assertArrayEquals(changed(segment(0), 55, 0), collector.given.get(0).toBytes());
    assertEquals(Coalescer.MOST_FLOWS, buffers);
    coalescer.add(PacketBuffer.copyOf(changed(segment(1000), 55, 5)));
    coalescer.flush();
    assertGiven(1000, 1000, 1000, 1000, 1000, 2000, 1000, 1000, 1000);
    assertEquals(Coalescer.MOST_FLOWS, buffers);
  }

  @Test
  void memoryIsTakenWhenItIsNeeded() {
    assertEquals(0, buffers);
    add(tcp(0, Frames.ACK | Frames.PSH, 100));
    add(tcp(0, Frames.ACK, 0));
    assertEquals(0, buffers);
    for (int i = 0; i < 100; i++) {
      add(segment(i * 1000));
      coalescer.flush();
    }
    assertEquals(1, buffers);
  }

  @Test
  void rfc8200_s3_aSuperPacketHasAtMost65535Octets() {
    for (int i = 0; i < 130; i++) {
      add(tcp(1428 * i, Frames.ACK, 1428));
    }
    // 45 * 1428 and 72 octets of headers are 64,332; another 1428 do not fit.
    assertGiven(45 * 1428, 45 * 1428);
    assertSameOctetsInOrder();
    assertGiven(45 * 1428, 45 * 1428, 40 * 1428);
  }

  @Test
  void aSuperPacketHasAtMost64Segments() {
    for (int i = 0; i < 130; i++) {
      add(tcp(100 * i, Frames.ACK, 100));
    }
    assertGiven(6400, 6400);
    assertSameOctetsInOrder();
    assertGiven(6400, 6400, 200);
  }

  @Test
  void smallMemoryLimitsWhatIsJoined() {
    coalescer =
        new Coalescer(collector, Frames.LINK, true, () -> PacketBuffer.allocate(3000 - 320));
    for (int i = 0; i < 5; i++) {
      add(segment(1000 * i));
    }
    add(tcp(5000, Frames.ACK, 3000));
    assertSameOctetsInOrder();
    assertGiven(2000, 2000, 1000, 3000);
  }

  @Test
  void rfc768_datagramsOfOneSizeAreJoinedWhereThatWasAskedFor() {
    for (int length : new int[] {500, 500, 500, 300, 500}) {
      add(Frames.udp(7, Frames.payload(length, length)));
    }
    assertGiven(1800);
    PacketBuffer joined = collector.given.get(0);
    assertEquals(500, joined.segmentSize());
    assertEquals(6, joined.checksumOffset());
    assertEquals(1808, Frames.u16(joined.toBytes(), Frames.UPPER + 4));
    assertSameOctetsInOrder();
    assertGiven(1800, 500);
    collector = new Collector(Frames.LINK);
    coalescer = coalescer(false);
    input.clear();
    add(Frames.udp(7, Frames.payload(1, 500)));
    add(Frames.udp(7, Frames.payload(1, 500)));
    assertGiven(500, 500);
    assertSameOctetsInOrder();
  }

  @Test
  void rfc6935_datagramsWithoutChecksumOrWithALengthOfTheirOwnPass() {
    byte[] none = Frames.udp(7, Frames.payload(1, 500));
    Frames.put16(none, Frames.UPPER + 6, 0);
    byte[] shorter = Frames.udp(7, Frames.payload(1, 500));
    Frames.put16(shorter, Frames.UPPER + 4, 400);
    add(Frames.udp(7, Frames.payload(1, 500)));
    add(none);
    assertGiven(500, 500);
    add(Frames.udp(7, Frames.payload(1, 500)));
    add(shorter);
    assertGiven(500, 500, 500, 500);
    assertSameOctetsInOrder();
  }

  @Test
  void everythingElsePassesAtOnceButNotBeforeItsFlow() {
    byte[] echo = Frames.frame(58, Frames.payload(1, 64));
    add(segment(0));
    add(segment(1000));
    coalescer.add(PacketBuffer.copyOf(echo));
    assertArrayEquals(echo, collector.given.get(0).toBytes());
    byte[] arp = Frames.payload(3, 60);
    coalescer.add(PacketBuffer.copyOf(arp));
    coalescer.add(PacketBuffer.copyOf(new byte[0]));
    coalescer.add(PacketBuffer.copyOf(new byte[13]));
    assertEquals(4, collector.given.size());
    byte[] options = HexFormat.of().parseHex("0600010400000000");
    byte[] extended = Frames.frame(60, Frames.concat(options, Frames.payload(1, 64)));
    byte[] other = extended.clone();
    other[53] ^= 1;
    coalescer.add(PacketBuffer.copyOf(other));
    assertEquals(5, collector.given.size());
    coalescer.add(PacketBuffer.copyOf(extended));
    assertEquals(7, collector.given.size());
    assertEquals(2000, collector.given.get(5).length() - Frames.UPPER - 32);
    assertArrayEquals(extended, collector.given.get(6).toBytes());
    assertTrue(coalescer.isEmpty());
  }

  @Test
  void paddedFramesPassBehindWhatIsHeld() {
    add(segment(0));
    byte[] padded = Arrays.copyOf(segment(1000), segment(1000).length + 6);
    add(padded);
    add(segment(2000));
    assertSameOctetsInOrder();
    assertEquals(3, collector.given.size());
  }

  @Test
  void smallSuperPacketsAreJoinedToOthersOfTheirSegmentSize() {
    add(segment(0));
    byte[] whole = tcp(1000, Frames.ACK, 3000);
    coalescer.add(Frames.unfinished(whole, Frames.LINK, Frames.UPPER, Frames.TCP, 1000));
    input.addAll(Frames.part(whole, Frames.LINK, Frames.UPPER, Frames.TCP, 1000));
    byte[] last = tcp(4000, Frames.ACK | Frames.PSH, 2500);
    coalescer.add(Frames.unfinished(last, Frames.LINK, Frames.UPPER, Frames.TCP, 1000));
    input.addAll(Frames.part(last, Frames.LINK, Frames.UPPER, Frames.TCP, 1000));
    assertGiven(6500);
    byte[] other = tcp(6500, Frames.ACK, 3000);
    add(segment(5500));
    coalescer.add(Frames.unfinished(other, Frames.LINK, Frames.UPPER, Frames.TCP, 600));
    input.addAll(Frames.part(other, Frames.LINK, Frames.UPPER, Frames.TCP, 600));
    assertSameOctetsInOrder();
    assertGiven(6500, 1000, 3000);
    assertEquals(600, collector.given.get(2).segmentSize());
  }

  @Test
  void largeSuperPacketsPassBehindWhatIsHeld() {
    add(segment(0));
    byte[] whole = tcp(1000, Frames.ACK, 30_000);
    coalescer.add(Frames.unfinished(whole, Frames.LINK, Frames.UPPER, Frames.TCP, 1000));
    assertGiven(1000, 30_000);
    assertEquals(1000, collector.given.get(1).segmentSize());
    input.addAll(Frames.part(whole, Frames.LINK, Frames.UPPER, Frames.TCP, 1000));
    assertSameOctetsInOrder();
  }

  @Test
  void unfinishedPacketsAreJoinedWithoutAChecksumToVerify() {
    byte[] second = segment(1000);
    add(segment(0));
    coalescer.add(Frames.unfinished(second, Frames.LINK, Frames.UPPER, Frames.TCP, 0));
    input.add(second);
    add(segment(2000));
    assertSameOctetsInOrder();
    assertGiven(3000);
    PacketBuffer odd = PacketBuffer.copyOf(segment(3000));
    odd.unfinished(odd.offset() + Frames.UPPER + 2, 16, 0);
    coalescer.add(odd);
    assertGiven(3000, 1000);
    assertEquals(Frames.UPPER + 2, collector.given.get(1).checksumStart()
        - collector.given.get(1).offset());
  }

  @Test
  void packetsWithoutEthernetAreJoinedToo() {
    collector = new Collector(0);
    coalescer = new Coalescer(collector, 0, false, this::buffer);
    for (int i = 0; i < 3; i++) {
      byte[] frame = segment(1000 * i);
      add(Arrays.copyOfRange(frame, Frames.LINK, frame.length));
    }
    assertSameOctetsInOrder();
    assertEquals(1, collector.given.size());
  }

  @Test
  void defaultsAreEthernetAndTcp() {
    coalescer = new Coalescer(collector);
    add(segment(0));
    add(segment(1000));
    add(Frames.udp(7, Frames.payload(1, 500)));
    assertGiven(500);
    coalescer.flush();
    assertGiven(500, 2000);
  }
}
