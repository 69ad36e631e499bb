package org.kagemusha.core.mobility;

import java.util.function.LongSupplier;
import org.kagemusha.core.mobility.MobileNodeStatus.HandoverTimeline;

/**
 * The timeline of the last arrival; what an outage is made of. Allocates nothing on the data path.
 */
final class HandoverRecorder {

  private static final long NOT_YET = Long.MIN_VALUE;

  private final LongSupplier wallClockMs;
  private final LongSupplier monotonicNs;
  private MobileNode.Trigger trigger;
  private long arrivalWallMs;
  private long arrivalNs;
  private long updateNs = NOT_YET;
  private long acknowledgementNs = NOT_YET;
  private long uplinkNs = NOT_YET;
  private long downlinkNs = NOT_YET;
  private int moves;

  /**
   * @param monotonicNs the clock of the time that the engine is told, for what happens between two
   *     tellings; or null, if that time is fine enough
   */
  HandoverRecorder(LongSupplier wallClockMs, LongSupplier monotonicNs) {
    this.wallClockMs = wallClockMs;
    this.monotonicNs = monotonicNs;
  }

  void arrived(MobileNode.Trigger by, long nowNs) {
    trigger = by;
    arrivalWallMs = wallClockMs.getAsLong();
    arrivalNs = nowNs;
    updateNs = NOT_YET;
    acknowledgementNs = NOT_YET;
    uplinkNs = NOT_YET;
    downlinkNs = NOT_YET;
    moves++;
  }

  void updateSent(long nowNs) {
    if (updateNs == NOT_YET) {
      updateNs = exactly(nowNs);
    }
  }

  void acknowledged(long nowNs) {
    if (acknowledgementNs == NOT_YET && updateNs != NOT_YET) {
      acknowledgementNs = nowNs;
    }
  }

  void uplink(long nowNs) {
    if (uplinkNs == NOT_YET) {
      uplinkNs = exactly(nowNs);
    }
  }

  void downlink(long nowNs) {
    if (downlinkNs == NOT_YET) {
      downlinkNs = exactly(nowNs);
    }
  }

  /** The arrival's time, monotonic ns; meaningless before the first. */
  long arrivalNs() {
    return arrivalNs;
  }

  /** How often the VM arrived. */
  int moves() {
    return moves;
  }

  HandoverTimeline timeline() {
    if (trigger == null) {
      return new HandoverTimeline("none", 0, 0, -1, -1, -1, -1, 0);
    }
    return new HandoverTimeline(
        trigger.text(),
        arrivalWallMs,
        arrivalNs,
        microseconds(arrivalNs, updateNs),
        microseconds(updateNs, acknowledgementNs),
        microseconds(arrivalNs, uplinkNs),
        microseconds(arrivalNs, downlinkNs),
        moves);
  }

  private long exactly(long nowNs) {
    return monotonicNs == null ? nowNs : Math.max(nowNs, monotonicNs.getAsLong());
  }

  private static long microseconds(long fromNs, long toNs) {
    return toNs == NOT_YET ? -1 : Math.max(toNs - fromNs, 0) / 1000;
  }
}
