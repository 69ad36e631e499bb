package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.GUEST_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.handover.HandoverSecret;
import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.handover.PacketHold;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** The home agent asks the host abroad for the packets of a VM that has returned. */
class ReturnedGuestsTest {

  private final HomeAgentFixture home =
      new HomeAgentFixture().protectSignalling(HOME_ADDRESS).start();
  private HandoverSecret abroad;
  private HandoverMessage asked;

  /** The guest was abroad, is back, and is known on the home link. */
  private void guestReturns() {
    guestReturnsUnseen();
    home.neighborAnswers(HOME_ADDRESS, GUEST_MAC);
    home.elapse(ReturnedGuests.LOOK_NS);
    home.clear();
  }

  /** The guest was abroad and is back, and its MAC address is asked for. */
  private void guestReturnsUnseen() {
    home.send(CARE_OF, HOME_ADDRESS, update(1, 15, CARE_OF).wantingHandoverKeys());
    abroad = new HandoverSecret(home.acknowledgement().handover().key());
    home.clear();
    home.sendFromHome(HOME_ADDRESS, update(2, 0, HOME_ADDRESS));
    assertEquals(1, home.packets.size());
    assertEquals(CARE_OF, home.lastSignalling().destination());
    asked = (HandoverMessage) home.lastSignalling().message();
    home.clear();
  }

  private void answer(HandoverSecret secret, int code, HandoverMessage to) {
    HandoverMessage answer =
        secret.sign(HandoverMessage.acknowledge(code, to), CARE_OF, HOME_AGENT);
    home.underlay(
        SignallingWriter.build(CARE_OF, HOME_AGENT, null, null, answer, null));
  }

  private List<byte[]> forwarded() {
    return home.dataFrames().stream().filter(frame -> frame[20] == Protocol.UDP).toList();
  }

  /** The acknowledgement of the deregistration, RFC 6275 §11.5.5. */
  private long acknowledgements() {
    return home.dataFrames().stream().filter(frame -> frame[20] == Protocol.ESP).count();
  }

  private HandoverMessage notAsked(int sequence, byte[] nonce, int keyIndex) {
    return HandoverMessage.initiate(
        sequence, HOME_ADDRESS, GUEST_MAC, nonce, asked.spi(), keyIndex);
  }

  @Test
  void whatTheHostAbroadStillHadGoesToTheHomeLink() {
    try (LogLines log = new LogLines(HomeAgent.class)) {
      guestReturns();
      answer(abroad, HandoverMessage.ACCEPTED, asked);
      byte[] late = udp(CORRESPONDENT, HOME_ADDRESS, 20);
      home.underlay(tunnelled(CARE_OF, late));
      assertEquals(1, forwarded().size());
      byte[] frame = forwarded().get(0);
      final byte[] routed = late.clone();
      routed[7]--;
      assertArrayEquals(routed, Arrays.copyOfRange(frame, 14, frame.length));
      home.elapse(ReturnedGuests.TAKEN_NS);
      home.underlay(tunnelled(CARE_OF, late));
      assertEquals(1, forwarded().size(), "long since");
      assertEquals(1, home.counters.get(Counter.HANDOVER_INITIATES_SENT));
      assertEquals(1, home.counters.get(Counter.HANDOVER_PACKETS_RECEIVED));
      String address = "hoa=" + HOME_ADDRESS;
      assertEquals(
          List.of(
              "handover asked " + address + " from=" + CARE_OF + " to=home",
              "handover answered " + address + " by=" + CARE_OF + " code=3",
              "handover ended " + address + " from=" + CARE_OF + " packets=1"),
          log.of("handover"));
      assertEquals(List.of(), log.warnings());
    }
  }

  @Test
  void rfc5568_s6_2_1_2_answerThatMatchesNothingIsCountedAndItIsAskedAgain() {
    guestReturns();
    byte[] otherNonce = new byte[HandoverMessage.NONCE_OCTETS];
    answer(
        abroad, HandoverMessage.REFUSED,
        notAsked(asked.sequence() + 1 & 0xffff, asked.nonce(), abroad.index()));
    assertEquals(1, home.drops(DropReason.HANDOVER_UNMATCHED), "sequence number");
    answer(
        abroad, HandoverMessage.REFUSED,
        notAsked(asked.sequence(), otherNonce, abroad.index()));
    assertEquals(2, home.drops(DropReason.HANDOVER_UNMATCHED), "nonce");
    HandoverSecret stranger = new HandoverSecret(new byte[32]);
    answer(
        stranger, HandoverMessage.REFUSED,
        notAsked(asked.sequence(), asked.nonce(), stranger.index()));
    assertEquals(3, home.drops(DropReason.HANDOVER_UNMATCHED), "key");
    assertEquals(0, home.drops(DropReason.HANDOVER_UNAUTHENTIC));
    home.elapse(SECOND / 2);
    assertEquals(3, home.counters.get(Counter.HANDOVER_INITIATES_SENT));
    answer(abroad, HandoverMessage.ACCEPTED, asked);
    assertEquals(3, home.drops(DropReason.HANDOVER_UNMATCHED));
  }

  @Test
  void answerOfWhoeverHasNotTheKeyIsNotBelieved() {
    guestReturns();
    HandoverSecret stranger = new HandoverSecret(new byte[32]);
    answer(stranger, HandoverMessage.REFUSED, asked);
    assertEquals(1, home.drops(DropReason.HANDOVER_UNAUTHENTIC));
    HandoverMessage fromElsewhere =
        abroad.sign(
            HandoverMessage.acknowledge(HandoverMessage.REFUSED, asked),
            HomeAgentFixture.OTHER_CARE_OF, HOME_AGENT);
    home.underlay(
        SignallingWriter.build(
            HomeAgentFixture.OTHER_CARE_OF, HOME_AGENT, null, null, fromElsewhere, null));
    assertEquals(2, home.drops(DropReason.HANDOVER_UNAUTHENTIC));
    home.underlay(tunnelled(CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    assertEquals(1, forwarded().size(), "it is waited for as before");
  }

  private static byte[] mark() {
    return tunnelled(
        CARE_OF,
        Mark.inTunnel(
                PacketBuffer.allocate(PacketBuffer.HEADROOM + 40), CARE_OF, HOME_ADDRESS)
            .toBytes());
  }

  @Test
  void whatComesBeforeTheGuestsStationIsKnownWaitsInOrder() {
    guestReturnsUnseen();
    for (int i = 0; i < 200; i++) {
      home.underlay(tunnelled(CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20 + i)));
    }
    home.underlay(mark());
    home.elapse(20 * ReturnedGuests.LOOK_NS);
    assertEquals(0, forwarded().size());
    assertEquals(0, acknowledgements());
    home.neighborAnswers(HOME_ADDRESS, GUEST_MAC);
    home.elapse(ReturnedGuests.LOOK_NS);
    assertEquals(200, forwarded().size());
    for (int i = 0; i < 200; i++) {
      assertEquals(14 + 48 + 20 + i, forwarded().get(i).length);
    }
    assertEquals(1, acknowledgements());
  }

  /**
   * The home link and the routed network are read one after the other, whichever is ready first.
   */
  @Test
  void whereTheGuestIsMayBeToldBeforeItsDeregistration() {
    home.send(CARE_OF, HOME_ADDRESS, update(1, 15, CARE_OF).wantingHandoverKeys());
    home.neighborAnswers(HOME_ADDRESS, GUEST_MAC);
    home.sendFromHome(HOME_ADDRESS, update(2, 0, HOME_ADDRESS));
    home.clear();
    home.underlay(tunnelled(CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    home.underlay(mark());
    assertEquals(1, forwarded().size());
    assertEquals(GUEST_MAC, MacAddress.read(ByteBuffer.wrap(forwarded().get(0)), 0));
    assertEquals(1, acknowledgements());
  }

  @Test
  void deregistrationIsAcknowledgedWhenTheMarkIsThere() {
    guestReturns();
    assertEquals(0, acknowledgements());
    home.underlay(mark());
    assertEquals(1, acknowledgements());
    home.elapse(SECOND);
    assertEquals(1, acknowledgements());
  }

  @Test
  void deregistrationIsAcknowledgedWhenNothingIsHeard() {
    guestReturns();
    home.elapse(PacketHold.SILENT_NS - SECOND / 1000);
    assertEquals(0, acknowledgements());
    home.elapse(SECOND / 1000);
    assertEquals(1, acknowledgements());
  }

  @Test
  void answerCountsOnce() {
    guestReturns();
    answer(abroad, HandoverMessage.ACCEPTED, asked);
    assertEquals(0, home.drops(DropReason.HANDOVER_UNMATCHED));
    answer(abroad, HandoverMessage.ACCEPTED, asked);
    assertEquals(1, home.drops(DropReason.HANDOVER_UNMATCHED));
  }

  @Test
  void refusalEndsIt() {
    guestReturns();
    answer(abroad, HandoverMessage.PROHIBITED, asked);
    home.underlay(tunnelled(CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    assertEquals(0, forwarded().size());
    answer(abroad, HandoverMessage.ACCEPTED, asked);
    assertEquals(1, home.drops(DropReason.HANDOVER_UNMATCHED), "nothing is under way");
    home.elapse(10 * SECOND);
    assertEquals(1, home.counters.get(Counter.HANDOVER_INITIATES_SENT));
  }

  @Test
  void forwardedPacketMayNotPretendToBeOfTheGuestOrOfNoRoutableSource() {
    guestReturns();
    for (String source : new String[] {HOME_ADDRESS.toString(), "fe80::1", "::", "ff02::1"}) {
      home.underlay(
          tunnelled(CARE_OF, udp(Ipv6Address.parse(source), HOME_ADDRESS, 20)));
    }
    assertEquals(4, home.drops(DropReason.INNER_SOURCE_SPOOFED));
    assertEquals(0, forwarded().size());
    assertEquals(0, home.counters.get(Counter.HANDOVER_PACKETS_RECEIVED));
  }

  @Test
  void rfc5568_s9_hostThatDoesNotAnswerIsAskedFourTimes() {
    try (LogLines log = new LogLines(HomeAgent.class)) {
      guestReturns();
      home.elapse(ReturnedGuests.TAKEN_NS);
      assertEquals(4, home.counters.get(Counter.HANDOVER_INITIATES_SENT));
      assertEquals(
          List.of("handover not answered hoa=" + HOME_ADDRESS + " by=" + CARE_OF),
          log.warnings());
      assertEquals(1, log.of("handover ended").size());
    }
    answer(abroad, HandoverMessage.ACCEPTED, asked);
    assertEquals(1, home.drops(DropReason.HANDOVER_UNMATCHED));
  }
}
