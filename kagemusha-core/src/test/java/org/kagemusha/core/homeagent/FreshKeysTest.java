package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.FreshKeysFixture.bindingUpdate;
import static org.kagemusha.core.homeagent.FreshKeysFixture.fromMobileNode;
import static org.kagemusha.core.homeagent.FreshKeysFixture.sealed;
import static org.kagemusha.core.homeagent.FreshKeysFixture.spi;
import static org.kagemusha.core.homeagent.FreshKeysFixture.toMobileNode;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;

/** A home agent whose keys are another pair for every place where a mobile node is. */
class FreshKeysTest {

  private final FreshKeysFixture fresh = new FreshKeysFixture();
  private final HomeAgentFixture home = fresh.home;
  private final FreshKeys keys = fresh.keys;
  private final Grant a = keys.grant("vm1", 0x1a0a, true);
  private final Grant b = keys.grant("vm1", 0x1b0b, true);
  private final Grant stranger = keys.grant("vm2", 0x2c0c, true);

  private int taken() {
    home.correspondentAnswers();
    return home.dataFrames().size();
  }

  @Test
  void rfc6275_s10_3_1_anUpdateUnderAnyLivePairIsAcceptedAndPutsThePairInForce() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    assertEquals(0, fresh.status(a));
    assertEquals(List.of(HOME_ADDRESS + " " + a.spi()), keys.confirmations);
    fresh.register(b, 2, OTHER_CARE_OF);
    assertEquals(0, fresh.status(b));
    assertSame(b, keys.inForce(HOME_ADDRESS));
    assertEquals(1, fresh.bindings());
  }

  @Test
  void rfc6275_s9_5_4_aRefusalGoesOutUnderThePairThatOpenedTheUpdate() {
    home.start();
    fresh.register(a, 100, CARE_OF);
    fresh.register(b, 99, OTHER_CARE_OF);
    BindingAcknowledgement refusal = fresh.acknowledgement(b, 0);
    assertEquals(135, refusal.status());
    assertEquals(100, refusal.sequence());
    assertSame(a, keys.inForce(HOME_ADDRESS));
    assertEquals(CARE_OF, home.agent.status(home.nowNs).entries().get(0).careOfAddress());
  }

  @Test
  void rfc6275_s5_1_clearUpdatesAreDiscardedBeforeAndAfterTheFirstPair() {
    home.requireProtection = false;
    home.start();
    home.register(1, 15, CARE_OF);
    fresh.register(a, 2, CARE_OF);
    home.clear();
    home.register(3, 15, OTHER_CARE_OF);
    keys.end(a);
    home.register(4, 15, OTHER_CARE_OF);
    assertEquals(0, home.packets.size());
    assertEquals(3, home.drops(DropReason.MOBILITY_UNPROTECTED));
  }

  @Test
  void rfc4301_s5_2_thePairOfAnotherMobileNodeDoesNotVouch() {
    home.start();
    fresh.register(stranger, 1, CARE_OF);
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    fresh.register(a, 1, CARE_OF);
    home.underlay(sealed(stranger, CARE_OF, fromMobileNode(10), 0));
    assertEquals(2, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    assertEquals(0, taken());
  }

  @Test
  void twoHostsAlternateAndTheOldPairDiesAfterTheGrace() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    fresh.down(toMobileNode(100));
    assertEquals(a.spi(), spi(fresh.last()));

    home.elapse(30 * SECOND);
    fresh.register(b, 2, OTHER_CARE_OF);
    fresh.down(toMobileNode(100));
    assertEquals(b.spi(), spi(fresh.last()));
    assertEquals(OTHER_CARE_OF, Ipv6Header.destination(ByteBuffer.wrap(fresh.last()), 0));
    home.elapse(4900 * MS);
    home.clear();
    home.underlay(sealed(a, CARE_OF, fromMobileNode(100), 0));
    assertEquals(1, taken());
    home.underlay(tunnelled(CARE_OF, fromMobileNode(100)));
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));

    home.elapse(200 * MS);
    assertTrue(a.ended, "the engine calls the key source when that is due");
    home.clear();
    home.underlay(sealed(a, CARE_OF, fromMobileNode(100), 0));
    fresh.register(a, 3, CARE_OF);
    assertEquals(0, home.dataFrames().size());
    assertEquals(2, home.drops(DropReason.ESP_NO_ASSOCIATION));
    assertSame(b, keys.inForce(HOME_ADDRESS));

    Grant again = keys.grant("vm1", 0x1a0b, true);
    fresh.register(again, 3, CARE_OF);
    assertEquals(0, fresh.status(again));
    fresh.down(toMobileNode(100));
    assertEquals(again.spi(), spi(fresh.last()));
    home.elapse(5 * SECOND);
    assertTrue(b.ended);
  }

  @Test
  void aHostThatComesBackWithinTheGraceKeepsItsPair() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    fresh.register(b, 2, OTHER_CARE_OF);
    home.elapse(SECOND);
    fresh.register(a, 3, CARE_OF);
    home.elapse(10 * SECOND);
    assertFalse(a.ended);
    assertTrue(b.ended);
    fresh.down(toMobileNode(100));
    assertEquals(a.spi(), spi(fresh.last()));
  }

  @Test
  void aPairThatOnlyWaitsOutlivesTheGrace() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    home.elapse(30 * SECOND);
    fresh.register(a, 2, CARE_OF);
    home.elapse(10 * SECOND);
    assertFalse(b.ended);
  }

  @Test
  void newKeysAtTheSamePlaceLoseNoPacket() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    byte[] underWay = sealed(a, CARE_OF, fromMobileNode(100), 0);
    home.underlay(sealed(b, CARE_OF, fromMobileNode(100), 0));
    fresh.register(b, 2, CARE_OF);
    home.underlay(underWay);
    home.underlay(sealed(b, CARE_OF, fromMobileNode(100), 0));
    assertEquals(3, taken());
  }

  @Test
  void rfc4303_s3_4_3_aReplayedUpdateIsNothing() {
    home.start();
    byte[] update =
        bindingUpdate(a, CARE_OF, HOME_ADDRESS, update(1, 15, CARE_OF), 0);
    byte[] elsewhere = update.clone();
    OTHER_CARE_OF.write(ByteBuffer.wrap(elsewhere), Ipv6Header.SOURCE);
    home.underlay(update);
    byte[] byUdp =
        bindingUpdate(a, CARE_OF, HOME_ADDRESS, update(2, 15, CARE_OF), 4500);
    home.underlay(byUdp);
    home.clear();
    home.underlay(update);
    home.underlay(elsewhere);
    home.underlay(byUdp);
    home.elapse(100 * SECOND);
    // Nor after the binding has ended and every sequence number of an update would do.
    home.underlay(update);
    assertEquals(4, home.drops(DropReason.ESP_REPLAYED));
    assertEquals(0, home.packets.size());
    assertEquals(0, fresh.bindings());
  }

  @Test
  void rfc6275_s10_3_1_afterStrictDetectionTheAcknowledgementGoesUnderThePairOfTheUpdate() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.start();
    fresh.register(a, 1, CARE_OF);
    assertEquals(0, home.packets.size());
    assertEquals(List.of(), keys.confirmations);
    home.elapse(SECOND / 2);
    fresh.register(b, 2, OTHER_CARE_OF);
    home.elapse(3 * SECOND);
    assertEquals(0, fresh.status(b));
    assertEquals(List.of(HOME_ADDRESS + " " + b.spi()), keys.confirmations);
    assertEquals(1, fresh.bindings());
  }

  @Test
  void keysThatEndDuringDetectionBindNothing() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.start();
    fresh.register(a, 1, CARE_OF);
    home.elapse(SECOND / 2);
    keys.end(a);
    home.elapse(3 * SECOND);
    assertEquals(0, home.packets.size());
    assertEquals(0, fresh.bindings());
    assertFalse(home.proxies(HOME_ADDRESS));
    // Another pair is as good as at the beginning.
    fresh.register(b, 1, CARE_OF);
    assertEquals(135, fresh.status(b));
    fresh.register(b, 2, CARE_OF);
    home.elapse(3 * SECOND);
    assertEquals(1, fresh.bindings());
  }

  @Test
  void rfc6275_s10_3_2_aDeregistrationUnderAWaitingPairIsTaken() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    fresh.deregister(b, 2, OTHER_CARE_OF);
    assertEquals(0, fresh.status(b));
    assertEquals(0, fresh.bindings());
    assertSame(b, keys.inForce(HOME_ADDRESS));
    home.elapse(5 * SECOND);
    assertTrue(a.ended);
  }

  @Test
  void rfc3776_s4_deregistrationFromHomeIsTakenUnderAnyLivePair() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    home.clear();
    BindingUpdate end = update(2, 0, null);
    home.underlay(
        SignallingWriter.build(HOME_ADDRESS, HOME_AGENT, null, null, end, stranger.sealing));
    assertEquals(1, fresh.bindings());
    assertEquals(1, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    home.underlay(
        SignallingWriter.build(HOME_ADDRESS, HOME_AGENT, null, null, end, b.sealing));
    assertEquals(0, fresh.bindings());
    assertSame(b, keys.inForce(HOME_ADDRESS));
    // The acknowledgement is on the home link, under the same pair.
    assertEquals(0, home.packets.size());
    home.neighborAnswers(HOME_ADDRESS, HomeAgentFixture.GUEST_MAC);
    byte[] frame = home.dataFrames().get(0);
    assertEquals(b.spi(), ByteBuffer.wrap(frame).getInt(14 + 40));
  }

  @Test
  void rfc4301_s4_4_1_withoutPayloadKeysInForceClearPacketsPassBothWays() {
    Grant clear = keys.grant("vm1", 0x1d0d, false);
    home.start();
    fresh.register(clear, 1, CARE_OF);
    home.clear();
    fresh.down(toMobileNode(100));
    assertArrayEquals(
        toMobileNode(100), withHopLimit(Arrays.copyOfRange(fresh.last(), 40, 188)));
    home.underlay(tunnelled(CARE_OF, fromMobileNode(100)));
    assertEquals(1, taken());
    // Payload under a pair that is for signalling alone is not believed.
    home.underlay(sealed(clear, CARE_OF, fromMobileNode(100), 0));
    assertEquals(1, home.drops(DropReason.ESP_SELECTOR_MISMATCH));
    // Never in clear after they have ended.
    keys.end(clear);
    home.clear();
    fresh.down(toMobileNode(100));
    home.underlay(tunnelled(CARE_OF, fromMobileNode(100)));
    assertEquals(0, home.packets.size() + home.dataFrames().size());
    assertEquals(2, home.drops(DropReason.PROTECTION_REQUIRED));
  }

  private static byte[] withHopLimit(byte[] inner) {
    inner[Ipv6Header.HOP_LIMIT] = 64;
    return inner;
  }

  @Test
  void whereTheOperatorDemandsEspKeysForSignallingAloneAreNotEnough() {
    home.requirePayloadProtection = true;
    Grant clear = keys.grant("vm1", 0x1d0d, false);
    home.start();
    fresh.register(clear, 1, CARE_OF);
    home.clear();
    fresh.down(toMobileNode(100));
    home.underlay(tunnelled(CARE_OF, fromMobileNode(100)));
    assertEquals(0, home.packets.size() + home.dataFrames().size());
    assertEquals(2, home.drops(DropReason.PROTECTION_REQUIRED));
  }

  @Test
  void aPairOfTwoHomeAddressesStaysInUseUntilBothHaveEnded() {
    Ipv6Address second = new Ipv6Address(HOME_ADDRESS.high(), 0x4711);
    keys.manage("vm1", second);
    home.mobileNodes.add(home.node("vm1", HOME_ADDRESS));
    home.mobileNodes.add(home.node("vm1", second));
    home.start();
    fresh.register(a, 1, CARE_OF);
    home.underlay(bindingUpdate(a, CARE_OF, second, update(1, 15, CARE_OF), 0));
    fresh.deregister(a, 2, CARE_OF);
    assertEquals(1, fresh.bindings());
    // RFC 6275 §15.3: a stranger cannot use up a sequence number of the one that is left.
    byte[] inner = HomeAgentFixture.udp(second, HomeAgentFixture.CORRESPONDENT, 10);
    byte[] packet = sealed(a, CARE_OF, inner, 0);
    byte[] elsewhere = packet.clone();
    OTHER_CARE_OF.write(ByteBuffer.wrap(elsewhere), Ipv6Header.SOURCE);
    home.underlay(elsewhere);
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
    home.underlay(packet);
    assertEquals(1, taken());
  }

  @Test
  void withdrawalEndsTheBindingAtOnce() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    assertTrue(home.proxies(HOME_ADDRESS));
    home.clear();
    keys.end(a);
    home.agent.withdraw(HOME_ADDRESS, "revoked", home.nowNs);
    home.agent.withdraw(HOME_ADDRESS, "revoked", home.nowNs);
    home.agent.withdraw(OTHER_HOME_ADDRESS, "revoked", home.nowNs);
    assertEquals(0, fresh.bindings());
    assertEquals("expired", home.agent.status(home.nowNs).entries().get(0).state());
    assertFalse(home.proxies(HOME_ADDRESS));
    fresh.down(toMobileNode(100));
    home.underlay(sealed(a, CARE_OF, fromMobileNode(100), 0));
    assertEquals(0, home.packets.stream().filter(p -> p.length > 64).count());
    assertEquals(0, home.dataFrames().size());
    home.elapse(60 * SECOND);
    assertEquals(0, home.agent.status(home.nowNs).entries().size());
  }

  @Test
  void withdrawalDuringDetectionEndsThatToo() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.start();
    fresh.register(a, 1, CARE_OF);
    home.agent.withdraw(HOME_ADDRESS, "revoked", home.nowNs);
    home.elapse(60 * SECOND);
    assertEquals(0, fresh.bindings());
    assertEquals(0, home.packets.size());
  }

  @Test
  void theEngineKeepsTheDeadlinesOfTheKeys() {
    home.start();
    a.endsNs = home.nowNs + 1234 * MS;
    assertEquals(a.endsNs, home.agent.nextDeadlineNs());
    home.elapse(1233 * MS);
    assertFalse(a.ended);
    home.elapse(MS);
    assertTrue(a.ended);
  }

  @Test
  void whatAPairProtectsIsSaidInTheStatus() {
    home.start();
    fresh.register(a, 1, CARE_OF);
    assertTrue(home.agent.status(home.nowNs).entries().get(0).payloadProtected());
    assertEquals(a.pair, keys.associations(HOME_ADDRESS, Purpose.PAYLOAD));
    keys.end(a);
    assertFalse(home.agent.status(home.nowNs).entries().get(0).payloadProtected());
  }
}
