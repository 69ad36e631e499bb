package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.TAP_MAC;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** The guest is paused at home: copies of its packets go after it, or are forgotten. */
class HandoverAtHomeTest {

  private static final MacAddress HOME_AGENT_TAP = MacAddress.parse("52:54:00:20:00:99");

  private final MobileNodeFixture f = new MobileNodeFixture();

  @BeforeEach
  void guestIsAtHome() {
    f.settings = MobileNodeFixture.settings(MobileNodeSettings.Location.HOME);
    f.start();
    f.node.handoverBuffer(1 << 20, f.now);
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    f.pass(100 * MS);
    f.frames.clear();
  }

  private static byte[] packet(int number) {
    return MobileNodeFixture.udp(CORRESPONDENT, HOME_ADDRESS, 20 + number);
  }

  private void copy(int number) {
    copy(number, f.now);
  }

  private void copy(int number, long atNs) {
    f.node.onGuestFrameCopy(
        PacketBuffer.copyOf(
            MobileNodeFixture.frame(packet(number), GUEST_MAC, ROUTER_MAC)),
        atNs, f.now);
  }

  private void homeAgentProxies(Ipv6Address address) {
    f.onHomeFrame(
        MobileNodeFixture.frame(
            NeighborDiscovery.build(
                new NeighborAdvertisement(
                    MobileNodeFixture.HOME_AGENT, Ipv6Address.ALL_NODES, address, false, false,
                    true, HOME_AGENT_TAP)),
            MacAddress.multicastOf(Ipv6Address.ALL_NODES), HOME_AGENT_TAP));
  }

  private List<byte[]> sentToHomeAgent() {
    return f.frames.stream()
        .filter(frame -> MobileNodeFixture.isTo(frame, HOME_AGENT_TAP) && frame[20] == 17)
        .toList();
  }

  @Test
  void copiesAreWantedOnlyWhileTheGuestIsPaused() {
    assertFalse(f.node.wantsGuestFrameCopies());
    f.node.paused(f.now);
    assertTrue(f.node.wantsGuestFrameCopies());
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    assertFalse(f.node.wantsGuestFrameCopies());
  }

  @Test
  void whatWasKeptGoesToTheHomeAgentThatProxiesTheAddressFromTheTapsOwnStation() {
    f.node.paused(f.now);
    copy(1);
    copy(2);
    f.node.left(f.now);
    copy(3);
    assertEquals(List.of(), sentToHomeAgent());
    homeAgentProxies(HOME_ADDRESS);
    copy(4);
    List<byte[]> sent = sentToHomeAgent();
    assertEquals(4, sent.size());
    for (int i = 0; i < 4; i++) {
      assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(sent.get(i)));
      assertArrayEquals(packet(i + 1), MobileNodeFixture.ipv6Of(sent.get(i)));
    }
    f.pass(6 * SECOND);
    assertFalse(f.node.wantsGuestFrameCopies());
    assertFalse(f.node.isHandingOver());
  }

  @Test
  void whatCameBetweenTheStopAndItsNewsIsKeptToo() {
    f.node.migrating(true, f.now);
    assertTrue(f.node.wantsGuestFrameCopies());
    assertFalse(f.node.isHandingOver());
    copy(1);
    long stop = f.now + 1;
    copy(2, stop);
    f.node.stopped(f.now + 5_000_000, stop);
    copy(3);
    homeAgentProxies(HOME_ADDRESS);
    List<byte[]> sent = sentToHomeAgent();
    assertEquals(2, sent.size());
    assertArrayEquals(packet(2), MobileNodeFixture.ipv6Of(sent.get(0)));
    assertArrayEquals(packet(3), MobileNodeFixture.ipv6Of(sent.get(1)));
    assertEquals(2, f.counters.get(Counter.HANDOVER_PACKETS_KEPT));
  }

  @Test
  void newsOfTheStopMayComeAfterTheHomeAgentProxies() {
    f.pass(2 * SECOND);
    f.node.migrating(true, f.now);
    copy(1);
    long stop = f.now + 1;
    copy(2, stop);
    homeAgentProxies(HOME_ADDRESS);
    copy(3);
    assertEquals(List.of(), sentToHomeAgent());
    f.now += 5 * MS;
    f.node.stopped(f.now, stop);
    copy(4);
    List<byte[]> sent = sentToHomeAgent();
    assertEquals(3, sent.size());
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(packet(i + 2), MobileNodeFixture.ipv6Of(sent.get(i)));
    }
    f.node.left(f.now);
    f.pass(6 * SECOND);
    assertFalse(f.node.wantsGuestFrameCopies());
  }

  @Test
  void migrationOfWhichNothingMoreIsToldIsOverAfterTheGrace() {
    f.node.migrating(true, f.now);
    copy(1);
    homeAgentProxies(HOME_ADDRESS);
    f.pass(6 * SECOND);
    assertFalse(f.node.wantsGuestFrameCopies());
    assertEquals(List.of(), sentToHomeAgent());
  }

  @Test
  void copiesOfAMigrationThatFailedAreForgotten() {
    f.node.migrating(true, f.now);
    copy(1);
    f.node.migrating(false, f.now);
    assertFalse(f.node.wantsGuestFrameCopies());
    f.node.stopped(f.now, 0);
    homeAgentProxies(HOME_ADDRESS);
    assertEquals(List.of(), sentToHomeAgent());
    assertEquals(0, f.counters.get(Counter.HANDOVER_PACKETS_KEPT));
  }

  @Test
  void guestThatGoesOnAtHomeHasThePacketsFromItsVmm() {
    f.node.paused(f.now);
    copy(1);
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    homeAgentProxies(HOME_ADDRESS);
    assertEquals(List.of(), sentToGuest());
    assertEquals(List.of(), sentToHomeAgent());
    assertEquals(0, f.drops(DropReason.HANDOVER_NOT_FETCHED));
  }

  private List<byte[]> sentToGuest() {
    return f.frames.stream()
        .filter(frame -> MobileNodeFixture.isTo(frame, GUEST_MAC) && frame[20] == 17)
        .toList();
  }

  private void assertSentToGuest(int... numbers) {
    List<byte[]> sent = sentToGuest();
    assertEquals(numbers.length, sent.size());
    for (int i = 0; i < numbers.length; i++) {
      assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(sent.get(i)));
      assertArrayEquals(packet(numbers[i]), MobileNodeFixture.ipv6Of(sent.get(i)));
    }
  }

  @Test
  void guestThatGoesOnAtAnotherHostOfTheHomeLinkGetsWhatWasKept() {
    f.node.stopped(f.now, f.now);
    copy(1);
    copy(2);
    f.now += 50 * MS;
    f.node.left(f.now);
    copy(3);
    f.rarp();
    assertSentToGuest(1, 2, 3);
    f.pass(60 * MS);
    assertFalse(f.node.wantsGuestFrameCopies());
    copy(4);
    assertSentToGuest(1, 2, 3);
    assertFalse(f.node.isHandingOver());
    assertEquals(3, f.counters.get(Counter.HANDOVER_PACKETS_FORWARDED));
    assertEquals(0, f.drops(DropReason.HANDOVER_NOT_FETCHED));
  }

  @Test
  void copiesThatAreReadAfterTheGuestWasHeardElsewhereCountByWhenTheyCame() {
    f.node.stopped(f.now, f.now);
    f.node.left(f.now);
    f.pass(150 * MS);
    long heard = f.now;
    f.rarp();
    copy(1, heard - 1);
    f.now += MS;
    copy(2, heard + 1);
    assertSentToGuest(1);
    assertTrue(f.node.isHandingOver());
    f.pass(60 * MS);
    assertFalse(f.node.isHandingOver());
    assertFalse(f.node.wantsGuestFrameCopies());
  }

  @Test
  void whatCameAfterTheGuestWasHeardElsewhereWentThereByItself() {
    f.node.stopped(f.now, f.now);
    copy(1);
    f.pass(150 * MS);
    f.rarp();
    f.pass(MS);
    copy(2);
    f.rarp();
    f.pass(MS);
    f.node.left(f.now);
    assertSentToGuest(1);
  }

  @Test
  void guestThatIsHeardBeforeTheVmmSaysThatItLeftIsNotBack() {
    f.node.stopped(f.now, f.now);
    copy(1);
    f.pass(150 * MS);
    f.rarp();
    assertTrue(f.node.wantsGuestFrameCopies());
    assertEquals(List.of(), sentToGuest());
    f.node.left(f.now);
    assertSentToGuest(1);
    f.pass(60 * MS);
    assertFalse(f.node.wantsGuestFrameCopies());
  }

  @Test
  void guestThatIsHeardAfterItLeftGetsWhatWasKeptThoughNobodyAnnouncedIt() {
    f.node.paused(f.now);
    copy(1);
    f.node.left(f.now);
    f.pass(200 * MS);
    assertEquals(List.of(), sentToGuest());
    f.onHomeFrame(
        MobileNodeFixture.frame(
            MobileNodeFixture.udp(HOME_ADDRESS, CORRESPONDENT, 8), ROUTER_MAC, GUEST_MAC));
    assertSentToGuest(1);
    f.pass(100 * MS);
    assertFalse(f.node.isHandingOver());
    assertEquals("deregistering", f.node.status(f.now).state());
  }

  @Test
  void longBacklogOfAGuestOnTheLinkGoesByAndBy() {
    f.node.stopped(f.now, f.now);
    for (int i = 0; i < KeptPackets.DRAINED_AT_ONCE + 10; i++) {
      copy(i);
    }
    f.node.left(f.now);
    f.rarp();
    assertEquals(KeptPackets.DRAINED_AT_ONCE, sentToGuest().size());
    f.pass(2 * KeptPackets.DRAIN_INTERVAL_NS);
    assertEquals(KeptPackets.DRAINED_AT_ONCE + 10, sentToGuest().size());
    f.pass(60 * MS);
    assertFalse(f.node.isHandingOver());
  }

  @Test
  void withoutTheVmmsWordAFrameOfTheGuestSaysThatItGoesOnHere() {
    f.node.stopped(f.now, f.now);
    copy(1);
    f.node.migrating(false, f.now);
    f.pass(150 * MS);
    f.rarp();
    assertFalse(f.node.wantsGuestFrameCopies());
    f.node.left(f.now);
    assertEquals(List.of(), sentToGuest());
  }

  @Test
  void guestWhoseAddressTheHomeAgentProxiesIsNotOnTheLink() {
    f.node.stopped(f.now, f.now);
    copy(1);
    homeAgentProxies(HOME_ADDRESS);
    f.node.left(f.now);
    f.rarp();
    assertEquals(1, sentToHomeAgent().size());
    assertEquals(List.of(), sentToGuest());
  }

  @Test
  void advertisementForAnotherAddressMovesNothing() {
    f.node.paused(f.now);
    copy(1);
    homeAgentProxies(MobileNodeFixture.OTHER_HOME_ADDRESS);
    assertEquals(List.of(), sentToHomeAgent());
    assertEquals(1, f.counters.get(Counter.HANDOVER_PACKETS_KEPT));
  }
}
