package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** What is learned of the home router at home, and what is told to the guest abroad. */
class HomeRouterKnowledgeTest {

  private static final Ipv6Address OTHER_LL = Ipv6Address.parse("fe80::3");

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private final PseudoHomeNetwork network = network(null);

  private PseudoHomeNetwork network(HomeRouter router) {
    return new PseudoHomeNetwork(
        new PseudoHomeNetwork.Settings(GUEST, List.of(HOME), HOME_AGENT, router, PSEUDO),
        link,
        new PseudoHomeNetwork.GuestListener() {
          @Override
          public void onGuestAddress(Ipv6Address address, long nowNs) {}

          @Override
          public void onGuestAnnouncement(long nowNs) {}
        },
        new Random(1),
        counters);
  }

  private void hear(RouterAdvertisement advertisement, long nowNs) {
    network.onHomeRouterAdvertisement(frame(advertisement, ALL_NODES_MAC, ROUTER), nowNs);
  }

  private RouterAdvertisement told(long nowNs) {
    network.start(nowNs);
    RouterAdvertisement told = (RouterAdvertisement) message(link.sent.get(0));
    network.stop();
    link.sent.clear();
    return told;
  }

  @Test
  void repeatsWhatWasHeardAtHomeButTheMtu() {
    hear(homeAdvertisement(ROUTER_LL, 1800, 86400), 0);
    assertEquals(ROUTER, network.router().mac());
    RouterAdvertisement told = told(100 * SECOND);
    RouterAdvertisement heard = homeAdvertisement(ROUTER_LL, 1800, 86400);
    assertEquals(heard.source(), told.source());
    assertEquals(heard.flags(), told.flags());
    assertEquals(heard.currentHopLimit(), told.currentHopLimit());
    assertEquals(heard.routerLifetimeSeconds(), told.routerLifetimeSeconds());
    assertEquals(heard.prefixes(), told.prefixes());
    assertEquals(heard.sourceLinkLayerAddress(), told.sourceLinkLayerAddress());
    assertEquals(0, told.mtu());
  }

  @Test
  void withoutSourceLinkLayerAddressTheFramesSourceIsTheRouters() {
    RouterAdvertisement heard = homeAdvertisement(ROUTER_LL, 1800, 86400);
    hear(
        new RouterAdvertisement(
            ROUTER_LL, Ipv6Address.ALL_NODES, 64, 0, 1800, 0, 0, null, 0, heard.prefixes(), null,
            0, List.of()),
        0);
    assertEquals(ROUTER, network.router().mac());
  }

  @Test
  void rfc4861_s6_2_1_fixedLifetimesStayFixed() {
    hear(homeAdvertisement(ROUTER_LL, 1800, 86400), 0);
    hear(homeAdvertisement(ROUTER_LL, 1800, 86400), 600 * SECOND);
    PrefixInformation told = told(7200 * SECOND).prefixes().get(0);
    assertEquals(86400, told.validSeconds());
    assertEquals(14400, told.preferredSeconds());
  }

  @Test
  void rfc4861_s6_2_1_lifetimesThatDecrementInRealTimeGoOnToDoSo() {
    hear(homeAdvertisement(ROUTER_LL, 1800, 10_000), 0);
    hear(homeAdvertisement(ROUTER_LL, 1800, 9_400), 600 * SECOND);
    PrefixInformation told = told(1600 * SECOND).prefixes().get(0);
    assertEquals(8_400, told.validSeconds());
    assertEquals(8_400, told.preferredSeconds(), "never longer than the valid lifetime");
    assertEquals(0, told(20_000 * SECOND).prefixes().get(0).validSeconds());
    assertEquals(1800, told(20_000 * SECOND).routerLifetimeSeconds());
  }

  @Test
  void rfc4861_s4_6_2_infinityDoesNotAge() {
    hear(homeAdvertisement(ROUTER_LL, 1800, 10_000), 0);
    RouterAdvertisement heard = homeAdvertisement(ROUTER_LL, 1800, 9_400);
    hear(
        new RouterAdvertisement(
            ROUTER_LL, Ipv6Address.ALL_NODES, 64, 0, 1800, 0, 0, ROUTER, 0,
            List.of(
                heard.prefixes().get(0),
                new PrefixInformation(
                    Ipv6Address.parse("2001:db8:2001::"), 64, 0xc0,
                    PrefixInformation.INFINITE, PrefixInformation.INFINITE)),
            null, 0, List.of()),
        600 * SECOND);
    assertEquals(
        PrefixInformation.INFINITE, told(9000 * SECOND).prefixes().get(1).validSeconds());
  }

  @Test
  void configuredLifetimesAreConstant() {
    network.router(router());
    assertEquals(86400, told(1_000_000 * SECOND).prefixes().get(0).validSeconds());
  }

  @Test
  void theAdvertisementOfAnotherPrefixIsNotHomes() {
    RouterAdvertisement heard = homeAdvertisement(ROUTER_LL, 1800, 86400);
    hear(
        new RouterAdvertisement(
            ROUTER_LL, Ipv6Address.ALL_NODES, 64, 0, 1800, 0, 0, ROUTER, 0,
            List.of(
                new PrefixInformation(
                    Ipv6Address.parse("2001:db8:3000::"), 64, 0xc0, 86400, 14400)),
            null, 0, heard.otherOptions()),
        0);
    assertNull(network.router());
    assertEquals(1, counters.drops(DropReason.ND_NOT_OURS));
  }

  @Test
  void aRouterThatIsNoDefaultRouterGivesWayToOneThatIs() {
    hear(homeAdvertisement(OTHER_LL, 0, 86400), 0);
    assertEquals(OTHER_LL, network.router().linkLocal());
    assertEquals(0, told(SECOND).routerLifetimeSeconds());
    hear(homeAdvertisement(ROUTER_LL, 1800, 86400), 2 * SECOND);
    assertEquals(ROUTER_LL, network.router().linkLocal());
    hear(homeAdvertisement(OTHER_LL, 0, 86400), 3 * SECOND);
    hear(homeAdvertisement(OTHER_LL, 1800, 86400), 4 * SECOND);
    assertEquals(ROUTER_LL, network.router().linkLocal(), "the one in use stays");
    hear(homeAdvertisement(OTHER_LL, 1800, 86400), 2000 * SECOND);
    assertEquals(OTHER_LL, network.router().linkLocal(), "until its lifetime has run out");
  }

  @Test
  void rfc4191_s2_2_thePreferredRouterIsChosen() {
    hear(homeAdvertisement(ROUTER_LL, 1800, 86400), 0);
    RouterAdvertisement other = homeAdvertisement(OTHER_LL, 1800, 86400);
    hear(
        new RouterAdvertisement(
            OTHER_LL, Ipv6Address.ALL_NODES, 64, 0x08, 1800, 0, 0, ROUTER, 0, other.prefixes(),
            null, 0, List.of()),
        SECOND);
    assertEquals(OTHER_LL, network.router().linkLocal());
  }

  @Test
  void aFinalAdvertisementOfTheRouterIsRepeatedAsItIs() {
    hear(homeAdvertisement(ROUTER_LL, 1800, 86400), 0);
    hear(homeAdvertisement(ROUTER_LL, 0, 86400), SECOND);
    assertEquals(0, told(2 * SECOND).routerLifetimeSeconds());
  }

  @Test
  void rfc6085_s3_unicastFramesArePseudoAdvertisementsAndNotHeard() {
    network.onHomeRouterAdvertisement(
        frame(homeAdvertisement(ROUTER_LL, 1800, 86400), GUEST, ROUTER), 0);
    assertNull(network.router());
    assertEquals(1, counters.drops(DropReason.ND_NOT_OURS));
  }

  @Test
  void theGuestsOwnAdvertisementIsNotHeard() {
    network.onHomeRouterAdvertisement(
        frame(homeAdvertisement(GUEST_LL, 1800, 86400), ALL_NODES_MAC, GUEST), 0);
    assertNull(network.router());
  }

  @Test
  void rfc4861_s6_1_2_invalidAdvertisementsAreNotHeard() {
    PacketBuffer hopLimit =
        frame(homeAdvertisement(ROUTER_LL, 1800, 86400), ALL_NODES_MAC, ROUTER);
    Ipv6Header.hopLimit(hopLimit.bytes(), hopLimit.offset() + 14, 64);
    network.onHomeRouterAdvertisement(hopLimit, 0);
    network.onHomeRouterAdvertisement(
        frame(homeAdvertisement(HOME_AGENT, 1800, 86400), ALL_NODES_MAC, ROUTER), 0);
    network.onHomeRouterAdvertisement(resolve(ROUTER_LL, ROUTER, HOA), 0);
    assertEquals(3, counters.drops(DropReason.ND_INVALID));
    network.onHomeRouterAdvertisement(PacketBuffer.copyOf(new byte[20]), 0);
    assertEquals(1, counters.drops(DropReason.FRAME_TRUNCATED));
    assertNull(network.router());
  }

  @Test
  void whatDoesNotFitIntoTheMinimumMtuIsLeftOut() {
    byte[] large = new byte[255 * 8];
    large[0] = (byte) 200;
    large[1] = (byte) 255;
    HomeRouter known = router();
    network.router(
        new HomeRouter(
            ROUTER_LL, ROUTER, 64, 0, 1800, 0, 0, known.prefixes(), List.of(large, RDNSS)));
    RouterAdvertisement told = told(0);
    assertEquals(1, told.otherOptions().size());
    assertEquals(25, told.otherOptions().get(0)[0]);
  }

  @Test
  void theGuestsCacheCorrectsTheRoutersMac() {
    network.router(router());
    network.start(0);
    MacAddress cached = MacAddress.parse("02:00:5e:00:00:44");
    network.onGuestFrame(probe(GUEST_LL, ROUTER_LL, cached), SECOND);
    assertEquals(cached, network.router().mac());
    network.onGuestFrame(probe(GUEST_LL, ROUTER_LL, PSEUDO), SECOND);
    assertEquals(cached, network.router().mac(), "what we taught it is no news");
  }

  @Test
  void nonsenseIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new HomeRouter(HOA, ROUTER, 64, 0, 1800, 0, 0, List.of(), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new HomeRouter(ROUTER_LL, ROUTER, 64, 0, 1 << 16, 0, 0, List.of(), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new HomeRouter(
                ROUTER_LL, ROUTER, 64, 0, 0, 0, 0, List.of(), List.of(new byte[] {1, 2, 3})));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new HomeRouter(ROUTER_LL, ALL_NODES_MAC, 64, 0, 0, 0, 0, List.of(), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new HomeRouter.PrefixInformation(HOME, 0, -1, 0));
    assertTrue(new HomeRouter.PrefixInformation(HOME, 0, 0, 0).routerAddress() == null);
  }
}
