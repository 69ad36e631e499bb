package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.handover.HandoverSecret;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingWriter;

/**
 * Handover messages with the right authenticator that match nothing: whoever has the key signs them
 * here, so that it is the sequence number or the nonce alone that they are refused for.
 */
class UnmatchedHandoverTest {

  private static final byte[] KEY = filled(32, 7);
  private static final byte[] PREVIOUS_KEY = filled(32, 9);

  private final SecurityAssociationDatabase homeAgentDatabase = new SecurityAssociationDatabase();
  private final MobileNodeFixture f = new MobileNodeFixture(homeAgentDatabase);
  private final HandoverSecret here = new HandoverSecret(KEY);
  private final HandoverSecret there = new HandoverSecret(PREVIOUS_KEY);

  private static byte[] filled(int octets, int value) {
    byte[] filled = new byte[octets];
    Arrays.fill(filled, (byte) value);
    return filled;
  }

  /** The guest is registered here, and was at the other care-of address before. */
  @BeforeEach
  void guestHasMovedHere() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    OutboundSecurityAssociation ofHomeAgent =
        Associations.pair(0x1002, 0x1001, new CountingSequence(), homeAgentDatabase).outbound();
    f.signallingKeys.put(
        HOME_ADDRESS,
        Associations.pair(0x1001, 0x1002, new CountingSequence(), f.associations));
    f.start();
    f.node.handoverBuffer(1 << 20, f.now);
    f.homeAgentReader.takeHandovers();
    f.guestSends();
    BindingAcknowledgement answer =
        new BindingAcknowledgement(
            0, false, 0, f.lastUpdate().sequence(), 150, -1,
            new HandoverKeys(KEY.clone(), OTHER_CARE_OF, PREVIOUS_KEY.clone()));
    f.onUnderlay(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, HOME_ADDRESS, answer, ofHomeAgent));
    assertEquals("registered", f.state());
  }

  private List<SignallingPacket> sentToTheOtherHost() {
    return f.signalling().stream()
        .filter(packet -> packet.destination().equals(OTHER_CARE_OF))
        .toList();
  }

  private HandoverMessage asked() {
    return (HandoverMessage) sentToTheOtherHost().get(0).message();
  }

  private void fromTheOtherHost(HandoverMessage message) {
    f.onUnderlay(
        SignallingWriter.build(OTHER_CARE_OF, CARE_OF, null, null, message, null));
  }

  private void answer(HandoverMessage to) {
    fromTheOtherHost(
        there.sign(
            HandoverMessage.acknowledge(HandoverMessage.ACCEPTED, to), OTHER_CARE_OF, CARE_OF));
  }

  /** As what was asked for, but for the sequence number and the nonce. */
  private HandoverMessage notAsked(int sequence, byte[] nonce) {
    return HandoverMessage.initiate(
        sequence, HOME_ADDRESS, GUEST_MAC, nonce, asked().spi(), there.index());
  }

  private void initiate(int sequence, int nonce) {
    fromTheOtherHost(
        here.sign(
            HandoverMessage.initiate(
                sequence, HOME_ADDRESS, GUEST_MAC,
                filled(HandoverMessage.NONCE_OCTETS, nonce), 300, here.index()),
            OTHER_CARE_OF, CARE_OF));
  }

  @Test
  void rfc5568_s6_2_1_2_acknowledgeOfAnotherSequenceNumberAnswersNothing() {
    answer(notAsked(asked().sequence() + 1 & 0xffff, asked().nonce()));
    assertEquals(1, f.drops(DropReason.HANDOVER_UNMATCHED));
    f.pass(SECOND);
    assertEquals(4, f.counters.get(Counter.HANDOVER_INITIATES_SENT), "it is asked again");
  }

  @Test
  void acknowledgeOfAnotherNonceAnswersNothing() {
    answer(notAsked(asked().sequence(), filled(HandoverMessage.NONCE_OCTETS, 1)));
    assertEquals(1, f.drops(DropReason.HANDOVER_UNMATCHED));
    f.pass(SECOND);
    assertEquals(4, f.counters.get(Counter.HANDOVER_INITIATES_SENT), "it is asked again");
  }

  @Test
  void anAnswerCountsOnce() {
    answer(asked());
    assertEquals(0, f.drops(DropReason.HANDOVER_UNMATCHED));
    answer(asked());
    assertEquals(1, f.drops(DropReason.HANDOVER_UNMATCHED));
    f.pass(SECOND);
    assertEquals(1, f.counters.get(Counter.HANDOVER_INITIATES_SENT));
  }

  @Test
  void acknowledgeThatNobodyAskedForIsCounted() {
    final HandoverMessage asked = asked();
    try (LogLines log = new LogLines(MobileNode.class)) {
      f.pass(2 * SECOND);
      assertEquals(
          List.of(
              "handover not answered vm=vm1 hoa=" + HOME_ADDRESS + " by=" + OTHER_CARE_OF),
          log.warnings());
    }
    answer(asked);
    assertEquals(1, f.drops(DropReason.HANDOVER_UNMATCHED), "too late");
    HandoverMessage ofAnother =
        HandoverMessage.initiate(
            1, MobileNodeFixture.OTHER_HOME_ADDRESS, GUEST_MAC,
            filled(HandoverMessage.NONCE_OCTETS, 1), 300, there.index());
    answer(ofAnother);
    assertEquals(2, f.drops(DropReason.HANDOVER_UNMATCHED), "another home address");
    assertEquals(0, f.drops(DropReason.HANDOVER_UNAUTHENTIC));
  }

  @Test
  void rfc5568_s6_2_1_1_initiateWithAnOlderSequenceNumberIsNotAnswered() {
    int before = sentToTheOtherHost().size();
    initiate(0, 1);
    assertEquals(before + 1, sentToTheOtherHost().size());
    assertEquals(1, f.counters.get(Counter.HANDOVER_INITIATES_ACCEPTED));
    initiate(0xffff, 2);
    initiate(0x8000, 3);
    initiate(0, 4);
    assertEquals(3, f.drops(DropReason.HANDOVER_UNMATCHED));
    assertEquals(before + 1, sentToTheOtherHost().size());
    initiate(1, 5);
    assertEquals(2, f.counters.get(Counter.HANDOVER_INITIATES_ACCEPTED));
    assertEquals(before + 2, sentToTheOtherHost().size());
    assertEquals(3, f.drops(DropReason.HANDOVER_UNMATCHED));
  }
}
