package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

/** The header's octets against the layout of virtio 1.2 §5.1.6. */
class VirtioNetHeaderTest {

  /** NEEDS_CSUM, TCPV6, hdr_len 86, gso_size 400, csum_start 54, csum_offset 16. */
  private static final String TCP = "01" + "04" + "5600" + "9001" + "3600" + "1000";

  /** NEEDS_CSUM, UDP_L4, hdr_len 62, gso_size 400, csum_start 54, csum_offset 6. */
  private static final String UDP = "01" + "05" + "3e00" + "9001" + "3600" + "0600";

  private static PacketBuffer tcp(int flags, int payload) {
    return PacketBuffer.copyOf(Frames.tcp(1, flags, Frames.payload(1, payload)));
  }

  private static PacketBuffer udp(int payload) {
    return PacketBuffer.copyOf(Frames.udp(1, Frames.payload(1, payload)));
  }

  private static boolean read(String header, PacketBuffer frame) {
    byte[] octets = HexFormat.of().parseHex(header);
    ByteBuffer big = ByteBuffer.allocate(3 + octets.length);
    big.put(3, octets);
    boolean read = VirtioNetHeader.read(big, 3, frame);
    ByteBuffer little = ByteBuffer.wrap(big.array()).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(read, VirtioNetHeader.read(little, 3, frame));
    if (!read) {
      assertFalse(frame.isUnfinished());
    }
    return read;
  }

  private static void assertState(PacketBuffer frame, int start, int offset, int segment) {
    assertEquals(frame.offset() + start, frame.checksumStart());
    assertEquals(offset, frame.checksumOffset());
    assertEquals(segment, frame.segmentSize());
  }

  private static String written(PacketBuffer frame) {
    ByteBuffer header = ByteBuffer.allocate(12).putLong(0, -1).putInt(8, -1);
    VirtioNetHeader.write(frame, header, 1);
    assertEquals(-1, header.get(0));
    assertEquals(-1, header.get(11));
    return HexFormat.of().formatHex(header.array(), 1, 11);
  }

  @Test
  void superFramesAreNotedAndWrittenAgain() {
    PacketBuffer tcp = tcp(Frames.ACK, 1000);
    assertTrue(read(TCP, tcp));
    assertState(tcp, 54, 16, 400);
    assertEquals(TCP, written(tcp));
    PacketBuffer udp = udp(1000);
    assertTrue(read(UDP, udp));
    assertState(udp, 54, 6, 400);
    assertEquals(UDP, written(udp));
  }

  @Test
  void rfc3168_s6_1_2_cwrIsToldByTheEcnBit() {
    PacketBuffer frame = tcp(Frames.ACK | Frames.CWR, 1000);
    String header = TCP.replaceFirst("0104", "0184");
    assertTrue(read(header, frame));
    assertState(frame, 54, 16, 400);
    assertEquals(header, written(frame));
    assertFalse(read(UDP.replaceFirst("0105", "0185"), udp(1000)));
  }

  @Test
  void aSuperFrameOfOneSegmentIsAnOrdinaryOne() {
    for (int payload : new int[] {0, 1, 399, 400}) {
      PacketBuffer frame = tcp(Frames.ACK, payload);
      assertTrue(read(TCP, frame));
      assertState(frame, 54, 16, 0);
      assertEquals("0100000000003600" + "1000", written(frame));
    }
    PacketBuffer frame = tcp(Frames.ACK, 401);
    assertTrue(read(TCP, frame));
    assertState(frame, 54, 16, 400);
  }

  @Test
  void ordinaryFramesAreFinishedOrNot() {
    String none = "00".repeat(10);
    PacketBuffer frame = udp(10).unfinished(200, 6, 7);
    assertTrue(read(none, frame));
    assertFalse(frame.isUnfinished());
    assertEquals(none, written(frame));
    // DATA_VALID, with and without NEEDS_CSUM.
    assertTrue(read("02" + "00".repeat(9), frame));
    assertFalse(frame.isUnfinished());
    assertTrue(read("0300" + "00000000" + "3600" + "0600", frame));
    assertState(frame, 54, 6, 0);
  }

  @Test
  void checksumOutsideOfTheFrameIsRefused() {
    // The frame has 72 octets; the field is the last two of them, then one beyond.
    assertTrue(read("0100" + "00000000" + "3600" + "1000", udp(10)));
    assertFalse(read("0100" + "00000000" + "3600" + "1100", udp(10)));
    assertFalse(read("0100" + "00000000" + "ffff" + "ffff", udp(10)));
    assertFalse(read("0100" + "00000000" + "0000" + "0600", udp(10)), "in the link header");
    assertFalse(read("0100" + "00000000" + "0d00" + "0600", udp(10)), "in the link header");
  }

  @Test
  void whatContradictsTheFrameIsRefused() {
    assertFalse(read(TCP.replaceFirst("01", "00"), tcp(Frames.ACK, 1000)), "no NEEDS_CSUM");
    assertFalse(read(TCP.replaceFirst("01", "02"), tcp(Frames.ACK, 1000)), "DATA_VALID alone");
    assertFalse(read(TCP.replaceFirst("01", "05"), tcp(Frames.ACK, 1000)), "RSC_INFO");
    assertFalse(read(TCP.replaceFirst("0104", "0103"), tcp(Frames.ACK, 1000)), "UDP fragments");
    assertFalse(read(TCP.replaceFirst("0104", "0106"), tcp(Frames.ACK, 1000)), "unknown type");
    assertFalse(read(TCP.replaceFirst("0104", "0180"), tcp(Frames.ACK, 1000)), "ECN alone");
    assertFalse(read(TCP.replaceFirst("0104", "0101"), tcp(Frames.ACK, 1000)), "TCPv4 in IPv6");
    assertFalse(read(TCP.replaceFirst("9001", "0000"), tcp(Frames.ACK, 1000)), "gso_size 0");
    assertFalse(read(TCP.replaceFirst("1000$", "0600"), tcp(Frames.ACK, 1000)), "UDP's field");
    assertFalse(read(TCP.replaceFirst("3600", "3800"), tcp(Frames.ACK, 1000)), "start");
    assertFalse(read(TCP, udp(1000)), "TCP's header on UDP");
    assertFalse(read(UDP, tcp(Frames.ACK, 1000)), "UDP's header on TCP");
    PacketBuffer frame = tcp(Frames.ACK, 1000);
    frame.bytes().put(frame.offset() + 54 + 12, (byte) 0x40);
    assertFalse(read(TCP, frame), "data offset");
  }

  @Test
  void ipv4IsNoted() {
    PacketBuffer frame = tcp(Frames.ACK, 1000);
    frame.bytes().putShort(frame.offset() + 12, (short) 0x0800);
    String header = "01" + "01" + "0000" + "9001" + "3600" + "1000";
    assertTrue(read(header, frame));
    assertState(frame, 54, 16, 400);
    assertEquals(header.replaceFirst("0000", "5600"), written(frame));
    assertFalse(read(TCP, frame), "TCPv6 in IPv4");
    assertFalse(read(header.replaceFirst("3600", "2000"), frame), "no room for the IPv4 header");
  }
}
