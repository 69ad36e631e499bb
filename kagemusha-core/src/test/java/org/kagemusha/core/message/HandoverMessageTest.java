package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/** RFC 5568 §6.2.1 by its octets, and the keys in Binding Updates and Acknowledgements. */
class HandoverMessageTest {

  private static final Ipv6Address NEW = Ipv6Address.parse("2001:db8:4000::3");
  private static final Ipv6Address OLD = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:10");

  private static byte[] filled(int count, int value) {
    byte[] octets = new byte[count];
    Arrays.fill(octets, (byte) value);
    return octets;
  }

  private static HandoverMessage initiate() {
    return HandoverMessage.initiate(
            0x1234, HOME, GUEST, filled(16, 0xaa), 0x0badcafe, 0x01020304)
        .authenticated(filled(16, 0xbb));
  }

  @Test
  void rfc5568_s6_2_1_1_initiateHasTheseOctets() {
    byte[] octets = MobilityHeader.encode(initiate(), NEW, OLD);
    int checksum = ByteBuffer.wrap(octets).getShort(4) & 0xffff;
    String hex = HexFormat.of().formatHex(octets);
    assertEquals(
        // Payload Proto, Header Len (twelve units), MH Type 14, reserved, checksum.
        "3b0b0e00" + String.format("%04x", checksum)
            // Sequence, U flag, code 0, PadN to 8n+4.
            + "1234" + "40" + "00" + "0100"
            // §6.4.2: Old Care-of Address, 128 bits.
            + "1112" + "01" + "80" + "20010db8200000000000000000000010"
            // §6.4.4: Link-Layer Address of the MN.
            + "0707" + "02" + "525400123410"
            // Our own: magic, kind, nonce, SPI; PadN.
            + "1219" + "6b676d73" + "03" + "aa".repeat(16) + "0badcafe" + "010400000000"
            // §6.4.5: SPI and authenticator.
            + "1514" + "01020304" + "bb".repeat(16),
        hex);
  }

  @Test
  void rfc5568_s6_2_1_2_acknowledgeHasTheseOctets() {
    HandoverMessage answer =
        HandoverMessage.acknowledge(HandoverMessage.ACCEPTED, initiate())
            .authenticated(filled(16, 0xcc));
    byte[] octets = MobilityHeader.encode(answer, OLD, NEW);
    int checksum = ByteBuffer.wrap(octets).getShort(4) & 0xffff;
    assertEquals(
        "3b090f00" + String.format("%04x", checksum) + "1234" + "00" + "03" + "0100"
            + "1112" + "01" + "80" + "20010db8200000000000000000000010"
            + "1215" + "6b676d73" + "04" + "aa".repeat(16) + "010100"
            + "1514" + "01020304" + "cc".repeat(16),
        HexFormat.of().formatHex(octets));
  }

  @Test
  void whatIsReadIsWhatWasWritten() {
    byte[] octets = MobilityHeader.encode(initiate(), NEW, OLD);
    MobilityHeader.Accepted accepted =
        assertInstanceOf(
            MobilityHeader.Accepted.class,
            MobilityHeader.decode(ByteBuffer.wrap(octets), 0, octets.length, NEW, OLD));
    HandoverMessage message = assertInstanceOf(HandoverMessage.class, accepted.message());
    assertEquals(14, message.type());
    assertEquals(0x1234, message.sequence());
    assertEquals(HOME, message.homeAddress());
    assertEquals(0x0badcafe, message.spi());
    assertEquals(0x01020304, message.keyIndex());
    assertArrayEquals(filled(16, 0xaa), message.nonce());
    assertArrayEquals(filled(16, 0xbb), message.authenticator());
    assertArrayEquals(initiate().covered(), message.covered());
  }

  @Test
  void rfc5568_s6_4_5_authorizationMustBeTheLastOption() {
    byte[] octets = MobilityHeader.encode(initiate(), NEW, OLD);
    for (int cut = octets.length - 8; cut >= 16; cut -= 8) {
      byte[] shorter = Arrays.copyOf(octets, cut);
      shorter[1] = (byte) (cut / 8 - 1);
      assertNull(HandoverMessage.decode(ByteBuffer.wrap(shorter), 0, cut), "cut to " + cut);
    }
  }

  @Test
  void keysTravelInBindingAcknowledgements() {
    HandoverKeys keys = new HandoverKeys(filled(32, 1), OLD, filled(32, 2));
    for (HandoverKeys each : List.of(keys, new HandoverKeys(filled(32, 1), null, null))) {
      byte[] octets =
          MobilityHeader.encode(
              new BindingAcknowledgement(0, false, 0, 7, 15, -1, each), OLD, HOME);
      BindingAcknowledgement read =
          (BindingAcknowledgement)
              ((MobilityHeader.Accepted)
                      MobilityHeader.decode(
                          ByteBuffer.wrap(octets), 0, octets.length, OLD, HOME))
                  .message();
      assertEquals(0, octets.length % 8);
      assertArrayEquals(each.key(), read.handover().key());
      assertEquals(each.previousCareOf(), read.handover().previousCareOf());
      assertArrayEquals(each.previousKey(), read.handover().previousKey());
      assertFalse(read.toString().contains("0101"), read.toString());
    }
  }

  @Test
  void wishForKeysTravelsInBindingUpdates() {
    BindingUpdate update = new BindingUpdate(1, true, true, false, false, 0, 15, OLD);
    for (boolean wanted : new boolean[] {false, true}) {
      BindingUpdate sent = wanted ? update.wantingHandoverKeys() : update;
      byte[] octets = MobilityHeader.encode(sent, HOME, NEW);
      assertEquals(wanted ? 40 : 32, octets.length);
      assertEquals(
          sent,
          ((MobilityHeader.Accepted)
                  MobilityHeader.decode(ByteBuffer.wrap(octets), 0, octets.length, HOME, NEW))
              .message());
    }
    assertTrue(update.wantingHandoverKeys().wantsHandoverKeys());
  }
}
