package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;

/** A host speaks for a VM only while the VM is there. */
class PresenceTest {

  private final MobileNodeFixture f = new MobileNodeFixture();

  private long probes() {
    return f.frames.stream()
        .map(MobileNodeFixture::neighborMessage)
        .filter(NeighborSolicitation.class::isInstance)
        .count();
  }

  @Test
  void refreshOfAGuestThatLeftUnnoticedNeverGoesOut() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(3600 * SECOND);
    assertEquals(1, f.updates().size());
  }

  @Test
  void refreshGoesOutOnceTheGuestHasAnswered() {
    f.start().registered();
    f.pass(545 * SECOND);
    assertTrue(f.updates().size() >= 2);
    assertTrue(probes() > 0);
  }

  @Test
  void guestInTrafficIsNotAskedBeforeARefresh() {
    f.start().registered();
    f.guestAnswers = false;
    for (int i = 0; i < 5450; i++) {
      f.pass(100 * MS);
      f.guestSends();
    }
    assertTrue(f.updates().size() >= 2);
  }

  @Test
  void rfc4861_s7_3_3_silentGuestIsAskedThreeTimesASecondApart() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(4900 * MS);
    assertEquals(0, probes());
    f.pass(3000 * MS);
    long perProbe = probes() / 3;
    assertTrue(perProbe >= 1 && probes() == 3 * perProbe);
    assertEquals(probes(), f.counters.get(Counter.NEIGHBOR_SOLICITATIONS_SENT));
    try (LogLines log = new LogLines(MobileNode.class)) {
      f.pass(500 * MS);
      assertEquals(List.of("guest silent vm=vm1 place=foreign"), log.warnings());
    }
    assertEquals("silent", f.state());
  }

  @Test
  void tunnelsAreExpectedWhileTheGuestIsHereOrAboutToCome() {
    f.start();
    assertFalse(f.node.expectsTunnels());
    f.node.expected(true, f.now);
    assertTrue(f.node.expectsTunnels());
    f.node.expected(false, f.now);
    assertFalse(f.node.expectsTunnels());
    f.node.expected(true, f.now);
    f.registered();
    assertTrue(f.node.expectsTunnels());
    f.node.left(f.now);
    assertFalse(f.node.expectsTunnels());
  }

  @Test
  void tunnelsAreExpectedOfASilentGuestUntilItsBindingHasEnded() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(20 * SECOND);
    assertEquals("silent", f.state());
    assertTrue(f.node.expectsTunnels());
    f.pass(3600 * SECOND);
    assertFalse(f.node.expectsTunnels());
  }

  @Test
  void tunnelsAreExpectedUntilARelease() {
    f.start().registered();
    f.node.release(f.now);
    assertEquals("deregistering", f.state());
    assertTrue(f.node.expectsTunnels());
    f.pass(60 * SECOND);
    assertEquals("released", f.state());
    assertFalse(f.node.expectsTunnels());
  }

  /** Seconds after which the guest was asked, counted from when it was heard before. */
  private List<Long> patience(int times) {
    List<Long> found = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      long heard = f.now;
      long asked = probes();
      while (probes() == asked) {
        f.pass(100 * MS);
      }
      found.add((f.now - heard + SECOND / 2) / SECOND);
    }
    return found;
  }

  @Test
  void guestThatOnlyAnswersIsAskedEverMoreSeldomUntilItSpeaks() {
    f.settings = MobileNodeFixture.with(f.settings, 36_000, false, false);
    f.start().registered();
    f.pass(2 * SECOND);
    f.guestSends();
    assertEquals(List.of(5L, 10L, 20L, 40L, 40L), patience(5));
    f.pass(2 * SECOND);
    f.guestSends();
    assertEquals(List.of(5L, 10L), patience(2));
  }

  @Test
  void guestThatWasSilentRegistersWithItsNextFrame() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(20 * SECOND);
    assertEquals("silent", f.state());
    f.guestSends();
    assertEquals(2, f.updates().size());
    assertEquals(2, f.node.status(f.now).handover().moveCount());
  }

  @Test
  void packetsStillReachASilentGuestWhileItsBindingLasts() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(20 * SECOND);
    int before = f.frames.size();
    f.onUnderlay(
        MobileNodeFixture.tunnelled(
            HOME_AGENT, CARE_OF,
            MobileNodeFixture.udp(MobileNodeFixture.CORRESPONDENT, HOME_ADDRESS, 8)));
    assertEquals(before + 1, f.frames.size());
  }

  @Test
  void silentGuestIsForgottenWhenItsBindingRunsOut() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(601 * SECOND);
    int frames = f.frames.size();
    f.pass(3600 * SECOND);
    assertEquals(frames, f.frames.size());
  }

  @Test
  void retransmissionWaitsForASignOfLife() {
    f.start();
    f.guestSends();
    f.guestAnswers = false;
    f.pass(60 * SECOND);
    assertEquals(1, f.updates().size());
    f.guestSends();
    assertEquals(2, f.updates().size());
  }

  @Test
  void afterLeftNothingIsSent() {
    f.start().registered();
    f.node.left(f.now);
    assertEquals("fenced", f.state());
    int packets = f.packets.size();
    int frames = f.frames.size();
    f.answer(ack(135, 4711, 0));
    f.onUnderlay(
        MobileNodeFixture.tunnelled(
            HOME_AGENT, CARE_OF,
            MobileNodeFixture.udp(MobileNodeFixture.CORRESPONDENT, HOME_ADDRESS, 8)));
    f.onUnderlay(
        org.kagemusha.core.signalling.SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, null,
            new BindingError(BindingError.UNKNOWN_BINDING, HOME_ADDRESS), null));
    f.node.careOfAddress(MobileNodeFixture.OTHER_CARE_OF, 1400, f.now);
    f.node.settings(
        MobileNodeFixture.with(f.settings, 300, false, false), f.now);
    f.pass(3600 * SECOND);
    assertEquals(packets, f.packets.size());
    assertEquals(frames, f.frames.size());
  }

  @Test
  void frameThatWasOnItsWayWhenTheVmLeftIsNotItsReturn() {
    f.start().registered();
    f.node.left(f.now);
    f.pass(10 * MS);
    int packets = f.packets.size();
    f.guestSends();
    assertEquals(packets, f.packets.size());
    assertEquals(1, f.drops(DropReason.TUNNEL_NOT_UP));
    f.pass(100 * MS);
    f.guestSends();
    assertEquals(2, f.updates().size());
  }

  @Test
  void hookLiftsTheFenceAtOnce() {
    f.start().registered();
    f.node.left(f.now);
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    assertEquals(2, f.updates().size());
  }

  @Test
  void arrivedAndLeftAreIdempotent() {
    f.start();
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    assertEquals(1, f.updates().size());
    f.node.left(f.now);
    f.node.left(f.now);
    assertEquals("fenced", f.state());
  }

  @Test
  void urgentUpdateForANewCareOfAddressAsksAGuestThatWasSilentFirst() {
    f.start().registered();
    f.guestAnswers = false;
    f.pass(20 * SECOND);
    f.node.careOfAddress(MobileNodeFixture.OTHER_CARE_OF, 1500, f.now);
    f.pass(10 * SECOND);
    assertEquals(1, f.updates().size());
  }

  @Test
  void whereOnlyTheHookTellsOfArrivalsAFrameWithTheGuestsMacIsNone() {
    f.settings = MobileNodeFixture.byHookOnly(f.settings);
    f.start();
    f.guestSends();
    f.rarp();
    f.pass(10 * SECOND);
    assertEquals(0, f.updates().size());
    assertEquals("waiting", f.state());
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    assertEquals(1, f.updates().size());
    f.node.left(f.now);
    f.pass(SECOND);
    f.guestSends();
    assertEquals("fenced", f.state());
    assertEquals(1, f.updates().size());
  }
}
