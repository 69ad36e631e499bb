package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.BindingRefreshRequest;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/** Home registration from a foreign network: RFC 6275 §11.7.1, §11.7.3, §11.8. */
class RegistrationTest {

  private final MobileNodeFixture f = new MobileNodeFixture();

  @Test
  void rfc6275_s11_7_1_firstFrameOfTheGuestRegistersInTheSameCall() {
    f.start();
    assertEquals("waiting", f.state());
    f.guestSends();
    SignallingPacket sent = f.signalling().get(0);
    BindingUpdate update = (BindingUpdate) sent.message();
    assertEquals(CARE_OF, sent.source());
    assertEquals(HOME_AGENT, sent.destination());
    assertEquals(HOME_ADDRESS, sent.homeAddressOption());
    assertTrue(update.acknowledge());
    assertTrue(update.homeRegistration());
    assertFalse(update.keyManagementMobility());
    assertEquals(CARE_OF, update.alternateCareOf());
    assertEquals(150, update.lifetimeUnits());
    assertEquals("registering", f.state());
  }

  @Test
  void rfc6275_s6_1_7_bindingUpdateIsOctetForOctetWhatTheHomeAgentWasSeenToTake() {
    // IPv6 2001:db8:3000::3 > 2001:db8:2000::1, Destination Options (PadN 4, Home Address), MH 5:
    // the first Binding Update of the plain capture, but for sequence, lifetime and checksum.
    f.start();
    f.guestSends();
    byte[] packet = f.packets.get(0);
    String hex = HexFormat.of().formatHex(packet);
    assertEquals(
        "60000000" + "0038" + "3c" + "40"
            + "20010db8300000000000000000000003"
            + "20010db8200000000000000000000001"
            + "87020102" + "0000" + "c910" + "20010db8200000000000000000000010"
            + "3b030500",
        hex.substring(0, 2 * (40 + 24 + 4)));
    int mh = 2 * 64;
    assertEquals("c000" + "0096" + "0100" + "0310" + "20010db8300000000000000000000003",
        hex.substring(mh + 16));
  }

  @Test
  void announcementOfTheVmmRegistersAtOnceAndItsRepetitionsDoNot() {
    f.start();
    for (int ms : new int[] {0, 50, 150, 250, 350}) {
      f.pass(ms * MS);
      f.rarp();
      f.answer(ack(0, f.updates().get(0).sequence(), 150));
    }
    assertEquals(1, f.updates().size());
    assertEquals("announcement", f.node.status(f.now).handover().trigger());
  }

  @Test
  void announcementLongAfterTheArrivalRegistersAgain() {
    f.start().registered();
    f.pass(3 * SECOND);
    f.rarp();
    assertEquals(2, f.updates().size());
  }

  @Test
  void hookRegistersBeforeAnyFrame() {
    f.start();
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    assertEquals(1, f.updates().size());
    assertEquals("hook", f.node.status(f.now).handover().trigger());
  }

  @Test
  void rfc6275_s11_8_firstRegistrationWaits1500MsThenDoublesUntil32SecondsForEver() {
    f.start();
    f.guestSends();
    long start = f.now;
    f.pass(200 * SECOND);
    List<Long> ms = new ArrayList<>();
    for (long at : f.packetTimes) {
      ms.add((at - start) / MS);
    }
    // The data packet of the guest itself is the second.
    ms.remove(1);
    assertEquals(
        List.of(0L, 1500L, 4500L, 10500L, 22500L, 46500L, 78500L, 110500L, 142500L, 174500L), ms);
  }

  @Test
  void rfc6275_s11_8_retransmissionsUseGreaterSequenceNumbers() {
    f.start();
    f.guestSends();
    f.pass(100 * SECOND);
    List<BindingUpdate> all = f.updates();
    for (int i = 1; i < all.size(); i++) {
      assertTrue(
          BindingUpdateSequence.isAhead(all.get(i).sequence(), all.get(i - 1).sequence()));
    }
  }

  @Test
  void rfc6275_s11_8_existingBindingIsRefreshedWithATimeoutOfOneSecond() {
    f.start().registered();
    while (f.updates().size() < 2) {
      f.pass(100 * MS);
    }
    f.pass(800 * MS);
    assertEquals(2, f.updates().size());
    f.pass(210 * MS);
    assertEquals(3, f.updates().size());
  }

  @Test
  void rfc6275_s11_7_1_refreshesWellBeforeTheLifetimeEnds() {
    f.start().registered();
    f.pass(479 * SECOND);
    assertEquals(1, f.updates().size());
    f.pass(62 * SECOND);
    assertTrue(f.updates().size() >= 2, "between 80 and 90 % of 600 s");
  }

  @Test
  void rfc6275_s11_7_3_grantedLifetimeCountsFromWhenTheUpdateWasSent() {
    f.start();
    f.guestSends();
    f.pass(SECOND);
    f.answer(ack(0, f.lastUpdate().sequence(), 50));
    // max(L_remain - (L_update - L_ack), 0) = 599 - (600 - 200).
    assertEquals(199, f.binding().remainingSeconds());
  }

  @Test
  void rfc6275_s11_7_3_longerLifetimeThanAskedForIsNotBelieved() {
    f.start();
    f.guestSends();
    f.answer(ack(0, f.lastUpdate().sequence(), 60000));
    assertEquals(600, f.binding().remainingSeconds());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 63, 127})
  void rfc6275_s6_1_8_valuesBelow128SayThatTheBindingUpdateWasAccepted(int status) {
    f.start();
    f.guestSends();
    f.answer(ack(status, f.lastUpdate().sequence(), 150));
    assertEquals("registered", f.state());
    assertEquals(status, f.binding().lastStatus());
  }

  @Test
  void rfc5227_s3_anArpAnnouncementIsOne() {
    f.start().registered();
    f.pass(10 * SECOND);
    int before = f.updates().size();
    byte[] arp = new byte[60];
    ByteBuffer bytes = ByteBuffer.wrap(arp);
    EthernetHeader.write(bytes, 0, MacAddress.BROADCAST, GUEST_MAC, EthernetHeader.TYPE_ARP);
    bytes.putInt(14 + 14, 0xc0000201).putInt(14 + 24, 0xc0000202);
    f.onHomeFrame(arp);
    assertEquals(before, f.updates().size(), "a request is none");
    bytes.putInt(14 + 24, 0xc0000201);
    f.onHomeFrame(arp);
    assertEquals(before + 1, f.updates().size());
  }

  @Test
  void rfc2473_s4_1_2_homeAgentAndHomeAddressAreNoCareOfAddresses() {
    f.start();
    f.node.careOfAddress(HOME_AGENT, 1500, f.now);
    f.guestSends();
    f.node.careOfAddress(HOME_ADDRESS, 1500, f.now);
    f.pass(5 * SECOND);
    assertEquals(0, f.updates().size());
    assertEquals(0, f.packets.size());
    f.node.careOfAddress(CARE_OF, 1500, f.now);
    f.guestSends();
    assertEquals(1, f.updates().size());
  }

  @Test
  void rfc6275_s11_7_1_lifetimeIsWithinTheValidityOfTheCareOfAddress() {
    f.start();
    f.node.careOfAddress(CARE_OF, 1500, 103, f.now);
    f.guestSends();
    assertEquals(25, f.lastUpdate().lifetimeUnits());
    f.pass(1600 * MS);
    assertEquals(25, f.lastUpdate().lifetimeUnits());
    f.pass(3 * SECOND);
    assertEquals(3, f.updates().size());
    assertEquals(24, f.lastUpdate().lifetimeUnits());

    f.node.careOfAddress(CARE_OF, 1500, 2, f.now);
    f.pass(6 * SECOND);
    assertEquals(1, f.lastUpdate().lifetimeUnits(), "never zero");

    f.node.careOfAddress(CARE_OF, 1500, 0xffff_ffffL, f.now);
    f.pass(12 * SECOND);
    assertEquals(150, f.lastUpdate().lifetimeUnits());
  }

  @Test
  void rfc6275_s11_7_1_lifetimeIsWithinTheValidityOfTheHomeAddress() {
    MobileNodeSettings s = f.settings;
    HomeRouter router =
        new HomeRouter(
            MobileNodeFixture.ROUTER, MobileNodeFixture.ROUTER_MAC, 64, 0, 1800, 0, 0,
            List.of(
                new HomeRouter.PrefixInformation(MobileNodeFixture.HOME_PREFIX, 0xc0, 200, 100)),
            List.of());
    f.settings =
        new MobileNodeSettings(
            s.name(), s.guestMac(), s.tapMac(), s.homeAddresses(), s.homePrefixes(),
            s.homeAgents(), router, s.location(), s.lifetimeSeconds(),
            s.waitForAcknowledgement(), s.requireSignallingProtection(),
            s.presenceTimeoutSeconds(), s.tunnel());
    f.start();
    f.guestSends();
    assertEquals(50, f.lastUpdate().lifetimeUnits());
  }

  @Test
  void rfc6275_s11_7_3_bindingRefreshAdviceShortensTheInterval() {
    f.start();
    f.guestSends();
    f.answer(new BindingAcknowledgement(0, false, 0, f.lastUpdate().sequence(), 150, 10));
    f.pass(34 * SECOND);
    assertEquals(1, f.updates().size());
    f.pass(6100 * MS);
    assertEquals(2, f.updates().size());
  }

  @Test
  void rfc6275_s11_7_3_acknowledgementOfAnotherSequenceNumberIsIgnored() {
    f.start();
    f.guestSends();
    f.answer(ack(0, f.lastUpdate().sequence() + 1 & 0xffff, 150));
    assertEquals("registering", f.state());
    assertEquals(1, f.drops(DropReason.MOBILITY_UNMATCHED));
  }

  @Test
  void rfc6275_s11_7_3_acknowledgementOfAnEarlierTransmissionCounts() {
    f.start();
    f.guestSends();
    int first = f.lastUpdate().sequence();
    f.pass(1600 * MS);
    assertEquals(2, f.updates().size());
    f.answer(ack(0, first, 150));
    assertEquals("registered", f.state());
    assertEquals(598, f.binding().remainingSeconds());
  }

  @Test
  void rfc6275_s11_7_3_acknowledgementFromElsewhereIsIgnored() {
    f.start();
    f.guestSends();
    f.onUnderlay(
        org.kagemusha.core.signalling.SignallingWriter.build(
            OTHER_HOME_AGENT, CARE_OF, null, HOME_ADDRESS,
            ack(0, f.lastUpdate().sequence(), 150), null));
    assertEquals("registering", f.state());
  }

  @Test
  void rfc6275_s6_4_acknowledgementWithoutRoutingHeaderIsIgnoredAbroad() {
    f.start();
    f.guestSends();
    f.onUnderlay(
        org.kagemusha.core.signalling.SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null, ack(0, f.lastUpdate().sequence(), 150), null));
    assertEquals("registering", f.state());
  }

  @Test
  void rfc6275_s11_7_1_status135IsAdoptedAndTheNextNumberUsedAtOnce() {
    f.start();
    f.guestSends();
    f.answer(ack(135, 4711, 0));
    f.pass(MS);
    assertEquals(2, f.updates().size());
    assertEquals(4712, f.lastUpdate().sequence());
  }

  @Test
  void status135OnARefreshOfASilentGuestIsNotFollowed() {
    f.start().registered();
    f.pass(3 * SECOND);
    f.rarp();
    assertEquals(2, f.updates().size());
    f.guestAnswers = false;
    f.pass(MS);
    f.answer(ack(135, 4711, 0));
    f.pass(100 * SECOND);
    assertEquals(2, f.updates().size());
  }

  @Test
  void status135IsNotFollowedForEver() {
    f.start();
    f.guestSends();
    for (int i = 0; i < 20; i++) {
      f.answer(ack(135, 1000 * i, 0));
      f.pass(10 * MS);
    }
    assertTrue(f.updates().size() <= 4, "at most three corrections, then the timer");
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 129, 130, 136, 139, 174, 200, 255})
  void rfc6275_s6_1_8_refusalBacksOffAndTriesAgain(int status) {
    f.start();
    f.guestSends();
    f.answer(ack(status, f.lastUpdate().sequence(), 0));
    assertEquals("registering", f.state());
    f.pass(3900 * MS);
    assertEquals(1, f.updates().size());
    f.pass(200 * MS);
    assertEquals(2, f.updates().size());
    f.answer(ack(status, f.lastUpdate().sequence(), 0));
    f.pass(7900 * MS);
    assertEquals(2, f.updates().size());
    f.pass(200 * MS);
    assertEquals(3, f.updates().size());
    assertEquals(status, f.binding().lastStatus());
  }

  @ParameterizedTest
  @ValueSource(ints = {131, 132, 133})
  void rfc6275_s11_7_3_wrongHomeAgentMakesTheNextOneBeTriedAtOnce(int status) {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS), List.of(HOME_AGENT, OTHER_HOME_AGENT));
    f.start();
    f.guestSends();
    f.answer(ack(status, f.lastUpdate().sequence(), 0));
    f.pass(MS);
    SignallingPacket second = f.signalling().get(1);
    assertEquals(OTHER_HOME_AGENT, second.destination());
  }

  @Test
  void rfc6275_s11_7_1_silentHomeAgentGivesWayToTheNextAtMaxBindackTimeout() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS), List.of(HOME_AGENT, OTHER_HOME_AGENT));
    f.start();
    f.guestSends();
    f.pass(46400 * MS);
    assertTrue(f.signalling().stream().allMatch(p -> p.destination().equals(HOME_AGENT)));
    f.pass(200 * MS);
    List<SignallingPacket> all = f.signalling();
    assertEquals(OTHER_HOME_AGENT, all.get(all.size() - 1).destination());
  }

  @Test
  void rfc6275_s11_7_1_duplicateAddressIsNeverUsedAgainButOthersAre() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS), List.of(HOME_AGENT));
    f.start();
    f.guestSends();
    f.answer(ack(134, f.updates().get(0).sequence(), 0));
    f.answer(ack(0, f.updates().get(1).sequence(), 150), OTHER_HOME_ADDRESS);
    int before = f.updates().size();
    f.pass(100 * SECOND);
    f.guestSends();
    f.rarp();
    f.pass(10 * SECOND);
    for (SignallingPacket later : f.signalling().subList(before, f.signalling().size())) {
      assertEquals(OTHER_HOME_ADDRESS, later.homeAddressOption());
    }
    assertEquals("duplicate", f.binding().state());
    f.answer(ack(0, f.lastUpdate().sequence(), 150), OTHER_HOME_ADDRESS);
    assertEquals("registered", f.state());
  }

  @Test
  void rfc6275_s11_7_1_eachHomeAddressIsRegistered() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS), List.of(HOME_AGENT));
    f.start();
    f.guestSends();
    List<SignallingPacket> sent = f.signalling();
    assertEquals(HOME_ADDRESS, sent.get(0).homeAddressOption());
    assertEquals(OTHER_HOME_ADDRESS, sent.get(1).homeAddressOption());
  }

  @Test
  void rfc6275_s11_8_noMoreThanThreeUpdatesWithinASecond() {
    List<Ipv6Address> many = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      many.add(new Ipv6Address(HOME_ADDRESS.high(), 0x100 + i));
    }
    f.settings = MobileNodeFixture.with(f.settings, many, List.of(HOME_AGENT));
    f.start();
    f.rarp();
    f.pass(10 * SECOND);
    List<Long> times = f.packetTimes;
    for (int i = 3; i < times.size(); i++) {
      assertTrue(times.get(i) - times.get(i - 3) >= SECOND, "four within a second at " + i);
    }
    assertTrue(f.updates().size() >= 8);
  }

  @Test
  void rfc6275_s11_7_1_linkLocalFlagOnlyIfThatLinkLocalAddressWasSeen() {
    long iid = GUEST_MAC.modifiedEui64();
    Ipv6Address slaac = new Ipv6Address(HOME_ADDRESS.high(), iid);
    f.settings = MobileNodeFixture.with(f.settings, List.of(slaac), List.of(HOME_AGENT));
    f.start();
    f.rarp();
    assertFalse(f.lastUpdate().linkLocalCompatibility());
    f.fromGuest(
        MobileNodeFixture.udp(
            Ipv6Address.linkLocalOf(GUEST_MAC), MobileNodeFixture.ROUTER, 8),
        MobileNodeFixture.ROUTER_MAC);
    f.pass(3 * SECOND);
    assertTrue(f.lastUpdate().linkLocalCompatibility());
  }

  @Test
  void rfc6275_s11_5_3_newCareOfAddressIsRegisteredAtOnceFromThere() {
    f.start().registered();
    f.pass(SECOND);
    f.node.careOfAddress(OTHER_CARE_OF, 1500, f.now);
    f.pass(MS);
    List<SignallingPacket> sent = f.signalling();
    SignallingPacket last = sent.get(sent.size() - 1);
    assertEquals(2, sent.size());
    assertEquals(OTHER_CARE_OF, last.source());
    assertEquals(OTHER_CARE_OF, ((BindingUpdate) last.message()).alternateCareOf());
  }

  @Test
  void withoutCareOfAddressNothingIsSentAndTheStateIsKept() {
    f.start().registered();
    f.node.careOfAddress(null, 1500, f.now);
    int before = f.packets.size();
    f.guestSends();
    f.pass(590 * SECOND);
    assertEquals(before, f.packets.size());
    assertTrue(f.drops(DropReason.TUNNEL_NOT_UP) > 0);
    assertNull(f.node.status(f.now).careOfAddress());
    f.node.careOfAddress(CARE_OF, 1500, f.now);
    f.pass(MS);
    assertEquals(2, f.updates().size());
  }

  @Test
  void rfc6275_s11_7_4_bindingRefreshRequestIsAnsweredByAnUpdate() {
    f.start().registered();
    f.answer(new BindingRefreshRequest());
    f.pass(MS);
    assertEquals(2, f.updates().size());
  }

  @Test
  void rfc6275_s11_3_6_bindingErrorOfTheHomeAgentIsAnsweredByAnUpdate() {
    f.start().registered();
    f.onUnderlay(
        org.kagemusha.core.signalling.SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_BINDING, HOME_ADDRESS), null));
    f.pass(MS);
    assertEquals(2, f.updates().size());
  }

  @Test
  void rfc6275_s11_3_6_bindingErrorOfAStrangerIsIgnored() {
    f.start().registered();
    f.onUnderlay(
        org.kagemusha.core.signalling.SignallingWriter.build(
            MobileNodeFixture.CORRESPONDENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_BINDING, HOME_ADDRESS), null));
    f.pass(MS);
    assertEquals(1, f.updates().size());
    assertEquals(1, f.drops(DropReason.MOBILITY_UNMATCHED));
  }

  @Test
  void forgedTriggersAreRateLimited() {
    f.start().registered();
    for (int i = 0; i < 100; i++) {
      f.answer(new BindingRefreshRequest());
      f.pass(10 * MS);
    }
    assertTrue(f.updates().size() <= 5);
    assertTrue(f.drops(DropReason.MOBILITY_RATE_LIMITED) > 90);
  }

  @Test
  void rfc6275_s10_3_2_releaseDeletesTheBindingFromAbroad() {
    f.start().registered();
    f.node.release(f.now);
    BindingUpdate update = f.lastUpdate();
    assertEquals(0, update.lifetimeUnits());
    assertEquals(HOME_ADDRESS, f.signalling().get(1).homeAddressOption());
    assertEquals(CARE_OF, f.signalling().get(1).source());
    f.answer(ack(0, update.sequence(), 0));
    assertEquals("released", f.state());
    int before = f.packets.size();
    f.pass(100 * SECOND);
    assertEquals(before, f.packets.size());
  }

  @Test
  void unansweredReleaseEndsAfterFourUpdates() {
    f.start().registered();
    f.node.release(f.now);
    f.pass(100 * SECOND);
    assertEquals(5, f.updates().size());
    assertEquals("released", f.state());
  }

  @Test
  void changedSettingsKeepTheBinding() {
    f.start().registered();
    f.node.settings(MobileNodeFixture.with(f.settings, 300, true, false), f.now);
    assertEquals("registered", f.state());
    f.pass(MS);
    assertEquals(75, f.lastUpdate().lifetimeUnits());
    f.guestSends();
    assertEquals(0, f.drops(DropReason.TUNNEL_NOT_UP));
  }

  @Test
  void anotherHomeAgentInTheSettingsIsRegisteredWith() {
    f.start().registered();
    f.node.settings(
        MobileNodeFixture.with(f.settings, List.of(HOME_ADDRESS), List.of(OTHER_HOME_AGENT)),
        f.now);
    f.pass(MS);
    List<SignallingPacket> sent = f.signalling();
    assertEquals(OTHER_HOME_AGENT, sent.get(sent.size() - 1).destination());
  }

  @Test
  void timelineTellsWhatTheOutageIsMadeOf() {
    f.start();
    final long arrivalNs = f.now;
    f.rarp();
    int sequence = f.lastUpdate().sequence();
    f.now += 2 * MS;
    f.answer(ack(0, sequence, 150));
    f.now += MS;
    f.guestSends();
    f.now += MS;
    f.onUnderlay(
        MobileNodeFixture.tunnelled(
            HOME_AGENT, CARE_OF,
            MobileNodeFixture.udp(MobileNodeFixture.CORRESPONDENT, HOME_ADDRESS, 8)));
    assertEquals(
        new MobileNodeStatus.HandoverTimeline(
            "announcement", f.wallOffsetMs + 5000, arrivalNs, 0, 2000, 3000, 4000, 1),
        f.node.status(f.now).handover());
    assertEquals(1, f.counters.get(Counter.BINDING_UPDATES_SENT));
    assertEquals(1, f.counters.get(Counter.BINDING_ACKNOWLEDGEMENTS_RECEIVED));
  }
}
