package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.tunnelled;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.InvalidSpi;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Keys that come, are replaced, run out and end while a guest is here. */
class FreshKeysTest {

  private static final long HOUR = 3600 * SECOND;

  private final FreshKeysWorld w = new FreshKeysWorld();
  private final MobileNodeFixture f = w.f;

  private void registered() {
    w.start();
    w.grant(true, HOUR);
    w.guestSends();
    w.run(20 * MS);
    assertEquals("registered", f.state());
  }

  @Test
  void aGuestThatIsHereWithoutKeysWaitsInSilenceAndIsRegisteredAtOnceWhenTheyCome() {
    w.start();
    w.guestSends();
    w.run(400 * MS);
    assertEquals(0, f.packets.size());
    assertEquals(1, f.drops(DropReason.MOBILITY_UNPROTECTED));
    assertEquals("registering", f.state());
    f.guestAnswers = false;
    w.grant(true, HOUR);
    assertEquals(1, f.packets.size());
    w.run(20 * MS);
    assertEquals("registered", f.state());
    assertEquals(List.of("in-force 1000"), w.keys.told);
  }

  @Test
  void anUpdateThatWaitsForKeysSpendsNoRetransmissionAndIsToldOfOnce() {
    w.start();
    for (int i = 0; i < 60; i++) {
      w.guestSends();
      w.run(SECOND);
    }
    assertEquals(0, f.packets.size());
    assertEquals(1, f.drops(DropReason.MOBILITY_UNPROTECTED));
    assertEquals(0, f.binding().retransmissions());
    w.grant(true, HOUR);
    w.run(20 * MS);
    assertEquals("registered", f.state());
  }

  @Test
  void keysThatComeLongAfterTheGuestWasHeardDoNotMakeAStaleHostSpeakForIt() {
    w.start();
    w.guestSends();
    w.run(3 * SECOND);
    f.guestAnswers = false;
    w.grant(true, HOUR);
    w.run(60 * SECOND);
    assertEquals(0, f.packets.size());
    f.guestAnswers = true;
    w.guestSends();
    w.run(20 * MS);
    assertEquals("registered", f.state());
  }

  @Test
  void rfc6618_s4_3_newKeysAreMadeKnownByOneUpdateForEachHomeAddress() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS), List.of(HOME_AGENT));
    registered();
    w.run(10 * SECOND);
    w.updates.clear();
    w.keys.told.clear();
    w.grant(true, HOUR);
    w.run(20 * SECOND);
    assertEquals(2, w.updates.size());
    assertEquals(0x1001, w.inForce.inbound().spi());
    assertEquals(List.of("in-force 1001", "in-force 1001"), w.keys.told);
    assertEquals(1, w.keys.live());
  }

  @Test
  void anUpdateUnderTheOldKeysThatIsUnansweredGivesWayToOneUnderTheNew() {
    registered();
    w.nativeDown = false;
    w.grant(true, HOUR);
    w.run(10 * MS);
    w.grant(true, HOUR);
    w.nativeDown = true;
    w.run(20 * MS);
    assertEquals(0x1002, w.openedBy.get(w.openedBy.size() - 1).spi());
    assertEquals("in-force 1002", w.keys.told.get(w.keys.told.size() - 1));
  }

  @Test
  void aRefusalSaysNothingOfTheKeysInForce() {
    w.status = 129;
    w.start();
    w.grant(true, HOUR);
    w.guestSends();
    w.run(20 * MS);
    assertEquals(129, f.binding().lastStatus());
    assertEquals(List.of(), w.keys.told);
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "UDP"})
  void rekeyingWhileTrafficFlowsLosesNoPacket(Encapsulation form) {
    w.encapsulation(form);
    w.latencyNs = 40 * MS;
    w.start();
    w.grant(true, HOUR);
    w.guestSends();
    w.run(100 * MS);
    int up = w.uplink;
    for (int i = 0; i < 3000; i++) {
      w.guestSends();
      w.homeAgentSends();
      if (i % 500 == 250) {
        w.grant(true, HOUR);
      }
      w.run(10 * MS);
    }
    w.run(100 * MS);
    assertEquals(3000, w.uplink - up);
    assertEquals(3000, w.downlink());
    assertEquals(0, w.refused);
    assertEquals(0x1006, w.inForce.inbound().spi());
    assertEquals(form == Encapsulation.UDP ? w.uplink : 0, w.uplinkInUdp);
    assertNull(w.leak());
    w.run(10 * SECOND);
    assertEquals(1, w.keys.live());
  }

  /** RFC 4301 §5: PROTECT or DISCARD, from the start to the end. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void nothingOfTheGuestEverLeavesInClearWhereItsPayloadIsProtected(boolean required) {
    if (required) {
      f.settings =
          MobileNodeFixture.with(
              MobileNodeFixture.withPayloadProtection(f.settings), 600, false, true);
      f.settings = withRequiredPayload();
    }
    w.start();
    talk(20);
    assertEquals(0, f.packets.size());
    w.grant(true, 60 * SECOND);
    talk(20);
    w.grant(true, 60 * SECOND);
    talk(20);
    assertTrue(w.uplink > 0 && w.downlink() > 0);
    int sent = f.packets.size();
    talk(700);
    int afterExpiry = f.packets.size();
    assertTrue(afterExpiry > sent);
    talk(50);
    assertEquals(afterExpiry, f.packets.size());
    assertTrue(f.drops(DropReason.PROTECTION_REQUIRED) > 0);
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    w.grant(true, HOUR);
    talk(20);
    assertTrue(f.packets.size() > afterExpiry);
    f.node.left(f.now);
    int left = f.packets.size();
    w.guestSends();
    w.run(50 * MS);
    assertEquals(left, f.packets.size());
    w.run(SECOND);
    w.guestSends();
    w.run(SECOND);
    w.grant(true, HOUR);
    talk(20);
    f.node.home(f.now);
    f.onHomeFrame(MobileNodeFixture.routerAdvertisement());
    int home = f.packets.size();
    talk(20);
    assertEquals(home, f.packets.size());
    assertNull(w.leak());
    for (byte[] frame : f.frames) {
      boolean toGuest = MobileNodeFixture.isTo(frame, MobileNodeFixture.GUEST_MAC);
      assertFalse(!toGuest && FreshKeysWorld.tellsSecret(frame));
      assertFalse(frame.length > 60 && frame[20] == Protocol.MOBILITY);
    }
  }

  private MobileNodeSettings withRequiredPayload() {
    MobileNodeSettings s = f.settings;
    return new MobileNodeSettings(
        s.name(), s.guestMac(), s.tapMac(), s.homeAddresses(), s.homePrefixes(), s.homeAgents(),
        s.homeRouter(), s.location(), s.lifetimeSeconds(), s.waitForAcknowledgement(), false,
        true, true, s.presenceTimeoutSeconds(), s.tunnel(), s.pseudoMac());
  }

  /** Both ends talk every 100 ms. */
  private void talk(int times) {
    for (int i = 0; i < times; i++) {
      w.guestSends();
      if (w.inForce != null) {
        w.homeAgentSends();
      }
      w.run(100 * MS);
    }
  }

  @Test
  void payloadIsClearOnlyWhereTheHomeAgentSaidSoAuthenticated() {
    w.start();
    w.guestSends();
    w.run(100 * MS);
    assertEquals(0, f.packets.size());
    w.grant(false, HOUR);
    w.run(20 * MS);
    assertNull(w.leak());
    w.guestSends();
    w.run(20 * MS);
    assertEquals(1, w.uplink);
    assertEquals(Protocol.IPV6, f.packets.get(f.packets.size() - 1)[6]);
    int before = f.frames.size();
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    assertEquals(before + 1, f.frames.size());
    w.grant(true, HOUR);
    w.guestSends();
    assertEquals(Protocol.ESP, f.packets.get(f.packets.size() - 1)[6]);
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 20)));
    assertEquals(1, f.drops(DropReason.PROTECTION_REQUIRED));
  }

  @Test
  void acknowledgementsInClearAreNotBelievedWhereKeysAreGranted() {
    f.settings = MobileNodeFixture.with(f.settings, 600, false, false);
    w.nativeDown = false;
    w.start();
    w.grant(true, HOUR);
    w.guestSends();
    w.run(20 * MS);
    f.answer(MobileNodeFixture.ack(0, w.updates.get(0).sequence(), 150));
    assertEquals(1, f.drops(DropReason.MOBILITY_UNPROTECTED));
    assertEquals("registering", f.state());
  }

  @Test
  void updatesUnansweredThreeTimesPutTheKeysInDoubt() {
    w.nativeUp = false;
    w.start();
    w.grant(true, HOUR);
    w.guestSends();
    w.run(4400 * MS);
    assertEquals(List.of(), w.keys.told);
    w.run(7 * SECOND);
    assertEquals(List.of("in-doubt"), w.keys.told);
    w.nativeUp = true;
    w.grant(true, HOUR);
    w.run(20 * MS);
    assertEquals("registered", f.state());
  }

  private void invalidSpi(Ipv6Address from, int spi) {
    PacketBuffer packet = PacketBuffer.copyOf(new byte[InvalidSpi.OCTETS]);
    InvalidSpi.write(packet, spi);
    UdpEncapsulation.prepend(packet, FreshKeysWorld.PORT, FreshKeysWorld.PORT, from, CARE_OF);
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, Protocol.UDP, 64, from, CARE_OF);
    f.onUnderlay(packet);
  }

  @Test
  void rfc7296_s1_5_anInvalidSpiOfTheHomeAgentIsAHintAndNothingElse() {
    w.encapsulation(Encapsulation.UDP);
    w.start();
    w.grant(true, HOUR);
    w.guestSends();
    w.run(20 * MS);
    assertEquals("registered", f.state());
    int spi = w.inForce.outbound().spi();
    w.keys.told.clear();
    int sent = f.packets.size();
    invalidSpi(OTHER_HOME_AGENT, spi);
    invalidSpi(HOME_AGENT, spi + 1);
    assertEquals(List.of(), w.keys.told);
    assertEquals(2, f.drops(DropReason.MOBILITY_UNMATCHED));
    for (int i = 0; i < 50; i++) {
      invalidSpi(HOME_AGENT, spi);
    }
    assertEquals(List.of("in-doubt", "in-doubt"), w.keys.told);
    w.run(20 * MS);
    assertEquals(sent, f.packets.size());
    assertEquals("registered", f.state());
    f.node.left(f.now);
    w.run(3 * SECOND);
    w.keys.told.clear();
    invalidSpi(HOME_AGENT, spi);
    assertEquals(List.of(), w.keys.told);
  }

  private void bindingError(Ipv6Address from, int status, Ipv6Address homeAddress) {
    f.onUnderlay(
        SignallingWriter.build(
            from, CARE_OF, null, null, new BindingError(status, homeAddress), null));
  }

  @Test
  void aBindingErrorOfTheHomeAgentPutsTheKeysInDoubtAndOthersDoNot() {
    registered();
    w.keys.told.clear();
    bindingError(OTHER_HOME_AGENT, BindingError.UNKNOWN_BINDING, HOME_ADDRESS);
    w.run(3 * SECOND);
    bindingError(HOME_AGENT, BindingError.UNKNOWN_BINDING, OTHER_HOME_ADDRESS);
    bindingError(HOME_AGENT, BindingError.UNKNOWN_TYPE, HOME_ADDRESS);
    w.run(3 * SECOND);
    assertEquals(List.of(), w.keys.told);
    bindingError(HOME_AGENT, BindingError.UNKNOWN_BINDING, Ipv6Address.UNSPECIFIED);
    assertEquals(List.of("in-doubt"), w.keys.told);
    w.run(3 * SECOND);
    w.keys.told.clear();
    for (int i = 0; i < 50; i++) {
      bindingError(HOME_AGENT, BindingError.UNKNOWN_BINDING, HOME_ADDRESS);
    }
    w.keys.told.removeIf(line -> !line.equals("in-doubt"));
    assertEquals(2, w.keys.told.size());
    f.node.left(f.now);
    w.run(3 * SECOND);
    w.keys.told.clear();
    bindingError(HOME_AGENT, BindingError.UNKNOWN_BINDING, HOME_ADDRESS);
    assertEquals(List.of(), w.keys.told);
  }

  @Test
  void keysEndWithTheFence() {
    registered();
    f.node.left(f.now);
    assertEquals(0, w.keys.live());
    w.keys.grant(true, HOUR, f.now);
    f.node.left(f.now);
    assertEquals(1, w.keys.live());
  }

  @Test
  void keysOfAReleasedGuestEndAfterTheDeregistration() {
    registered();
    f.node.release(f.now);
    assertEquals(1, w.keys.live());
    assertEquals("deregistering", f.state());
    w.run(20 * MS);
    assertEquals("released", f.state());
    assertEquals(0, w.keys.live());
    assertEquals("abandoned", w.keys.told.get(w.keys.told.size() - 1));
    assertEquals(0, w.updates.get(w.updates.size() - 1).lifetimeUnits());
  }

  @Test
  void aReleaseWithoutKeysIsGivenUp() {
    registered();
    w.keys.abandoned(f.now);
    f.node.release(f.now);
    w.run(60 * SECOND);
    assertEquals("released", f.state());
  }

  @Test
  void rfc6275_s11_5_5_keysEndWhenTheDeregistrationAtHomeIsAcknowledged() {
    f.settings = MobileNodeFixture.with(
        MobileNodeFixture.settings(MobileNodeSettings.Location.HOME), 600, false, true);
    f.start();
    f.onHomeFrame(MobileNodeFixture.routerAdvertisement());
    w.guestSends();
    f.pass(SECOND);
    SecurityAssociationPair homeAgent = w.keys.grant(true, HOUR, f.now);
    f.node.keysChanged(f.now);
    f.pass(100 * MS);
    assertEquals("deregistering", f.state());
    assertEquals(1, w.keys.live());
    f.onHomeFrame(
        MobileNodeFixture.frame(
            SignallingWriter.build(
                    HOME_AGENT, HOME_ADDRESS, null, null,
                    MobileNodeFixture.ack(0, f.binding().sequence(), 0), homeAgent.outbound())
                .toBytes(),
            MobileNodeFixture.GUEST_MAC,
            MobileNodeFixture.ROUTER_MAC));
    assertEquals("home", f.state());
    assertEquals(List.of("in-force 1000", "abandoned"), w.keys.told);
    assertEquals(0, w.keys.live());
  }

  @Test
  void theEngineWakesUpForTheKeysEnd() {
    w.start();
    w.grant(true, SECOND);
    assertTrue(f.node.nextDeadlineNs() <= f.now + SECOND);
    f.pass(SECOND);
    assertEquals(0, w.keys.live());
  }
}
