package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.GUEST_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.LINK_LOCAL;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;
import static org.kagemusha.core.homeagent.HomeAgentFixture.withLinkLocal;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

class HomeRegistrationTest {

  private final HomeAgentFixture home = new HomeAgentFixture();

  private HomeAgentStatus status() {
    return home.agent.status(home.nowNs);
  }

  private void anotherNodeHas(Ipv6Address address) {
    home.frame(
        HomeAgentFixture.neighborFrame(
            new NeighborAdvertisement(
                address,
                Ipv6Address.ALL_NODES,
                address,
                false,
                false,
                true,
                CORRESPONDENT_MAC),
            CORRESPONDENT_MAC));
  }

  @Test
  void rfc6275_s10_3_1_theAcknowledgementCarriesSequenceAndLifetime() {
    home.start();
    home.register(77, 15, CARE_OF);
    assertEquals(0, home.status());
    assertEquals(77, home.acknowledgement().sequence());
    assertEquals(15, home.acknowledgement().lifetimeUnits());
    assertEquals(1, home.counters.get(Counter.BINDING_UPDATES_RECEIVED));
    assertEquals(1, home.counters.get(Counter.BINDING_ACKNOWLEDGEMENTS_SENT));
  }

  @Test
  void rfc6275_s10_3_1_theLifetimeIsNotLongerThanThePrefixIsValid() {
    home.validSeconds = 403;
    home.preferredSeconds = 403;
    home.start();
    home.register(1, 1000, CARE_OF);
    assertEquals(100, home.acknowledgement().lifetimeUnits());
    // "or becomes invalid at the end of the lifetime"
    assertEquals(1, home.status());
    home.register(2, 99, CARE_OF);
    assertEquals(99, home.acknowledgement().lifetimeUnits());
    assertEquals(0, home.status());
  }

  @Test
  void rfc6275_s10_3_1_theLifetimeIsNotLongerThanLocalPolicy() {
    home.maximumLifetimeSeconds = 420;
    home.start();
    home.register(1, 65535, CARE_OF);
    assertEquals(105, home.acknowledgement().lifetimeUnits());
    assertEquals(420, status().entries().get(0).remainingSeconds());
  }

  @Test
  void rfc6275_s10_3_1_status1IfThePrefixBecomesDeprecatedDuringTheBinding() {
    home.preferredSeconds = 43;
    home.start();
    home.register(1, 10, CARE_OF);
    assertEquals(0, home.status());
    home.register(2, 11, CARE_OF);
    assertEquals(1, home.status());
    // "The remaining preferred lifetime SHOULD NOT have any impact on the lifetime"
    assertEquals(11, home.acknowledgement().lifetimeUnits());
  }

  @Test
  void rfc6275_s10_3_1_withoutValidLifetimeThePrefixIsNoHomeSubnet() {
    home.validSeconds = 0;
    home.preferredSeconds = 0;
    home.start();
    home.register(1, 15, CARE_OF);
    assertEquals(132, home.status());
  }

  @Test
  void rfc6275_s10_3_1_theBindingEndsWithItsLifetime() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(60 * SECOND - 1);
    assertEquals(1, status().bindings());
    assertTrue(home.proxies(HOME_ADDRESS));
    home.elapse(1);
    assertEquals(0, status().bindings());
    assertFalse(home.proxies(HOME_ADDRESS));
    assertEquals("expired", status().entries().get(0).state());
  }

  @Test
  void rfc6275_s10_3_1_aRefreshProlongsTheBinding() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(50 * SECOND);
    home.register(2, 15, CARE_OF);
    home.elapse(59 * SECOND);
    assertEquals(1, status().bindings());
    home.elapse(SECOND);
    assertEquals(0, status().bindings());
  }

  @Test
  void rfc6275_s10_3_1_duplicateAddressDetectionComesBeforeTheFirstAcknowledgement() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    assertEquals(-1, home.status());
    assertEquals(1, home.tests(HOME_ADDRESS));
    assertEquals(0, home.announcements(HOME_ADDRESS));
    assertFalse(home.proxies(HOME_ADDRESS));
    assertEquals(0, status().bindings());
    home.elapse(SECOND);
    assertEquals(0, home.status());
    assertEquals(1, status().bindings());
    assertEquals(1, home.announcements(HOME_ADDRESS));
    // The lifetime counts from the acknowledgement.
    home.elapse(60 * SECOND - 1);
    assertEquals(1, status().bindings());
  }

  @Test
  void rfc6275_s10_3_1_withTheLinkLocalBitBothAddressesAreTested() {
    home.dad = Dad.STRICT;
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(1, 15, CARE_OF));
    assertEquals(1, home.tests(HOME_ADDRESS));
    assertEquals(1, home.tests(LINK_LOCAL));
    home.elapse(SECOND + 10 * MS);
    assertEquals(0, home.status());
    assertEquals(1, home.packets.size());
    assertTrue(home.proxies(HOME_ADDRESS));
    assertTrue(home.proxies(LINK_LOCAL));
  }

  @Test
  void rfc6275_s10_3_1_withoutTheLinkLocalBitNoLinkLocalAddressIsDerived() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(2 * SECOND);
    assertEquals(0, home.tests(LINK_LOCAL));
    assertEquals(0, home.announcements(LINK_LOCAL));
    assertFalse(home.proxies(LINK_LOCAL));
  }

  @Test
  void rfc6275_s10_3_1_aDuplicateHomeAddressGets134() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(500 * MS);
    anotherNodeHas(HOME_ADDRESS);
    assertEquals(134, home.status());
    assertEquals(0, status().entries().size());
    home.elapse(5 * SECOND);
    assertEquals(1, home.packets.size());
    assertEquals(0, home.announcements(HOME_ADDRESS));
  }

  @Test
  void rfc6275_s10_3_1_aDuplicateLinkLocalAddressRejectsTheCompleteBindingUpdate() {
    home.dad = Dad.STRICT;
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(1, 15, CARE_OF));
    anotherNodeHas(LINK_LOCAL);
    assertEquals(134, home.status());
    home.elapse(5 * SECOND);
    assertEquals(1, home.packets.size());
    assertEquals(0, status().bindings());
    assertFalse(home.proxies(HOME_ADDRESS));
  }

  @Test
  void rfc6275_s10_3_1_aRetransmissionDuringTheTestStartsNoOther() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(900 * MS);
    home.register(2, 20, OTHER_CARE_OF);
    assertEquals(-1, home.status());
    assertEquals(1, home.tests(HOME_ADDRESS));
    home.elapse(100 * MS);
    // One acknowledgement, and it is for the last one.
    assertEquals(1, home.packets.size());
    assertEquals(2, home.acknowledgement().sequence());
    assertEquals(20, home.acknowledgement().lifetimeUnits());
    assertEquals(OTHER_CARE_OF, home.lastSignalling().destination());
    assertEquals(OTHER_CARE_OF, status().entries().get(0).careOfAddress());
  }

  @Test
  void rfc6275_s10_3_1_withABindingThereIsNoFurtherTest() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(2 * SECOND);
    home.clear();
    home.register(2, 15, CARE_OF);
    assertEquals(0, home.status());
    home.register(3, 15, OTHER_CARE_OF);
    assertEquals(0, home.status());
    home.elapse(2 * SECOND);
    assertEquals(0, home.tests(HOME_ADDRESS));
    assertEquals(OTHER_CARE_OF, status().entries().get(0).careOfAddress());
  }

  @Test
  void rfc6275_s10_3_2_aDeregistrationDuringTheTestCallsItOff() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.register(2, 0, CARE_OF);
    assertEquals(0, home.status());
    home.elapse(5 * SECOND);
    assertEquals(1, home.packets.size());
    assertEquals(0, status().bindings());
  }

  @Test
  void rfc4862_s5_4_aTestThatWasCalledOffStartsFromTheBeginning() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(500 * MS);
    home.register(2, 0, CARE_OF);
    home.clear();
    home.register(3, 15, CARE_OF);
    assertEquals(1, home.tests(HOME_ADDRESS));
    home.elapse(900 * MS);
    assertEquals(-1, home.status());
    home.elapse(100 * MS);
    assertEquals(0, home.status());
    assertEquals(3, home.acknowledgement().sequence());
  }

  @Test
  void rfc4862_s5_4_afterADuplicateTheOtherAddressIsTestedFromTheBeginning() {
    home.dad = Dad.STRICT;
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(1, 15, CARE_OF));
    home.elapse(500 * MS);
    anotherNodeHas(LINK_LOCAL);
    assertEquals(134, home.status());
    home.clear();
    home.register(2, 15, CARE_OF);
    assertEquals(1, home.tests(HOME_ADDRESS));
    home.elapse(900 * MS);
    assertEquals(-1, home.status());
    home.elapse(100 * MS);
    assertEquals(0, home.status());
  }

  @Test
  void optimisticDadAcknowledgesAtOnceAndTestsMeanwhile() {
    home.dad = Dad.OPTIMISTIC;
    home.start();
    home.register(1, 15, CARE_OF);
    assertEquals(0, home.status());
    assertEquals(1, home.tests(HOME_ADDRESS));
    assertTrue(home.proxies(HOME_ADDRESS));
    home.elapse(2 * SECOND);
    assertEquals(1, status().bindings());
    assertEquals(1, home.packets.size());
  }

  @Test
  void optimisticDadWithdrawsOnConflictAndRefusesTheNextUpdate() {
    home.dad = Dad.OPTIMISTIC;
    home.start();
    home.register(1, 15, CARE_OF);
    try (LogLines log = new LogLines(HomeAgent.class)) {
      anotherNodeHas(HOME_ADDRESS);
      assertEquals(
          List.of(
              "binding ended by duplicate address hoa=" + HOME_ADDRESS + " address="
                  + HOME_ADDRESS + " holder=" + CORRESPONDENT_MAC + " mn=vm1"),
          log.warnings());
    }
    assertEquals(0, status().bindings());
    assertFalse(home.proxies(HOME_ADDRESS));
    // No acknowledgement that nobody asked for.
    assertEquals(1, home.packets.size());
    assertEquals("duplicate", status().entries().get(0).state());
    home.register(2, 15, CARE_OF);
    assertEquals(134, home.status());
    home.elapse(HomeRegistration.DUPLICATE_HOLD_NS);
    home.register(3, 15, CARE_OF);
    assertEquals(0, home.status());
  }

  @Test
  void dadOffAsksNobody() {
    home.start();
    home.register(1, 15, CARE_OF);
    assertEquals(0, home.status());
    home.elapse(3 * SECOND);
    assertEquals(0, home.tests(HOME_ADDRESS));
  }

  @Test
  void rfc6275_s10_4_1_announcesTheHomeAddressUpToThreeTimes() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(1, 15, CARE_OF));
    home.elapse(10 * SECOND);
    assertEquals(3, home.announcements(HOME_ADDRESS));
    assertEquals(3, home.announcements(LINK_LOCAL));
    NeighborAdvertisement first = (NeighborAdvertisement) home.neighborMessages().get(0);
    assertTrue(first.override());
    assertFalse(first.solicited());
    assertFalse(first.router());
    assertEquals(TAP_MAC, first.targetLinkLayerAddress());
  }

  @Test
  void rfc6275_s10_3_1_theLinkLocalBitOfARefreshIsFollowed() {
    home.start();
    home.register(1, 15, CARE_OF);
    assertFalse(home.proxies(LINK_LOCAL));
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(2, 15, CARE_OF));
    assertTrue(home.proxies(LINK_LOCAL));
    home.register(3, 15, CARE_OF);
    assertFalse(home.proxies(LINK_LOCAL));
    assertTrue(home.proxies(HOME_ADDRESS));
  }

  @Test
  void rfc6275_s10_3_2_deregistrationFromAbroadIsAnsweredWithARoutingHeader() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.register(2, 0, CARE_OF);
    SignallingPacket answer = home.lastSignalling();
    assertEquals(0, home.status());
    assertEquals(0, home.acknowledgement().lifetimeUnits());
    assertEquals(CARE_OF, answer.destination());
    assertEquals(HOME_ADDRESS, answer.type2HomeAddress());
    assertFalse(home.proxies(HOME_ADDRESS));
  }

  @Test
  void rfc6275_s10_3_2_deregistrationFromHomeIsAnsweredOnTheHomeLinkWithoutRoutingHeader() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(5 * SECOND);
    home.clear();
    home.sendFromHome(HOME_ADDRESS, update(2, 0, null));
    assertEquals(0, home.packets.size());
    assertFalse(home.proxies(HOME_ADDRESS));
    NeighborSolicitation solicitation = (NeighborSolicitation) home.neighborMessages().get(0);
    assertEquals(HOME_ADDRESS, solicitation.target());
    home.neighborAnswers(HOME_ADDRESS, GUEST_MAC);
    byte[] frame = home.dataFrames().get(0);
    assertArrayEquals(GUEST_MAC.toBytes(), Arrays.copyOfRange(frame, 0, 6));
    assertArrayEquals(TAP_MAC.toBytes(), Arrays.copyOfRange(frame, 6, 12));
    SignallingPacket answer = home.signalling(Arrays.copyOfRange(frame, 14, frame.length));
    assertEquals(HOME_AGENT, answer.source());
    assertEquals(HOME_ADDRESS, answer.destination());
    assertNull(answer.type2HomeAddress());
  }

  @Test
  void rfc6275_s11_5_5_aDeregistrationSentToOurLinkLayerAddressIsTaken() {
    home.protectSignalling(HOME_ADDRESS);
    home.start();
    home.register(1, 15, CARE_OF);
    byte[] update =
        SignallingWriter.build(
                HOME_ADDRESS, HOME_AGENT, null, null, update(2, 0, null), home.mobileNodeSignalling)
            .toBytes();
    home.frame(HomeAgentFixture.ethernet(TAP_MAC, GUEST_MAC, update));
    assertEquals(0, status().bindings());
    home.clear();
    home.neighborAnswers(HOME_ADDRESS, GUEST_MAC);
    assertEquals(1, home.dataFrames().size());
  }

  @Test
  void whatElseComesForTheHomeAgentsAddressIsHandedToTheKernel() {
    home.start();
    home.frame(
        HomeAgentFixture.ethernet(
            TAP_MAC, GUEST_MAC, HomeAgentFixture.udp(HOME_ADDRESS, HOME_AGENT, 5)));
    home.neighborAnswers(HOME_AGENT, HomeAgentFixture.GATEWAY_MAC);
    byte[] frame = home.dataFrames().get(0);
    assertArrayEquals(
        HomeAgentFixture.GATEWAY_MAC.toBytes(), Arrays.copyOfRange(frame, 0, 6));
  }

  @Test
  void rfc6275_s10_3_2_theAnswerAtHomeNeverGoesToOurOwnLinkLayerAddress() {
    home.start();
    home.register(1, 15, CARE_OF);
    // Somebody repeats our proxy advertisement.
    home.neighborAnswers(HOME_ADDRESS, TAP_MAC);
    home.clear();
    home.sendFromHome(HOME_ADDRESS, update(2, 0, null));
    home.neighborAnswers(HOME_ADDRESS, TAP_MAC);
    assertEquals(List.of(), home.dataFrames());
  }

  @Test
  void rfc6275_s10_3_2_afterDeregistrationALateUpdateGets135() {
    home.start();
    home.register(10, 15, CARE_OF);
    home.sendFromHome(HOME_ADDRESS, update(12, 0, null));
    home.clear();
    home.elapse(HomeRegistration.DELETE_TIMEOUT_NS - 1);
    home.register(11, 15, CARE_OF);
    SignallingPacket answer = home.lastSignalling();
    assertEquals(135, home.status());
    assertEquals(12, home.acknowledgement().sequence());
    assertEquals(CARE_OF, answer.destination());
    assertFalse(home.proxies(HOME_ADDRESS));
    home.elapse(1);
    assertEquals(0, status().entries().size());
    home.register(11, 15, CARE_OF);
    assertEquals(0, home.status());
  }

  @Test
  void rfc6275_s10_3_2_afterExpiryALateUpdateGets135() {
    home.start();
    home.register(10, 15, CARE_OF);
    home.elapse(61 * SECOND);
    home.register(9, 15, CARE_OF);
    assertEquals(135, home.status());
    home.register(11, 15, CARE_OF);
    assertEquals(0, home.status());
  }

  @Test
  void rfc6275_s10_3_2_aRepeatedDeregistrationIsAcknowledgedAgainWhileTheEntryIsThere() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.register(2, 0, CARE_OF);
    home.register(3, 0, CARE_OF);
    assertEquals(0, home.status());
    home.register(3, 0, CARE_OF);
    assertEquals(135, home.status());
    home.elapse(HomeRegistration.DELETE_TIMEOUT_NS);
    home.register(4, 0, CARE_OF);
    assertEquals(133, home.status());
  }

  @Test
  void rfc6275_s10_3_2_aDeregistrationAfterExpiryGets133() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(61 * SECOND);
    home.register(2, 0, CARE_OF);
    assertEquals(133, home.status());
  }

  @Test
  void rfc6275_s10_3_1_aNewRegistrationAfterDeregistrationIsTestedAgain() {
    home.dad = Dad.STRICT;
    home.start();
    home.register(1, 15, CARE_OF);
    home.elapse(SECOND);
    home.register(2, 0, CARE_OF);
    home.clear();
    home.register(3, 15, CARE_OF);
    assertEquals(1, home.tests(HOME_ADDRESS));
    home.elapse(SECOND);
    assertEquals(0, home.status());
  }

  @Test
  void rememberedEntriesAreBounded() {
    home.maximumBindings = 2;
    home.mobileNodes.add(
        new HomeAgentSettings.MobileNodeAuthorisation(
            "all", List.of(HomeAgentFixture.HOME_PREFIX), List.of(), false));
    home.start();
    for (int i = 0; i < 50; i++) {
      Ipv6Address homeAddress = new Ipv6Address(HOME_ADDRESS.high(), 0x1000 + i);
      home.send(CARE_OF, homeAddress, update(1, 15, CARE_OF));
      assertEquals(0, home.status());
      home.send(CARE_OF, homeAddress, update(2, 0, CARE_OF));
      assertEquals(0, home.status());
    }
    assertEquals(2, status().entries().size());
  }

  @Test
  void reloadEndsBindingsThatAreNoLongerAuthorised() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.mobileNodes.add(home.node("vm2", HomeAgentFixture.OTHER_HOME_ADDRESS));
    home.agent.settings(home.settings(), home.nowNs);
    assertEquals(0, status().bindings());
    assertFalse(home.proxies(HOME_ADDRESS));
    home.register(2, 15, CARE_OF);
    assertEquals(129, home.status());
  }

  @Test
  void reloadKeepsBindingsThatAreAuthorisedAndCutsTheirLifetime() {
    home.start();
    home.register(1, 100, CARE_OF);
    home.maximumLifetimeSeconds = 40;
    home.agent.settings(home.settings(), home.nowNs);
    assertEquals(1, status().bindings());
    assertEquals(40, status().entries().get(0).remainingSeconds());
    home.elapse(40 * SECOND);
    assertEquals(0, status().bindings());
  }

  @Test
  void reloadEndsBindingsWhoseCareOfAddressIsNoLongerAllowed() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.careOfAddresses = List.of(Ipv6Prefix.parse("2001:db8:3001::/64"));
    home.agent.settings(home.settings(), home.nowNs);
    assertEquals(0, status().bindings());
  }

  @Test
  void statusTellsEachEntry() {
    home.protectSignalling(HOME_ADDRESS).protectPayload(HOME_ADDRESS);
    home.start();
    home.register(9, 15, CARE_OF);
    home.nowNs += 10 * SECOND;
    assertEquals(
        List.of(
            new HomeAgentStatus.Entry(HOME_ADDRESS, CARE_OF, "vm1", "bound", 9, 50, true, "none")),
        status().entries());
  }

  @Test
  void rfc6275_s9_5_4_whatTheUnderlayDoesNotTakeIsCounted() {
    home.start();
    home.agent =
        new HomeAgent(
            home.settings(),
            frame -> { },
            packet -> org.kagemusha.core.node.Underlay.Sent.UNREACHABLE,
            home.keys,
            home.associations,
            new java.util.Random(1),
            () -> 0,
            home.counters);
    home.register(1, 15, CARE_OF);
    assertEquals(1, home.drops(DropReason.SEND_UNREACHABLE));
  }
}
