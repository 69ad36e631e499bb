package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.mobility.HandoverWorld.Host;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/** No packet is lost in a move, none comes twice, and their order stays. */
class HandoverTest {

  private static HandoverWorld world(boolean payload, int hosts) {
    HandoverWorld world = new HandoverWorld(true, payload).start(hosts);
    world.arriveAt(world.hosts.get(0));
    // Longer than the clock of Binding Updates' sequence numbers ticks, here and below.
    world.pass(300 * MS);
    return world;
  }

  private static List<Integer> all(HandoverWorld world) {
    return IntStream.range(0, world.sent()).boxed().toList();
  }

  private static void assertWhole(HandoverWorld world) {
    world.drain();
    assertEquals(all(world), world.received);
    assertEquals(List.of(), world.lost);
  }

  private static byte[] message(HandoverWorld world, int type) {
    return world.wire.stream()
        .filter(packet -> packet[6] == (byte) 135 && packet[Ipv6Header.BYTES + 2] == type)
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"false,true", "true,true", "false,false", "true,false"})
  void streamSurvivesTheMoveThereAndBack(boolean payload, boolean left) {
    HandoverWorld world = world(payload, 2);
    world.stream();
    for (int move = 0; move < 4; move++) {
      Host from = world.hosts.get(move % 2);
      Host to = world.hosts.get((move + 1) % 2);
      world.pass(300 * MS);
      world.pause();
      world.pass(120 * MS);
      if (left) {
        from.node.left(world.now);
      }
      world.pass(30 * MS);
      world.arriveAt(to);
      world.pass(200 * MS);
      assertEquals("forwarding", from.node.forwarding().state());
      assertEquals(to.careOf, from.node.forwarding().peer());
      assertEquals("fetching", to.node.forwarding().state());
    }
    assertWhole(world);
    assertTrue(world.hosts.get(1).counters.get(Counter.HANDOVER_PACKETS_RECEIVED) > 200);
    assertTrue(world.hosts.get(1).counters.get(Counter.HANDOVER_PACKETS_HELD) > 0);
    world.pass(10 * SECOND);
    for (Host host : world.hosts) {
      assertFalse(host.node.isHandingOver());
    }
    assertEquals("fenced", world.hosts.get(1).node.status(world.now).state());
    assertEquals("registered", world.hosts.get(0).node.status(world.now).state());
  }

  @Test
  void logTellsOfTheHandoverOnBothHosts() {
    HandoverWorld world = world(true, 2);
    Host source = world.hosts.get(0);
    Host target = world.hosts.get(1);
    world.pause();
    try (LogLines log = new LogLines(MobileNode.class)) {
      for (int i = 0; i < 3; i++) {
        world.send();
      }
      world.pass(20 * MS);
      world.arriveAt(target);
      world.pass(10 * SECOND);
      String address = "vm=vm1 hoa=" + MobileNodeFixture.HOME_ADDRESS;
      assertEquals(
          List.of(
              "handover asked " + address + " from=" + source.careOf + " to=" + target.careOf,
              "handover initiate " + address + " from=" + target.careOf + " code=3",
              "handover forwarding " + address + " from=" + source.careOf + " to="
                  + target.careOf + " kept=3",
              "handover answered " + address + " by=" + source.careOf + " code=3",
              "handover forwarding ended " + address + " to=" + target.careOf,
              "handover ended " + address + " from=" + source.careOf + " packets=3"),
          log.of("handover"));
      assertEquals(List.of(), log.warnings());
    }
  }

  @Test
  void whatIsProtectedIsNeverInClearBetweenTheHostsEither() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(20 * MS);
    world.pause();
    world.pass(100 * MS);
    world.arriveAt(world.hosts.get(1));
    assertWhole(world);
    for (byte[] packet : world.wire) {
      assertFalse(packet[6] == 41, "IPv6 in IPv6 in clear");
      if (packet[6] == (byte) 135) {
        int type = packet[Ipv6Header.BYTES + 2];
        assertTrue(type == 14 || type == 15);
      }
    }
  }

  @Test
  void failedMigrationGivesTheGuestWhatWasKeptAndAsksNobody() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(100 * MS);
    world.pause();
    world.pass(400 * MS);
    Host source = world.hosts.get(0);
    assertEquals("keeping", source.node.forwarding().state());
    world.paused = false;
    final long kept = source.counters.get(Counter.HANDOVER_PACKETS_KEPT);
    try (LogLines log = new LogLines(MobileNode.class)) {
      source.node.arrived(MobileNode.Trigger.QMP, world.now);
      assertEquals(
          List.of("handover kept packets delivered here vm=vm1 packets=" + kept),
          log.of("handover"));
    }
    world.pass(100 * MS);
    assertWhole(world);
    assertEquals(0, source.counters.get(Counter.HANDOVER_PACKETS_FORWARDED));
    assertEquals(0, world.hosts.get(1).counters.get(Counter.HANDOVER_INITIATES_SENT));
  }

  @Test
  void newsOfTheStopThatComesLateLosesNothing() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(100 * MS);
    world.pauseUnheard(7 * MS);
    world.pass(200 * MS);
    world.arriveAt(world.hosts.get(1));
    world.drain();
    assertEquals(all(world), world.received);
    // In the queue of a tap that nobody reads any more; what is kept is of these, too.
    assertEquals(6, world.lost.size());
    assertEquals(0, world.hosts.get(0).counters.drops(DropReason.HANDOVER_NOT_FETCHED));
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 40})
  void newsOfTheStopMayComeAfterTheInitiate(int late) {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(100 * MS);
    world.pauseUnheard(late * MS);
    world.pass(10 * MS);
    world.arriveAt(world.hosts.get(1));
    world.drain();
    // The first host gave the guest's tap copies until it was told.
    assertEquals(all(world), world.received);
  }

  @Test
  void stopOfWhichNothingIsToldWasAtTheInitiateAtTheLatest() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(100 * MS);
    world.pauseUnheard(10 * SECOND);
    world.pass(10 * MS);
    world.arriveAt(world.hosts.get(1));
    world.drain();
    assertEquals(world.sent(), world.received.size() + 15, 5, "what came before it is lost");
    assertEquals("", world.disorder().replaceAll(" missing \\d+", ""));
  }

  @Test
  void guestThatComesBackAfterItHadLeftGetsWhatWasKept() {
    HandoverWorld world = world(false, 1);
    Host host = world.hosts.get(0);
    world.stream();
    world.pass(10 * MS);
    world.pause();
    host.node.left(world.now);
    world.pass(SECOND);
    assertTrue(host.node.isHandingOver());
    world.arriveAt(host);
    assertWhole(world);
  }

  @Test
  void threeHostsInARowPassPacketsOn() {
    HandoverWorld world = world(true, 3);
    world.stream();
    world.pass(50 * MS);
    world.pause();
    world.pass(50 * MS);
    world.arriveAt(world.hosts.get(1));
    world.pass(300 * MS);
    world.pause();
    world.pass(50 * MS);
    world.arriveAt(world.hosts.get(2));
    assertWhole(world);
  }

  @Test
  void hostThatIsNotToldOfThePauseLearnsOfTheMoveByTheInitiate() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(50 * MS);
    world.arriveAt(world.hosts.get(1));
    world.drain();
    Host source = world.hosts.get(0);
    assertEquals(1, source.counters.get(Counter.HANDOVER_INITIATES_ACCEPTED));
    assertEquals(world.sent(), world.received.size() + world.lost.size());
    assertTrue(world.lost.size() < 8, "lost " + world.lost);
    world.pass(10 * SECOND);
    assertEquals("fenced", source.node.status(world.now).state());
  }

  @Test
  void sourceHostThatIsGoneDelaysNothingForLong() {
    HandoverWorld world = world(true, 2);
    Host source = world.hosts.get(0);
    Host target = world.hosts.get(1);
    world.passes = (to, packet) -> !to.equals(source.careOf);
    world.stream();
    world.arriveAt(target);
    world.pass(100 * MS);
    assertTrue(world.received.size() >= 60, "received " + world.received.size());
    world.drain();
    int first = world.received.get(0);
    assertEquals(
        IntStream.range(first, world.sent()).boxed().toList(), world.received);
    // RFC 5568 §6.2.1.1: HI_RETRIES is 3.
    assertEquals(4, target.counters.get(Counter.HANDOVER_INITIATES_SENT));
    world.pass(2 * SECOND);
    assertEquals("ready", target.node.forwarding().state());
  }

  @Test
  void rfc5568_s6_2_1_1_lostInitiateIsSentAgain() {
    HandoverWorld world = world(true, 2);
    int[] count = {0};
    world.passes = (to, packet) -> packet[6] != (byte) 135 || count[0]++ > 0;
    world.stream();
    world.pass(20 * MS);
    world.pause();
    world.pass(50 * MS);
    world.arriveAt(world.hosts.get(1));
    world.drain();
    // Later than the wait, so that their order is not kept, but there.
    assertEquals(all(world), world.received.stream().sorted().toList());
    assertEquals(2, world.hosts.get(1).counters.get(Counter.HANDOVER_INITIATES_SENT));
  }

  @Test
  void lostAcknowledgeLosesNoPacket() {
    HandoverWorld world = world(true, 2);
    world.passes =
        (to, packet) -> packet[6] != (byte) 135 || packet[Ipv6Header.BYTES + 2] != 15;
    world.stream();
    world.pass(20 * MS);
    world.pause();
    world.pass(50 * MS);
    world.arriveAt(world.hosts.get(1));
    assertWhole(world);
  }

  @Test
  void replayedInitiateGetsTheSameAnswerAndStartsNothing() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pass(20 * MS);
    world.pause();
    world.pass(50 * MS);
    world.arriveAt(world.hosts.get(1));
    world.pass(100 * MS);
    Host source = world.hosts.get(0);
    byte[] initiate = message(world, 14);
    final byte[] answer = message(world, 15);
    int before = world.wire.size();
    source.node.onUnderlayPacket(PacketBuffer.copyOf(initiate), world.now);
    assertEquals(before + 1, world.wire.size());
    org.junit.jupiter.api.Assertions.assertArrayEquals(answer, world.wire.get(before));
    assertEquals(1, source.counters.get(Counter.HANDOVER_INITIATES_ACCEPTED));
    assertWhole(world);
    world.pass(10 * SECOND);
    source.node.onUnderlayPacket(PacketBuffer.copyOf(initiate), world.now);
    assertEquals(1, source.counters.drops(DropReason.HANDOVER_UNAUTHENTIC));
  }

  @Test
  void forgedOrAlteredInitiateIsNotAnswered() {
    HandoverWorld world = world(true, 2);
    world.stream();
    world.pause();
    world.pass(50 * MS);
    Host source = world.hosts.get(0);
    byte[][] stolen = new byte[1][];
    world.passes =
        (to, packet) -> {
          if (packet[6] == (byte) 135 && packet[Ipv6Header.BYTES + 2] == 14) {
            stolen[0] = packet;
            return false;
          }
          return true;
        };
    world.arriveAt(world.hosts.get(1));
    world.pass(10 * MS);
    int wire = world.wire.size();
    for (int bit = 0; bit < 8 * (stolen[0].length - Ipv6Header.BYTES); bit += 5) {
      byte[] altered = stolen[0].clone();
      if (bit / 8 == 4 || bit / 8 == 5) {
        // The checksum, which is right afterwards.
        continue;
      }
      int at = Ipv6Header.BYTES + bit / 8;
      altered[at] ^= (byte) (1 << bit % 8);
      repairChecksum(altered);
      source.node.onUnderlayPacket(PacketBuffer.copyOf(altered), world.now);
    }
    // The attacker's own address in the place of the new host's.
    byte[] altered = stolen[0].clone();
    altered[23] ^= 1;
    repairChecksum(altered);
    source.node.onUnderlayPacket(PacketBuffer.copyOf(altered), world.now);
    assertEquals(0, source.counters.get(Counter.HANDOVER_INITIATES_ACCEPTED));
    for (byte[] packet : world.wire.subList(wire, world.wire.size())) {
      assertFalse(packet[6] == (byte) 135 && packet[Ipv6Header.BYTES + 2] == 15);
    }
  }

  private static void repairChecksum(byte[] packet) {
    java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(packet);
    int length = packet.length - Ipv6Header.BYTES;
    bytes.putShort(44, (short) 0);
    long sum =
        org.kagemusha.core.wire.InternetChecksum.pseudoHeader(bytes, 0, length, 135)
            + org.kagemusha.core.wire.InternetChecksum.sum(bytes, 40, length);
    bytes.putShort(44, (short) org.kagemusha.core.wire.InternetChecksum.finish(sum));
  }

  @Test
  void withoutProtectedSignallingThereIsNoForwarding() {
    HandoverWorld world = new HandoverWorld(false, false).start(2);
    world.arriveAt(world.hosts.get(0));
    world.stream();
    world.pass(50 * MS);
    assertEquals("off", world.hosts.get(0).node.forwarding().state());
    world.pause();
    world.hosts.get(0).node.left(world.now);
    world.pass(50 * MS);
    assertFalse(world.hosts.get(0).node.isHandingOver());
    world.arriveAt(world.hosts.get(1));
    world.drain();
    assertEquals(0, world.hosts.get(1).counters.get(Counter.HANDOVER_INITIATES_SENT));
  }

  @Test
  void whatNobodyAsksForIsForgottenAfterTheGraceAndCounted() {
    HandoverWorld world = world(true, 1);
    Host source = world.hosts.get(0);
    world.pause();
    world.stream();
    world.pass(100 * MS);
    source.node.left(world.now);
    assertTrue(source.node.isHandingOver());
    world.pass(4 * SECOND);
    assertTrue(source.node.isHandingOver());
    assertTrue(source.node.expectsTunnels());
    world.pass(2 * SECOND);
    assertFalse(source.node.isHandingOver());
    assertFalse(source.node.expectsTunnels());
    assertEquals(
        source.counters.get(Counter.HANDOVER_PACKETS_KEPT),
        source.counters.drops(DropReason.HANDOVER_NOT_FETCHED));
    assertEquals("fenced", source.node.status(world.now).state());
  }

  @Test
  void roomIsBoundedAndTheOldestGiveWay() {
    HandoverWorld world = new HandoverWorld(true, true);
    world.room = 1 << 17;
    world.start(2);
    world.arriveAt(world.hosts.get(0));
    world.pass(50 * MS);
    world.pause();
    world.stream();
    world.pass(3 * SECOND);
    Host source = world.hosts.get(0);
    assertTrue(source.node.forwarding().waitingOctets() <= 1 << 17);
    world.arriveAt(world.hosts.get(1));
    world.drain();
    long gone = source.counters.drops(DropReason.HANDOVER_BUFFER_FULL);
    assertTrue(gone > 0);
    assertEquals(
        IntStream.range((int) gone, world.sent()).boxed().toList(), world.received);
  }

  @Test
  void hostsSpeakToEachOtherOnlyAfterTheHomeAgentHasAcknowledged() {
    HandoverWorld world = world(true, 2);
    world.pause();
    world.passes = (to, packet) -> !to.equals(HOME_AGENT);
    world.arriveAt(world.hosts.get(1));
    world.pass(5 * SECOND);
    assertEquals(0, world.hosts.get(1).counters.get(Counter.HANDOVER_INITIATES_SENT));
    assertTrue(world.wire.stream().noneMatch(packet -> packet[6] == (byte) 135));
  }
}
