package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.kagemusha.core.mobility.MoveRecord.Moment;

/** A move while it is written down. */
final class MoveEntry {

  private static final long NOT_YET = Long.MIN_VALUE;
  private static final int MILESTONES = Milestone.values().length;

  private final int number;
  private final boolean arrival;
  private final MobileNode.Trigger trigger;
  private final String place;
  private final long wallMs;
  private final ForwardedPackets before;
  private final long[] atNs = new long[MILESTONES];
  private long vmmUnixUs;
  private ForwardedPackets forwarded;

  /**
   * @param wallMs the time of its first milestone but those of the VMM
   * @param before what was forwarded until now, or null
   */
  MoveEntry(
      int number, boolean arrival, MobileNode.Trigger trigger, String place, long wallMs,
      ForwardedPackets before) {
    this.number = number;
    this.arrival = arrival;
    this.trigger = trigger;
    this.place = place;
    this.wallMs = wallMs;
    this.before = before;
    Arrays.fill(atNs, NOT_YET);
  }

  boolean has(Milestone milestone) {
    return atNs[milestone.ordinal()] != NOT_YET;
  }

  long atNs(Milestone milestone) {
    return atNs[milestone.ordinal()];
  }

  /** Notes a milestone; only its first time counts. */
  void at(Milestone milestone, long ns) {
    if (!has(milestone)) {
      atNs[milestone.ordinal()] = ns;
    }
  }

  /** Notes one that the VMM has told with its own time. */
  void atVmm(Milestone milestone, long unixUs, long ns) {
    if (!has(milestone)) {
      vmmUnixUs = unixUs;
      atNs[milestone.ordinal()] = ns;
    }
  }

  MobileNode.Trigger trigger() {
    return trigger;
  }

  long wallMs() {
    return wallMs;
  }

  /** Microseconds from one to another, 0 at least, or -1 if one has not happened. */
  long betweenUs(Milestone from, Milestone to) {
    return has(from) && has(to) ? Math.max(atNs(to) - atNs(from), 0) / 1000 : -1;
  }

  /** What was forwarded counts no more for this one. */
  void close(ForwardedPackets now) {
    if (forwarded == null && now != null && before != null) {
      forwarded = now.since(before);
    }
  }

  MoveRecord record(ForwardedPackets now) {
    Milestone zero = zero();
    List<Moment> moments = new ArrayList<>();
    for (Milestone milestone : Milestone.values()) {
      if (has(milestone)) {
        moments.add(
            new Moment(milestone, Math.floorDiv(atNs(milestone) - atNs(zero), 1000L)));
      }
    }
    moments.sort(Comparator.comparingLong(Moment::offsetUs));
    ForwardedPackets shown = forwarded;
    if (shown == null && now != null && before != null) {
      shown = now.since(before);
    }
    return new MoveRecord(
        number, arrival, trigger == null ? null : trigger.text(), place, zero,
        zero == Milestone.VMM_STOP || zero == Milestone.VMM_RESUME ? vmmUnixUs : wallMs * 1000,
        moments, shown);
  }

  private Milestone zero() {
    if (arrival) {
      return has(Milestone.VMM_RESUME) ? Milestone.VMM_RESUME : Milestone.ARRIVED;
    }
    if (has(Milestone.VMM_STOP)) {
      return Milestone.VMM_STOP;
    }
    return has(Milestone.PAUSED) ? Milestone.PAUSED : Milestone.LEFT;
  }
}
