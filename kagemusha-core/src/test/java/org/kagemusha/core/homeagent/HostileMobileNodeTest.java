package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_PREFIX;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;

/** What a mobile node, or who claims to be one, must not be able to do to the others. */
class HostileMobileNodeTest {

  private static final int OTHERS = 8192;

  private final HomeAgentFixture home = new HomeAgentFixture();

  @BeforeEach
  void quiet() {
    HomeAgentFuzzTest.quiet();
  }

  @AfterEach
  void loud() {
    HomeAgentFuzzTest.loud();
  }

  private static Ipv6Address homeAddress(int i) {
    return new Ipv6Address(HOME_PREFIX.address().high(), 0x1_0000 + i);
  }

  @Test
  void aFloodOfUpdatesOfOneMobileNodeCostsNoOtherItsAcknowledgement() {
    home.maximumBindings = 2 * OTHERS;
    home.mobileNodes.add(
        new MobileNodeAuthorisation("all", List.of(HOME_PREFIX), List.of(), false));
    home.start();
    for (int i = 0; i < OTHERS; i++) {
      home.send(CARE_OF, homeAddress(i), update(1, 1000, CARE_OF));
    }
    home.nowNs += 10 * HomeAgentFixture.SECOND;
    for (int sequence = 1; sequence <= 1000; sequence++) {
      home.send(OTHER_CARE_OF, HOME_ADDRESS, update(sequence, 1000, OTHER_CARE_OF));
    }
    home.clear();
    for (int i = 0; i < OTHERS; i++) {
      home.send(CARE_OF, homeAddress(i), update(2, 1000, CARE_OF));
    }
    assertEquals(OTHERS, home.packets.size());
  }

  @Test
  void rfc6275_s9_5_1_forgedUpdatesFromManySourcesDoNotUseUpAnAuthenticatedOnes135() {
    home.start().protectSignalling(HOME_ADDRESS);
    home.register(100, 15, CARE_OF);
    var protectedSignalling = home.mobileNodeSignalling;
    home.mobileNodeSignalling = null;
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(100, 15, CARE_OF));
    for (int i = 0; i < 5000; i++) {
      home.send(
          new Ipv6Address(CARE_OF.high(), 0x100 + i), OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    }
    home.clear();
    home.mobileNodeSignalling = protectedSignalling;
    home.register(50, 15, CARE_OF);
    assertEquals(135, home.status());
  }

  @Test
  void noMobileNodeCanTakeAnothersHomeAddressForItsCareOfAddressToShutItOut() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, update(1, 15, OTHER_HOME_ADDRESS));
    assertEquals(174, home.status());
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    assertEquals(0, home.status());
  }

  @Test
  void rfc6583_s4_3_aMobileNodeThatScansTheHomePrefixDoesNotKeepAnotherFromReturningHome() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    scan(OTHER_CARE_OF, OTHER_HOME_ADDRESS);
    home.clear();
    home.sendFromHome(HOME_ADDRESS, update(2, 0, HOME_ADDRESS));
    home.neighborAnswers(HOME_ADDRESS, HomeAgentFixture.GUEST_MAC);
    assertEquals(1, home.dataFrames().size(), "the acknowledgement");
  }

  @Test
  void rfc6583_s4_3_aMobileNodeThatScansTheHomePrefixDoesNotSilenceAnother() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    scan(OTHER_CARE_OF, OTHER_HOME_ADDRESS);
    home.clear();
    home.underlay(tunnelled(CARE_OF, udp(HOME_ADDRESS, CORRESPONDENT, 1000)));
    home.correspondentAnswers();
    assertEquals(1, home.dataFrames().size());
    assertEquals(0, home.drops(DropReason.NEIGHBOR_UNRESOLVED));
  }

  @Test
  void rfc4443_s2_4_forgedPacketsFromAbroadDoNotUseUpTheErrorsOfTheHomeLink() {
    home.start();
    home.register(1, 15, CARE_OF);
    for (int i = 0; i < 2000; i++) {
      home.underlay(
          tunnelled(
              new Ipv6Address(OTHER_CARE_OF.high(), 0x100 + i),
              udp(OTHER_HOME_ADDRESS, CORRESPONDENT, 20)));
    }
    home.clear();
    Ipv6Address neighbour = Ipv6Address.parse("fe80::2");
    home.frame(
        HomeAgentFixture.ethernet(
            HomeAgentFixture.TAP_MAC,
            HomeAgentFixture.CORRESPONDENT_MAC,
            udp(neighbour, HOME_ADDRESS, 20)));
    assertEquals(1, home.frames.size(), "the neighbour is asked for");
    home.neighborAnswers(neighbour, HomeAgentFixture.CORRESPONDENT_MAC);
    assertEquals(1, home.dataFrames().size(), "the error");
  }

  private void scan(Ipv6Address careOf, Ipv6Address homeAddress) {
    for (int packets = 0; packets < 16; packets++) {
      for (int i = 0; i < 1000; i++) {
        home.underlay(tunnelled(careOf, udp(homeAddress, homeAddress(i), 1300)));
      }
    }
  }
}
