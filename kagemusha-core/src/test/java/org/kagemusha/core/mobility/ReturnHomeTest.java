package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.TAP_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;
import static org.kagemusha.core.mobility.MobileNodeFixture.frame;
import static org.kagemusha.core.mobility.MobileNodeFixture.routerAdvertisement;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** At home: RFC 6275 §11.5.2 and §11.5.5. */
class ReturnHomeTest {

  private static final MacAddress HOME_AGENT_TAP = MacAddress.parse("02:00:00:00:00:99");

  private final MobileNodeFixture f = new MobileNodeFixture();

  /** At home, where nobody has answered to the questions of the beginning. */
  private void atHome() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.guestAnswers = false;
    f.start().pass(10 * SECOND);
    f.guestAnswers = true;
    f.forgetFrames();
  }

  private List<NeighborSolicitation> questions() {
    return f.frames.stream()
        .filter(frame -> MobileNodeFixture.isTo(frame, GUEST_MAC))
        .map(MobileNodeFixture::neighborMessage)
        .filter(NeighborSolicitation.class::isInstance)
        .map(NeighborSolicitation.class::cast)
        .toList();
  }

  @Test
  void guestThatCameWhileNobodyListenedIsAskedForAndItsBindingEnded() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.start().onHomeFrame(routerAdvertisement());
    f.pass(2999 * MS);
    assertEquals(List.of(), questions());
    assertEquals(0, updateFrames().size());
    f.pass(2 * MS);
    assertEquals(1, questions().size());
    assertEquals(HOME_ADDRESS, questions().get(0).target());
    assertEquals(Ipv6Address.linkLocalOf(TAP_MAC), questions().get(0).source());
    assertEquals(0, lastUpdate().lifetimeUnits());
    assertEquals("deregistering", f.state());
  }

  @Test
  void rfc4861_s7_3_3_guestThatIsNotThereIsAskedForThreeTimesASecondApart() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.guestAnswers = false;
    f.start().pass(3500 * MS);
    assertEquals(1, questions().size());
    f.pass(SECOND);
    assertEquals(2, questions().size());
    f.pass(3600 * SECOND);
    assertEquals(3, questions().size());
    assertEquals("waiting", f.state());
  }

  @Test
  void guestIsAskedForWhenTheHomeLinkIsFound() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start().onHomeFrame(routerAdvertisement());
    f.pass(3001 * MS);
    assertEquals(1, questions().size());
    assertEquals(1, updateFrames().size());
  }

  @Test
  void guestThatSpeaksByItselfIsNotAskedFor() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.start().onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.pass(10 * SECOND);
    assertEquals(List.of(), questions());
  }

  @Test
  void tunnelsAreExpectedUntilTheGuestIsAtHomeForGood() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.start().onHomeFrame(routerAdvertisement());
    assertFalse(f.node.expectsTunnels());
    guestFrameOnTheBridge();
    assertTrue(f.node.expectsTunnels());
    bridge(acknowledgement(0, lastUpdate().sequence()));
    assertEquals("home", f.state());
    assertFalse(f.node.expectsTunnels());
  }

  @Test
  void guestThatIsAboutToComeIsNotAskedFor() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.start().pass(SECOND);
    f.node.expected(true, f.now);
    f.pass(10 * SECOND);
    assertEquals(List.of(), questions());
    assertEquals("waiting", f.state());
  }

  @Test
  void guestThatIsAboutToComeIsNotAskedForWhenTheHomeLinkIsFoundLater() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start();
    f.node.expected(true, f.now);
    f.onHomeFrame(routerAdvertisement());
    f.pass(10 * SECOND);
    assertEquals(List.of(), questions());
  }

  @Test
  void guestIsAskedForNoMoreWhereThisIsNotTheHomeLink() {
    f.settings = MobileNodeFixture.settings(Location.HOME);
    f.guestAnswers = false;
    f.start().pass(3500 * MS);
    f.node.settings(MobileNodeFixture.settings(Location.FOREIGN), f.now);
    f.pass(10 * SECOND);
    assertEquals(1, questions().size());
  }

  @Test
  void guestWhoseArrivalAHookTellsIsNotAskedFor() {
    f.settings = MobileNodeFixture.byHookOnly(MobileNodeFixture.settings(Location.HOME));
    f.start().pass(10 * SECOND);
    assertEquals(List.of(), questions());
  }

  @Test
  void guestIsNotAskedForAbroad() {
    f.start().pass(10 * SECOND);
    assertEquals(List.of(), questions());
    assertEquals(0, f.updates().size());
  }

  private void guestFrameOnTheBridge() {
    bridge(frame(udp(HOME_ADDRESS, CORRESPONDENT, 8), ROUTER_MAC, GUEST_MAC));
  }

  private void bridge(byte[] frame) {
    f.node.onBridgeFrame(PacketBuffer.copyOf(frame), f.now);
  }

  private List<byte[]> updateFrames() {
    List<byte[]> found = new ArrayList<>();
    for (byte[] frame : f.frames) {
      PacketBuffer packet = PacketBuffer.copyOf(MobileNodeFixture.ipv6Of(frame));
      if (f.homeAgentReader.read(packet, f.now) == SignallingReader.Found.SIGNALLING) {
        found.add(frame);
      }
    }
    return found;
  }

  private SignallingPacket signalling(byte[] frame) {
    f.homeAgentReader.read(PacketBuffer.copyOf(MobileNodeFixture.ipv6Of(frame)), f.now);
    return f.homeAgentReader.signalling();
  }

  private BindingUpdate lastUpdate() {
    List<byte[]> all = updateFrames();
    return (BindingUpdate) signalling(all.get(all.size() - 1)).message();
  }

  private byte[] acknowledgement(int status, int sequence) {
    return frame(
        SignallingWriter.build(
                HOME_AGENT, HOME_ADDRESS, null, null, ack(status, sequence, 0), null)
            .toBytes(),
        GUEST_MAC,
        ROUTER_MAC);
  }

  private List<NeighborAdvertisement> announcements() {
    List<NeighborAdvertisement> found = new ArrayList<>();
    for (byte[] frame : f.frames) {
      if (MobileNodeFixture.neighborMessage(frame) instanceof NeighborAdvertisement a
          && !a.destination().equals(HOME_AGENT)) {
        assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(frame));
        assertTrue(MobileNodeFixture.isTo(frame, MacAddress.parse("33:33:00:00:00:01")));
        found.add(a);
      }
    }
    return found;
  }

  private static byte[] advertisement(Ipv6Address target, MacAddress mac) {
    return frame(
        NeighborDiscovery.build(
            new NeighborAdvertisement(
                HOME_AGENT, Ipv6Address.ALL_NODES, target, false, false, true, mac)),
        MacAddress.multicastOf(Ipv6Address.ALL_NODES),
        mac);
  }

  @Test
  void rfc6275_s11_5_5_deregistersFromTheHomeAddressToTheLearnedLinkLayerAddress() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    assertTrue(f.node.wantsBridgeWatch());
    assertEquals(0, f.frames.size());
    guestFrameOnTheBridge();
    byte[] frame = updateFrames().get(0);
    SignallingPacket sent = signalling(frame);
    BindingUpdate update = (BindingUpdate) sent.message();
    assertTrue(MobileNodeFixture.isTo(frame, ROUTER_MAC));
    assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(frame));
    assertEquals(HOME_ADDRESS, sent.source());
    assertEquals(HOME_AGENT, sent.destination());
    assertNull(sent.homeAddressOption());
    assertEquals(0, update.lifetimeUnits());
    assertTrue(update.acknowledge() && update.homeRegistration());
    assertEquals(HOME_ADDRESS, update.alternateCareOf());
    assertEquals(0, f.packets.size());
    assertEquals("deregistering", f.state());
  }

  @Test
  void rfc6275_s11_5_5_homeAgentIsToldOfTheGuestBeforeItAsks() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    int at = f.frames.indexOf(updateFrames().get(0));
    byte[] frame = f.frames.get(at + 1);
    assertTrue(MobileNodeFixture.isTo(frame, ROUTER_MAC), "unicast");
    assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(frame));
    NeighborAdvertisement advertisement =
        (NeighborAdvertisement) MobileNodeFixture.neighborMessage(frame);
    assertEquals(HOME_AGENT, advertisement.destination());
    assertEquals(HOME_ADDRESS, advertisement.target());
    assertEquals(GUEST_MAC, advertisement.targetLinkLayerAddress());
    assertTrue(advertisement.override());
  }

  private static byte[] solicitation(Ipv6Address source, Ipv6Address target) {
    return frame(
        NeighborDiscovery.build(
            new NeighborSolicitation(
                source, target.solicitedNode(), target,
                source.equals(Ipv6Address.UNSPECIFIED) ? null : HOME_AGENT_TAP)),
        MacAddress.multicastOf(target.solicitedNode()),
        HOME_AGENT_TAP);
  }

  private NeighborAdvertisement lastReply() {
    byte[] frame = f.frames.get(f.frames.size() - 1);
    assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(frame));
    assertTrue(MobileNodeFixture.isTo(frame, HOME_AGENT_TAP));
    return (NeighborAdvertisement) MobileNodeFixture.neighborMessage(frame);
  }

  @Test
  void rfc6275_s11_5_5_repliesToSolicitationsForTheHomeAddressAfterTheBindingUpdate() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    Ipv6Address asking = Ipv6Address.linkLocalOf(HOME_AGENT_TAP);
    f.onHomeFrame(solicitation(asking, HOME_ADDRESS));
    assertEquals(0, f.frames.size());
    guestFrameOnTheBridge();
    f.frames.clear();
    f.onHomeFrame(solicitation(asking, HOME_ADDRESS));
    assertEquals(
        new NeighborAdvertisement(
            HOME_ADDRESS, asking, HOME_ADDRESS, false, true, true, GUEST_MAC),
        lastReply());
    f.frames.clear();
    f.onHomeFrame(solicitation(asking, CORRESPONDENT));
    f.onHomeFrame(solicitation(Ipv6Address.UNSPECIFIED, HOME_ADDRESS));
    assertEquals(0, f.frames.size());
  }

  @Test
  void homeAgentThatHasAcknowledgedIsAnsweredByTheGuestItself() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.frames.clear();
    f.onHomeFrame(solicitation(Ipv6Address.linkLocalOf(HOME_AGENT_TAP), HOME_ADDRESS));
    assertEquals(0, f.frames.size());
  }

  @Test
  void rfc6275_s11_5_5_announcesEachAddressThreeTimesAfterTheAcknowledgement() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    Ipv6Address linkLocal = Ipv6Address.linkLocalOf(GUEST_MAC);
    bridge(frame(udp(linkLocal, MobileNodeFixture.ROUTER, 8), ROUTER_MAC, GUEST_MAC));
    assertEquals(0, announcements().size());
    bridge(acknowledgement(0, lastUpdate().sequence()));
    assertEquals("home", f.state());
    assertEquals(2, announcements().size());
    f.pass(1100 * MS);
    assertEquals(4, announcements().size());
    f.pass(100 * SECOND);
    assertEquals(6, announcements().size());
    for (NeighborAdvertisement a : announcements()) {
      assertTrue(a.override());
      assertFalse(a.solicited());
      assertFalse(a.router());
      assertEquals(GUEST_MAC, a.targetLinkLayerAddress());
      assertEquals(Ipv6Address.ALL_NODES, a.destination());
      assertTrue(a.target().equals(HOME_ADDRESS) || a.target().equals(linkLocal));
    }
    assertFalse(f.node.wantsBridgeWatch());
  }

  @Test
  void rfc6275_s10_3_2_status133IsAsGood() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(133, lastUpdate().sequence()));
    assertEquals("home", f.state());
  }

  @Test
  void acknowledgementMayComeByTheTap() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    f.onHomeFrame(acknowledgement(0, lastUpdate().sequence()));
    assertEquals("home", f.state());
  }

  @Test
  void rfc6275_s11_8_deregistrationIsRetransmitted() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    f.pass(3100 * MS);
    assertEquals(3, updateFrames().size());
  }

  @Test
  void deregistrationIsNotRetransmittedForAGuestThatIsGone() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    f.guestAnswers = false;
    f.pass(100 * SECOND);
    assertEquals(1, updateFrames().size());
    assertEquals("waiting", f.state());
    assertTrue(f.node.wantsBridgeWatch());
  }

  @Test
  void rfc6275_s11_5_5_unknownHomeAgentIsFoundByASolicitationForTheHomeAddressFromNowhere() {
    atHome();
    guestFrameOnTheBridge();
    assertEquals(0, updateFrames().size());
    List<NeighborSolicitation> asked = new ArrayList<>();
    for (byte[] frame : f.frames) {
      NeighborMessage message = MobileNodeFixture.neighborMessage(frame);
      if (message instanceof NeighborSolicitation s && s.target().equals(HOME_ADDRESS)) {
        asked.add(s);
        assertTrue(MobileNodeFixture.isTo(frame, MacAddress.multicastOf(s.destination())));
      }
    }
    assertEquals(Ipv6Address.UNSPECIFIED, asked.get(0).source());
    assertEquals(HOME_ADDRESS.solicitedNode(), asked.get(0).destination());
    assertNull(asked.get(0).sourceLinkLayerAddress());

    f.onHomeFrame(advertisement(HOME_ADDRESS, HOME_AGENT_TAP));
    f.pass(MS);
    assertTrue(MobileNodeFixture.isTo(updateFrames().get(0), HOME_AGENT_TAP));
  }

  @Test
  void homeAgentsOwnAdvertisementIsPreferred() {
    atHome();
    guestFrameOnTheBridge();
    f.onHomeFrame(advertisement(HOME_AGENT, ROUTER_MAC));
    f.pass(MS);
    assertTrue(MobileNodeFixture.isTo(updateFrames().get(0), ROUTER_MAC));
  }

  @Test
  void guestsOwnDefenceIsNotTheHomeAgents() {
    atHome();
    guestFrameOnTheBridge();
    f.onHomeFrame(advertisement(HOME_ADDRESS, GUEST_MAC));
    f.pass(MS);
    assertEquals(0, updateFrames().size());
  }

  /** To whom the advertisements go that the home agent has not asked for. */
  private List<MacAddress> toldBeforehand() {
    List<MacAddress> found = new ArrayList<>();
    for (byte[] frame : f.frames) {
      if (MobileNodeFixture.neighborMessage(frame) instanceof NeighborAdvertisement a
          && a.destination().equals(HOME_AGENT)) {
        assertEquals(HOME_ADDRESS, a.target());
        assertEquals(GUEST_MAC, a.targetLinkLayerAddress());
        assertFalse(a.solicited());
        assertTrue(a.override());
        found.add(MacAddress.read(ByteBuffer.wrap(frame), 0));
      }
    }
    return found;
  }

  @Test
  void whereTheGuestIsIsToldBeforehandToWhoeverProxiedItsAddress() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    assertEquals(List.of(ROUTER_MAC), toldBeforehand(), "nobody was seen to do so");
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.pass(10 * SECOND);
    f.frames.clear();
    f.onHomeFrame(advertisement(HOME_ADDRESS, HOME_AGENT_TAP));
    f.pass(10 * SECOND);
    guestFrameOnTheBridge();
    assertTrue(MobileNodeFixture.isTo(updateFrames().get(0), ROUTER_MAC));
    assertEquals(List.of(HOME_AGENT_TAP), toldBeforehand());
  }

  @Test
  void homeIsSilentAfterwards() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.pass(10 * SECOND);
    int before = f.frames.size();
    f.guestSends();
    f.onHomeFrame(routerAdvertisement());
    f.pass(3600 * SECOND);
    assertEquals(before, f.frames.size());
    assertEquals(0, f.packets.size());
  }

  @Test
  void homeAgentDefendingTheAddressAgainTellsThatTheGuestIsAway() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.pass(10 * SECOND);
    f.onHomeFrame(advertisement(HOME_ADDRESS, HOME_AGENT_TAP));
    assertEquals("waiting", f.state());
    assertTrue(f.node.wantsBridgeWatch());
    f.pass(10 * SECOND);
    guestFrameOnTheBridge();
    assertEquals(2, updateFrames().size());
  }

  @Test
  void announcementOfTheVmmAtHomeDeregistersAgain() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.pass(10 * SECOND);
    f.rarp();
    assertEquals(2, updateFrames().size());
  }

  @Test
  void leftAtHomeAndBackDeregistersAgain() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.node.left(f.now);
    f.pass(10 * SECOND);
    guestFrameOnTheBridge();
    assertEquals(2, updateFrames().size());
  }

  @Test
  void status135AtHomeIsAdopted() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(135, 4711));
    f.pass(MS);
    assertEquals(4712, lastUpdate().sequence());
  }

  @Test
  void otherTrafficToTheGuestIsNotLookedAt() {
    atHome();
    guestFrameOnTheBridge();
    bridge(frame(udp(CORRESPONDENT, HOME_ADDRESS, 8), GUEST_MAC, ROUTER_MAC));
    byte[] esp = udp(HOME_AGENT, HOME_ADDRESS, 64);
    esp[6] = 50;
    bridge(frame(esp, GUEST_MAC, ROUTER_MAC));
    for (org.kagemusha.core.node.DropReason reason
        : org.kagemusha.core.node.DropReason.values()) {
      assertEquals(0, f.drops(reason), reason.toString());
    }
  }

  @Test
  void rfc6275_s11_5_2_advertisementOfTheHomePrefixTellsTheHomeLink() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start();
    assertTrue(MobileNodeFixture.neighborMessage(f.frames.get(0)) instanceof RouterSolicitation);
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    assertEquals(1, updateFrames().size());
    assertEquals(0, f.packets.size());
  }

  @Test
  void unicastAdvertisementOfAPseudoHomeNetworkIsNoEvidence() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start();
    f.onHomeFrame(routerAdvertisement(GUEST_MAC));
    f.pass(2 * SECOND);
    f.guestSends();
    assertEquals(1, f.updates().size());
  }

  @Test
  void guestWaitsForTheDecisionAtTheStart() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start();
    f.guestSends();
    assertEquals("locating", f.state());
    assertEquals(0, f.packets.size());
    f.pass(999 * MS);
    assertEquals(0, f.packets.size());
    f.pass(2 * MS);
    assertEquals(1, f.updates().size());
  }

  @Test
  void homeLinkHeardWhileRegisteredMakesItReturnHome() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start();
    f.pass(2 * SECOND);
    f.registered();
    assertEquals("registered", f.state());
    f.onHomeFrame(routerAdvertisement());
    f.pass(MS);
    assertEquals("deregistering", f.state());
    assertEquals(1, updateFrames().size());
  }

  @Test
  void evidenceEndsWithTheRouterLifetimeAfterSolicitingAgain() {
    f.settings = MobileNodeFixture.settings(Location.AUTO);
    f.start();
    f.onHomeFrame(routerAdvertisement());
    guestFrameOnTheBridge();
    bridge(acknowledgement(0, lastUpdate().sequence()));
    f.pass(1799 * SECOND);
    assertEquals(0, f.packets.size());
    f.pass(12 * SECOND);
    assertEquals("home", f.state());
    f.pass(2 * SECOND);
    assertEquals(1, f.updates().size());
    long solicitations =
        f.frames.stream()
            .filter(x -> MobileNodeFixture.neighborMessage(x) instanceof RouterSolicitation)
            .count();
    assertEquals(4, solicitations);
  }

  @Test
  void operatorsWordMakesThisTheHomeLink() {
    f.start().registered();
    f.node.home(f.now);
    assertEquals("deregistering", f.state());
    assertTrue(f.node.wantsBridgeWatch());
  }

  @Test
  void rarpOnTheTapIsEnoughToStartTheReturn() {
    atHome();
    f.onHomeFrame(routerAdvertisement());
    byte[] rarp = new byte[60];
    EthernetHeader.write(
        java.nio.ByteBuffer.wrap(rarp), 0, MacAddress.BROADCAST, GUEST_MAC,
        EthernetHeader.TYPE_RARP);
    f.onHomeFrame(rarp);
    assertEquals(1, updateFrames().size());
  }
}
