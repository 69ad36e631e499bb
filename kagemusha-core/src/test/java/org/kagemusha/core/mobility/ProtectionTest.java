package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;
import static org.kagemusha.core.mobility.MobileNodeFixture.tunnelled;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SequenceNumbers;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** ESP on signalling and payload: RFC 3776 §3 and §4, RFC 6275 §5.1. */
class ProtectionTest {

  private final SecurityAssociationDatabase homeAgentDatabase = new SecurityAssociationDatabase();
  private final MobileNodeFixture f = new MobileNodeFixture(homeAgentDatabase);

  /** Both ends of a pair; returns what the home agent seals with. */
  private OutboundSecurityAssociation pair(
      int out, int in, Map<Ipv6Address, SecurityAssociationPair> to) {
    return pair(out, in, new CountingSequence(), to);
  }

  private OutboundSecurityAssociation pair(
      int out, int in, SequenceNumbers sequence, Map<Ipv6Address, SecurityAssociationPair> to) {
    to.put(HOME_ADDRESS, Associations.pair(out, in, sequence, f.associations));
    return Associations.pair(in, out, new CountingSequence(), homeAgentDatabase).outbound();
  }

  private PacketBuffer sealed(
      BindingAcknowledgement answer, OutboundSecurityAssociation association) {
    return SignallingWriter.build(HOME_AGENT, CARE_OF, null, HOME_ADDRESS, answer, association);
  }

  @Test
  void rfc3776_s3_1_signallingIsInEspAndClearAnswersAreNotBelieved() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    OutboundSecurityAssociation signalling = pair(0x1001, 0x1002, f.signallingKeys);
    OutboundSecurityAssociation payload = pair(0x2001, 0x2002, f.payloadKeys);
    f.start();
    f.guestSends();
    assertNotNull(f.signalling().get(0).association());
    int sequence = f.lastUpdate().sequence();
    f.answer(ack(0, sequence, 150));
    assertEquals(1, f.drops(DropReason.MOBILITY_UNPROTECTED));
    f.onUnderlay(sealed(ack(0, sequence, 150), payload));
    assertEquals(1, f.drops(DropReason.ESP_SELECTOR_MISMATCH));
    assertEquals("registering", f.state());
    PacketBuffer good = sealed(ack(0, sequence, 150), signalling);
    byte[] octets = good.toBytes();
    f.onUnderlay(good);
    assertEquals("registered", f.state());
    f.onUnderlay(PacketBuffer.copyOf(octets));
    assertEquals(1, f.drops(DropReason.ESP_REPLAYED));
  }

  @Test
  void anUpdateWhoseSequenceNumberIsNotYetReservedIsTriedAgainWithin250Ms() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    CountingSequence counting = new CountingSequence();
    long[] refusals = {1};
    pair(
        0x1001, 0x1002, () -> refusals[0]-- > 0 ? 0 : counting.next(), f.signallingKeys);
    f.start();
    f.guestSends();
    assertEquals(0, f.updates().size());
    assertEquals(1, f.drops(DropReason.ESP_SEQUENCE_EXHAUSTED));
    f.pass(250 * MobileNodeFixture.MS);
    assertEquals(1, f.updates().size());
    // RFC 6275 §11.8: the first timeout runs from the update that was sent, and is not doubled.
    f.pass(1490 * MobileNodeFixture.MS - 50 * MobileNodeFixture.MS);
    assertEquals(1, f.updates().size());
    f.pass(60 * MobileNodeFixture.MS);
    assertEquals(2, f.updates().size());
  }

  @Test
  void anUpdateThatCannotBeSealedAtAllFallsBackToTheTimeout() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    pair(0x1001, 0x1002, () -> 0, f.signallingKeys);
    f.start();
    f.guestSends();
    f.pass(10 * MobileNodeFixture.SECOND);
    assertEquals(0, f.updates().size());
    long refused = f.drops(DropReason.ESP_SEQUENCE_EXHAUSTED);
    assertEquals(true, refused >= 4 && refused <= 8, refused + " attempts");
  }

  @Test
  void rfc6275_s11_7_3_unauthenticatedStatus135IsIgnored() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    pair(0x1001, 0x1002, f.signallingKeys);
    f.start();
    f.guestSends();
    f.answer(ack(135, 4711, 0));
    f.pass(MobileNodeFixture.MS);
    assertEquals(1, f.updates().size());
  }

  @Test
  void payloadInEspBothWaysAndClearPayloadIsRefused() {
    OutboundSecurityAssociation payload = pair(0x2001, 0x2002, f.payloadKeys);
    f.start().registered();
    byte[] outer = f.packets.get(f.packets.size() - 1);
    assertEquals(Protocol.ESP, outer[6]);
    int before = f.frames.size();
    byte[] inner = udp(CORRESPONDENT, HOME_ADDRESS, 20);
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, inner));
    assertEquals(1, f.drops(DropReason.PROTECTION_REQUIRED));
    assertEquals(before, f.frames.size());
    PacketBuffer packet = PacketBuffer.copyOf(inner);
    payload.seal(packet, Protocol.IPV6);
    int length = packet.length();
    packet.prepend(40);
    org.kagemusha.core.wire.Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, Protocol.ESP, 64, HOME_AGENT, CARE_OF);
    f.onUnderlay(packet);
    assertEquals(before + 1, f.frames.size());
  }

  @Test
  void payloadInASignallingAssociationIsRefused() {
    OutboundSecurityAssociation signalling = pair(0x1001, 0x1002, f.signallingKeys);
    f.start();
    f.guestSends();
    PacketBuffer packet = PacketBuffer.copyOf(udp(CORRESPONDENT, HOME_ADDRESS, 20));
    signalling.seal(packet, Protocol.IPV6);
    int length = packet.length();
    packet.prepend(40);
    org.kagemusha.core.wire.Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, Protocol.ESP, 64, HOME_AGENT, CARE_OF);
    f.onUnderlay(packet);
    assertEquals(1, f.drops(DropReason.ESP_SELECTOR_MISMATCH));
  }

  @Test
  void rfc6275_s5_1_withoutAnAssociationNothingIsSentWhereProtectionIsRequired() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    f.start();
    f.guestSends();
    assertEquals(0, f.signalling().size());
    assertEquals(1, f.drops(DropReason.MOBILITY_UNPROTECTED));
  }

  @Test
  void rfc4301_s5_1_payloadThatMustBeProtectedNeverLeavesInClear() {
    f.settings = MobileNodeFixture.withPayloadProtection(f.settings);
    f.start();
    f.guestSends();
    f.answer(ack(0, f.lastUpdate().sequence(), 150));
    f.packets.clear();
    f.guestSends();
    assertEquals(0, f.packets.size());
    assertEquals(2, f.drops(DropReason.PROTECTION_REQUIRED));
    int before = f.frames.size();
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    assertEquals(before, f.frames.size());
    assertEquals(3, f.drops(DropReason.PROTECTION_REQUIRED));
  }

  @Test
  void rfc4301_s5_1_anAddressThatTheGuestMadeItselfNeedsItsOwnProtection() {
    f.settings = MobileNodeFixture.withPayloadProtection(f.settings);
    pair(0x2001, 0x2002, f.payloadKeys);
    f.start().registered();
    f.packets.clear();
    f.fromGuest(
        udp(OTHER_HOME_ADDRESS, CORRESPONDENT, 20), MobileNodeFixture.ROUTER_MAC);
    f.pass(MobileNodeFixture.SECOND);
    assertEquals(0, f.packets.size());
    assertEquals(1, f.drops(DropReason.INNER_SOURCE_SPOOFED));
    f.guestSends();
    assertEquals(Protocol.ESP, f.packets.get(0)[6]);
  }

  @Test
  void rfc4301_s5_1_associationsThatComeLaterAreTakenUpByTheNextPacket() {
    f.settings = MobileNodeFixture.withPayloadProtection(f.settings);
    f.start();
    f.guestSends();
    f.answer(ack(0, f.lastUpdate().sequence(), 150));
    pair(0x2001, 0x2002, f.payloadKeys);
    f.packets.clear();
    f.guestSends();
    assertEquals(Protocol.ESP, f.packets.get(0)[6]);
  }
}
