package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;

import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.DropReason;

/** A VM that its VMM stops: it may go on here, or elsewhere, or nowhere. */
class PauseTest {

  private final MobileNodeFixture f = new MobileNodeFixture();

  private void accept() {
    BindingUpdate update = f.lastUpdate();
    f.answer(ack(0, update.sequence(), update.lifetimeUnits()));
  }

  private void tunnelledPacketComes() {
    f.onUnderlay(
        MobileNodeFixture.tunnelled(
            HOME_AGENT, CARE_OF,
            MobileNodeFixture.udp(MobileNodeFixture.CORRESPONDENT, HOME_ADDRESS, 8)));
  }

  @Test
  void pausedGuestIsNeitherRefreshedNorAsked() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(599 * SECOND);
    assertEquals("paused", f.state());
    assertEquals(1, f.updates().size());
    assertEquals(
        0,
        f.frames.stream()
            .map(MobileNodeFixture::neighborMessage)
            .filter(NeighborSolicitation.class::isInstance)
            .count());
  }

  @Test
  void pausedGuestKeepsItsTunnel() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(20 * SECOND);
    int before = f.frames.size();
    tunnelledPacketComes();
    assertEquals(before + 1, f.frames.size());
  }

  @Test
  void retransmissionWaitsForTheEndOfThePause() {
    f.start();
    f.guestSends();
    f.node.paused(f.now);
    f.pass(60 * SECOND);
    assertEquals(1, f.updates().size());
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    assertEquals(2, f.updates().size());
  }

  @Test
  void guestOfAFailedMigrationKeepsItsBindingAndTellsTheHomeAgentAgain() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(300 * MS);
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    assertEquals(2, f.updates().size());
    accept();
    assertEquals("registered", f.state());
    assertEquals(1, f.node.status(f.now).handover().moveCount());
  }

  @Test
  void frameEndsThePauseWhereTheVmmDidNotTellOfIt() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(GuestPresence.GUARD_NS);
    f.guestSends();
    accept();
    assertEquals("registered", f.state());
    assertEquals(2, f.updates().size());
  }

  @Test
  void frameThatWasOnItsWayIsCarriedAndDoesNotEndThePause() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(10 * MS);
    int packets = f.packets.size();
    f.guestSends();
    assertEquals(packets + 1, f.packets.size());
    assertEquals(0, f.drops(DropReason.TUNNEL_NOT_UP));
    assertEquals("paused", f.state());
    assertEquals(1, f.updates().size());
  }

  @Test
  void pauseThatIsSaidTwiceLastsFromTheFirst() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(60 * MS);
    f.node.paused(f.now);
    f.pass(60 * MS);
    f.guestSends();
    assertEquals(2, f.updates().size());
  }

  @Test
  void guestThatLeftAfterItsPauseIsFenced() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(50 * MS);
    f.node.left(f.now);
    f.node.paused(f.now);
    assertEquals("fenced", f.state());
    f.pass(3600 * SECOND);
    assertEquals(1, f.updates().size());
  }

  @Test
  void pausedGuestWhoseBindingRanOutArrivesAnew() {
    f.start().registered();
    f.node.paused(f.now);
    f.pass(601 * SECOND);
    assertEquals("waiting", f.state());
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    assertEquals(2, f.updates().size());
    assertEquals(2, f.node.status(f.now).handover().moveCount());
  }

  @Test
  void pauseOfAGuestThatIsNotHereIsNothing() {
    f.start();
    f.node.paused(f.now);
    assertEquals("waiting", f.state());
    f.pass(3600 * SECOND);
    assertEquals(0, f.updates().size());
  }

  @Test
  void otherCareOfAddressDuringThePauseIsRegisteredAfterIt() {
    f.start().registered();
    f.node.paused(f.now);
    f.node.careOfAddress(MobileNodeFixture.OTHER_CARE_OF, 1500, f.now);
    f.pass(SECOND);
    assertEquals(1, f.updates().size());
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    assertEquals(2, f.updates().size());
  }

  @Test
  void whereOnlyTheHookTellsAFrameDoesNotEndThePause() {
    f.settings = MobileNodeFixture.byHookOnly(f.settings);
    f.start();
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    f.node.paused(f.now);
    f.pass(SECOND);
    f.guestSends();
    assertEquals("paused", f.state());
  }

  @Test
  void triggersInAnyOrderAndTwiceMakeOneArrival() {
    f.start();
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    f.rarp();
    f.guestSends();
    f.node.arrived(MobileNode.Trigger.HOOK, f.now);
    f.node.arrived(MobileNode.Trigger.QMP, f.now);
    assertEquals(1, f.updates().size());
    assertEquals("qmp", f.node.status(f.now).handover().trigger());
    assertEquals(1, f.node.status(f.now).handover().moveCount());
  }
}
