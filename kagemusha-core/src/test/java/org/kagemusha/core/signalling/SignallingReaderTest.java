package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.MobilityHeader;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingReader.Answer;
import org.kagemusha.core.signalling.SignallingReader.Found;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

class SignallingReaderTest {

  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final BindingUpdate UPDATE =
      new BindingUpdate(7, true, true, false, false, 0, 15, CARE_OF);
  private static final String HOME_OPTION = "c910" + hex(HOME);

  private final SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
  private final SignallingReader reader = new SignallingReader(associations);

  private static String hex(Ipv6Address address) {
    return HexFormat.of().formatHex(address.toBytes());
  }

  private static byte[] octets(String digits) {
    return HexFormat.of().parseHex(digits.replace(" ", ""));
  }

  /** A packet from the care-of address to the home agent. */
  private static PacketBuffer packet(int next, String payload) {
    return packet(next, octets(payload), HOME_AGENT);
  }

  private static PacketBuffer packet(int next, byte[] payload, Ipv6Address destination) {
    PacketBuffer packet = PacketBuffer.copyOf(payload).prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, payload.length, next, 64, CARE_OF, destination);
    return packet;
  }

  private static String innerPacket() {
    return "6000000000043bff" + hex(HOME) + hex(HOME_AGENT) + "01020304";
  }

  private static String type2(int next, Ipv6Address address) {
    return String.format("%02x020201 00000000", next) + hex(address);
  }

  private OutboundSecurityAssociation associate() {
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x1000,
            EncryptionAlgorithm.AES_CBC_128,
            IntegrityAlgorithm.HMAC_SHA2_256_128,
            new byte[16],
            new byte[32],
            false,
            64);
    associations.add(InboundSecurityAssociation.of(parameters));
    long[] sequence = {0};
    return OutboundSecurityAssociation.of(parameters, () -> ++sequence[0]);
  }

  /** A packet in ESP from the care-of address to the home agent. */
  private PacketBuffer sealed(int next, String payload) {
    PacketBuffer esp = PacketBuffer.copyOf(octets(payload));
    assertNull(associate().seal(esp, next));
    return packet(Protocol.ESP, esp.toBytes(), HOME_AGENT);
  }

  private void assertDropped(DropReason reason, Answer answer, PacketBuffer packet) {
    assertEquals(Found.DROPPED, reader.read(packet, 0));
    assertEquals(reason, reader.dropReason());
    assertEquals(answer, reader.answer());
  }

  private void assertDropped(DropReason reason, PacketBuffer packet) {
    assertDropped(reason, Answer.NONE, packet);
  }

  @Test
  void rfc2473_s3_3_anInnerPacketIsFoundBehindTheOuterHeader() {
    PacketBuffer packet = packet(Protocol.IPV6, innerPacket());
    assertEquals(Found.TUNNEL, reader.read(packet, 0));
    assertEquals(packet.offset() + 40, reader.innerOffset());
    assertNull(reader.association());
    assertNull(reader.dropReason());
  }

  @Test
  void rfc2473_s4_1_1_theEncapsulationLimitAndPaddingAreSkipped() {
    PacketBuffer packet =
        packet(Protocol.DESTINATION_OPTIONS, "2900 0401 04 010100" + innerPacket());
    assertEquals(Found.TUNNEL, reader.read(packet, 0));
    assertEquals(packet.offset() + 48, reader.innerOffset());
  }

  @Test
  void rfc4303_s3_1_2_anInnerPacketInEspIsFoundWithItsAssociation() {
    PacketBuffer packet = sealed(Protocol.IPV6, innerPacket());
    int start = packet.offset();
    assertEquals(Found.TUNNEL, reader.read(packet, 0));
    assertEquals(0x1000, reader.association().spi());
    assertEquals(start, packet.offset());
    assertEquals(packet.end(), reader.innerOffset() + 44);
    assertEquals(44, packet.end() - reader.innerOffset());
  }

  @Test
  void whatTheLinkPutBehindThePacketIsCutOff() {
    PacketBuffer packet = packet(Protocol.IPV6, innerPacket());
    int length = packet.length();
    packet.resize(length + 6);
    assertEquals(Found.TUNNEL, reader.read(packet, 0));
    assertEquals(length, packet.length());
  }

  @Test
  void anIncompleteInnerPacketIsDropped() {
    assertDropped(
        DropReason.IPV6_MALFORMED,
        packet(Protocol.IPV6, innerPacket().replace("6000000000043b", "6000000000053b")));
    assertDropped(DropReason.IPV6_MALFORMED, packet(Protocol.IPV6, "4500"));
    assertDropped(DropReason.IPV6_MALFORMED, sealed(Protocol.IPV6, "4500"));
  }

  @Test
  void rfc6275_s6_1_1_theChecksumIsOverTheHomeAddressOfOptionAndRoutingHeader() {
    PacketBuffer update = SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, UPDATE, null);
    assertEquals(Found.SIGNALLING, reader.read(update, 0));
    assertEquals(
        new SignallingPacket(CARE_OF, HOME_AGENT, HOME, null, null, 0, UPDATE),
        reader.signalling());
    BindingAcknowledgement accepted = new BindingAcknowledgement(0, false, 0, 7, 15, -1);
    PacketBuffer acknowledgement =
        SignallingWriter.build(HOME_AGENT, CARE_OF, null, HOME, accepted, null);
    assertEquals(Found.SIGNALLING, reader.read(acknowledgement, 0));
    assertEquals(
        new SignallingPacket(HOME_AGENT, CARE_OF, null, HOME, null, 0, accepted),
        reader.signalling());
  }

  @Test
  void rfc3776_s3_1_signallingInEspCarriesItsAssociation() {
    PacketBuffer update =
        SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, UPDATE, associate());
    assertEquals(Found.SIGNALLING, reader.read(update, 0));
    assertSame(reader.association(), reader.signalling().association());
    assertEquals(UPDATE, reader.signalling().message());
  }

  @Test
  void rfc6275_s11_5_5_atHomeThereIsNeitherOptionNorRoutingHeader() {
    BindingUpdate deregistration =
        new BindingUpdate(8, true, true, false, false, 0, 0, null);
    PacketBuffer packet =
        SignallingWriter.build(HOME, HOME_AGENT, null, null, deregistration, null);
    assertEquals(56, packet.length());
    assertEquals(Found.SIGNALLING, reader.read(packet, 0));
    assertEquals(
        new SignallingPacket(HOME, HOME_AGENT, null, null, null, 0, deregistration),
        reader.signalling());
  }

  @Test
  void rfc4303_s3_3_3_nothingIsBuiltWhenSequenceNumbersAreUsedUp() {
    OutboundSecurityAssociation exhausted =
        OutboundSecurityAssociation.of(
            new SecurityAssociationParameters(
                0x1000,
                EncryptionAlgorithm.AES_CBC_128,
                IntegrityAlgorithm.HMAC_SHA1_96,
                new byte[16],
                new byte[20],
                false,
                64),
            () -> 0);
    assertNull(SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, UPDATE, exhausted));
  }

  @Test
  void rfc6275_s9_3_1_aHomeAddressThatIsNotRoutableUnicastIsDropped() {
    for (String address : new String[] {"ff02::1", "fe80::1", "::", "::1", "::ffff:192.0.2.1"}) {
      byte[] header = octets("87020102 0000 c910" + HOME_OPTION.substring(4));
      Ipv6Address home =
          address.startsWith("::ffff")
              ? new Ipv6Address(0, 0xffff_c000_0201L)
              : Ipv6Address.parse(address);
      home.write(ByteBuffer.wrap(header), 8);
      assertDropped(
          DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, header, HOME_AGENT));
    }
  }

  @Test
  void rfc6275_s6_3_theHomeAddressOptionIsSixteenOctetsAndThereOnce() {
    String twice = "8705 01020000" + HOME_OPTION + "01040000 0000" + HOME_OPTION + "0100";
    assertDropped(DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, twice));
    String again = "3c02 01020000" + HOME_OPTION + "8702 01020000" + HOME_OPTION;
    assertDropped(DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, again));
    String wrongLength = "8702 01020000 c90f" + hex(HOME);
    assertDropped(DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, wrongLength));
  }

  @Test
  void rfc6275_s6_3_theHomeAddressOptionIsNotInsideOfEsp() {
    assertDropped(
        DropReason.OPTIONS_INVALID,
        sealed(Protocol.DESTINATION_OPTIONS, "8702 01020000" + HOME_OPTION));
  }

  @Test
  void rfc6275_s6_4_theRoutingHeaderIsNotInsideOfEsp() {
    assertDropped(
        DropReason.ROUTING_HEADER_INVALID, sealed(Protocol.ROUTING, type2(135, HOME)));
  }

  @Test
  void rfc6275_s6_4_1_lengthMustBeTwoAndSegmentsLeftOne() {
    String valid = type2(17, HOME) + "0000000000000000";
    assertEquals(Found.ROUTED_TO_HOME_ADDRESS, reader.read(packet(Protocol.ROUTING, valid), 0));
    assertEquals(HOME, reader.type2HomeAddress());
    assertEquals(17, reader.upperLayerProtocol());
    for (String wrong : new String[] {"11010201", "11030201", "11020200", "11020202"}) {
      assertDropped(
          DropReason.ROUTING_HEADER_INVALID,
          packet(Protocol.ROUTING, wrong + valid.replace(" ", "").substring(8)));
    }
    assertDropped(
        DropReason.ROUTING_HEADER_INVALID,
        packet(Protocol.ROUTING, type2(43, HOME) + type2(17, HOME)));
    assertDropped(
        DropReason.ROUTING_HEADER_INVALID,
        packet(Protocol.ROUTING, type2(17, Ipv6Address.ALL_NODES)));
  }

  @Test
  void rfc6275_s6_3_theHomeAddressOptionComesAfterTheRoutingHeader() {
    String home = "01020000" + HOME_OPTION;
    assertDropped(
        DropReason.ROUTING_HEADER_INVALID,
        packet(Protocol.DESTINATION_OPTIONS, "2b02" + home + type2(135, HOME)));
  }

  @Test
  void rfc8200_s4_4_anUnrecognisedRoutingTypeIsSkippedOrAnswered() {
    String finished = "2900 0000 00000000" + innerPacket();
    assertEquals(Found.TUNNEL, reader.read(packet(Protocol.ROUTING, finished), 0));
    assertDropped(
        DropReason.ROUTING_HEADER_INVALID,
        Answer.PARAMETER_PROBLEM,
        packet(Protocol.ROUTING, "2900 0401 00000000" + innerPacket()));
    assertEquals(42, reader.errorPointer());
    assertEquals(Icmpv6.ERRONEOUS_HEADER_FIELD, reader.errorCode());
  }

  @Test
  void rfc8200_s4_2_theHighBitsOfAnUnknownOptionSayWhatToDo() {
    assertEquals(Found.TUNNEL, reader.read(options("3e", HOME_AGENT), 0));
    assertDropped(DropReason.OPTIONS_INVALID, options("7e", HOME_AGENT));
    assertDropped(DropReason.OPTIONS_INVALID, Answer.PARAMETER_PROBLEM, options("be", HOME_AGENT));
    assertEquals(44, reader.errorPointer());
    assertEquals(Icmpv6.UNRECOGNIZED_OPTION, reader.errorCode());
    assertDropped(DropReason.OPTIONS_INVALID, Answer.PARAMETER_PROBLEM, options("fe", HOME_AGENT));
    Ipv6Address group = Ipv6Address.parse("ff0e::1");
    assertDropped(DropReason.OPTIONS_INVALID, Answer.PARAMETER_PROBLEM, options("be", group));
    assertDropped(DropReason.OPTIONS_INVALID, Answer.NONE, options("fe", group));
  }

  private static PacketBuffer options(String type, Ipv6Address destination) {
    return packet(
        Protocol.DESTINATION_OPTIONS,
        octets("2900 0100" + type + "020000" + innerPacket()),
        destination);
  }

  @Test
  void rfc8200_s4_3_hopByHopOptionsStandFirstOnly() {
    String alert = "2900 0502 0000 0100";
    assertEquals(Found.TUNNEL, reader.read(packet(Protocol.HOP_BY_HOP, alert + innerPacket()), 0));
    assertDropped(
        DropReason.PROTOCOL_NOT_TAKEN,
        packet(Protocol.DESTINATION_OPTIONS, "0000 0104 00000000" + alert + innerPacket()));
  }

  @Test
  void optionsMayNotGoBeyondTheirHeaderNorTheHeaderBeyondThePacket() {
    assertDropped(
        DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, "2900 0105 00000000"));
    assertDropped(
        DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, "2901 0104 00000000"));
    assertDropped(
        DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, "2900 0100 00000001"));
    assertDropped(DropReason.OPTIONS_INVALID, packet(Protocol.DESTINATION_OPTIONS, "2900 01"));
  }

  @Test
  void rfc6275_s9_3_1_withoutBindingOnlyEspAndMobilityHeadersFollowTheOption() {
    assertDropped(
        DropReason.NO_BINDING,
        Answer.BINDING_ERROR_UNKNOWN_BINDING,
        packet(
            Protocol.DESTINATION_OPTIONS, "1102 01020000" + HOME_OPTION + "0000000000000000"));
    assertEquals(HOME, reader.homeAddressOption());
  }

  @Test
  void rfc6275_s10_4_5_anInnerPacketDoesNotComeWithAHomeAddressOption() {
    PacketBuffer esp = PacketBuffer.copyOf(octets(innerPacket()));
    assertNull(associate().seal(esp, Protocol.IPV6));
    String option = "3202 01020000" + HOME_OPTION;
    assertDropped(
        DropReason.PROTOCOL_NOT_TAKEN,
        packet(
            Protocol.DESTINATION_OPTIONS,
            option + HexFormat.of().formatHex(esp.toBytes())));
  }

  @Test
  void rfc6275_s9_2_parameterProblemsPointIntoTheMobilityHeader() {
    byte[] octets = MobilityHeader.encode(UPDATE, HOME, HOME_AGENT);
    octets[0] = 58;
    octets[4]++;
    assertDropped(
        DropReason.MOBILITY_MALFORMED,
        Answer.PARAMETER_PROBLEM,
        packet(
            Protocol.DESTINATION_OPTIONS,
            "8702 01020000" + HOME_OPTION + HexFormat.of().formatHex(octets)));
    assertEquals(64, reader.errorPointer());
    assertEquals(Icmpv6.ERRONEOUS_HEADER_FIELD, reader.errorCode());
  }

  @Test
  void rfc4301_s5_2_anUnknownSpiIsDropped() {
    assertDropped(
        DropReason.ESP_NO_ASSOCIATION, packet(Protocol.ESP, "00002000 00000001 00000000"));
    assertDropped(DropReason.ESP_MALFORMED, packet(Protocol.ESP, "00002000 000000"));
  }

  @Test
  void rfc4303_s3_4_aPacketThatDoesNotOpenKeepsItsBounds() {
    PacketBuffer packet = sealed(Protocol.IPV6, innerPacket());
    packet.bytes().put(packet.end() - 1, (byte) 0);
    packet.bytes().put(packet.end() - 2, (byte) 0);
    int offset = packet.offset();
    int length = packet.length();
    assertDropped(DropReason.ESP_AUTHENTICATION_FAILED, packet);
    assertEquals(offset, packet.offset());
    assertEquals(length, packet.length());
    assertNull(reader.association());
  }

  @Test
  void rfc4303_s2_6_aDummyPacketIsDropped() {
    assertDropped(DropReason.ESP_DUMMY, sealed(Protocol.NO_NEXT_HEADER, "0000"));
  }

  @Test
  void icmpv6IsFoundInClearOnly() {
    PacketBuffer packet = packet(Protocol.ICMPV6, "0200000000000500");
    assertEquals(Found.ICMPV6, reader.read(packet, 0));
    assertEquals(packet.offset() + 40, reader.innerOffset());
    assertDropped(
        DropReason.PROTOCOL_NOT_TAKEN, sealed(Protocol.ICMPV6, "0200000000000500"));
  }

  @Test
  void otherProtocolsAreNotTaken() {
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, packet(Protocol.UDP, "0000000000000000"));
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, packet(Protocol.FRAGMENT, "2900000100000001"));
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, sealed(Protocol.ESP, "0000100000000001"));
  }

  @Test
  void aLongChainOfHeadersIsDropped() {
    assertDropped(
        DropReason.OPTIONS_INVALID,
        packet(Protocol.DESTINATION_OPTIONS, "3c000104 00000000".repeat(20)));
  }
}
