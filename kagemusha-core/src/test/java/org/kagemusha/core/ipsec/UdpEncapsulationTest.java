package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.UdpEncapsulation.Content;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

class UdpEncapsulationTest {

  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final HexFormat HEX = HexFormat.of();

  private static String prepended(String payload) {
    PacketBuffer packet = PacketBuffer.copyOf(HEX.parseHex(payload));
    UdpEncapsulation.prepend(packet, 4500, 40_000, CARE_OF, HOME_AGENT);
    return HEX.formatHex(packet.toBytes());
  }

  private static Content classify(String datagram) {
    byte[] octets = HEX.parseHex(datagram.replace(" ", ""));
    return UdpEncapsulation.classify(ByteBuffer.wrap(octets), 0, octets.length);
  }

  @Test
  void rfc3948_s2_1_sourcePortDestinationPortLengthChecksumAndEsp() {
    // 2001:0db8:3000::0003, 2001:0db8:2000::0001, length 16, protocol 17, ports 1194 and 9c40,
    // length 16, then the payload: 0x2001+0x0db8+0x3000+3 +0x2001+0x0db8+0x2000+1 +0x10+0x11
    // +0x1194+0x9c40+0x10 +0x1000+1 = 0x1697c, folded 0x697d, complemented 0x9682.
    assertEquals("11949c40" + "0010" + "9682" + "1000000000000001", prepended("1000000000000001"));
  }

  @Test
  void rfc3948_s2_3_aKeepaliveIsOneOctetOfOnes() {
    PacketBuffer packet = PacketBuffer.allocate(10);
    UdpEncapsulation.keepalive(packet);
    UdpEncapsulation.prepend(packet, 4500, 4500, CARE_OF, HOME_AGENT);
    byte[] octets = packet.toBytes();
    assertEquals("119411940009", HEX.formatHex(octets, 0, 6));
    assertEquals("ff", HEX.formatHex(octets, 8, 9));
    assertEquals(Content.KEEPALIVE, classify(HEX.formatHex(octets)));
  }

  @Test
  void rfc8200_s8_1_aChecksumOfZeroIsSentAsFfff() {
    // As above: two octets more count twice as length, so 0x6981 + 0x967e = 0xffff.
    assertEquals("ffff", prepended("1000000000000001967e").substring(12, 16));
  }

  @Test
  void rfc8200_s8_1_everyChecksumIsRightAndNoneIsZero() {
    for (int word = 0; word <= 0xffff; word++) {
      PacketBuffer packet = PacketBuffer.copyOf(new byte[] {(byte) (word >> 8), (byte) word, 1});
      UdpEncapsulation.prepend(packet, 1, 0xffff, CARE_OF, HOME_AGENT);
      byte[] octets = packet.toBytes();
      int checksum = (octets[6] & 0xff) << 8 | octets[7] & 0xff;
      long sum = 2 * (0x2001L + 0x0db8) + 0x3000 + 3 + 0x2000 + 1 + octets.length + 17;
      for (int i = 0; i < octets.length; i++) {
        sum += (octets[i] & 0xffL) << (i % 2 == 0 ? 8 : 0);
      }
      while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
      }
      assertEquals(0xffff, sum);
      assertTrue(checksum != 0);
    }
  }

  @Test
  void theChecksumIsRestoredWhereItIsMissing() {
    PacketBuffer packet = PacketBuffer.copyOf(HEX.parseHex("1000000000000001"));
    UdpEncapsulation.prepend(packet, 4500, 40_000, CARE_OF, HOME_AGENT);
    packet.prepend(40);
    Ipv6Header.write(packet.bytes(), packet.offset(), 0, 0, 16, 17, 64, CARE_OF, HOME_AGENT);
    byte[] whole = packet.toBytes();
    int checksum = packet.offset() + 46;
    packet.bytes().putShort(checksum, (short) 0);
    UdpEncapsulation.restoreChecksum(packet);
    assertArrayEquals(whole, packet.toBytes());
    packet.bytes().putShort(checksum, (short) 1);
    UdpEncapsulation.restoreChecksum(packet);
    assertEquals(1, packet.bytes().getShort(checksum));
    packet.bytes().putShort(checksum, (short) 0);
    for (int length = 0; length < 56; length++) {
      UdpEncapsulation.restoreChecksum(packet.resize(length));
      assertEquals(0, packet.bytes().getShort(checksum));
    }
    packet.resize(56).bytes().put(packet.offset() + 6, (byte) 50);
    UdpEncapsulation.restoreChecksum(packet);
    assertEquals(0, packet.bytes().getShort(checksum));
  }

  @Test
  void datagramsAreClassified() {
    String header = "1194 1194 %04x 0000";
    assertEquals(Content.ESP, classify(String.format(header, 16) + "0000 0100 00000001"));
    assertEquals(Content.ESP, classify(String.format(header, 16) + "0000 0001 00000001"));
    // RFC 3948 §2.2
    assertEquals(Content.NON_ESP, classify(String.format(header, 12) + "00000000"));
    assertEquals(Content.NON_ESP, classify(String.format(header, 40) + "00".repeat(32)));
    // §2.3: one octet, 0xff
    assertEquals(Content.KEEPALIVE, classify(String.format(header, 9) + "ff"));
    assertEquals(Content.MALFORMED, classify(String.format(header, 9) + "fe"));
    assertEquals(Content.MALFORMED, classify(String.format(header, 10) + "ffff"));
    assertEquals(Content.MALFORMED, classify(String.format(header, 8)));
    assertEquals(Content.MALFORMED, classify(String.format(header, 11) + "000000"));
    // What is behind the length is not of the datagram.
    assertEquals(Content.KEEPALIVE, classify(String.format(header, 9) + "ff000000"));
    assertEquals(Content.MALFORMED, classify(String.format(header, 11) + "0000000000000000"));
    // No port to answer to.
    assertEquals(Content.MALFORMED, classify("0000 1194 0010 0000 0000 0100 00000001"));
  }

  @Test
  void everyTruncationIsMalformed() {
    byte[] whole = HEX.parseHex("1194119400180000" + "00001000000000010102030405060708");
    for (int length = 0; length < whole.length; length++) {
      byte[] less = Arrays.copyOf(whole, length);
      assertEquals(
          Content.MALFORMED, UdpEncapsulation.classify(ByteBuffer.wrap(less), 0, length));
      // The same with a length field that agrees: too short for ESP.
      if (length >= 8) {
        less[5] = (byte) length;
        assertEquals(
            length < 16 ? Content.MALFORMED : Content.ESP,
            UdpEncapsulation.classify(ByteBuffer.wrap(less), 0, length));
      }
    }
    for (int wrong = 0; wrong < 8; wrong++) {
      byte[] lies = whole.clone();
      lies[5] = (byte) wrong;
      assertEquals(Content.MALFORMED, UdpEncapsulation.classify(ByteBuffer.wrap(lies), 0, 24));
    }
  }

  @Test
  void portsAreSetTogether() {
    assertFalse(UdpEncapsulation.isEncapsulated(0, 0));
    assertTrue(UdpEncapsulation.isEncapsulated(1, 65_535));
    for (int[] ports : new int[][] {{0, 1}, {1, 0}, {-1, 1}, {1, 65_536}}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> UdpEncapsulation.isEncapsulated(ports[0], ports[1]));
      PacketBuffer packet = PacketBuffer.copyOf(new byte[16]);
      assertThrows(
          IllegalArgumentException.class,
          () -> UdpEncapsulation.prepend(packet, ports[0], ports[1], CARE_OF, HOME_AGENT));
      assertEquals(16, packet.length());
    }
  }

  @Test
  void aDatagramHasAtMost65535Octets() {
    PacketBuffer most = PacketBuffer.copyOf(new byte[65_527]);
    UdpEncapsulation.prepend(most, 4500, 4500, CARE_OF, HOME_AGENT);
    assertEquals(65_535, UdpEncapsulation.length(most.bytes(), most.offset()));
    PacketBuffer more = PacketBuffer.copyOf(new byte[65_528]);
    assertThrows(
        IllegalArgumentException.class,
        () -> UdpEncapsulation.prepend(more, 4500, 4500, CARE_OF, HOME_AGENT));
  }
}
