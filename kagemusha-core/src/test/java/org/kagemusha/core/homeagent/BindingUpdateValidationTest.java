package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.message.BindingRefreshRequest;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

class BindingUpdateValidationTest {

  private final HomeAgentFixture home = new HomeAgentFixture();

  private void assertDropped(DropReason reason) {
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(reason));
    assertEquals(0, home.agent.status(home.nowNs).bindings());
  }

  @Test
  void rfc6275_s9_5_1_aHomeAddressThatIsNotRoutableUnicastIsDiscardedSilently() {
    home.start();
    home.send(CARE_OF, Ipv6Address.parse("ff0e::1"), update(1, 15, CARE_OF));
    home.send(CARE_OF, Ipv6Address.parse("fe80::10"), update(1, 15, CARE_OF));
    home.send(CARE_OF, Ipv6Address.parse("::1"), update(1, 15, CARE_OF));
    assertEquals(0, home.packets.size());
    assertEquals(3, home.drops(DropReason.OPTIONS_INVALID));
  }

  @Test
  void rfc6275_s9_5_4_aSourceThatIsNotUnicastIsDiscardedSilently() {
    home.start();
    home.send(Ipv6Address.parse("ff0e::1"), HOME_ADDRESS, update(1, 15, CARE_OF));
    assertDropped(DropReason.MOBILITY_MALFORMED);
  }

  @Test
  void rfc6275_s10_3_1_theHomeAgentsOwnAddressIsNoHomeAddress() {
    home.mobileNodes.add(
        new HomeAgentSettings.MobileNodeAuthorisation(
            "all", List.of(HomeAgentFixture.HOME_PREFIX), List.of(), false));
    home.start();
    home.send(CARE_OF, HOME_AGENT, update(1, 15, CARE_OF));
    assertDropped(DropReason.MOBILITY_NOT_AUTHORISED);
  }

  @Test
  void rfc6275_s5_1_unprotectedIsDiscardedSilentlyWhereProtectionIsRequired() {
    home.requireProtection = true;
    home.start();
    try (LogLines log = new LogLines(HomeAgent.class)) {
      home.register(1, 15, CARE_OF);
      assertEquals(
          List.of(
              "binding update discarded hoa=" + HOME_ADDRESS + " coa=" + CARE_OF + " from="
                  + CARE_OF + " reason=\"signalling without ESP\" suppressed=0"),
          log.warnings());
    }
    assertDropped(DropReason.MOBILITY_UNPROTECTED);
    assertEquals(1, home.counters.get(Counter.BINDING_UPDATES_RECEIVED));
    assertEquals(0, home.counters.get(Counter.BINDING_ACKNOWLEDGEMENTS_SENT));
  }

  @Test
  void rfc6275_s5_1_unprotectedIsDiscardedSilentlyWhereTheHomeAddressHasAssociations() {
    home.protectSignalling(HOME_ADDRESS);
    home.mobileNodeSignalling = null;
    home.start();
    home.register(1, 15, CARE_OF);
    assertDropped(DropReason.MOBILITY_UNPROTECTED);
  }

  @Test
  void rfc6275_s10_3_1_theHomeAddressIdentifiesTheAssociationThatMustBeUsed() {
    home.protectSignalling(HOME_ADDRESS);
    home.start();
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    assertDropped(DropReason.ESP_SELECTOR_MISMATCH);
  }

  @Test
  void rfc4301_s5_2_payloadAssociationsDoNotProtectSignalling() {
    home.protectSignalling(HOME_ADDRESS).protectPayload(HOME_ADDRESS);
    home.mobileNodeSignalling = home.mobileNodePayload;
    home.start();
    home.register(1, 15, CARE_OF);
    assertDropped(DropReason.ESP_SELECTOR_MISMATCH);
  }

  @Test
  void rfc6275_s9_5_1_withoutHomeRegistrationThereIsNoCorrespondentRole() {
    home.start();
    BindingUpdate update = new BindingUpdate(1, true, false, false, false, 0, 15, CARE_OF);
    home.send(CARE_OF, HOME_ADDRESS, update);
    assertDropped(DropReason.MOBILITY_NOT_FOR_ROLE);
  }

  @Test
  void rfc6275_s10_theHomeAgentTakesNothingButBindingUpdates() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, new BindingRefreshRequest());
    assertDropped(DropReason.MOBILITY_NOT_FOR_ROLE);
  }

  @Test
  void rfc6275_s10_3_1_aRegistrationWithoutHomeAddressOptionIsDiscardedSilently() {
    home.start();
    home.sendFromHome(HOME_ADDRESS, update(1, 15, CARE_OF));
    assertDropped(DropReason.OPTIONS_INVALID);
  }

  @Test
  void rfc6275_s9_5_1_anOldSequenceNumberGets135WithTheLastOneAccepted() {
    home.start();
    home.register(1000, 15, CARE_OF);
    home.register(999, 15, CARE_OF);
    assertEquals(135, home.status());
    assertEquals(1000, home.acknowledgement().sequence());
    home.register(1000, 15, CARE_OF);
    assertEquals(135, home.status());
    assertEquals(0, home.acknowledgement().lifetimeUnits());
    assertEquals(2, home.drops(DropReason.BINDING_REFUSED));
  }

  @Test
  void rfc6275_s9_5_1_theWindowIs32768ModuloTwoToTheSixteenth() {
    // "if the last received sequence number was 15, then messages with sequence numbers 0 through
    // 15, as well as 32783 through 65535, would be considered less than or equal."
    for (int sequence = 0; sequence <= 0xffff; sequence++) {
      boolean lessOrEqual = sequence <= 15 || sequence >= 32783;
      assertEquals(!lessOrEqual, SequenceWindow.isGreater(sequence, 15), "sequence " + sequence);
    }
  }

  @Test
  void rfc6275_s9_5_1_anySequenceNumberIsAcceptedWithoutAnEntry() {
    home.start();
    home.register(65535, 15, CARE_OF);
    assertEquals(0, home.status());
    home.register(0, 15, CARE_OF);
    assertEquals(0, home.status());
  }

  @Test
  void rfc6275_s9_5_1_aChangeOfTheRegistrationTypeGets139() {
    home.protectSignalling(HOME_ADDRESS);
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(
        CARE_OF, HOME_ADDRESS, new BindingUpdate(2, true, false, false, false, 0, 15, CARE_OF));
    assertEquals(139, home.status());
    assertEquals(1, home.agent.status(home.nowNs).bindings());
  }

  @Test
  void rfc3963_s6_1_2_aChangeOfTheMobileRouterFlagGets139() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(
        CARE_OF,
        HOME_ADDRESS,
        new BindingUpdate(
            2, true, true, false, false, BindingUpdateValidation.MOBILE_ROUTER_FLAG, 15, CARE_OF));
    assertEquals(139, home.status());
  }

  @Test
  void rfc6275_s10_3_1_aHomeAddressOffThePrefixGets132() {
    home.start();
    home.send(CARE_OF, Ipv6Address.parse("2001:db8:9999::10"), update(1, 15, CARE_OF));
    assertEquals(132, home.status());
  }

  @Test
  void rfc6275_s10_3_1_aHomeAddressThatNobodyMayRegisterGets129() {
    home.start();
    home.send(CARE_OF, Ipv6Address.parse("2001:db8:2000::5"), update(1, 15, CARE_OF));
    assertEquals(129, home.status());
    assertEquals(1, home.drops(DropReason.MOBILITY_NOT_AUTHORISED));
  }

  @Test
  void rfc6275_s10_3_1_aCareOfAddressOutsideOfTheAllowedOnesGets129() {
    home.careOfAddresses = List.of(Ipv6Prefix.parse("2001:db8:3000::/64"));
    home.start();
    Ipv6Address elsewhere = Ipv6Address.parse("2001:db8:3001::3");
    home.register(1, 15, elsewhere);
    assertEquals(129, home.status());
    home.register(2, 15, CARE_OF);
    assertEquals(0, home.status());
    home.register(3, 15, elsewhere);
    assertEquals(129, home.status());
    assertEquals(CARE_OF, home.agent.status(home.nowNs).entries().get(0).careOfAddress());
  }

  @Test
  void rfc6275_s10_3_1_withoutRoomForAnotherBindingTheAnswerIs130() {
    home.maximumBindings = 1;
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    assertEquals(130, home.status());
    // "home registrations MUST NOT be removed until the expiration of the Lifetime period".
    home.register(2, 15, OTHER_CARE_OF);
    assertEquals(0, home.status());
  }

  @Test
  void rfc6275_s15_3_oneMobileNodeDoesNotUseUpTheRoomOfOthers() {
    home.mobileNodes.add(
        new HomeAgentSettings.MobileNodeAuthorisation(
            "many", List.of(HomeAgentFixture.HOME_PREFIX), List.of(), false, 2));
    home.mobileNodes.add(home.node("vm2", OTHER_HOME_ADDRESS));
    home.start();
    for (int i = 1; i <= 3; i++) {
      home.clear();
      home.send(CARE_OF, Ipv6Address.parse("2001:db8:2000::a" + i), update(1, 15, CARE_OF));
      assertEquals(i <= 2 ? 0 : 130, home.status());
    }
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    assertEquals(0, home.status());
    // What it has may be refreshed, and what it gives up makes room.
    home.send(CARE_OF, Ipv6Address.parse("2001:db8:2000::a1"), update(2, 15, OTHER_CARE_OF));
    assertEquals(0, home.status());
    home.send(CARE_OF, Ipv6Address.parse("2001:db8:2000::a1"), update(3, 0, OTHER_CARE_OF));
    home.send(CARE_OF, Ipv6Address.parse("2001:db8:2000::a3"), update(2, 15, CARE_OF));
    assertEquals(0, home.status());
    home.elapse(61 * SECOND);
    for (int i = 4; i <= 6; i++) {
      home.send(CARE_OF, Ipv6Address.parse("2001:db8:2000::a" + i), update(1, 15, CARE_OF));
      assertEquals(i <= 5 ? 0 : 130, home.status());
    }
  }

  @Test
  void rfc6275_s6_1_7_aCareOfAddressThatIsNotRoutableUnicastGets174() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, update(1, 15, Ipv6Address.parse("ff0e::1")));
    assertEquals(174, home.status());
    home.send(CARE_OF, HOME_ADDRESS, update(2, 15, Ipv6Address.parse("fe80::1")));
    assertEquals(174, home.status());
    home.send(CARE_OF, HOME_ADDRESS, update(3, 15, HOME_AGENT));
    assertEquals(174, home.status());
  }

  @Test
  void rfc6275_s9_5_1_aCareOfAddressEqualToTheHomeAddressAsksForTheEndOfTheBinding() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(CARE_OF, HOME_ADDRESS, update(2, 15, HOME_ADDRESS));
    assertEquals(0, home.status());
    assertEquals(0, home.acknowledgement().lifetimeUnits());
    assertEquals(0, home.agent.bindings());
  }

  @Test
  void rfc2473_s4_1_2_aCareOfAddressThatIsAHomeAddressWouldMakeALoop() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, HOME_ADDRESS));
    assertEquals(174, home.status());
    home.send(CARE_OF, HOME_ADDRESS, update(2, 15, OTHER_HOME_ADDRESS));
    assertEquals(174, home.status());
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(2, 15, OTHER_CARE_OF));
    assertEquals(0, home.status());
  }

  @Test
  void rfc6275_s9_5_1_theAlternateCareOfAddressIsTheBindings_s9_5_4_theSourceIsAnswered() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    SignallingPacket acknowledgement = home.lastSignalling();
    assertEquals(CARE_OF, acknowledgement.destination());
    assertEquals(HOME_ADDRESS, acknowledgement.type2HomeAddress());
    assertEquals(OTHER_CARE_OF, home.agent.status(home.nowNs).entries().get(0).careOfAddress());
  }

  @Test
  void rfc6275_s9_5_1_withoutAlternateCareOfAddressTheSourceIsTheBindings() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, update(1, 15, null));
    assertEquals(0, home.status());
    assertEquals(CARE_OF, home.agent.status(home.nowNs).entries().get(0).careOfAddress());
  }

  @Test
  void rfc6275_s9_5_4_anAnswerGoesOutEvenIfNoneIsRequested() {
    home.start();
    home.send(
        CARE_OF, HOME_ADDRESS, new BindingUpdate(5, false, true, false, false, 0, 15, CARE_OF));
    assertEquals(0, home.status());
    home.send(
        CARE_OF, HOME_ADDRESS, new BindingUpdate(5, false, true, false, false, 0, 15, CARE_OF));
    assertEquals(135, home.status());
  }

  @Test
  void rfc6275_s10_3_2_aDeregistrationWithoutBindingGets133() {
    home.start();
    home.register(1, 0, CARE_OF);
    assertEquals(133, home.status());
    assertEquals(0, home.agent.status(home.nowNs).entries().size());
  }

  @Test
  void rfc4443_s2_4_refusalsAreLimitedForEachSource() {
    home.start();
    home.register(100, 15, CARE_OF);
    home.clear();
    for (int i = 0; i < 100; i++) {
      home.register(1, 15, CARE_OF);
    }
    assertEquals(10, home.packets.size());
    assertEquals(90, home.drops(DropReason.MOBILITY_RATE_LIMITED));
    home.send(OTHER_CARE_OF, HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    assertEquals(11, home.packets.size());
    home.nowNs += SECOND;
    home.register(1, 15, CARE_OF);
    assertEquals(12, home.packets.size());
  }

  @Test
  void rfc6275_s9_5_1_theSequenceNumberOfARefusedUpdateIsUsedUp() {
    home.careOfAddresses = List.of(Ipv6Prefix.parse("2001:db8:3000::/64"));
    home.start();
    home.register(1, 15, CARE_OF);
    home.register(7, 15, CORRESPONDENT);
    assertEquals(129, home.status());
    home.register(7, 15, CARE_OF);
    assertEquals(135, home.status());
    assertEquals(7, home.acknowledgement().sequence());
  }

  @Test
  void rfc6275_s10_3_1_theKeyManagementBitIsClearedWithoutAKeyManagementProtocol() {
    home.start();
    home.send(
        CARE_OF, HOME_ADDRESS, new BindingUpdate(1, true, true, false, true, 0, 15, CARE_OF));
    assertEquals(false, home.acknowledgement().keyManagementMobility());
    assertNull(home.lastSignalling().homeAddressOption());
    assertTrue(home.acknowledgement().refreshAdviceUnits() < 0);
  }
}
