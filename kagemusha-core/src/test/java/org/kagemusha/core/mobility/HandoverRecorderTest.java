package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.mobility.MobileNode.Trigger;

/** What is written down of moves, with clocks that stand still unless told. */
class HandoverRecorderTest {

  private static final long US = 1000;
  private static final long MS = 1_000_000;
  private static final long UNIX_US = 1_700_000_000_000_000L;

  private final AtomicLong wallMs = new AtomicLong(1_700_000_000_000L);
  private final HandoverRecorder recorder = new HandoverRecorder(wallMs::get, null);
  private long now = 50 * MS;

  private static String moments(MoveRecord move) {
    return move.moments().stream()
        .map(one -> one.milestone().text() + "@" + one.offsetUs())
        .collect(Collectors.joining(" "));
  }

  private MoveRecord last() {
    List<MoveRecord> records = recorder.records();
    return records.get(records.size() - 1);
  }

  private void fill() {
    recorder.updateSent(now + 300 * US);
    recorder.uplink(now + 500 * US);
    recorder.uplink(now + 900 * US);
    recorder.acknowledged(now + 2 * MS);
    recorder.downlink(now + 3 * MS);
    recorder.downlink(now + 4 * MS);
  }

  @Test
  void anArrivalIsCountedFromResumeWhereTheVmmTellsIt() {
    recorder.vmm(Milestone.VMM_RESUME, UNIX_US + 123, now - 400 * US);
    recorder.arrived(Trigger.QMP, "foreign", now);
    fill();
    MoveRecord move = last();
    assertEquals(
        "vmm-resume@0 arrived@400 bu-sent@700 first-packet-up@900 ba-received@2400"
            + " first-packet-down@3400",
        moments(move));
    assertEquals(Milestone.VMM_RESUME, move.zero());
    assertEquals(UNIX_US + 123, move.zeroUnixUs());
    assertEquals("qmp", move.trigger());
    assertEquals("foreign", move.place());
    assertNull(move.forwarded());
  }

  @Test
  void aFrameMayBeEarlierThanTheNewsOfResume() {
    recorder.arrived(Trigger.ANNOUNCEMENT, "foreign", now);
    fill();
    assertEquals(Milestone.ARRIVED, last().zero());
    assertEquals(wallMs.get() * 1000, last().zeroUnixUs());
    recorder.vmm(Milestone.VMM_RESUME, UNIX_US, now - 100 * US);
    assertEquals(
        "vmm-resume@0 arrived@100 bu-sent@400 first-packet-up@600 ba-received@2100"
            + " first-packet-down@3100",
        moments(last()));
    assertEquals(UNIX_US, last().zeroUnixUs());
    assertEquals("announcement", last().trigger());
    assertEquals(1, recorder.moves());
  }

  @Test
  void aDepartureIsStopPausedLeft() {
    recorder.arrived(Trigger.HOOK, "home", now);
    recorder.vmm(Milestone.VMM_STOP, UNIX_US + 7, now + 10 * MS);
    recorder.paused("home", now + 11 * MS);
    recorder.paused("home", now + 12 * MS);
    recorder.left("home", now + 110 * MS);
    recorder.left("home", now + 120 * MS);
    assertEquals(2, recorder.records().size());
    assertEquals("vmm-stop@0 paused@1000 left@100000", moments(last()));
    assertEquals(UNIX_US + 7, last().zeroUnixUs());
    assertEquals(2, last().number());
    assertNull(last().trigger());
  }

  @Test
  void aFailedMigrationIsADepartureThatResumed() {
    recorder.arrived(Trigger.QMP, "foreign", now);
    recorder.paused("foreign", now + 10 * MS);
    recorder.vmm(Milestone.VMM_RESUME, UNIX_US, now + 30 * MS);
    recorder.resumed(now + 31 * MS);
    assertEquals("paused@0 resumed@21000", moments(last()));
    recorder.paused("foreign", now + 40 * MS);
    assertEquals("paused@0", moments(last()));
    assertEquals(3, recorder.records().size());
    assertEquals("arrived@0", moments(recorder.records().get(0)));
    assertEquals(1, recorder.moves());
  }

  @Test
  void whatWasToldLongAgoBelongsToNothing() {
    recorder.vmm(Milestone.VMM_RESUME, UNIX_US, now);
    recorder.arrived(Trigger.HOOK, "foreign", now + 6000 * MS);
    assertEquals("arrived@0", moments(last()));
    recorder.vmm(Milestone.VMM_STOP, UNIX_US, now + 7000 * MS);
    recorder.left("foreign", now + 7001 * MS);
    assertEquals("left@0", moments(last()));
  }

  @Test
  void aVmThatNeverWasHereDoesNotLeave() {
    recorder.paused("foreign", now);
    recorder.left("foreign", now);
    assertEquals(List.of(), recorder.records());
    assertEquals("none", recorder.timeline().trigger());
  }

  @Test
  void packetsCountFromTheMoveToTheNextOne() {
    AtomicLong kept = new AtomicLong(5);
    recorder.forwarding(() -> new ForwardedPackets(kept.get(), kept.get() - 1, 1, 0, 3));
    recorder.arrived(Trigger.QMP, "foreign", now);
    recorder.paused("foreign", now);
    kept.set(12);
    assertEquals(new ForwardedPackets(7, 7, 0, 0, 0), last().forwarded());
    recorder.left("foreign", now);
    recorder.arrived(Trigger.QMP, "foreign", now);
    kept.set(20);
    assertEquals(new ForwardedPackets(7, 7, 0, 0, 0), recorder.records().get(1).forwarded());
    assertEquals(new ForwardedPackets(8, 8, 0, 0, 0), last().forwarded());
  }

  @Test
  void theLastSixteenAreKept() {
    for (int i = 0; i < 20; i++) {
      recorder.arrived(Trigger.HOOK, "foreign", now);
    }
    assertEquals(HandoverRecorder.MOST_MOVES, recorder.records().size());
    assertEquals(5, recorder.records().get(0).number());
    assertEquals(20, last().number());
    assertEquals(20, recorder.timeline().moveCount());
  }
}
