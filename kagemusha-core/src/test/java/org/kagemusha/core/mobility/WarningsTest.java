package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;

/** What the operator of a host is told when something is wrong with a VM's registration. */
class WarningsTest {

  private static final String SUBJECT = " vm=vm1 hoa=" + HOME_ADDRESS;

  private final MobileNodeFixture f = new MobileNodeFixture();
  private final LogLines log = new LogLines(MobileNode.class);

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void aMoveThatGoesWellWarnsOfNothing() {
    f.start().registered();
    f.pass(500 * SECOND);
    assertEquals(1, log.of("registered" + SUBJECT).size());
    assertEquals(List.of(), log.warnings());
  }

  @Test
  void rfc6275_s11_7_1_duplicateHomeAddress() {
    f.start().guestSends();
    f.answer(ack(134, f.lastUpdate().sequence(), 0));
    String answer = log.of("ba received").get(0);
    assertTrue(answer.contains(" status=duplicate-address-detection-failed "), answer);
    assertEquals(List.of("duplicate home address" + SUBJECT), log.warnings());
  }

  @Test
  void rfc6275_s11_7_1_bindingThatNobodyRefreshesExpires() {
    f.start().registered();
    for (int second = 0; second < 601; second++) {
      f.pass(SECOND);
      f.guestSends();
    }
    assertEquals(List.of("binding expired" + SUBJECT), log.of("binding expired"));
    assertEquals(log.of("binding expired"), log.warnings());
  }

  @Test
  void guestAbroadOnAHostWithoutACareOfAddress() {
    f.start();
    f.node.careOfAddress(null, 1500, f.now);
    f.guestSends();
    assertEquals(List.of("no care-of address vm=vm1"), log.warnings());
    assertEquals(0, f.updates().size());
  }

  @Test
  void rfc2473_s4_1_2_careOfAddressThatIsTheHomeAgents() {
    f.start();
    f.node.careOfAddress(HOME_AGENT, 1500, f.now);
    f.guestSends();
    assertEquals(
        "care-of address of no use vm=vm1 coa=" + HOME_AGENT, log.warnings().get(0));
  }

  @Test
  void rfc6275_s5_1_updateThatMustBeProtectedWaitsForKeys() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    f.start().guestSends();
    f.pass(100 * SECOND);
    assertEquals(List.of("bu waits" + SUBJECT + " reason=no-keys"), log.of("bu waits"));
    assertEquals("bu waits" + SUBJECT + " reason=no-keys", log.warnings().get(0));
  }

  @Test
  void rfc6275_s11_7_1_homeAgentThatIsSilentGivesWayToTheNext() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS),
            List.of(HOME_AGENT, MobileNodeFixture.OTHER_HOME_AGENT));
    f.start().guestSends();
    f.pass(47 * SECOND);
    assertEquals(
        List.of("next home agent" + SUBJECT + " ha=" + MobileNodeFixture.OTHER_HOME_AGENT),
        log.warnings());
  }

  @Test
  void forgedSignallingIsToldOnceInTenSecondsWithTheNumberOfTheRest() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, true);
    f.start();
    for (int i = 0; i < 3; i++) {
      f.answer(ack(0, i, 150));
    }
    String line = "signalling dropped vm=vm1 reason=mobility_unprotected peer=" + HOME_AGENT;
    assertEquals(List.of(line + " more=0"), log.warnings());
    f.pass(10 * SECOND);
    f.answer(ack(0, 3, 150));
    assertEquals(List.of(line + " more=0", line + " more=2"), log.warnings());
    assertEquals(4, f.drops(DropReason.MOBILITY_UNPROTECTED));
  }

  @Test
  void rfc6275_s11_3_6_bindingErrorOfTheHomeAgent() {
    f.start().registered();
    f.onUnderlay(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_BINDING, HOME_ADDRESS), null));
    assertEquals(
        List.of(
            "be received vm=vm1 ha=" + HOME_AGENT + " status=unknown-binding hoa=" + HOME_ADDRESS),
        log.warnings());
    assertEquals(1, log.of("update wanted").size());
    assertEquals(2, f.updates().size());
  }
}
