package org.kagemusha.core.neighbor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.neighbor.NeighborFixture.*;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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

class NeighborCacheTest {

  private static final MacAddress AGENT = MacAddress.parse("02:6b:61:67:65:01");
  private static final Ipv6Address AGENT_LL = Ipv6Address.linkLocalOf(AGENT);
  private static final MacAddress MOVED = MacAddress.parse("02:00:5e:00:00:22");

  private final NeighborFixture link = new NeighborFixture();
  private final Counters counters = new Counters();
  private NeighborCache cache =
      new NeighborCache(AGENT, AGENT_LL, List.of(HOME), ROUTER, link, counters);

  private static PacketBuffer packet(int payload) {
    return NeighborFixture.packet(OFF_LINK, NEIGHBOR_GUA, payload);
  }

  private static PacketBuffer answer(MacAddress mac, boolean solicited, boolean override) {
    return frame(
        new NeighborAdvertisement(
            NEIGHBOR_GUA,
            solicited ? AGENT_LL : Ipv6Address.ALL_NODES,
            NEIGHBOR_GUA,
            false,
            solicited,
            override,
            mac),
        AGENT,
        NEIGHBOR);
  }

  private void resolved(long nowNs) {
    cache.send(packet(1), nowNs);
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, true), nowNs);
    link.sent.clear();
  }

  private byte[] sendNow(long nowNs) {
    cache.send(packet(1), nowNs);
    return link.only();
  }

  @Test
  void rfc4861_s5_2_offLinkGoesToTheGatewayAndGroupsToTheirMac() {
    cache.send(NeighborFixture.packet(HOA, OFF_LINK, 1), 0);
    byte[] frame = link.only();
    assertEquals(ROUTER, destinationOf(frame));
    assertEquals(AGENT, sourceOf(frame));
    cache.send(NeighborFixture.packet(HOA, Ipv6Address.parse("ff0e::12:3456"), 1), 0);
    frame = link.only();
    assertEquals(MacAddress.parse("33:33:00:12:34:56"), destinationOf(frame));
    assertEquals(AGENT, sourceOf(frame));
    assertEquals((byte) 0x86, frame[12]);
    assertEquals((byte) 0xdd, frame[13]);
  }

  @Test
  void withoutGatewayOffLinkIsUnreachable() {
    cache = new NeighborCache(AGENT, AGENT_LL, List.of(HOME), null, link, counters);
    cache.send(NeighborFixture.packet(HOA, OFF_LINK, 1), 0);
    assertEquals(1, counters.drops(DropReason.SEND_UNREACHABLE));
  }

  @Test
  void rfc4861_s7_2_2_solicitsTheGroupAndSendsWhatWaitedWhenAnswered() {
    cache.send(packet(5), 0);
    byte[] frame = link.only();
    assertEquals(MacAddress.parse("33:33:ff:00:00:02"), destinationOf(frame));
    assertEquals(
        new NeighborSolicitation(AGENT_LL, NEIGHBOR_GUA.solicitedNode(), NEIGHBOR_GUA, AGENT),
        message(frame));
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, true), SECOND / 2);
    byte[] data = link.only();
    assertEquals(NEIGHBOR, destinationOf(data));
    assertEquals(14 + 45, data.length);
    assertEquals(NodeEngine.NEVER, cache.nextDeadlineNs());
    assertEquals(NEIGHBOR, cache.macOf(NEIGHBOR_GUA));
  }

  @Test
  void rfc4861_s7_2_8_aProxysAnswerWithoutOverrideResolves() {
    cache.send(packet(5), 0);
    link.sent.clear();
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, false), 1);
    assertEquals(NEIGHBOR, destinationOf(link.only()));
  }

  @Test
  void rfc4861_s7_2_2_solicitsThreeTimesASecondApartAndReportsThePackets() {
    List<Integer> unresolved = new ArrayList<>();
    cache.failureListener((packet, nowNs) -> unresolved.add(packet.length()));
    cache.send(packet(1), 0);
    cache.send(packet(2), 1);
    cache.onDeadline(SECOND);
    cache.onDeadline(2 * SECOND);
    assertEquals(3, link.sent.size());
    assertEquals(1, cache.size());
    cache.onDeadline(3 * SECOND);
    assertEquals(3, link.sent.size());
    assertEquals(3, counters.get(Counter.NEIGHBOR_SOLICITATIONS_SENT));
    assertEquals(List.of(41, 42), unresolved);
    assertEquals(2, counters.drops(DropReason.NEIGHBOR_UNRESOLVED));
    assertEquals(0, cache.size());
    assertEquals(NodeEngine.NEVER, cache.nextDeadlineNs());
  }

  @Test
  void rfc4861_s7_2_2_theNewArrivalReplacesTheOldestOfTheQueue() {
    for (int i = 1; i <= NeighborEntry.QUEUE + 2; i++) {
      cache.send(packet(i), 0);
    }
    assertEquals(2, counters.drops(DropReason.QUEUE_FULL));
    link.sent.clear();
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, true), 1);
    assertEquals(
        IntStream.rangeClosed(3, NeighborEntry.QUEUE + 2).map(i -> 14 + 40 + i).boxed().toList(),
        link.sent.stream().map(f -> f.length).toList());
  }

  @Test
  void rfc6275_s10_3_2_anAcknowledgementDoesNotGiveWayToTheTrafficThatFollows() {
    cache.send(packet(1), 0);
    cache.sendFirst(packet(500), 0);
    for (int i = 2; i <= 2 * NeighborEntry.QUEUE; i++) {
      cache.send(packet(i), 0);
    }
    link.sent.clear();
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, true), 1);
    assertEquals(NeighborEntry.QUEUE, link.sent.size());
    assertEquals(14 + 40 + 500, link.sent.get(0).length);
  }

  @Test
  void anAcknowledgementThatBeginsTheResolutionIsKeptToo() {
    cache.sendFirst(packet(500), 0);
    for (int i = 1; i <= 2 * NeighborEntry.QUEUE; i++) {
      cache.send(packet(i), 0);
    }
    link.sent.clear();
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, true), 1);
    assertEquals(14 + 40 + 500, link.sent.get(0).length);
    cache.send(packet(7), 2);
    assertEquals(NeighborEntry.QUEUE + 1, link.sent.size());
  }

  @Test
  void rfc4861_s7_3_3_reachableStaleDelayProbe() {
    resolved(0);
    sendNow(30 * SECOND);
    assertEquals(NodeEngine.NEVER, cache.nextDeadlineNs(), "REACHABLE for 30 s");
    sendNow(31 * SECOND);
    assertEquals(36 * SECOND, cache.nextDeadlineNs(), "DELAY for 5 s");
    for (int i = 0; i < 3; i++) {
      cache.onDeadline((36 + i) * SECOND);
      byte[] probe = link.only();
      assertEquals(NEIGHBOR, destinationOf(probe));
      assertEquals(
          new NeighborSolicitation(AGENT_LL, NEIGHBOR_GUA, NEIGHBOR_GUA, AGENT), message(probe));
      assertEquals(NEIGHBOR, destinationOf(sendNow((36 + i) * SECOND)), "goes on meanwhile");
    }
    cache.onDeadline(39 * SECOND);
    assertEquals(0, cache.size());
    byte[] again = sendNow(40 * SECOND);
    assertEquals(MacAddress.parse("33:33:ff:00:00:02"), destinationOf(again));
  }

  @Test
  void rfc4861_s7_2_5_aSolicitedAnswerConfirms() {
    resolved(0);
    sendNow(31 * SECOND);
    cache.onDeadline(36 * SECOND);
    cache.onNeighborDiscovery(answer(null, true, false), 36 * SECOND);
    assertEquals(NodeEngine.NEVER, cache.nextDeadlineNs());
    link.sent.clear();
    sendNow(60 * SECOND);
    assertEquals(NodeEngine.NEVER, cache.nextDeadlineNs());
  }

  @Test
  void rfc4861_s7_2_5_anotherMacWithOverrideReplacesAndIsStale() {
    resolved(0);
    cache.onNeighborDiscovery(answer(MOVED, false, true), SECOND);
    assertEquals(MOVED, destinationOf(sendNow(2 * SECOND)));
    assertEquals(7 * SECOND, cache.nextDeadlineNs(), "DELAY after STALE");
  }

  @Test
  void rfc4861_s7_2_5_anotherMacWithoutOverrideOnlyMakesStale() {
    resolved(0);
    cache.onNeighborDiscovery(answer(MOVED, true, false), SECOND);
    assertEquals(NEIGHBOR, destinationOf(sendNow(2 * SECOND)));
    assertEquals(7 * SECOND, cache.nextDeadlineNs());
  }

  @Test
  void rfc4861_s7_2_5_anAdvertisementWithoutEntryIsDiscarded() {
    cache.onNeighborDiscovery(answer(NEIGHBOR, false, true), 0);
    assertEquals(0, cache.size());
  }

  @Test
  void rfc4861_s7_2_5_incompleteNeedsALinkLayerAddress() {
    cache.send(packet(1), 0);
    link.sent.clear();
    cache.onNeighborDiscovery(answer(null, true, true), 1);
    assertTrue(link.sent.isEmpty());
  }

  @Test
  void groupAndOwnLinkLayerAddressesAreRefused() {
    cache.send(packet(1), 0);
    link.sent.clear();
    cache.onNeighborDiscovery(answer(ALL_NODES_MAC, true, true), 1);
    cache.onNeighborDiscovery(answer(AGENT, true, true), 1);
    assertTrue(link.sent.isEmpty());
    assertEquals(2, counters.drops(DropReason.ND_INVALID));
  }

  @Test
  void rfc4861_s7_2_4_answersForItsOwnAddressAndLearnsTheSender() {
    cache.onNeighborDiscovery(resolve(NEIGHBOR_GUA, NEIGHBOR, AGENT_LL), 0);
    byte[] frame = link.only();
    assertEquals(NEIGHBOR, destinationOf(frame));
    assertEquals(
        new NeighborAdvertisement(AGENT_LL, NEIGHBOR_GUA, AGENT_LL, false, true, true, AGENT),
        message(frame));
    assertEquals(NEIGHBOR, destinationOf(sendNow(1)), "no resolution needed");
    assertEquals(5 * SECOND + 1, cache.nextDeadlineNs(), "but STALE, so DELAY");
  }

  @Test
  void rfc4862_s5_4_itsOwnAddressIsDefended() {
    cache.onNeighborDiscovery(NeighborFixture.test(AGENT_LL, NEIGHBOR), 0);
    byte[] frame = link.only();
    assertEquals(ALL_NODES_MAC, destinationOf(frame));
    assertEquals(
        new NeighborAdvertisement(
            AGENT_LL, Ipv6Address.ALL_NODES, AGENT_LL, false, false, true, AGENT),
        message(frame));
  }

  @Test
  void rfc4861_s7_2_3_othersSolicitationsAreDiscarded() {
    cache.onNeighborDiscovery(resolve(NEIGHBOR_GUA, NEIGHBOR, HOME_AGENT), 0);
    assertTrue(link.sent.isEmpty());
    assertEquals(0, cache.size());
  }

  @Test
  void forgettingDropsWhatWaited() {
    cache.send(packet(1), 0);
    cache.forget(NEIGHBOR_GUA);
    cache.forget(NEIGHBOR_GUA);
    assertEquals(1, counters.drops(DropReason.NEIGHBOR_UNRESOLVED));
    assertEquals(NodeEngine.NEVER, cache.nextDeadlineNs());
    assertNull(cache.macOf(NEIGHBOR_GUA));
  }

  @Test
  void rfc6583_s4_3_aScanOfThePrefixSolicitsAtALimitedRate() {
    for (int i = 0; i < 100_000; i++) {
      cache.send(
          NeighborFixture.packet(HOA, new Ipv6Address(HOME.address().high(), 0x9000 + i), 1), 0);
    }
    assertEquals(ResolutionLimit.PER_SOURCE, link.sent.size());
    assertEquals(ResolutionLimit.PER_SOURCE, cache.size());
    assertEquals(
        100_000 - ResolutionLimit.PER_SOURCE, counters.drops(DropReason.ND_RATE_LIMITED));
  }

  @Test
  void rfc6583_s4_3_aScanFromManySourcesSolicitsAtALimitedRate() {
    for (int i = 0; i < 10_000; i++) {
      Ipv6Address source = new Ipv6Address(HOA.high(), i);
      cache.send(
          NeighborFixture.packet(source, new Ipv6Address(HOA.high(), 0x9000 + i), 1), 0);
    }
    assertEquals(ResolutionLimit.TOTAL, link.sent.size());
  }

  @Test
  void rfc6583_s4_3_unresolvedEntriesAreEvictedBeforeNeighboursInUse() {
    cache = new NeighborCache(AGENT, AGENT_LL, List.of(HOME), ROUTER, link, counters, 8);
    resolved(0);
    for (int i = 0; i < 50; i++) {
      cache.send(
          NeighborFixture.packet(HOA, new Ipv6Address(HOME.address().high(), 0x9000 + i), 1), i);
    }
    assertEquals(8, cache.size());
    assertEquals(NEIGHBOR, cache.macOf(NEIGHBOR_GUA));
    assertEquals(43, counters.drops(DropReason.NEIGHBOR_UNRESOLVED));
  }

  @Test
  void theQueuesTogetherAreBounded() {
    for (int i = 0; i < 100; i++) {
      cache.send(
          NeighborFixture.packet(
              new Ipv6Address(HOA.high(), i), new Ipv6Address(HOA.high(), 0x9000 + i), 60_000),
          0);
    }
    assertEquals(100 - NeighborCache.QUEUE_OCTETS / 60_040, counters.drops(DropReason.QUEUE_FULL));
    for (int s = 1; s <= 3; s++) {
      cache.onDeadline(s * SECOND);
    }
    cache.send(packet(60_000), 4 * SECOND);
    cache.onNeighborDiscovery(answer(NEIGHBOR, true, true), 4 * SECOND);
    assertEquals(60_054, link.sent.get(link.sent.size() - 1).length, "the room is free again");
  }

  @Test
  void superPacketsLeaveHalfOfTheRoomToFirstPackets() {
    for (int i = 0; i < 100; i++) {
      PacketBuffer packet =
          NeighborFixture.packet(
              new Ipv6Address(HOA.high(), i), new Ipv6Address(HOA.high(), 0x9000 + i), 60_000);
      cache.send(packet.unfinished(packet.offset() + 40, 16, 1000), 0);
    }
    int waiting = NeighborCache.QUEUE_OCTETS / 2 / 60_040;
    assertEquals(100 - waiting, counters.drops(DropReason.QUEUE_FULL));
    cache.send(packet(60_000), SECOND);
    assertEquals(100 - waiting, counters.drops(DropReason.QUEUE_FULL));
  }

  @Test
  void aResolvedNeighbourAllocatesNothing() {
    NeighborCache quiet =
        new NeighborCache(AGENT, AGENT_LL, List.of(HOME), ROUTER, frame -> { }, counters);
    quiet.send(packet(1), 0);
    quiet.onNeighborDiscovery(answer(NEIGHBOR, true, true), 0);
    PacketBuffer near = packet(100);
    PacketBuffer far = NeighborFixture.packet(HOA, OFF_LINK, 100);
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean)
            java.lang.management.ManagementFactory.getThreadMXBean();
    long allocated = 0;
    for (int round = 0; round < 3; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        quiet.send(near, SECOND);
        near.trimFront(14);
        quiet.send(far, SECOND);
        far.trimFront(14);
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    assertTrue(allocated < 10_000, allocated + " octets for 20,000 packets");
  }

  @Test
  void rfc4861_s7_2_5_whatWasAdvertisedAMomentAgoIsStale() {
    cache.advertised(NEIGHBOR_GUA, NEIGHBOR, 0);
    byte[] frame = sendNow(0);
    assertEquals(NEIGHBOR, destinationOf(frame));
    cache.onDeadline(NeighborCache.DELAY_FIRST_PROBE_NS);
    frame = link.only();
    assertEquals(NEIGHBOR, destinationOf(frame), "a probe");
    assertEquals(
        new NeighborSolicitation(AGENT_LL, NEIGHBOR_GUA, NEIGHBOR_GUA, AGENT), message(frame));
  }

  @Test
  void whatWasAdvertisedSendsWhatWaits() {
    cache.send(packet(5), 0);
    link.sent.clear();
    cache.advertised(NEIGHBOR_GUA, MOVED, 1);
    assertEquals(MOVED, destinationOf(link.only()));
    cache.advertised(NEIGHBOR_GUA, NEIGHBOR, 2);
    assertEquals(NEIGHBOR, destinationOf(sendNow(3)));
  }

  @Test
  void aGroupOrAnAddressOfAnotherLinkIsNotTakenAsAdvertised() {
    cache.advertised(NEIGHBOR_GUA, ALL_NODES_MAC, 0);
    cache.advertised(OFF_LINK, NEIGHBOR, 0);
    assertEquals(0, cache.size());
  }
}
