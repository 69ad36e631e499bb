package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.neighbor.PseudoHomeNetwork.Verdict;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** What a moved guest does, and what it must get: one test per kind of frame. */
class PseudoHomeNetworkTest implements PseudoHomeNetwork.GuestListener {

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private final List<Ipv6Address> learned = new ArrayList<>();
  private int announcements;
  private PseudoHomeNetwork network = network(router());

  @Override
  public void onGuestAddress(Ipv6Address address, long nowNs) {
    learned.add(address);
  }

  @Override
  public void onGuestAnnouncement(long nowNs) {
    announcements++;
  }

  private PseudoHomeNetwork network(HomeRouter router) {
    return new PseudoHomeNetwork(
        new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router, PSEUDO),
        link,
        this,
        new Random(1),
        counters);
  }

  private void start() {
    network.start(0);
    link.sent.clear();
  }

  private void start(HomeRouter router) {
    network = network(router);
    start();
  }

  private Verdict guest(PacketBuffer frame) {
    return network.onGuestFrame(frame, SECOND);
  }

  private void consumed(PacketBuffer frame, DropReason reason) {
    long before = counters.drops(reason);
    assertEquals(Verdict.CONSUMED, guest(frame));
    assertEquals(before + 1, counters.drops(reason), reason::help);
    assertTrue(link.sent.isEmpty(), "nothing is answered");
  }

  private NeighborAdvertisement advertisement() {
    byte[] frame = link.only();
    assertEquals(GUEST, destinationOf(frame), "unicast Ethernet destination, RFC 6085");
    return (NeighborAdvertisement) message(frame);
  }

  @Test
  void anyDestinationMacIsRoutedByAddress() {
    start();
    for (MacAddress mac : List.of(ROUTER, NEIGHBOR, PSEUDO, MacAddress.BROADCAST)) {
      assertEquals(Verdict.DATA, guest(udp(HOA, OFF_LINK, mac)));
      assertEquals(Verdict.DATA, guest(udp(HOA, NEIGHBOR_GUA, mac)));
      assertEquals(Verdict.DATA, guest(udp(HOA, HOME_AGENT, mac)));
    }
    assertTrue(link.sent.isEmpty());
  }

  @Test
  void rfc4861_s7_2_4_confirmsTheRouterToAUnicastProbeWithTheMacProbed() {
    start();
    MacAddress cached = MacAddress.parse("02:00:5e:00:00:77");
    guest(probe(GUEST_LL, ROUTER_LL, cached));
    byte[] frame = link.only();
    assertEquals(cached, sourceOf(frame));
    assertEquals(
        new NeighborAdvertisement(ROUTER_LL, GUEST_LL, ROUTER_LL, true, true, false, cached),
        message(frame));
  }

  @Test
  void rfc4861_s7_2_4_confirmsANeighbourAsAHost() {
    start();
    guest(probe(HOA, NEIGHBOR_GUA, NEIGHBOR));
    assertEquals(
        new NeighborAdvertisement(NEIGHBOR_GUA, HOA, NEIGHBOR_GUA, false, true, false, NEIGHBOR),
        advertisement());
  }

  @Test
  void aUnicastMacMakesAProbeEvenWithAMulticastIpv6Destination() {
    start();
    guest(
        frame(
            new NeighborSolicitation(HOA, NEIGHBOR_GUA.solicitedNode(), NEIGHBOR_GUA, GUEST),
            NEIGHBOR,
            GUEST));
    assertEquals(NEIGHBOR, advertisement().targetLinkLayerAddress());
  }

  @Test
  void theHomeAgentIsConfirmedAsARouter() {
    start();
    guest(probe(HOA, HOME_AGENT, ROUTER));
    assertEquals(
        new NeighborAdvertisement(HOME_AGENT, HOA, HOME_AGENT, true, true, false, ROUTER),
        advertisement());
  }

  @Test
  void rfc4861_s7_2_8_resolvesAnOnLinkAddressToThePseudoMacWithoutOverride() {
    start();
    guest(resolve(HOA, GUEST, NEIGHBOR_GUA));
    byte[] frame = link.only();
    assertEquals(PSEUDO, sourceOf(frame));
    assertEquals(
        new NeighborAdvertisement(NEIGHBOR_GUA, HOA, NEIGHBOR_GUA, false, true, false, PSEUDO),
        message(frame));
    assertEquals(1, counters.get(Counter.NEIGHBOR_ADVERTISEMENTS_SENT));
  }

  @Test
  void rfc4861_s7_2_3_anOffLinkTargetIsNotAnswered() {
    start();
    consumed(resolve(HOA, GUEST, OFF_LINK), DropReason.ND_NOT_OURS);
  }

  @Test
  void anotherOnLinkPrefixOfTheHomeRouterIsResolved() {
    HomeRouter known = router();
    start(
        new HomeRouter(
            ROUTER_LL, ROUTER, 64, 0, 1800, 0, 0,
            List.of(
                known.prefixes().get(0),
                new HomeRouter.PrefixInformation(
                    Ipv6Prefix.parse("2001:db8:2001::/64"),
                    0x80, 86400, 14400)),
            List.of()));
    guest(resolve(HOA, GUEST, Ipv6Address.parse("2001:db8:2001::5")));
    assertEquals(PSEUDO, advertisement().targetLinkLayerAddress());
  }

  @Test
  void theRoutersLinkLocalAddressResolvesToItsRealMac() {
    start();
    guest(resolve(GUEST_LL, GUEST, ROUTER_LL));
    assertEquals(
        new NeighborAdvertisement(ROUTER_LL, GUEST_LL, ROUTER_LL, true, true, false, ROUTER),
        advertisement());
  }

  @Test
  void aRouterWhoseMacIsNotKnownIsStillARouter() {
    HomeRouter known = router();
    start(new HomeRouter(ROUTER_LL, null, 64, 0, 1800, 0, 0, known.prefixes(), List.of()));
    guest(resolve(GUEST_LL, GUEST, ROUTER_LL));
    assertEquals(
        new NeighborAdvertisement(ROUTER_LL, GUEST_LL, ROUTER_LL, true, true, false, PSEUDO),
        advertisement());
    guest(probe(GUEST_LL, ROUTER_LL, PSEUDO));
    assertTrue(advertisement().router());
    assertNull(network.router().mac());
  }

  @Test
  void anUnknownRouterIsLearnedFromTheGuestsOwnProbe() {
    start(null);
    assertNull(network.router());
    assertEquals(Verdict.DATA, guest(udp(HOA, OFF_LINK, ROUTER)));
    guest(probe(GUEST_LL, ROUTER_LL, ROUTER));
    assertEquals(ROUTER_LL, network.router().linkLocal());
    assertEquals(ROUTER, network.router().mac());
    NeighborAdvertisement answer = advertisement();
    assertTrue(answer.router() && answer.solicited());
    assertEquals(SECOND, network.nextDeadlineNs());
    network.onDeadline(SECOND);
    RouterAdvertisement advertised = (RouterAdvertisement) link.onlyMessage();
    assertEquals(ROUTER_LL, advertised.source());
    assertEquals(1800, advertised.routerLifetimeSeconds());
    assertEquals(0x80, advertised.prefixes().get(0).flags(), "forms no address that is new");
  }

  @Test
  void aLearnedRoutersPrefixIsAutonomousIfTheGuestsAddressShowsIt() {
    start(null);
    Ipv6Address eui = new Ipv6Address(HOME.address().high(), GUEST.modifiedEui64());
    guest(udp(eui, OFF_LINK, ROUTER));
    guest(probe(GUEST_LL, ROUTER_LL, ROUTER));
    link.sent.clear();
    network.onDeadline(SECOND);
    RouterAdvertisement advertised = (RouterAdvertisement) link.onlyMessage();
    assertEquals(0xc0, advertised.prefixes().get(0).flags());
  }

  @Test
  void aSecondRouterIsToldByTheMacOfOffLinkTraffic() {
    start();
    Ipv6Address second = Ipv6Address.parse("fe80::3");
    MacAddress mac = MacAddress.parse("02:00:5e:00:00:03");
    guest(udp(HOA, OFF_LINK, mac));
    guest(udp(HOA, OFF_LINK, ROUTER));
    guest(probe(GUEST_LL, second, mac));
    assertEquals(
        new NeighborAdvertisement(second, GUEST_LL, second, true, true, false, mac),
        advertisement());
    assertEquals(ROUTER_LL, network.router().linkLocal());
  }

  @Test
  void aNeighboursLinkLocalAddressIsNeitherResolvedNorConfirmed() {
    start();
    consumed(resolve(GUEST_LL, GUEST, NEIGHBOR_LL), DropReason.ND_NOT_OURS);
    consumed(probe(GUEST_LL, NEIGHBOR_LL, NEIGHBOR), DropReason.ND_NOT_OURS);
    consumed(udp(GUEST_LL, NEIGHBOR_LL, NEIGHBOR), DropReason.LINK_LOCAL_NOT_TUNNELLED);
  }

  @Test
  void rfc4862_s5_4_3_theGuestsOwnTestIsNeverAnsweredButLearned() {
    start();
    Ipv6Address temporary = Ipv6Address.parse("2001:db8:2000::8d3c:11f2:9abe:77");
    for (Ipv6Address own : List.of(HOA, GUEST_LL, temporary)) {
      guest(test(own, GUEST));
      guest(test(own, GUEST));
    }
    assertTrue(link.sent.isEmpty());
    assertEquals(List.of(HOA, GUEST_LL, temporary), learned);
  }

  @Test
  void aDeclaredHomeAddressIsNeitherResolvedNorTakenAway() {
    start();
    network.declareGuestAddress(HOA);
    consumed(resolve(GUEST_LL, GUEST, HOA), DropReason.ND_NOT_OURS);
    guest(test(HOA, GUEST));
    assertTrue(link.sent.isEmpty());
    assertEquals(List.of(GUEST_LL, HOA), learned);
  }

  @Test
  void rfc4862_s5_4_theRouterTheHomeAgentAndKnownHostsAreDefended() {
    start();
    network.defend(NEIGHBOR_GUA);
    assertEquals(NEIGHBOR_GUA, advertisement().target(), "objects at once");
    for (Ipv6Address theirs : List.of(ROUTER_LL, HOME_AGENT, NEIGHBOR_GUA)) {
      guest(test(theirs, GUEST));
      NeighborAdvertisement answer = advertisement();
      assertEquals(theirs, answer.target());
      assertEquals(theirs, answer.source());
      assertEquals(Ipv6Address.ALL_NODES, answer.destination());
      assertFalse(answer.solicited());
      assertNotNull(answer.targetLinkLayerAddress());
    }
    assertTrue(learned.isEmpty());
  }

  @Test
  void rfc6275_s7_2_theRoutersGlobalAddressIsDefendedAndIsARouters() {
    Ipv6Address routerGua = Ipv6Address.parse("2001:db8:2000::fe");
    start(
        new HomeRouter(
            ROUTER_LL, ROUTER, 64, 0, 1800, 0, 0,
            List.of(new HomeRouter.PrefixInformation(HOME, 0xe0, 86400, 14400, routerGua)),
            List.of()));
    guest(test(routerGua, GUEST));
    assertEquals(ROUTER, advertisement().targetLinkLayerAddress());
    guest(resolve(HOA, GUEST, routerGua));
    NeighborAdvertisement answer = advertisement();
    assertTrue(answer.router());
    assertEquals(ROUTER, answer.targetLinkLayerAddress());
  }

  @Test
  void rfc6275_s6_1_8_anAddressRefusedWithStatus134IsDefendedFromThenOn() {
    start();
    guest(test(HOA, GUEST));
    assertEquals(List.of(HOA), learned);
    network.defend(HOA);
    assertEquals(HOA, advertisement().target(), "while the guest's own test may still go on");
    assertFalse(network.isGuestAddress(HOA.high(), HOA.low()));
    guest(test(HOA, GUEST));
    assertEquals(HOA, advertisement().target());
    assertEquals(1, learned.size());
    network.undefend(HOA);
    guest(test(HOA, GUEST));
    assertEquals(2, learned.size());
  }

  @Test
  void rfc4861_s7_2_6_aBurstOfAdvertisementsListsEveryAddress() {
    start();
    guest(announce(HOA, GUEST));
    guest(announce(GUEST_LL, GUEST));
    guest(announce(HOA, GUEST));
    assertEquals(List.of(HOA, GUEST_LL), learned);
    assertEquals(3, announcements);
    assertEquals(2, network.guestAddresses().size());
    consumed(announce(HOME_AGENT, GUEST), DropReason.ND_NOT_OURS);
    assertEquals(3, announcements);
  }

  @Test
  void anAddressIsLearnedFromItsUse() {
    start();
    guest(udp(HOA, OFF_LINK, ROUTER));
    guest(udp(HOA, OFF_LINK, ROUTER));
    assertEquals(List.of(HOA), learned);
    assertTrue(network.isGuestAddress(HOA.high(), HOA.low()));
    network.forgetGuestAddress(HOA);
    guest(udp(HOA, OFF_LINK, ROUTER));
    assertEquals(List.of(HOA, HOA), learned);
  }

  @Test
  void aSpoofedSourceIsNotLearned() {
    start();
    assertEquals(Verdict.DATA, guest(udp(OFF_LINK, NEIGHBOR_GUA, ROUTER)), "the caller checks");
    guest(udp(HOME_AGENT, NEIGHBOR_GUA, ROUTER));
    consumed(udp(Ipv6Address.UNSPECIFIED, OFF_LINK, ROUTER), DropReason.INNER_SOURCE_SPOOFED);
    consumed(udp(Ipv6Address.parse("ff0e::1"), OFF_LINK, ROUTER), DropReason.INNER_SOURCE_SPOOFED);
    assertTrue(learned.isEmpty());
  }

  @Test
  void manySpoofedSourcesAreLearnedSlowlyAndBounded() {
    start();
    for (int i = 0; i < 10_000; i++) {
      guest(udp(new Ipv6Address(HOME.address().high(), 0x1000 + i), OFF_LINK, ROUTER));
    }
    assertTrue(learned.size() <= 32);
    for (int s = 2; s < 1000; s++) {
      network.onGuestFrame(
          udp(new Ipv6Address(HOME.address().high(), 0x10_0000 + s), OFF_LINK, ROUTER),
          s * SECOND);
    }
    assertEquals(GuestAddresses.MAXIMUM, network.guestAddresses().size());
  }

  @Test
  void rfc4861_s6_2_6_aSolicitationGetsTheHomeRoutersAdvertisementWithoutMtu() {
    start();
    guest(solicitRouter(GUEST_LL));
    byte[] frame = link.only();
    assertEquals(GUEST, destinationOf(frame));
    assertEquals(ROUTER, sourceOf(frame));
    RouterAdvertisement answer = (RouterAdvertisement) message(frame);
    assertEquals(ROUTER_LL, answer.source());
    assertEquals(GUEST_LL, answer.destination());
    assertEquals(1800, answer.routerLifetimeSeconds());
    assertEquals(RouterAdvertisement.OTHER, answer.flags());
    assertEquals(64, answer.currentHopLimit());
    assertEquals(ROUTER, answer.sourceLinkLayerAddress());
    assertEquals(0, answer.mtu());
    assertEquals(HOME, answer.prefixes().get(0).prefix());
    assertEquals(86400, answer.prefixes().get(0).validSeconds());
    assertEquals(14400, answer.prefixes().get(0).preferredSeconds());
    assertEquals(List.of(GUEST_LL), learned);
    assertEquals(1, answer.otherOptions().size());
    assertArrayEquals(RDNSS, answer.otherOptions().get(0));
  }

  @Test
  void rfc4861_s6_2_6_solicitationsAreRateLimited() {
    start();
    for (int i = 0; i < 20; i++) {
      guest(solicitRouter(GUEST_LL));
    }
    assertEquals(3, link.sent.size());
    assertEquals(17, counters.drops(DropReason.ND_RATE_LIMITED));
  }

  @Test
  void rfc4861_s6_2_6_multicastAdvertisementsAreThreeSecondsApart() {
    start();
    for (int i = 0; i < 20; i++) {
      guest(solicitRouter(Ipv6Address.UNSPECIFIED));
    }
    assertTrue(link.sent.isEmpty());
    assertEquals(3 * SECOND, network.nextDeadlineNs());
    network.onDeadline(3 * SECOND);
    RouterAdvertisement answer = (RouterAdvertisement) link.onlyMessage();
    assertEquals(Ipv6Address.ALL_NODES, answer.destination());
  }

  @Test
  void withoutAKnownRouterASolicitationIsNotAnswered() {
    start(null);
    consumed(solicitRouter(GUEST_LL), DropReason.ND_NOT_OURS);
    network.router(router());
    assertTrue(network.nextDeadlineNs() <= SECOND);
    network.onDeadline(SECOND);
    assertEquals(ROUTER_LL, link.onlyMessage().source());
  }

  @Test
  void rfc4861_s6_2_4_advertisesThreeTimesSoonAndThenLongBeforeALifetimeRunsOut() {
    network.start(0);
    List<Long> times = new ArrayList<>();
    for (long now = 0; now < 7200 * SECOND; now += SECOND / 4) {
      link.sent.clear();
      network.onDeadline(now);
      for (byte[] frame : link.sent) {
        assertEquals(GUEST, destinationOf(frame));
        if (frame[14 + 6] == Protocol.ICMPV6) {
          times.add(now);
        }
      }
    }
    assertTrue(times.get(0) - 0 <= 16 * SECOND && times.get(1) - times.get(0) <= 16 * SECOND);
    for (int i = 1; i < times.size(); i++) {
      long gap = times.get(i) - times.get(i - 1);
      assertTrue(gap >= 3 * SECOND, "at least MIN_DELAY_BETWEEN_RAS");
      assertTrue(gap <= 200 * SECOND + SECOND, "a third of the RDNSS lifetime of 600 s");
    }
    assertTrue(times.size() > 36);
  }

  @Test
  void anUnknownMacOfTheRouterIsNotAdvertised() {
    HomeRouter known = router();
    network =
        network(
            new HomeRouter(
                ROUTER_LL, null, 64, 0, 1800, 0, 0, known.prefixes(), known.rawOptions()));
    network.start(0);
    assertNull(
        ((RouterAdvertisement) message(link.sent.get(0))).sourceLinkLayerAddress());
    assertEquals(PSEUDO, sourceOf(link.sent.get(0)));
  }

  @Test
  void rfc3810_s6_1_aGeneralQueryAsksForReports() {
    network.start(0);
    byte[] query = link.sent.get(1);
    assertEquals(GUEST, destinationOf(query));
    ByteBuffer bytes = ByteBuffer.wrap(query);
    assertEquals(1, Ipv6Header.hopLimit(bytes, 14));
    assertEquals(Protocol.HOP_BY_HOP, Ipv6Header.nextHeader(bytes, 14));
    assertEquals(ROUTER_LL, Ipv6Header.source(bytes, 14));
    assertEquals(Ipv6Address.ALL_NODES, Ipv6Header.destination(bytes, 14));
    assertEquals(130, query[14 + 48] & 0xff);
    assertEquals(28, query.length - 14 - 48);
  }

  @Test
  void rfc3810_s9_6_queriesTwiceSoonAndThenEvery125Seconds() {
    network.start(0);
    List<Long> times = new ArrayList<>();
    for (long now = 0; now < 400 * SECOND; now += SECOND / 4) {
      link.sent.clear();
      network.onDeadline(now);
      for (byte[] frame : link.sent) {
        if (frame[14 + 6] == Protocol.HOP_BY_HOP) {
          times.add(now);
        }
      }
    }
    assertEquals(
        List.of(31_250_000_000L, 156_250_000_000L, 281_250_000_000L), times);
  }

  @Test
  void listenerReportsAreConsumed() {
    start();
    byte[] report = {
      58, 0, 5, 2, 0, 0, 1, 0, (byte) 143, 0, 0, 0, 0, 0, 0, 0
    };
    byte[] packet = new byte[56];
    Ipv6Header.write(
        ByteBuffer.wrap(packet), 0, 0, 0, 16, 0, 1, GUEST_LL, Ipv6Address.parse("ff02::16"));
    System.arraycopy(report, 0, packet, 40, 16);
    consumed(frame(packet, MacAddress.parse("33:33:00:00:00:16"), GUEST), DropReason.MLD_CONSUMED);
    assertEquals(List.of(GUEST_LL), learned);
  }

  @Test
  void linkScopeMulticastIsDropped() {
    start();
    for (String group : List.of("ff02::fb", "ff02::1:3", "ff01::1", "ff05::2", "ff08::1")) {
      Ipv6Address to = Ipv6Address.parse(group);
      consumed(
          udp(HOA, to, MacAddress.multicastOf(to)), DropReason.MULTICAST_NOT_TUNNELLED);
    }
    Ipv6Address global = Ipv6Address.parse("ff0e::1234");
    assertEquals(Verdict.DATA, guest(udp(HOA, global, MacAddress.multicastOf(global))));
    consumed(
        udp(GUEST_LL, global, MacAddress.multicastOf(global)),
        DropReason.LINK_LOCAL_NOT_TUNNELLED);
  }

  @Test
  void rfc4291_s2_5_6_linkLocalAddressesNeverEnterTheTunnel() {
    start();
    consumed(udp(GUEST_LL, OFF_LINK, ROUTER), DropReason.LINK_LOCAL_NOT_TUNNELLED);
    consumed(udp(HOA, ROUTER_LL, ROUTER), DropReason.LINK_LOCAL_NOT_TUNNELLED);
  }

  @Test
  void aPacketToTheGuestItselfDoesNotCircle() {
    start();
    guest(announce(HOA, GUEST));
    consumed(udp(HOA, HOA, ROUTER), DropReason.TUNNEL_LOOP);
  }

  @Test
  void dataIsLeftAsItWasWhateverItsHopLimit() {
    start();
    for (int hopLimit : new int[] {1, 255}) {
      PacketBuffer frame = udp(HOA, OFF_LINK, ROUTER);
      Ipv6Header.hopLimit(frame.bytes(), frame.offset() + 14, hopLimit);
      byte[] before = frame.toBytes();
      assertEquals(Verdict.DATA, guest(frame));
      assertArrayEquals(before, frame.toBytes());
    }
  }

  @Test
  void rfc4443_s4_2_pingsOfTheRoutersLinkLocalAddressAreAnswered() {
    start();
    byte[] body = {0x12, 0x34, 0, 7, 1, 2, 3};
    guest(frame(icmp(128, GUEST_LL, ROUTER_LL, 64, body), ROUTER, GUEST));
    byte[] reply = link.only();
    assertEquals(GUEST, destinationOf(reply));
    assertArrayEquals(
        icmp(129, ROUTER_LL, GUEST_LL, 64, body),
        Arrays.copyOfRange(reply, 14, reply.length));
    assertEquals(1, counters.get(Counter.ECHO_REPLIES_SENT));
  }

  @Test
  void otherPingsAreDataOrDropped() {
    start();
    byte[] body = {0, 1, 0, 1};
    assertEquals(
        Verdict.DATA, guest(frame(icmp(128, HOA, HOME_AGENT, 64, body), ROUTER, GUEST)));
    consumed(
        frame(icmp(128, GUEST_LL, Ipv6Address.ALL_NODES, 64, body), ALL_NODES_MAC, GUEST),
        DropReason.MULTICAST_NOT_TUNNELLED);
    consumed(
        frame(icmp(128, GUEST_LL, NEIGHBOR_LL, 64, body), NEIGHBOR, GUEST),
        DropReason.LINK_LOCAL_NOT_TUNNELLED);
  }

  @Test
  void pingsAreRateLimited() {
    start();
    for (int i = 0; i < 500; i++) {
      guest(frame(icmp(128, GUEST_LL, ROUTER_LL, 64, new byte[4]), ROUTER, GUEST));
    }
    assertEquals(100, link.sent.size());
    assertEquals(400, counters.drops(DropReason.ICMP_RATE_LIMITED));
  }

  @Test
  void rfc4861_s6_1_2_advertisementsAndRedirectsOfTheGuestAreDropped() {
    start();
    consumed(
        frame(homeAdvertisement(GUEST_LL, 1800, 86400), ALL_NODES_MAC, GUEST),
        DropReason.ND_FROM_GUEST_NOT_ALLOWED);
    consumed(
        frame(icmp(137, GUEST_LL, HOA, 255, new byte[36]), ROUTER, GUEST),
        DropReason.ND_FROM_GUEST_NOT_ALLOWED);
  }

  @Test
  void rfc6980_s5_fragmentedNeighborDiscoveryIsDropped() {
    start();
    byte[] whole =
        NeighborDiscovery.build(
            new NeighborSolicitation(HOA, NEIGHBOR_GUA, NEIGHBOR_GUA, GUEST));
    byte[] packet = new byte[whole.length + 8];
    System.arraycopy(whole, 0, packet, 0, 40);
    packet[6] = Protocol.FRAGMENT;
    packet[5] += 8;
    packet[40] = Protocol.ICMPV6;
    System.arraycopy(whole, 40, packet, 48, whole.length - 40);
    consumed(frame(packet, NEIGHBOR, GUEST), DropReason.ND_FRAGMENTED);
    packet[6] = Protocol.DESTINATION_OPTIONS;
    consumed(frame(packet, NEIGHBOR, GUEST), DropReason.ND_INVALID);
  }

  @Test
  void rfc4861_s7_1_1_invalidSolicitationsAreSilentlyDiscarded() {
    start();
    PacketBuffer hopLimit = probe(HOA, NEIGHBOR_GUA, NEIGHBOR);
    Ipv6Header.hopLimit(hopLimit.bytes(), hopLimit.offset() + 14, 254);
    consumed(hopLimit, DropReason.ND_INVALID);
    PacketBuffer checksum = probe(HOA, NEIGHBOR_GUA, NEIGHBOR);
    checksum.bytes().put(checksum.offset() + 14 + 42, (byte) 0x55);
    consumed(checksum, DropReason.ND_INVALID);
    consumed(
        frame(
            new NeighborSolicitation(Ipv6Address.UNSPECIFIED, HOME_AGENT, HOME_AGENT, null),
            ROUTER,
            GUEST),
        DropReason.ND_INVALID);
    consumed(
        frame(
            new NeighborSolicitation(
                Ipv6Address.UNSPECIFIED, HOME_AGENT.solicitedNode(), HOME_AGENT, GUEST),
            ROUTER,
            GUEST),
        DropReason.ND_INVALID);
    consumed(
        frame(
            icmp(135, HOA, NEIGHBOR_GUA, 255, Arrays.copyOf(new byte[4], 20)),
            NEIGHBOR,
            GUEST),
        DropReason.ND_NOT_OURS);
    consumed(
        frame(
            new NeighborSolicitation(HOA, NEIGHBOR_GUA, Ipv6Address.ALL_NODES, GUEST),
            NEIGHBOR,
            GUEST),
        DropReason.ND_INVALID);
    consumed(
        frame(
            new NeighborSolicitation(
                Ipv6Address.ALL_NODES, NEIGHBOR_GUA, NEIGHBOR_GUA, GUEST),
            NEIGHBOR,
            GUEST),
        DropReason.ND_INVALID);
    assertTrue(learned.stream().allMatch(HOA::equals));
  }

  @Test
  void solicitationsAreAnsweredAtALimitedRate() {
    start();
    for (int i = 0; i < 1000; i++) {
      guest(probe(HOA, NEIGHBOR_GUA, NEIGHBOR));
    }
    assertEquals(200, link.sent.size());
    assertEquals(800, counters.drops(DropReason.ND_RATE_LIMITED));
  }

  @Test
  void truncatedFramesAreCounted() {
    start();
    byte[] whole = probe(HOA, NEIGHBOR_GUA, NEIGHBOR).toBytes();
    for (int length = 0; length < whole.length; length++) {
      assertEquals(Verdict.CONSUMED, guest(PacketBuffer.copyOf(whole, 0, length)));
    }
    assertTrue(link.sent.isEmpty());
    assertEquals(
        whole.length,
        counters.drops(DropReason.FRAME_TRUNCATED) + counters.drops(DropReason.IPV6_MALFORMED));
  }

  @Test
  void silentUntilStartedAndAfterStop() {
    guest(probe(HOA, NEIGHBOR_GUA, NEIGHBOR));
    guest(test(ROUTER_LL, GUEST));
    guest(solicitRouter(GUEST_LL));
    network.start(0);
    link.sent.clear();
    network.stop();
    assertEquals(Long.MAX_VALUE, network.nextDeadlineNs());
    guest(probe(HOA, NEIGHBOR_GUA, NEIGHBOR));
    guest(solicitRouter(GUEST_LL));
    guest(frame(icmp(128, GUEST_LL, ROUTER_LL, 64, new byte[4]), ROUTER, GUEST));
    network.onDeadline(10_000 * SECOND);
    network.defend(NEIGHBOR_GUA);
    assertTrue(link.sent.isEmpty());
    assertEquals(List.of(HOA, GUEST_LL), learned);
  }

  @Test
  void rfc4861_s7_3_theGuestIsProbedByUnicast() {
    start();
    network.declareGuestAddress(HOA);
    network.probeGuest(SECOND);
    assertEquals(2, link.sent.size());
    NeighborMessage first = message(link.sent.get(0));
    assertEquals(new NeighborSolicitation(ROUTER_LL, GUEST_LL, GUEST_LL, ROUTER), first);
    assertEquals(
        new NeighborSolicitation(ROUTER_LL, HOA, HOA, ROUTER), message(link.sent.get(1)));
    assertEquals(GUEST, destinationOf(link.sent.get(0)));
    guest(
        frame(
            new NeighborAdvertisement(GUEST_LL, ROUTER_LL, GUEST_LL, false, true, true, GUEST),
            ROUTER,
            GUEST));
    assertEquals(1, announcements);
  }

  @Test
  void aProbeFromAnAddressOfOurOwnCanBeAnswered() {
    start(null);
    network.probeGuest(SECOND);
    NeighborMessage probe = link.onlyMessage();
    assertEquals(Ipv6Address.linkLocalOf(PSEUDO), probe.source());
    guest(resolve(GUEST_LL, GUEST, probe.source()));
    assertEquals(PSEUDO, advertisement().targetLinkLayerAddress());
  }

  @Test
  void deliveryPutsTheHeaderIntoTheHeadroom() {
    start();
    PacketBuffer packet = packet(OFF_LINK, HOA, 8);
    int offset = packet.offset();
    network.deliver(packet);
    assertEquals(offset - 14, packet.offset());
    byte[] frame = link.only();
    assertEquals(GUEST, destinationOf(frame));
    assertEquals(ROUTER, sourceOf(frame));
    assertEquals(0x86dd, ByteBuffer.wrap(frame).getShort(12) & 0xffff);
    network.router(null);
    network.deliver(packet(OFF_LINK, HOA, 8));
    assertEquals(PSEUDO, sourceOf(link.only()));
  }

  @Test
  void withAStationOfItsOwnNoBridgeTakesItForTheRouter() {
    start();
    MacAddress own = MacAddress.parse("02:6b:61:67:65:02");
    network.ethernetSource(own);
    network.deliver(packet(OFF_LINK, HOA, 8));
    assertEquals(own, sourceOf(link.only()));
    guest(probe(GUEST_LL, ROUTER_LL, ROUTER));
    byte[] answer = link.only();
    assertEquals(own, sourceOf(answer));
    assertEquals(
        ROUTER, ((NeighborAdvertisement) message(answer)).targetLinkLayerAddress());
    guest(solicitRouter(GUEST_LL));
    answer = link.only();
    assertEquals(own, sourceOf(answer));
    assertEquals(ROUTER, ((RouterAdvertisement) message(answer)).sourceLinkLayerAddress());
  }

  @Test
  void aForgottenRouterIsNotAdvertisedAndLeavesNoDeadlineBehind() {
    start();
    network.router(null);
    network.onDeadline(20 * SECOND);
    assertTrue(link.sent.isEmpty());
    assertTrue(network.nextDeadlineNs() > 20 * SECOND);
  }

  @Test
  void aCachedNeighbourOfAnUnknownPrefixIsConfirmed() {
    start();
    guest(probe(HOA, OFF_LINK, NEIGHBOR));
    NeighborAdvertisement answer = advertisement();
    assertEquals(NEIGHBOR, answer.targetLinkLayerAddress());
    assertFalse(answer.router());
  }

  @Test
  void dataAllocatesNothing() {
    start();
    PacketBuffer up = udp(HOA, OFF_LINK, ROUTER);
    PacketBuffer near = udp(HOA, NEIGHBOR_GUA, NEIGHBOR);
    PseudoHomeNetwork quiet =
        new PseudoHomeNetwork(
            new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router(), PSEUDO),
            frame -> { },
            this,
            new Random(1),
            counters);
    quiet.start(0);
    PacketBuffer down = packet(OFF_LINK, HOA, 8);
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean)
            java.lang.management.ManagementFactory.getThreadMXBean();
    long allocated = 0;
    for (int round = 0; round < 3; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        quiet.onGuestFrame(up, SECOND);
        quiet.onGuestFrame(near, SECOND);
        quiet.deliver(down);
        down.trimFront(14);
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    assertTrue(allocated < 10_000, allocated + " octets for 30,000 packets");
  }
}
