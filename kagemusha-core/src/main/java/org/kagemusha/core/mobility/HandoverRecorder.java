package org.kagemusha.core.mobility;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.kagemusha.core.mobility.MobileNodeStatus.HandoverTimeline;

/**
 * The timelines of the last moves; what outages are made of. Allocates nothing on the data path.
 */
final class HandoverRecorder {

  /** How many moves are remembered. */
  static final int MOST_MOVES = 16;

  /** How long what the VMM tells and what follows from it may be apart. */
  private static final long TOGETHER_NS = 5_000_000_000L;

  private final LongSupplier wallClockMs;
  private final LongSupplier monotonicNs;
  private final Deque<MoveEntry> entries = new ArrayDeque<>();

  /** The last arrival; before the first one, something that nobody sees. */
  private MoveEntry stay = new MoveEntry(0, true, null, "", 0, null);

  /** The VM is stopped here, and neither left nor went on. */
  private MoveEntry leaving;

  private boolean here;
  private int moves;
  private int numbers;
  private Milestone told;
  private long toldUnixUs;
  private long toldNs;
  private Supplier<ForwardedPackets> forwarding = () -> null;

  /**
   * @param monotonicNs the clock of the time that the engine is told, for what happens between two
   *     tellings; or null, if that time is fine enough
   */
  HandoverRecorder(LongSupplier wallClockMs, LongSupplier monotonicNs) {
    this.wallClockMs = wallClockMs;
    this.monotonicNs = monotonicNs;
  }

  /** Says who counts the packets that are forwarded; it may answer null. */
  void forwarding(Supplier<ForwardedPackets> figures) {
    forwarding = figures;
  }

  /**
   * The VMM tells when it stopped the VM or let it go on: just before the daemon acts on it, or
   * after a frame has come earlier.
   */
  void vmm(Milestone milestone, long unixUs, long atNs) {
    if (milestone == Milestone.VMM_RESUME
        && here
        && leaving == null
        && Math.abs(stay.atNs(Milestone.ARRIVED) - atNs) <= TOGETHER_NS) {
      stay.atVmm(milestone, unixUs, atNs);
      return;
    }
    told = milestone;
    toldUnixUs = unixUs;
    toldNs = atNs;
  }

  private void attach(MoveEntry entry, Milestone milestone, long nowNs) {
    if (told == milestone && Math.abs(nowNs - toldNs) <= TOGETHER_NS) {
      entry.atVmm(milestone, toldUnixUs, toldNs);
    }
    told = null;
  }

  private MoveEntry open(boolean arrival, MobileNode.Trigger by, String place) {
    ForwardedPackets now = forwarding.get();
    if (!entries.isEmpty()) {
      entries.getLast().close(now);
    }
    MoveEntry entry =
        new MoveEntry(++numbers, arrival, by, place, wallClockMs.getAsLong(), now);
    entries.addLast(entry);
    if (entries.size() > MOST_MOVES) {
      entries.removeFirst();
    }
    return entry;
  }

  void arrived(MobileNode.Trigger by, String place, long nowNs) {
    stay = open(true, by, place);
    stay.at(Milestone.ARRIVED, nowNs);
    attach(stay, Milestone.VMM_RESUME, nowNs);
    leaving = null;
    here = true;
    moves++;
  }

  /** The VM was stopped here. */
  void paused(String place, long nowNs) {
    if (leaving == null && here) {
      leaving = open(false, null, place);
      leaving.at(Milestone.PAUSED, nowNs);
      attach(leaving, Milestone.VMM_STOP, nowNs);
    }
  }

  /** The VM goes on where it was stopped. */
  void resumed(long nowNs) {
    if (leaving != null) {
      leaving.at(Milestone.RESUMED, nowNs);
      leaving = null;
    }
    told = null;
  }

  /** The VM has left; said again, nothing is new. */
  void left(String place, long nowNs) {
    if (here) {
      if (leaving == null) {
        leaving = open(false, null, place);
      }
      leaving.at(Milestone.LEFT, nowNs);
    }
    leaving = null;
    here = false;
    told = null;
  }

  void updateSent(long nowNs) {
    if (!stay.has(Milestone.BINDING_UPDATE)) {
      stay.at(Milestone.BINDING_UPDATE, exactly(nowNs));
    }
  }

  void acknowledged(long nowNs) {
    if (stay.has(Milestone.BINDING_UPDATE)) {
      stay.at(Milestone.ACKNOWLEDGEMENT, nowNs);
    }
  }

  void uplink(long nowNs) {
    if (!stay.has(Milestone.FIRST_PACKET_UP)) {
      stay.at(Milestone.FIRST_PACKET_UP, exactly(nowNs));
    }
  }

  void downlink(long nowNs) {
    if (!stay.has(Milestone.FIRST_PACKET_DOWN)) {
      stay.at(Milestone.FIRST_PACKET_DOWN, exactly(nowNs));
    }
  }

  /** The arrival's time, monotonic ns; meaningless before the first. */
  long arrivalNs() {
    return stay.atNs(Milestone.ARRIVED);
  }

  /** How often the VM arrived. */
  int moves() {
    return moves;
  }

  /** The last moves, the latest last. */
  List<MoveRecord> records() {
    ForwardedPackets now = forwarding.get();
    List<MoveRecord> records = new ArrayList<>();
    for (MoveEntry entry : entries) {
      records.add(entry.record(entry == entries.getLast() ? now : null));
    }
    return records;
  }

  HandoverTimeline timeline() {
    if (stay.trigger() == null) {
      return new HandoverTimeline("none", 0, 0, -1, -1, -1, -1, 0);
    }
    return new HandoverTimeline(
        stay.trigger().text(),
        stay.wallMs(),
        arrivalNs(),
        stay.betweenUs(Milestone.ARRIVED, Milestone.BINDING_UPDATE),
        stay.betweenUs(Milestone.BINDING_UPDATE, Milestone.ACKNOWLEDGEMENT),
        stay.betweenUs(Milestone.ARRIVED, Milestone.FIRST_PACKET_UP),
        stay.betweenUs(Milestone.ARRIVED, Milestone.FIRST_PACKET_DOWN),
        moves);
  }

  private long exactly(long nowNs) {
    return monotonicNs == null ? nowNs : Math.max(nowNs, monotonicNs.getAsLong());
  }
}
