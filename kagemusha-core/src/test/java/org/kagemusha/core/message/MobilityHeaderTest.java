package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.MobilityHeader.Accepted;
import org.kagemusha.core.message.MobilityHeader.Decoded;
import org.kagemusha.core.message.MobilityHeader.Problem;
import org.kagemusha.core.message.MobilityHeader.Rejected;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Protocol;

class MobilityHeaderTest {

  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");

  /** Decodes hexadecimal octets after their checksum was set right. */
  private static Decoded decode(String digits) {
    byte[] octets = HexFormat.of().parseHex(digits.replace(" ", ""));
    ByteBuffer buffer = ByteBuffer.wrap(octets).putShort(4, (short) 0);
    int length = Math.min(octets.length, 8 * ((octets[1] & 0xff) + 1));
    long sum =
        InternetChecksum.pseudoHeader(HOME, HOME_AGENT, length, Protocol.MOBILITY)
            + InternetChecksum.sum(buffer, 0, length);
    buffer.putShort(4, (short) InternetChecksum.finish(sum));
    return MobilityHeader.decode(buffer, 0, octets.length, HOME, HOME_AGENT);
  }

  private static void assertMessage(MobilityMessage expected, String digits) {
    assertEquals(new Accepted(expected), decode(digits));
  }

  private static void assertProblem(Problem expected, String digits) {
    assertEquals(new Rejected(expected), decode(digits));
  }

  private static BindingUpdate update(Ipv6Address careOf) {
    return new BindingUpdate(100, true, true, false, false, 0, 15, careOf);
  }

  @Test
  void rfc6275_s6_1_7_flagsAreAhlkFromTheHighestBitDown() {
    assertMessage(
        new BindingUpdate(1, true, false, false, false, 0, 2, null),
        "3b010500 0000 0001 8000 0002 01020000");
    assertMessage(
        new BindingUpdate(1, false, true, false, false, 0, 2, null),
        "3b010500 0000 0001 4000 0002 01020000");
    assertMessage(
        new BindingUpdate(1, false, false, true, false, 0, 2, null),
        "3b010500 0000 0001 2000 0002 01020000");
    assertMessage(
        new BindingUpdate(1, false, false, false, true, 0xfff, 2, null),
        "3b010500 0000 0001 1fff 0002 01020000");
  }

  @Test
  void rfc6275_s6_1_8_statusIsFollowedByTheFlagK() {
    assertMessage(
        new BindingAcknowledgement(135, true, 0x7f, 7, 9, -1),
        "3b010600 0000 87ff 0007 0009 01020000");
  }

  @Test
  void rfc6275_s6_2_4_refreshAdviceFillsTheHeaderWithoutPadding() {
    BindingAcknowledgement advised = new BindingAcknowledgement(0, false, 0, 7, 9, 5);
    assertMessage(advised, "3b010600 0000 0000 0007 0009 02020005");
    byte[] octets = MobilityHeader.encode(advised, HOME_AGENT, HOME);
    assertEquals("02020005", HexFormat.of().formatHex(octets, 12, 16));
  }

  @Test
  void rfc6275_s6_1_2_aRefreshRequestIsEightOctets() {
    assertMessage(new BindingRefreshRequest(), "3b000000 0000 0000");
    assertEquals(8, MobilityHeader.encode(new BindingRefreshRequest(), HOME, HOME_AGENT).length);
  }

  @Test
  void rfc6275_s6_1_9_aBindingErrorNamesTheHomeAddress() {
    assertMessage(
        new BindingError(2, HOME), "3b020700 0000 0200 20010db8200000000000000000000010");
  }

  @Test
  void rfc6275_s6_2_1_unknownOptionsAreIgnoredAndSkipped() {
    String careOf = HexFormat.of().formatHex(CARE_OF.toBytes());
    assertMessage(
        update(CARE_OF),
        "3b050500 0000 0064 c000 000f ff020000 7f080102030405060708 00 00 0310"
            + careOf
            + "0000");
  }

  @Test
  void rfc6275_s9_2_anInvalidChecksumIsSilentlyDiscarded() {
    byte[] octets = MobilityHeader.encode(update(CARE_OF), HOME, HOME_AGENT);
    for (int bit = 0; bit < 8 * octets.length; bit++) {
      byte[] damaged = octets.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Decoded decoded =
          MobilityHeader.decode(
              ByteBuffer.wrap(damaged), 0, damaged.length, HOME, HOME_AGENT);
      assertEquals(-1, assertInstanceOf(Rejected.class, decoded).problem().pointer());
    }
  }

  @Test
  void rfc6275_s6_1_1_theChecksumCoversTheHomeAddressNotTheCareOfAddress() {
    byte[] octets = MobilityHeader.encode(update(CARE_OF), HOME, HOME_AGENT);
    assertEquals(
        new Rejected(Problem.CHECKSUM),
        MobilityHeader.decode(
            ByteBuffer.wrap(octets), 0, octets.length, CARE_OF, HOME_AGENT));
  }

  @Test
  void rfc6275_s9_2_anUnknownTypeIsToldBeforeTheOtherFaults() {
    assertMessage(new UnknownMobilityMessage(99), "3a006300 0000 0000");
  }

  @Test
  void rfc6275_s9_2_thePointerOfAPayloadProtoFaultIsItsField() {
    assertProblem(Problem.PAYLOAD_PROTO, "3a010500 0000 0001 c000 0002 01020000");
    assertEquals(0, Problem.PAYLOAD_PROTO.pointer());
  }

  @Test
  void rfc6275_s9_2_theHeaderLengthMustNotBeLessThanTheTypeNeeds() {
    assertProblem(Problem.HEADER_LENGTH, "3b000500 0000 0001");
    assertProblem(Problem.HEADER_LENGTH, "3b000600 0000 0001");
    assertProblem(Problem.HEADER_LENGTH, "3b010700 0000 0100 0000000000000000");
    assertEquals(1, Problem.HEADER_LENGTH.pointer());
  }

  @Test
  void rfc6275_s6_2_anOptionMayNotGoBeyondTheHeader() {
    assertProblem(Problem.OPTION, "3b010500 0000 0001 c000 0002 01030000");
    assertProblem(Problem.OPTION, "3b010500 0000 0001 c000 0002 00000001");
    assertProblem(Problem.OPTION, "3b010500 0000 0001 c000 0002 0310 0000");
  }

  @Test
  void rfc6275_s6_2_anOptionOfAKnownTypeHasItsLength() {
    assertProblem(Problem.OPTION, "3b010500 0000 0001 c000 0002 03020000");
    assertProblem(Problem.OPTION, "3b010600 0000 0000 0001 0002 02010000");
  }

  @Test
  void anUnknownMessageHasNoOctets() {
    assertThrows(
        IllegalArgumentException.class,
        () -> MobilityHeader.encode(new UnknownMobilityMessage(9), HOME, HOME_AGENT));
  }
}
