package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingReader.Answer;
import org.kagemusha.core.signalling.SignallingReader.Found;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** ESP in UDP (RFC 3948), with the Home Address option and the type 2 routing header inside. */
class EncapsulatedSignallingTest {

  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final int PEER_PORT = 40_000;
  private static final BindingUpdate UPDATE =
      new BindingUpdate(7, true, true, false, false, 0, 15, CARE_OF);
  private static final BindingAcknowledgement ACCEPTED =
      new BindingAcknowledgement(0, false, 0, 7, 15, -1);
  private static final String HOME_HEADER = "02 01020000 c910" + hex(HOME);
  private static final String INNER = "6000000000043bff" + hex(HOME) + hex(HOME_AGENT) + "01020304";

  private final SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
  private final SignallingReader reader = new SignallingReader(associations);
  private OutboundSecurityAssociation outbound;

  @BeforeEach
  void associate() {
    // NULL encryption shows the octets.
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x1000,
            EncryptionAlgorithm.NULL,
            IntegrityAlgorithm.HMAC_SHA2_256_128,
            new byte[0],
            new byte[32],
            false,
            64);
    associations.add(InboundSecurityAssociation.of(parameters));
    long[] sequence = {0};
    outbound = OutboundSecurityAssociation.of(parameters, () -> ++sequence[0]);
    reader.encapsulationPort(UdpEncapsulation.DEFAULT_PORT);
  }

  private static String hex(Ipv6Address address) {
    return HexFormat.of().formatHex(address.toBytes());
  }

  private static byte[] octets(String digits) {
    return HexFormat.of().parseHex(digits.replace(" ", ""));
  }

  private static PacketBuffer packet(int next, byte[] payload) {
    PacketBuffer packet = PacketBuffer.copyOf(payload).prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, payload.length, next, 64, CARE_OF, HOME_AGENT);
    return packet;
  }

  private PacketBuffer esp(int next, String payload) {
    PacketBuffer esp = PacketBuffer.copyOf(octets(payload));
    assertNull(outbound.seal(esp, next));
    return esp;
  }

  private PacketBuffer udp(int next, String payload) {
    PacketBuffer esp = esp(next, payload);
    UdpEncapsulation.prepend(esp, PEER_PORT, 4500, CARE_OF, HOME_AGENT);
    return packet(Protocol.UDP, esp.toBytes());
  }

  private PacketBuffer update() {
    return build(HOME, null, UPDATE);
  }

  private PacketBuffer build(Ipv6Address option, Ipv6Address type2, MobilityMessage message) {
    return SignallingWriter.build(
        CARE_OF, HOME_AGENT, option, type2, message, outbound, PEER_PORT, 4500);
  }

  private void assertDropped(DropReason reason, PacketBuffer packet) {
    assertEquals(Found.DROPPED, reader.read(packet, 0));
    assertEquals(reason, reader.dropReason());
    assertEquals(Answer.NONE, reader.answer());
  }

  @Test
  void rfc3948_s3_2_udpStandsBetweenIpAndEspAndTheHomeAddressOptionInside() {
    String octets = HexFormat.of().formatHex(update().toBytes());
    // 8 of ESP, 24 of options, 32 of Mobility Header, 2 of padding, 2 of trailer, 16 of ICV.
    int length = 8 + 8 + 24 + 32 + 2 + 2 + 16;
    String expected =
        String.format("60000000%04x1140", length) + hex(CARE_OF) + hex(HOME_AGENT)
            + String.format("9c401194%04x", length);
    assertEquals(expected, octets.substring(0, 92));
    assertEquals(
        "0000100000000001" + "870201020000c910" + hex(HOME) + "3b03",
        octets.substring(96, 164));
    assertEquals("0102" + "023c", octets.substring(octets.length() - 40, octets.length() - 32));
    assertEquals(40 + length, octets.length() / 2);
  }

  @Test
  void rfc6618_s6_3_bothMessagesComeOutWithTheirHomeAddressAndPort() {
    PacketBuffer update = update();
    int start = update.offset();
    assertEquals(Found.SIGNALLING, reader.read(update, 0));
    assertNotNull(reader.association());
    assertEquals(
        new SignallingPacket(
            CARE_OF, HOME_AGENT, HOME, null, reader.association(), PEER_PORT, UPDATE),
        reader.signalling());
    assertEquals(PEER_PORT, reader.udpPort());
    assertEquals(start, update.offset());
    assertEquals(Found.SIGNALLING, reader.read(build(null, HOME, ACCEPTED), 0));
    assertEquals(
        new SignallingPacket(
            CARE_OF, HOME_AGENT, null, HOME, reader.association(), PEER_PORT, ACCEPTED),
        reader.signalling());
    assertSame(reader.association(), reader.signalling().association());
  }

  @Test
  void nativeAndEncapsulatedPacketsMayAlternate() {
    assertEquals(Found.SIGNALLING, reader.read(update(), 0));
    PacketBuffer bare =
        SignallingWriter.build(CARE_OF, HOME_AGENT, HOME, null, UPDATE, outbound, 0, 0);
    assertEquals(Protocol.DESTINATION_OPTIONS, Ipv6Header.nextHeader(bare.bytes(), bare.offset()));
    assertEquals(Found.SIGNALLING, reader.read(bare, 0));
    assertEquals(0, reader.udpPort());
    assertEquals(0, reader.signalling().udpPort());
  }

  @Test
  void rfc3948_s3_5_anInnerPacketComesOut() {
    PacketBuffer packet = udp(Protocol.IPV6, INNER);
    int start = packet.offset();
    assertEquals(Found.TUNNEL, reader.read(packet, 0));
    assertEquals(start, packet.offset());
    assertEquals(start + 40 + 8 + 8, reader.innerOffset());
    assertEquals(44, packet.end() - reader.innerOffset());
    assertEquals(PEER_PORT, reader.udpPort());
  }

  @Test
  void rfc2473_s4_1_1_theEncapsulationLimitMayPrecedeUdp() {
    PacketBuffer esp = esp(Protocol.IPV6, INNER);
    UdpEncapsulation.prepend(esp, PEER_PORT, 4500, CARE_OF, HOME_AGENT);
    String datagram = HexFormat.of().formatHex(esp.toBytes());
    PacketBuffer packet =
        packet(Protocol.DESTINATION_OPTIONS, octets("1100040104010100" + datagram));
    assertEquals(Found.TUNNEL, reader.read(packet, 0));
    assertEquals(PEER_PORT, reader.udpPort());
  }

  @Test
  void octetsBehindTheDatagramAreNotOfEsp() {
    PacketBuffer esp = esp(Protocol.IPV6, INNER);
    UdpEncapsulation.prepend(esp, PEER_PORT, 4500, CARE_OF, HOME_AGENT);
    byte[] longer = Arrays.copyOf(esp.toBytes(), esp.length() + 5);
    assertEquals(Found.TUNNEL, reader.read(packet(Protocol.UDP, longer), 0));
  }

  @Test
  void rfc3948_s2_keepalivesAndTheNonEspMarkerAreIgnored() {
    assertDropped(
        DropReason.UDP_KEEPALIVE, packet(Protocol.UDP, octets("9c401194 0009 0000 ff")));
    assertDropped(
        DropReason.UDP_NOT_ESP,
        packet(Protocol.UDP, octets("9c401194 0014 0000 00000000 0102030405060708")));
    assertEquals(0, reader.udpPort());
  }

  @Test
  void everyTruncationIsDropped() {
    byte[] whole = udp(Protocol.IPV6, INNER).toBytes();
    for (int length = 40; length < whole.length; length++) {
      byte[] less = Arrays.copyOf(whole, length);
      less[4] = 0;
      less[5] = (byte) (length - 40);
      assertDropped(
          length < 48 ? DropReason.PROTOCOL_NOT_TAKEN : DropReason.ESP_MALFORMED,
          PacketBuffer.copyOf(less));
      if (length >= 48) {
        less[45] = (byte) (length - 40);
        assertEquals(Found.DROPPED, reader.read(PacketBuffer.copyOf(less), 0));
      }
    }
    assertEquals(Found.TUNNEL, reader.read(PacketBuffer.copyOf(whole), 0));
  }

  @Test
  void otherPortsAreNotTakenNorIsAnyPortBeforeOneIsSet() {
    byte[] whole = udp(Protocol.IPV6, INNER).toBytes();
    reader.encapsulationPort(4501);
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, PacketBuffer.copyOf(whole));
    reader.encapsulationPort(0);
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, PacketBuffer.copyOf(whole));
    whole[42] = 0;
    whole[43] = 0;
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, PacketBuffer.copyOf(whole));
  }

  @Test
  void inUdpNeitherHomeAddressOptionNorRoutingHeaderStandOutside() {
    PacketBuffer esp = esp(Protocol.MOBILITY, "3b000100 00000000");
    UdpEncapsulation.prepend(esp, PEER_PORT, 4500, CARE_OF, HOME_AGENT);
    String datagram = HexFormat.of().formatHex(esp.toBytes());
    PacketBuffer option =
        packet(Protocol.DESTINATION_OPTIONS, octets("11" + HOME_HEADER + datagram));
    assertEquals(Found.DROPPED, reader.read(option, 0));
    assertEquals(DropReason.NO_BINDING, reader.dropReason());
    // RFC 6275 §6.4: behind the routing header stands what is for the home address, port or no.
    PacketBuffer routed =
        packet(Protocol.ROUTING, octets("11020201 00000000" + hex(HOME) + datagram));
    assertEquals(Found.ROUTED_TO_HOME_ADDRESS, reader.read(routed, 0));
    assertEquals(0, reader.udpPort());
    assertNull(reader.association());
  }

  @Test
  void rfc6275_s6_3_s6_4_1_theRulesOfBothHeadersHoldInside() {
    assertDropped(
        DropReason.OPTIONS_INVALID,
        udp(60, "3c" + HOME_HEADER + "87" + HOME_HEADER));
    assertDropped(DropReason.OPTIONS_INVALID, udp(60, "8702 01020000 c90f" + hex(HOME)));
    assertDropped(
        DropReason.OPTIONS_INVALID, udp(60, "8702 01020000 c910" + hex(Ipv6Address.ALL_NODES)));
    String type2 = "87020201 00000000" + hex(HOME);
    for (String wrong : new String[] {"87030201", "87020202", "87020200", "87010201"}) {
      assertDropped(
          DropReason.ROUTING_HEADER_INVALID,
          udp(43, wrong + type2.replace(" ", "").substring(8) + "00".repeat(8)));
    }
    assertDropped(DropReason.ROUTING_HEADER_INVALID, udp(43, "2b" + type2.substring(2) + type2));
    assertDropped(
        DropReason.ROUTING_HEADER_INVALID, udp(60, "2b" + HOME_HEADER + type2));
    // Payload comes as an inner packet, RFC 6275 §10.4.5.
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, udp(60, "29" + HOME_HEADER + INNER));
    assertDropped(
        DropReason.PROTOCOL_NOT_TAKEN, udp(43, "11" + type2.substring(2) + "00".repeat(8)));
    assertDropped(DropReason.PROTOCOL_NOT_TAKEN, udp(17, "9c401194 0009 0000 ff"));
  }

  @Test
  void whatIsWrongInsideIsNotAnsweredInClear() {
    assertDropped(DropReason.OPTIONS_INVALID, udp(60, "2900 0100 be020000" + INNER));
    assertDropped(DropReason.ROUTING_HEADER_INVALID, udp(43, "2900 0401 00000000" + INNER));
  }

  @Test
  void rfc6275_s9_3_1_theHomeAddressInFrontOfUnknownEspIsTold() {
    PacketBuffer bare =
        packet(60, octets("32" + HOME_HEADER + "00002000 00000001 00000000 00000000"));
    assertDropped(DropReason.ESP_NO_ASSOCIATION, bare);
    assertEquals(HOME, reader.homeAddressOption());
    assertEquals(0, reader.udpPort());
    byte[] unknown = update().toBytes();
    unknown[50] = 0x20;
    assertDropped(DropReason.ESP_NO_ASSOCIATION, PacketBuffer.copyOf(unknown));
    assertNull(reader.homeAddressOption());
    assertEquals(PEER_PORT, reader.udpPort());
    assertNull(reader.association());
  }

  @Test
  void aForgedDatagramKeepsItsBounds() {
    byte[] forged = update().toBytes();
    forged[forged.length - 1] ^= 1;
    PacketBuffer packet = PacketBuffer.copyOf(forged);
    assertDropped(DropReason.ESP_AUTHENTICATION_FAILED, packet);
    assertEquals(PacketBuffer.HEADROOM, packet.offset());
    assertEquals(forged.length, packet.length());
  }

  @Test
  void udpIsNotWithoutAnAssociationNorWithOnePort() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SignallingWriter.build(
                CARE_OF, HOME_AGENT, HOME, null, UPDATE, null, 4500, 4500));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            SignallingWriter.build(
                CARE_OF, HOME_AGENT, HOME, null, UPDATE, outbound, 0, 4500));
    assertEquals(0, outbound.packets());
  }
}
