package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

class ProxyNeighborDiscoveryTest {

  private static final MacAddress AGENT = MacAddress.parse("02:6b:61:67:65:01");
  private static final Ipv6Address AGENT_LL = Ipv6Address.linkLocalOf(AGENT);

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private final ProxyNeighborDiscovery proxy = new ProxyNeighborDiscovery(AGENT, link, counters);

  private static NeighborAdvertisement announcement(Ipv6Address target) {
    return new NeighborAdvertisement(
        AGENT_LL, Ipv6Address.ALL_NODES, target, false, false, true, AGENT);
  }

  private void add(Ipv6Address address) {
    proxy.add(address, 0);
    link.sent.clear();
  }

  @Test
  void rfc6275_s10_4_1_announcesWithOverrideWithoutSolicitedAndRouter() {
    proxy.add(HOA, 0);
    byte[] frame = link.only();
    assertEquals(ALL_NODES_MAC, destinationOf(frame));
    assertEquals(AGENT, sourceOf(frame));
    assertEquals(announcement(HOA), message(frame));
    assertTrue(proxy.isProxied(HOA));
  }

  @Test
  void rfc4861_s7_2_6_announcesThreeTimesAtLeastRetransTimerApart() {
    proxy.add(HOA, 0);
    for (int i = 1; i < 3; i++) {
      link.sent.clear();
      assertEquals(i * SECOND, proxy.nextDeadlineNs());
      proxy.onDeadline(i * SECOND - 1);
      assertTrue(link.sent.isEmpty());
      proxy.onDeadline(i * SECOND);
      assertEquals(announcement(HOA), link.onlyMessage());
    }
    assertEquals(NodeEngine.NEVER, proxy.nextDeadlineNs());
    assertEquals(3, counters.get(Counter.NEIGHBOR_ADVERTISEMENTS_SENT));
  }

  @Test
  void rfc6275_s10_4_1_theLinkLocalAddressIsProxiedAlike() {
    proxy.add(GUEST_LL, 0);
    assertEquals(announcement(GUEST_LL), link.onlyMessage());
  }

  @Test
  void rfc4861_s7_2_8_answersASolicitationByUnicastWithoutOverride() {
    add(HOA);
    assertTrue(proxy.onNeighborSolicitation(resolve(NEIGHBOR_GUA, NEIGHBOR, HOA), SECOND));
    byte[] frame = link.only();
    assertEquals(NEIGHBOR, destinationOf(frame));
    assertEquals(
        new NeighborAdvertisement(AGENT_LL, NEIGHBOR_GUA, HOA, false, true, false, AGENT),
        message(frame));
  }

  @Test
  void rfc4861_s7_2_4_aUnicastProbeWithoutLinkLayerAddressIsAnsweredToItsStation() {
    add(HOA);
    proxy.onNeighborSolicitation(
        frame(new NeighborSolicitation(NEIGHBOR_GUA, HOA, HOA, null), AGENT, NEIGHBOR), SECOND);
    assertEquals(NEIGHBOR, destinationOf(link.only()));
  }

  @Test
  void rfc6275_s11_5_5_aReturningNodesSolicitationIsAnsweredByMulticastWithoutSolicited() {
    add(HOA);
    assertTrue(proxy.onNeighborSolicitation(NeighborFixture.test(HOA, GUEST), SECOND));
    byte[] frame = link.only();
    assertEquals(ALL_NODES_MAC, destinationOf(frame));
    assertEquals(
        new NeighborAdvertisement(
            AGENT_LL, Ipv6Address.ALL_NODES, HOA, false, false, false, AGENT),
        message(frame));
  }

  @Test
  void rfc6275_s10_3_2_stopsAtOnce() {
    add(HOA);
    proxy.remove(HOA);
    assertEquals(NodeEngine.NEVER, proxy.nextDeadlineNs());
    proxy.onDeadline(SECOND);
    assertFalse(proxy.onNeighborSolicitation(resolve(NEIGHBOR_GUA, NEIGHBOR, HOA), SECOND));
    assertTrue(link.sent.isEmpty());
    proxy.remove(HOA);
    assertEquals(0, proxy.size());
  }

  @Test
  void othersAreNotAnsweredFor() {
    add(HOA);
    assertFalse(
        proxy.onNeighborSolicitation(resolve(NEIGHBOR_GUA, NEIGHBOR, HOME_AGENT), SECOND));
    assertFalse(proxy.onNeighborSolicitation(announce(HOA, GUEST), SECOND));
    assertFalse(proxy.onNeighborSolicitation(udp(NEIGHBOR_GUA, HOA, AGENT), SECOND));
    assertFalse(
        proxy.onNeighborSolicitation(resolve(AGENT_LL, AGENT, HOA), SECOND), "our own, looped");
    assertTrue(link.sent.isEmpty());
  }

  @Test
  void rfc4861_s7_1_1_invalidSolicitationsAreCounted() {
    add(HOA);
    PacketBuffer frame = resolve(NEIGHBOR_GUA, NEIGHBOR, HOA);
    frame.bytes().put(frame.offset() + 14 + 7, (byte) 64);
    assertTrue(proxy.onNeighborSolicitation(frame, SECOND));
    MacAddress group = MacAddress.parse("33:33:00:00:00:01");
    assertTrue(
        proxy.onNeighborSolicitation(
            frame(
                new NeighborSolicitation(NEIGHBOR_GUA, HOA.solicitedNode(), HOA, group),
                ALL_NODES_MAC,
                NEIGHBOR),
            SECOND));
    assertTrue(link.sent.isEmpty());
    assertEquals(2, counters.drops(DropReason.ND_INVALID));
  }

  @Test
  void answersAreRateLimited() {
    add(HOA);
    for (int i = 0; i < 3000; i++) {
      assertTrue(proxy.onNeighborSolicitation(resolve(NEIGHBOR_GUA, NEIGHBOR, HOA), SECOND));
    }
    assertEquals(1000, link.sent.size());
    assertEquals(2000, counters.drops(DropReason.ND_RATE_LIMITED));
    link.sent.clear();
    for (int i = 0; i < 300; i++) {
      proxy.onNeighborSolicitation(NeighborFixture.test(HOA, NEIGHBOR), SECOND);
    }
    assertEquals(100, link.sent.size());
  }

  @Test
  void rfc4861_s7_2_6_tenThousandAddressesAreAnnouncedWithSmallDelays() {
    for (int i = 0; i < 10_000; i++) {
      proxy.add(new Ipv6Address(HOME.address().high(), 0x10_0000 + i), 0);
    }
    assertTrue(link.sent.size() <= 64);
    long now = 0;
    int most = 0;
    while (proxy.nextDeadlineNs() != NodeEngine.NEVER) {
      int before = link.sent.size();
      now = proxy.nextDeadlineNs();
      proxy.onDeadline(now);
      most = Math.max(most, link.sent.size() - before);
    }
    assertEquals(30_000, link.sent.size());
    assertTrue(most <= 130, "at one moment: " + most);
    assertTrue(now <= 13 * SECOND);
  }

  @Test
  void addingAgainAnnouncesAgain() {
    add(HOA);
    proxy.onDeadline(SECOND);
    proxy.onDeadline(2 * SECOND);
    link.sent.clear();
    proxy.add(HOA, 3 * SECOND);
    assertEquals(1, link.sent.size());
    assertEquals(4 * SECOND, proxy.nextDeadlineNs());
    assertEquals(1, proxy.size());
  }

  private static NeighborAdvertisement claim(MacAddress mac, boolean override) {
    return new NeighborAdvertisement(
        HOA, AGENT_LL, HOA, false, false, override, mac);
  }

  @Test
  void whoElseClaimsAProxiedAddressIsKnownForATenthOfASecond() {
    add(HOA);
    assertNull(proxy.claimant(HOA, SECOND));
    proxy.onNeighborAdvertisement(claim(GUEST, true), SECOND);
    assertEquals(GUEST, proxy.claimant(HOA, SECOND + ProxyNeighborDiscovery.CLAIM_NS));
    assertNull(proxy.claimant(HOA, SECOND + ProxyNeighborDiscovery.CLAIM_NS + 1));
    proxy.onNeighborAdvertisement(claim(NEIGHBOR, true), SECOND);
    assertEquals(NEIGHBOR, proxy.claimant(HOA, SECOND), "the last one");
    proxy.remove(HOA);
    assertNull(proxy.claimant(HOA, SECOND));
    assertTrue(link.sent.isEmpty(), "nobody is answered");
  }

  @Test
  void aClaimThatNamesNoStationOrDoesNotOverrideIsNone() {
    add(HOA);
    proxy.onNeighborAdvertisement(claim(GUEST, false), SECOND);
    proxy.onNeighborAdvertisement(claim(null, true), SECOND);
    proxy.onNeighborAdvertisement(claim(ALL_NODES_MAC, true), SECOND);
    proxy.onNeighborAdvertisement(claim(AGENT, true), SECOND);
    assertNull(proxy.claimant(HOA, SECOND));
    proxy.onNeighborAdvertisement(
        new NeighborAdvertisement(
            GUEST_LL, AGENT_LL, GUEST_LL, false, false, true, GUEST), SECOND);
    assertNull(proxy.claimant(GUEST_LL, SECOND), "not proxied");
  }
}
