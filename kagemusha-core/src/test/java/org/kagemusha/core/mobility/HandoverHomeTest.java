package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.TAP_MAC;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.handover.PacketHold;
import org.kagemusha.core.mobility.HandoverWorld.Host;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** A VM leaves the home link and comes back to it: nothing is lost, and the order stays. */
class HandoverHomeTest {

  private static final int NEXT_HEADER = 20;
  private static final int HOP_LIMIT = 21;

  private final HandoverWorld world = new HandoverWorld(true, true);
  private Host away;
  private Host home;

  @BeforeEach
  void guestIsAtHome() {
    world.start(1).startAtHome();
    away = world.hosts.get(0);
    home = world.home;
    world.stream();
    world.pass(300 * MS);
  }

  private void move(Host to, long pauseNs) {
    world.pause();
    world.pass(pauseNs);
    world.arriveAt(to);
    world.pass(400 * MS);
  }

  private long heldByTheHomeAgent() {
    return world.homeAgentCounters.get(Counter.HANDOVER_PACKETS_HELD);
  }

  private static boolean isMark(byte[] frame) {
    return frame[NEXT_HEADER] == Protocol.NO_NEXT_HEADER;
  }

  private String disorder() {
    world.drain();
    return world.disorder();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 270})
  void streamSurvivesTheWayAbroadAndBackInOrder(int pauseMs) {
    for (int i = 0; i < 3; i++) {
      move(away, pauseMs * MS);
      assertEquals("registered", away.node.status(world.now).state());
      move(home, pauseMs * MS);
      assertEquals("home", home.node.status(world.now).state());
    }
    assertEquals("", disorder());
    assertTrue(home.counters.get(Counter.HANDOVER_PACKETS_KEPT) > 0);
    assertTrue(heldByTheHomeAgent() > 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {15, 60})
  void newsOfTheStopMayComeAfterTheMove(int late) {
    world.pauseUnheard(late * MS);
    world.pass(10 * MS);
    world.arriveAt(away);
    world.pass(SECOND);
    assertEquals("", disorder().replaceAll(" late \\d+", ""), "order needs the news in time");
  }

  @Test
  void hostThatKeepsNothingIsNotWaitedFor() {
    home.node.handoverBuffer(0, world.now);
    move(away, 10 * MS);
    assertEquals(0, heldByTheHomeAgent());
  }

  @Test
  void hostThatFallsSilentIsNotWaitedForLong() {
    world.pause();
    world.pass(10 * MS);
    world.passesOnLink = frame -> !MobileNodeFixture.sourceOf(frame).equals(TAP_MAC);
    world.arriveAt(away);
    world.pass(20 * MS);
    int before = world.received.size();
    assertTrue(heldByTheHomeAgent() > 0);
    world.pass(PacketHold.SIGN_NS);
    assertTrue(world.received.size() > before + 30, "released with what came since");
    world.drain();
    int first = world.received.get(before);
    for (int i = before; i < world.received.size(); i++) {
      assertEquals(first + i - before, world.received.get(i));
    }
  }

  @Test
  void lostSecondMarkCostsNoMoreThanTheWait() {
    world.passesOnLink = frame -> !isMark(frame) || (frame[0] & 1) != 0;
    move(away, 50 * MS);
    assertEquals("", disorder());
    assertTrue(heldByTheHomeAgent() <= PacketHold.SIGN_NS / MS + 10);
  }

  @Test
  void marksOfOtherStationsAndFromBeyondTheLinkEndNoWait() {
    world.passesOnLink = frame -> !isMark(frame) || (frame[0] & 1) != 0;
    world.pause();
    world.pass(50 * MS);
    byte[][] mark = new byte[1][];
    world.passesOnLink =
        frame -> {
          if (isMark(frame)) {
            mark[0] = frame;
          }
          return !isMark(frame);
        };
    world.arriveAt(away);
    world.pass(10 * MS);
    long held = heldByTheHomeAgent();
    byte[] other = mark[0].clone();
    other[11] ^= 1;
    world.homeAgent.onHomeFrame(PacketBuffer.copyOf(other), world.now);
    byte[] routed = mark[0].clone();
    routed[HOP_LIMIT] = 64;
    world.homeAgent.onHomeFrame(PacketBuffer.copyOf(routed), world.now);
    world.pass(10 * MS);
    assertTrue(heldByTheHomeAgent() >= held + 9);
    world.homeAgent.onHomeFrame(PacketBuffer.copyOf(mark[0]), world.now);
    held = heldByTheHomeAgent();
    world.pass(10 * MS);
    assertEquals(held, heldByTheHomeAgent());
    assertEquals("", disorder());
  }

  @Test
  void bindingThatEndsMeanwhileGivesBackWhatWaits() {
    world.passesOnLink = frame -> !isMark(frame) || (frame[0] & 1) != 0;
    world.pause();
    world.pass(50 * MS);
    world.arriveAt(away);
    world.pass(10 * MS);
    assertTrue(heldByTheHomeAgent() > 0);
    int before = world.homeAgent.neighbors().size();
    world.homeAgent.withdraw(HOME_ADDRESS, "test", world.now);
    assertEquals(before + 1, world.homeAgent.neighbors().size(), "asks where the guest is");
    assertTrue(world.homeAgent.neighbors().get(before).queued() > 5);
  }

  @Test
  void oldHostThatIsGoneDelaysTheReturnNoLongerThanTheWait() {
    move(away, 10 * MS);
    Ipv6Address gone = away.careOf;
    world.pause();
    world.passes = (to, packet) -> !to.equals(gone);
    world.pass(10 * MS);
    world.arriveAt(home);
    world.pass(PacketHold.SILENT_NS - MS);
    assertEquals("deregistering", home.node.status(world.now).state());
    world.pass(5 * MS);
    assertEquals("home", home.node.status(world.now).state());
  }

  @Test
  void firstMarkIsForAllNodesAndTheSecondForTheHomeAgentAlone() {
    List<byte[]> marks = new ArrayList<>();
    world.passesOnLink =
        frame -> {
          if (isMark(frame)) {
            marks.add(frame);
          }
          return true;
        };
    move(away, 10 * MS);
    assertEquals(2, marks.size());
    assertTrue(
        MobileNodeFixture.isTo(marks.get(0), MacAddress.multicastOf(Ipv6Address.ALL_NODES)));
    assertTrue(MobileNodeFixture.isTo(marks.get(1), HandoverWorld.HOME_AGENT_TAP));
    for (byte[] mark : marks) {
      assertEquals(TAP_MAC, MobileNodeFixture.sourceOf(mark));
      assertEquals((byte) 255, mark[HOP_LIMIT]);
      assertEquals(14 + 40, mark.length);
    }
  }
}
