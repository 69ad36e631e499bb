package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

class ReceiveOffloadTest {

  private static final Ipv6Address A = Ipv6Address.parse("2001:db8:2000::2");
  private static final Ipv6Address B = Ipv6Address.parse("2001:db8:2000::10");
  private static final int ACK = 16;
  private static final int TCP_HEADER = 32;

  private final ReceiveOffload offload = new ReceiveOffload(1280, 1460);

  /** An IPv6-in-IPv6 packet; its upper-layer checksum is the folded pseudo-header sum alone. */
  private static PacketBuffer unfinished(int protocol, byte[] upper, int checksumAt) {
    PacketBuffer packet = PacketBuffer.copyOf(new byte[80 + upper.length]);
    int at = packet.offset();
    Ipv6Header.write(
        packet.bytes(), at, 0, 0, 40 + upper.length, Protocol.IPV6, 61, A, B);
    Ipv6Header.write(packet.bytes(), at + 40, 0xb9, 7, upper.length, protocol, 60, A, B);
    packet.bytes().put(at + 80, upper);
    int pseudo =
        InternetChecksum.fold(InternetChecksum.pseudoHeader(A, B, upper.length, protocol));
    packet.bytes().putShort(at + 80 + checksumAt, (short) pseudo);
    return packet;
  }

  private static byte[] tcp(int flags, byte[] payload) {
    byte[] segment = new byte[TCP_HEADER + payload.length];
    segment[4] = (byte) 0xff;
    segment[5] = (byte) 0xff;
    segment[6] = (byte) 0xff;
    segment[12] = (byte) (TCP_HEADER / 4 << 4);
    segment[13] = (byte) flags;
    System.arraycopy(payload, 0, segment, TCP_HEADER, payload.length);
    return segment;
  }

  private static byte[] payload(int length) {
    byte[] payload = new byte[length];
    new Random(1).nextBytes(payload);
    return payload;
  }

  private static boolean innerIsIntact(PacketBuffer packet) {
    PacketBuffer inner = PacketBuffer.copyOf(packet.toBytes()).trimFront(40);
    return UdpWitness.isIntact(inner);
  }

  private void isNotedAndCanBeFinished(PacketBuffer packet, int checksumOffset) {
    byte[] before = packet.toBytes();
    assertEquals(ReceiveOffload.Kind.ORDINARY, offload.inspect(packet));
    assertArrayEquals(before, packet.toBytes());
    assertTrue(packet.isUnfinished() && !packet.isSuperPacket());
    assertEquals(packet.offset() + 80, packet.checksumStart());
    assertEquals(checksumOffset, packet.checksumOffset());
    assertFalse(innerIsIntact(packet));
    UnfinishedChecksum.finish(packet);
    assertTrue(innerIsIntact(packet));
  }

  @Test
  void anUnfinishedChecksumOfASinglePacketIsNoted() {
    for (int length : new int[] {0, 1, 7, 1208}) {
      isNotedAndCanBeFinished(unfinished(Protocol.TCP, tcp(ACK, payload(length)), 16), 16);
      isNotedAndCanBeFinished(unfinished(Protocol.UDP, payload(8 + length), 6), 6);
    }
  }

  @Test
  void leavesFinishedAndForeignPacketsAlone() {
    PacketBuffer wrong = unfinished(Protocol.TCP, tcp(ACK, payload(9000)), 16);
    wrong.bytes().putShort(wrong.offset() + 80 + 16, (short) 0x1234);
    byte[] before = wrong.toBytes();
    assertEquals(ReceiveOffload.Kind.ORDINARY, offload.inspect(wrong));
    assertArrayEquals(before, wrong.toBytes());
    assertFalse(wrong.isUnfinished());
    for (byte[] octets : new byte[][] {new byte[40], new byte[41], new byte[80], before}) {
      for (int length = 40; length < Math.min(octets.length, 120); length++) {
        PacketBuffer cut = PacketBuffer.copyOf(octets, 0, length);
        assertEquals(ReceiveOffload.Kind.ORDINARY, offload.inspect(cut));
      }
    }
  }

  @Test
  void joinedSegmentsAreASuperPacketAndLeftAsTheyAre() {
    PacketBuffer packet = unfinished(Protocol.TCP, tcp(ACK, payload(5000)), 16);
    byte[] before = packet.toBytes();
    assertEquals(ReceiveOffload.Kind.SUPER, offload.inspect(packet));
    assertArrayEquals(before, packet.toBytes());
    assertTrue(packet.isUnfinished() && packet.isSuperPacket());
    assertEquals(packet.offset() + 80, packet.checksumStart());
    assertEquals(16, packet.checksumOffset());
    assertEquals(1280 - 40 - TCP_HEADER, packet.segmentSize());
  }

  @Test
  void anOrdinaryPacketStaysOneHoweverSmallSegmentsWouldBe() {
    isNotedAndCanBeFinished(
        unfinished(Protocol.TCP, tcp(ACK, payload(1420 - TCP_HEADER)), 16), 16);
    PacketBuffer joined = unfinished(Protocol.TCP, tcp(ACK, payload(1421 - TCP_HEADER)), 16);
    assertEquals(ReceiveOffload.Kind.SUPER, offload.inspect(joined));
    PacketBuffer narrow = unfinished(Protocol.TCP, tcp(ACK, payload(1420 - TCP_HEADER)), 16);
    assertEquals(
        ReceiveOffload.Kind.SUPER, new ReceiveOffload(1280, 1280).inspect(narrow));
  }

  @Test
  void cannotDivideDatagramsOrASegmentWithoutAValidHeader() {
    PacketBuffer udp = unfinished(Protocol.UDP, payload(3000), 6);
    assertEquals(ReceiveOffload.Kind.INDIVISIBLE, offload.inspect(udp));
    byte[] segment = tcp(ACK, payload(3000));
    segment[12] = 0x10;
    PacketBuffer broken = unfinished(Protocol.TCP, segment, 16);
    assertEquals(ReceiveOffload.Kind.INDIVISIBLE, offload.inspect(broken));
  }
}
