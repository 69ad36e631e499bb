package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** A capture of what leaves work to hardware looks as if the hardware had done it. */
class WireFormTest {

  private static final int TCP_HEADER = 20;
  private static final int CHECKSUM = 16;
  private static final int SEGMENT = 1000;

  private final WireForm form = new WireForm();

  /** Some octets, an outer header if wanted, IPv6, TCP with the pseudo-header's sum, payload. */
  private static PacketBuffer packet(int front, boolean tunnel, int payload, int segment) {
    int outer = tunnel ? Ipv6Header.BYTES + 8 : 0;
    int inner = Ipv6Header.BYTES + TCP_HEADER + payload;
    byte[] octets = new byte[front + outer + inner];
    ByteBuffer bytes = ByteBuffer.wrap(octets);
    if (tunnel) {
      header(bytes, 0, 8 + inner, Protocol.DESTINATION_OPTIONS);
      // PadN fills the header.
      bytes.put(Ipv6Header.BYTES, new byte[] {Protocol.IPV6, 0, 1, 4, 0, 0, 0, 0});
    }
    if (front == 14) {
      bytes.putShort(12, (short) 0x86dd);
    }
    int at = front + outer;
    header(bytes, at, TCP_HEADER + payload, Protocol.TCP);
    int tcp = at + Ipv6Header.BYTES;
    bytes.putInt(tcp, 0x1234_5678).putInt(tcp + 4, 1).putShort(tcp + 12, (short) 0x5010);
    for (int i = 0; i < payload; i++) {
      bytes.put(tcp + TCP_HEADER + i, (byte) (7 * i));
    }
    int sum =
        InternetChecksum.finish(
            InternetChecksum.pseudoHeader(bytes, at, TCP_HEADER + payload, Protocol.TCP));
    bytes.putShort(tcp + CHECKSUM, (short) ~sum);
    PacketBuffer made = PacketBuffer.copyOf(octets);
    return made.unfinished(made.offset() + tcp, CHECKSUM, segment);
  }

  private static void header(ByteBuffer bytes, int at, int payload, int next) {
    bytes.putInt(at, 0x6000_0000).putShort(at + 4, (short) payload);
    bytes.put(at + 6, (byte) next).put(at + 7, (byte) 64);
    bytes.put(at + 8, (byte) 0x20).put(at + 24, (byte) 0x20).put(at + 39, (byte) 1);
  }

  private List<byte[]> all(PacketBuffer packet, boolean ethernet) {
    byte[] before = packet.toBytes();
    List<byte[]> pieces = new ArrayList<>();
    form.begin(packet, ethernet);
    for (PacketBuffer one = form.next(); one != null; one = form.next()) {
      pieces.add(one.toBytes());
    }
    assertArrayEquals(before, packet.toBytes());
    assertTrue(packet.isUnfinished());
    return pieces;
  }

  /** RFC 9293 §3.1: the sum over pseudo-header, header and text is all ones. */
  private static void assertRight(byte[] piece, int at) {
    ByteBuffer bytes = ByteBuffer.wrap(piece);
    int length = piece.length - at - Ipv6Header.BYTES;
    assertEquals(length, Ipv6Header.payloadLength(bytes, at));
    long sum = InternetChecksum.pseudoHeader(bytes, at, length, Protocol.TCP);
    assertEquals(
        0,
        InternetChecksum.finish(
            sum + InternetChecksum.sum(bytes, at + Ipv6Header.BYTES, length)));
  }

  @Test
  void aSuperFrameIsTakenApart() {
    List<byte[]> pieces = all(packet(14, false, 2 * SEGMENT + 7, SEGMENT), true);
    assertEquals(3, pieces.size());
    assertEquals(14 + 40 + TCP_HEADER + 7, pieces.get(2).length);
    pieces.forEach(piece -> assertRight(piece, 14));
  }

  @Test
  void rfc2473_s5_eachPieceHasAnOuterHeaderThatFits() {
    List<byte[]> pieces = all(packet(0, true, 2 * SEGMENT + 7, SEGMENT), false);
    assertEquals(3, pieces.size());
    for (byte[] piece : pieces) {
      assertEquals(
          piece.length - Ipv6Header.BYTES,
          Ipv6Header.payloadLength(ByteBuffer.wrap(piece), 0));
      assertRight(piece, 48);
    }
  }

  @Test
  void anUnfinishedChecksumIsFinished() {
    for (boolean ethernet : new boolean[] {true, false}) {
      List<byte[]> pieces = all(packet(ethernet ? 14 : 0, !ethernet, 100, 0), ethernet);
      assertEquals(1, pieces.size());
      assertRight(pieces.get(0), ethernet ? 14 : 48);
    }
  }

  @Test
  void whatCannotBeTakenApartIsShownAsItIs() {
    PacketBuffer broken = packet(14, false, 3000, SEGMENT);
    broken.bytes().put(broken.offset() + 14 + 6, (byte) Protocol.NO_NEXT_HEADER);
    List<byte[]> pieces = all(broken, true);
    assertEquals(1, pieces.size());
    assertArrayEquals(broken.toBytes(), pieces.get(0));
  }
}
