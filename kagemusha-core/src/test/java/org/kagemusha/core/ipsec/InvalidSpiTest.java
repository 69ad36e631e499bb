package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

/** The notification of RFC 7296 §1.5, octet for octet. */
class InvalidSpiTest {

  /** Marker; both IKE SPIs; Notify, 2.0, INFORMATIONAL, Initiator; message 0, 40; Notify 11. */
  private static final byte[] OCTETS =
      HexFormat.of()
          .parseHex(
              "00000000"
                  + "0000000000000000" + "0000000000000000"
                  + "29" + "20" + "25" + "08" + "00000000" + "00000028"
                  + "00" + "00" + "000c" + "00" + "00" + "000b" + "0a0b0c0d");

  private static int spi(byte[] octets) {
    return InvalidSpi.spi(ByteBuffer.wrap(octets), 0, octets.length);
  }

  private static byte[] with(int at, int value) {
    byte[] octets = OCTETS.clone();
    octets[at] = (byte) value;
    return octets;
  }

  @Test
  void rfc7296_s3_10_theNotificationDataIsTheSpi() {
    PacketBuffer packet = PacketBuffer.copyOf(new byte[100]);
    InvalidSpi.write(packet, 0x0a0b0c0d);
    assertArrayEquals(OCTETS, packet.toBytes());
    assertEquals(0x0a0b0c0d, spi(OCTETS));
  }

  @Test
  void rfc7296_s1_5_randomIkeSpisAreAcceptable() {
    for (int at = 4; at < 20; at++) {
      assertEquals(0x0a0b0c0d, spi(with(at, 0x5a)));
    }
  }

  @Test
  void rfc7296_s2_5_minorVersionsAndUnknownFlagsAreIgnored() {
    assertEquals(0x0a0b0c0d, spi(with(21, 0x2f)));
    assertEquals(0x0a0b0c0d, spi(with(23, 0x0f | 0xc0)));
    assertEquals(0x0a0b0c0d, spi(with(33, 0x80)));
  }

  @Test
  void anythingElseIsNone() {
    // Marker, next payload, major version, exchange, responder, response, lengths, kinds, type.
    for (int[] change :
        new int[][] {
          {3, 1}, {20, 33}, {21, 0x30}, {22, 34}, {23, 0}, {23, 0x28}, {31, 0x29}, {32, 41},
          {35, 13}, {36, 1}, {37, 4}, {39, 10}, {38, 0x40}
        }) {
      assertEquals(0, spi(with(change[0], change[1])), Arrays.toString(change));
    }
    for (int length = 0; length < OCTETS.length; length++) {
      assertEquals(0, spi(Arrays.copyOf(OCTETS, length)));
    }
    assertEquals(0, spi(Arrays.copyOf(OCTETS, OCTETS.length + 1)));
  }
}
