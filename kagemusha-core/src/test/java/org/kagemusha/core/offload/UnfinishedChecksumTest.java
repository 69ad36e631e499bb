package org.kagemusha.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

class UnfinishedChecksumTest {

  @Test
  void rfc9293_s3_1_rfc768_everyLengthIsFinished() {
    for (int length = 0; length < 70; length++) {
      byte[] tcp = Frames.tcp(9, Frames.ACK, Frames.payload(length, length));
      assertFinished(tcp, Frames.TCP);
      assertFinished(Frames.udp(77, Frames.payload(length, length)), Frames.UDP);
    }
    assertFinished(Frames.tcp(9, Frames.ACK, Frames.payload(1, 65_000)), Frames.TCP);
  }

  private static void assertFinished(byte[] frame, int protocol) {
    PacketBuffer packet = Frames.unfinished(frame, Frames.LINK, Frames.UPPER, protocol, 0);
    UnfinishedChecksum.finish(packet);
    assertArrayEquals(frame, packet.toBytes());
    assertFalse(packet.isUnfinished());
  }

  @Test
  void rfc8200_s8_1_udpChecksumOfZeroIsSentAsOnesAndTcpsIsNot() {
    byte[] payload = new byte[4];
    byte[] one = Frames.udp(5000, payload);
    Frames.put16(payload, 2, Frames.u16(one, Frames.UPPER + 6));
    byte[] udp = Frames.udp(5000, payload);
    assertEquals(0xffff, Frames.u16(udp, Frames.UPPER + 6));
    assertFinished(udp, Frames.UDP);
    byte[] two = Frames.tcp(1, Frames.ACK, new byte[4]);
    Frames.put16(payload, 2, Frames.u16(two, Frames.UPPER + 16));
    byte[] tcp = Frames.tcp(1, Frames.ACK, payload);
    assertEquals(0, Frames.u16(tcp, Frames.UPPER + 16));
    assertFinished(tcp, Frames.TCP);
  }

  @Test
  void headersThatCameInFrontChangeNothing() {
    byte[] frame = Frames.udp(5000, Frames.payload(1, 101));
    PacketBuffer packet = Frames.unfinished(frame, Frames.LINK, Frames.UPPER, Frames.UDP, 0);
    packet.trimFront(Frames.LINK).prepend(40);
    UnfinishedChecksum.finish(packet);
    packet.trimFront(40);
    assertEquals(
        HexFormat.of().formatHex(frame, Frames.LINK, frame.length),
        HexFormat.of().formatHex(packet.toBytes()));
  }

  @Test
  void whatIsFinishedOrCutBeforeTheFieldStaysAsItIs() {
    byte[] frame = Frames.udp(5000, Frames.payload(1, 20));
    PacketBuffer packet = PacketBuffer.copyOf(frame);
    UnfinishedChecksum.finish(packet);
    assertArrayEquals(frame, packet.toBytes());
    packet = Frames.unfinished(frame, Frames.LINK, Frames.UPPER, Frames.UDP, 0);
    packet.resize(Frames.UPPER + 7);
    byte[] cut = packet.toBytes();
    UnfinishedChecksum.finish(packet);
    assertArrayEquals(cut, packet.toBytes());
    assertFalse(packet.isUnfinished());
  }

  @Test
  void superPacketsAreNotForThis() {
    byte[] frame = Frames.udp(5000, Frames.payload(1, 20));
    PacketBuffer packet = Frames.unfinished(frame, Frames.LINK, Frames.UPPER, Frames.UDP, 10);
    assertThrows(IllegalArgumentException.class, () -> UnfinishedChecksum.finish(packet));
  }
}
