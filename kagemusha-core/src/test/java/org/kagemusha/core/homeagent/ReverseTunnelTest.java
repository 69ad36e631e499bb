package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.FAR_CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.GATEWAY_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** What mobile nodes send, RFC 6275 §10.4.5. */
class ReverseTunnelTest {

  private static final byte[] DATA = udp(HOME_ADDRESS, CORRESPONDENT, 100);

  private final HomeAgentFixture home = new HomeAgentFixture();

  private void bind() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(5 * SECOND);
    home.clear();
  }

  static PacketBuffer sealed(
      Ipv6Address source, byte[] inner, OutboundSecurityAssociation association) {
    PacketBuffer packet = PacketBuffer.copyOf(inner);
    association.seal(packet, Protocol.IPV6);
    int payload = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, payload, Protocol.ESP, 64, source, HOME_AGENT);
    return packet;
  }

  @Test
  void rfc6275_s10_4_5_decapsulatesAndForwardsOnTheHomeLink() {
    bind();
    home.underlay(tunnelled(CARE_OF, DATA));
    home.correspondentAnswers();
    byte[] frame = home.dataFrames().get(0);
    assertArrayEquals(CORRESPONDENT_MAC.toBytes(), Arrays.copyOfRange(frame, 0, 6));
    assertArrayEquals(TAP_MAC.toBytes(), Arrays.copyOfRange(frame, 6, 12));
    byte[] inner = Arrays.copyOfRange(frame, 14, frame.length);
    assertEquals(63, inner[Ipv6Header.HOP_LIMIT]);
    inner[Ipv6Header.HOP_LIMIT] = 64;
    assertArrayEquals(DATA, inner);
  }

  @Test
  void destinationsOffTheLinkGoToTheGateway() {
    bind();
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, FAR_CORRESPONDENT, 10)));
    assertArrayEquals(
        GATEWAY_MAC.toBytes(), Arrays.copyOfRange(home.dataFrames().get(0), 0, 6));
  }

  @Test
  void rfc6275_s10_4_5_theOuterSourceMustBeTheCareOfAddress() {
    bind();
    home.underlay(tunnelled(OTHER_CARE_OF, DATA));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void rfc6275_s10_4_5_theCareOfAddressOfAnotherBindingWillNotDo() {
    bind();
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    home.clear();
    home.underlay(tunnelled(OTHER_CARE_OF, DATA));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void rfc6275_s10_4_5_theFormerCareOfAddressWillNotDo() {
    bind();
    home.register(2, 15, OTHER_CARE_OF);
    home.clear();
    home.underlay(tunnelled(CARE_OF, DATA));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void theInnerSourceMustBeARegisteredHomeAddress() {
    bind();
    home.underlay(tunnelled(CARE_OF, udp(OTHER_HOME_ADDRESS, CORRESPONDENT, 10)));
    home.underlay(tunnelled(CARE_OF, udp(FAR_CORRESPONDENT, CORRESPONDENT, 10)));
    assertEquals(0, home.frames.size());
    assertEquals(2, home.drops(DropReason.INNER_SOURCE_SPOOFED));
  }

  @Test
  void theOuterDestinationMustBeTheHomeAgent() {
    bind();
    byte[] packet = tunnelled(CARE_OF, DATA);
    packet[39] = 9;
    home.underlay(packet);
    assertEquals(1, home.drops(DropReason.OUTER_DESTINATION_WRONG));
  }

  @Test
  void nothingIsForwardedAfterTheBindingEnded() {
    bind();
    home.register(2, 0, CARE_OF);
    home.clear();
    home.underlay(tunnelled(CARE_OF, DATA));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void nothingIsForwardedBeforeDuplicateAddressDetectionIsDone() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.clear();
    home.underlay(tunnelled(CARE_OF, DATA));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void linkLocalAndMulticastDestinationsAreNotForwarded() {
    bind();
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, Ipv6Address.parse("fe80::1"), 1)));
    assertEquals(1, home.drops(DropReason.LINK_LOCAL_NOT_TUNNELLED));
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, Ipv6Address.parse("ff02::fb"), 1)));
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, Ipv6Address.parse("ff0e::1"), 1)));
    assertEquals(2, home.drops(DropReason.MULTICAST_NOT_TUNNELLED));
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, Ipv6Address.parse("::1"), 1)));
    assertEquals(1, home.drops(DropReason.INNER_DESTINATION_WRONG));
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, HOME_ADDRESS, 1)));
    assertEquals(1, home.drops(DropReason.TUNNEL_LOOP));
    assertEquals(0, home.frames.size());
    assertEquals(0, home.packets.size());
  }

  @Test
  void anotherMobileNodeIsReachedThroughItsTunnel() {
    bind();
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    home.clear();
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, OTHER_HOME_ADDRESS, 10)));
    assertEquals(0, home.frames.size());
    ByteBuffer outer = ByteBuffer.wrap(home.packets.get(0));
    assertEquals(OTHER_CARE_OF, Ipv6Header.destination(outer, 0));
    assertEquals(HOME_ADDRESS, Ipv6Header.source(outer, 40));
    assertEquals(OTHER_HOME_ADDRESS, Ipv6Header.destination(outer, 40));
  }

  @Test
  void rfc6275_s10_4_5_clearPayloadIsDiscardedWhereEspIsConfigured() {
    home.protectPayload(HOME_ADDRESS);
    bind();
    home.underlay(tunnelled(CARE_OF, DATA));
    assertEquals(1, home.drops(DropReason.PROTECTION_REQUIRED));
    assertEquals(0, home.frames.size());
  }

  @Test
  void rfc6275_s10_4_5_clearPayloadIsDiscardedWhereEspIsDemanded() {
    home.requirePayloadProtection = true;
    bind();
    home.underlay(tunnelled(CARE_OF, DATA));
    assertEquals(1, home.drops(DropReason.PROTECTION_REQUIRED));
    assertEquals(0, home.frames.size());
  }

  @Test
  void rfc4303_payloadInEspIsForwarded() {
    home.protectPayload(HOME_ADDRESS);
    bind();
    home.underlay(sealed(CARE_OF, DATA, home.mobileNodePayload));
    home.correspondentAnswers();
    assertEquals(1, home.dataFrames().size());
    // Still after a move: the association is not the care-of address's.
    home.register(2, 15, OTHER_CARE_OF);
    home.underlay(sealed(OTHER_CARE_OF, DATA, home.mobileNodePayload));
    assertEquals(2, home.dataFrames().size());
  }

  @Test
  void rfc4301_s5_2_theSignallingAssociationDoesNotCarryPayload() {
    home.protectSignalling(HOME_ADDRESS);
    bind();
    home.underlay(sealed(CARE_OF, DATA, home.mobileNodeSignalling));
    assertEquals(1, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    assertEquals(0, home.frames.size());
  }

  @Test
  void rfc4301_s5_2_anAssociationDoesNotCarryAnotherHomeAddress() {
    home.protectPayload(HOME_ADDRESS);
    bind();
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    home.clear();
    home.underlay(
        sealed(CARE_OF, udp(OTHER_HOME_ADDRESS, CORRESPONDENT, 5), home.mobileNodePayload));
    assertEquals(1, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    assertEquals(0, home.frames.size());
    // Nor if the other one has an association of its own.
    OutboundSecurityAssociation first = home.mobileNodePayload;
    home.protectPayloadAnew(OTHER_HOME_ADDRESS);
    home.underlay(sealed(CARE_OF, udp(OTHER_HOME_ADDRESS, CORRESPONDENT, 5), first));
    assertEquals(2, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    assertEquals(0, home.frames.size());
  }

  @Test
  void rfc6275_s15_3_strangersCostNoCryptography() {
    home.protectPayload(HOME_ADDRESS);
    bind();
    PacketBuffer stranger = sealed(FAR_CORRESPONDENT, DATA, home.mobileNodePayload);
    byte[] before = stranger.toBytes();
    home.underlay(stranger);
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
    assertArrayEquals(before, stranger.toBytes());
    // The sequence number is not used up either: the same packet from the right place is taken.
    byte[] moved = before.clone();
    System.arraycopy(CARE_OF.toBytes(), 0, moved, Ipv6Header.SOURCE, 16);
    home.underlay(moved);
    home.correspondentAnswers();
    assertEquals(1, home.dataFrames().size());
  }

  @Test
  void rfc6275_s11_3_6_aMobileNodeThatWasForgottenIsToldSo() {
    home.start();
    home.underlay(tunnelled(CARE_OF, DATA));
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
    BindingError error = assertInstanceOf(BindingError.class, home.lastSignalling().message());
    assertEquals(BindingError.UNKNOWN_BINDING, error.status());
    assertEquals(HOME_ADDRESS, error.homeAddress());
    assertEquals(CARE_OF, home.lastSignalling().destination());
    // No more than the limit to one address, and nothing for an address that is nobody's.
    for (int i = 0; i < 100; i++) {
      home.underlay(tunnelled(CARE_OF, DATA));
    }
    assertEquals(10, home.packets.size());
    home.underlay(
        tunnelled(OTHER_CARE_OF, udp(Ipv6Address.parse("2001:db8:2000::abc"), CORRESPONDENT, 9)));
    assertEquals(10, home.packets.size());
    assertEquals(0, home.frames.size());
  }

  @Test
  void rfc6275_s11_3_6_whereItIsProtectedOnlyAnAuthenticPacketIsAnswered() {
    home.protectPayload(HOME_ADDRESS);
    home.start();
    home.underlay(tunnelled(CARE_OF, DATA));
    byte[] forged = sealed(CARE_OF, DATA, home.mobileNodePayload).toBytes();
    forged[80] ^= 1;
    home.underlay(forged);
    assertEquals(0, home.packets.size());
    home.underlay(sealed(CARE_OF, DATA, home.mobileNodePayload));
    assertEquals(1, home.packets.size());
    assertInstanceOf(BindingError.class, home.lastSignalling().message());
    assertEquals(0, home.frames.size());
  }

  @Test
  void aMobileNodeThatMovedIsNotToldThatItWasForgotten() {
    bind();
    home.underlay(tunnelled(OTHER_CARE_OF, DATA));
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void rfc3776_s4_deregistrationInEspFromHomeIsTaken() {
    home.protectSignalling(HOME_ADDRESS);
    bind();
    home.sendFromHome(HOME_ADDRESS, update(2, 0, null));
    assertEquals(0, home.agent.status(home.nowNs).bindings());
  }

  private static byte[] tooBigFromInside(int mtu, byte[] quoted) {
    return Icmpv6.packetTooBig(
        FAR_CORRESPONDENT, mtu, ByteBuffer.wrap(quoted), 0, quoted.length);
  }

  @Test
  void rfc2473_s8_aPacketTooBigFromInsideIsToldToTheCorrespondent() {
    bind();
    home.correspondentAnswers();
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1400)));
    byte[] outer = home.packets.get(0);
    home.underlay(tooBigFromInside(1400, outer));
    home.correspondentAnswers();
    byte[] frame = home.dataFrames().get(0);
    byte[] icmp = Arrays.copyOfRange(frame, 14, frame.length);
    assertEquals(Icmpv6.PACKET_TOO_BIG, HomeAgentFixture.type(icmp));
    assertEquals(1360, ByteBuffer.wrap(icmp).getInt(44));
    assertTrue(Icmpv6.isValid(ByteBuffer.wrap(icmp), 0, icmp.length));
  }

  @Test
  void rfc8201_s4_everyTunnelToACareOfAddressLearnsThePathMtu() {
    bind();
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    home.clear();
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1400)));
    home.correspondentAnswers();
    home.underlay(tooBigFromInside(1400, home.packets.get(0)));
    home.correspondentAnswers();
    // But the correspondent is told once.
    assertEquals(1, home.dataFrames().size());
    home.clear();
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, OTHER_HOME_ADDRESS, 1400)));
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.TOO_BIG));
  }

  @Test
  void rfc8201_s4_forgedErrorsOfOneCareOfAddressDoNotHideAnothers() {
    bind();
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    home.clear();
    for (int i = 0; i < 1000; i++) {
      home.underlay(tooBigFromInside(1300, udp(HOME_AGENT, OTHER_CARE_OF, 1400)));
    }
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1400)));
    home.underlay(tooBigFromInside(1400, home.packets.get(0)));
    home.clear();
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1400)));
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.TOO_BIG));
    assertTrue(home.drops(DropReason.ICMP_RATE_LIMITED) > 900);
  }

  @Test
  void rfc8201_s4_anErrorThatQuotesNoPacketOfOursIsNotBelieved() {
    bind();
    byte[] large = udp(HOME_AGENT, CARE_OF, 1400);
    home.underlay(tooBigFromInside(1300, large));
    byte[] elsewhere = udp(HOME_AGENT, FAR_CORRESPONDENT, 1400);
    home.underlay(tooBigFromInside(1300, elsewhere));
    assertEquals(2, home.drops(DropReason.ICMP_ERROR_UNMATCHED));
  }

  @Test
  void rfc2473_s8_ofTwoHomeAddressesAtOnePlaceTheOneQuotedIsTold() {
    bind();
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    for (Ipv6Address quoted : List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS)) {
      home.clear();
      home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, quoted, 1300)));
      byte[] outer = home.packets.get(0);
      home.correspondentAnswers();
      home.underlay(
          Icmpv6.destinationUnreachable(
              FAR_CORRESPONDENT, 0, ByteBuffer.wrap(outer), 0, outer.length));
      home.correspondentAnswers();
      assertEquals(1, home.dataFrames().size(), "told once");
      byte[] frame = home.dataFrames().get(0);
      ByteBuffer icmp = ByteBuffer.wrap(frame);
      assertEquals(Icmpv6.DESTINATION_UNREACHABLE << 8 | 3, icmp.getShort(14 + 40));
      assertEquals(quoted, Ipv6Header.destination(icmp, 14 + 48));
    }
    assertEquals(0, home.drops(DropReason.ICMP_ERROR_UNMATCHED));
  }

  @Test
  void rfc8201_s4_anErrorMustQuoteAPacketToAHomeAddressAtThatPlace() {
    bind();
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1400)));
    home.correspondentAnswers();
    byte[] outer = home.packets.get(home.packets.size() - 1);
    for (Ipv6Address forged : List.of(FAR_CORRESPONDENT, OTHER_HOME_ADDRESS)) {
      home.clear();
      byte[] quoted = outer.clone();
      forged.write(ByteBuffer.wrap(quoted), 40 + Ipv6Header.DESTINATION);
      home.underlay(tooBigFromInside(1300, quoted));
      assertEquals(0, home.dataFrames().size(), "nobody is told");
      home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS, 1400)));
      assertEquals(1, home.packets.size(), "and the path MTU stays");
    }
    assertEquals(2, home.drops(DropReason.ICMP_ERROR_UNMATCHED));
  }

  private static byte[] withHomeAddressOption(Ipv6Address source, Ipv6Address homeAddress) {
    byte[] udp = udp(homeAddress, HOME_AGENT, 5);
    byte[] packet = new byte[udp.length + 24];
    System.arraycopy(udp, 0, packet, 0, 40);
    System.arraycopy(udp, 40, packet, 64, udp.length - 40);
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    bytes.putShort(4, (short) (packet.length - 40));
    bytes.put(6, (byte) Protocol.DESTINATION_OPTIONS);
    source.write(bytes, Ipv6Header.SOURCE);
    bytes.put(40, (byte) Protocol.UDP).put(41, (byte) 2).put(42, (byte) 1).put(43, (byte) 2);
    bytes.put(46, (byte) 0xc9).put(47, (byte) 16);
    homeAddress.write(bytes, 48);
    return packet;
  }

  @Test
  void rfc6275_s9_3_1_thePacketsOfABindingForTheHomeAgentItselfReachItsKernel() {
    bind();
    home.underlay(withHomeAddressOption(CARE_OF, HOME_ADDRESS));
    assertEquals(0, home.packets.size(), "no Binding Error");
    assertEquals(1, home.frames.size(), "the kernel's link-layer address is asked for");
    home.frame(
        ethernet(
            TAP_MAC,
            GATEWAY_MAC,
            NeighborDiscovery.build(
                new NeighborAdvertisement(
                    HOME_AGENT, Ipv6Address.linkLocalOf(TAP_MAC), HOME_AGENT, true, true, true,
                    GATEWAY_MAC))));
    byte[] frame = home.dataFrames().get(0);
    assertArrayEquals(
        udp(HOME_ADDRESS, HOME_AGENT, 5), Arrays.copyOfRange(frame, 14, frame.length));
    assertEquals(0, home.drops(DropReason.NO_BINDING));
  }

  @Test
  void rfc6275_s9_3_1_withoutThatBindingTheAnswerIsABindingError() {
    bind();
    home.underlay(withHomeAddressOption(OTHER_CARE_OF, HOME_ADDRESS));
    home.underlay(withHomeAddressOption(CARE_OF, OTHER_HOME_ADDRESS));
    assertEquals(2, home.packets.size());
    assertEquals(
        new BindingError(BindingError.UNKNOWN_BINDING, OTHER_HOME_ADDRESS),
        home.lastSignalling().message());
    assertEquals(2, home.drops(DropReason.NO_BINDING));
    assertEquals(0, home.frames.size());
  }

  @Test
  void rfc6275_s10_4_5_aClearHomeAddressOptionIsNoWayAroundEsp() {
    home.protectPayload(HOME_ADDRESS);
    bind();
    home.underlay(withHomeAddressOption(CARE_OF, HOME_ADDRESS));
    assertEquals(0, home.packets.size() + home.frames.size());
    assertEquals(1, home.drops(DropReason.PROTECTION_REQUIRED));
  }

  @Test
  void whatIsTheKernelsIsNotTaken() {
    bind();
    byte[] echo = new byte[48];
    Ipv6Header.write(
        ByteBuffer.wrap(echo), 0, 0, 0, 8, Protocol.ICMPV6, 64, FAR_CORRESPONDENT, HOME_AGENT);
    echo[40] = (byte) 128;
    home.underlay(echo);
    home.underlay(udp(FAR_CORRESPONDENT, HOME_AGENT, 5));
    assertEquals(2, home.drops(DropReason.PROTOCOL_NOT_TAKEN));
  }

  @Test
  void rfc6275_s6_4_theHomeAgentIsNoMobileNode() {
    bind();
    byte[] udp = udp(CARE_OF, HOME_AGENT, 5);
    byte[] packet = new byte[udp.length + 24];
    System.arraycopy(udp, 0, packet, 0, 40);
    System.arraycopy(udp, 40, packet, 64, udp.length - 40);
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    bytes.putShort(4, (short) (packet.length - 40));
    bytes.put(6, (byte) Protocol.ROUTING);
    bytes.put(40, (byte) Protocol.UDP);
    bytes.put(41, (byte) 2);
    bytes.put(42, (byte) 2);
    bytes.put(43, (byte) 1);
    HOME_ADDRESS.write(bytes, 48);
    home.underlay(packet);
    assertEquals(1, home.drops(DropReason.ROUTING_HEADER_INVALID));
  }

  @Test
  void rfc4861_s7_2_2_anUnresolvedDestinationIsToldToTheMobileNode() {
    bind();
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, Ipv6Address.parse("2001:db8:2000::99"), 5)));
    home.elapse(4 * SECOND);
    ByteBuffer outer = ByteBuffer.wrap(home.packets.get(0));
    assertEquals(CARE_OF, Ipv6Header.destination(outer, 0));
    assertEquals(HOME_ADDRESS, Ipv6Header.destination(outer, 40));
    assertEquals(Icmpv6.DESTINATION_UNREACHABLE, outer.get(80));
    assertEquals(Icmpv6.ADDRESS_UNREACHABLE, outer.get(81));
  }

  @Test
  void theLastHopIsAnsweredThroughTheTunnel() {
    bind();
    byte[] last = DATA.clone();
    last[Ipv6Header.HOP_LIMIT] = 1;
    home.underlay(tunnelled(CARE_OF, last));
    assertEquals(1, home.drops(DropReason.HOP_LIMIT_EXCEEDED));
    ByteBuffer outer = ByteBuffer.wrap(home.packets.get(0));
    assertEquals(HOME_ADDRESS, Ipv6Header.destination(outer, 40));
    assertEquals(Icmpv6.TIME_EXCEEDED, outer.get(80));
  }

  @Test
  void strangersInEspDoNotKeepALostBindingFromBeingTold() {
    home.protectPayload(HOME_ADDRESS);
    home.start();
    byte[] real = sealed(CARE_OF, DATA, home.mobileNodePayload).toBytes();
    for (int i = 0; i < 2000; i++) {
      byte[] stranger = real.clone();
      ByteBuffer.wrap(stranger).putInt(Ipv6Header.SOURCE + 12, 0x1000 + i).putInt(40, 0x5000 + i);
      home.underlay(stranger);
    }
    for (int i = 0; i < 100; i++) {
      byte[] forged = real.clone();
      ByteBuffer.wrap(forged).putInt(Ipv6Header.SOURCE + 12, 0x1000).putInt(60, i);
      home.underlay(forged);
    }
    home.clear();
    home.underlay(real);
    assertEquals(1, home.packets.size());
  }
}
