package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.BindingRefreshRequest;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingWriter;

/** What others on the network must not be able to make a mobile node do. */
class HostileNetworkTest {

  private final MobileNodeFixture f = new MobileNodeFixture();

  private void forgedBindingError() {
    f.onUnderlay(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_BINDING, HOME_ADDRESS), null));
  }

  @Test
  void rfc6275_s11_8_forgedBindingErrorsDoNotHurryTheBackOffOn() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS), List.of(HOME_AGENT, OTHER_HOME_AGENT));
    f.start();
    f.guestSends();
    long start = f.now;
    f.packetTimes.clear();
    for (int i = 0; i < 10; i++) {
      f.pass(SECOND);
      forgedBindingError();
    }
    for (SignallingPacket sent : f.signalling()) {
      assertEquals(HOME_AGENT, sent.destination());
    }
    assertEquals(
        List.of(1500L, 4500L), f.packetTimes.stream().map(at -> (at - start) / MS).toList());
  }

  @Test
  void rfc6275_s11_7_1_forgedBindingErrorsDoNotTieToADeadHomeAgent() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS), List.of(HOME_AGENT, OTHER_HOME_AGENT));
    f.start().registered();
    for (int i = 0; i < 60; i++) {
      f.pass(SECOND);
      forgedBindingError();
    }
    List<SignallingPacket> sent = f.signalling();
    assertEquals(OTHER_HOME_AGENT, sent.get(sent.size() - 1).destination());
  }

  @Test
  void rfc6275_s11_5_5_aDeregistrationStaysWithTheHomeAgentThatHasTheBinding() {
    HomeRegistration entry =
        new HomeRegistration(HOME_ADDRESS, true, List.of(HOME_AGENT, OTHER_HOME_AGENT));
    entry.deregister(HOME_ADDRESS, Integer.MAX_VALUE, 0);
    for (int i = 0; i < 20; i++) {
      assertFalse(entry.onTimeout());
      entry.transmit(0, 0, entry.dueNs());
      assertEquals(HOME_AGENT, entry.homeAgent());
    }
    assertTrue(entry.dueNs() > 10 * UpdateSchedule.MAXIMUM_TIMEOUT_NS);
  }

  @Test
  void rfc6275_s11_7_4_forgedBindingErrorsDoNotUseUpTheHomeAgentsRefreshRequests() {
    f.start().registered();
    f.onUnderlay(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_TYPE, HOME_ADDRESS), null));
    f.onUnderlay(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_TYPE, HOME_ADDRESS), null));
    f.answer(new BindingRefreshRequest());
    f.pass(MS);
    assertEquals(2, f.updates().size());
  }

  @Test
  void aChangedLifetimeIsAskedForAtOnceWhileAnUpdateWaits() {
    f.start();
    f.guestSends();
    f.node.settings(MobileNodeFixture.with(f.settings, 1200, false, false), f.now);
    assertEquals(300, f.lastUpdate().lifetimeUnits());
  }
}
