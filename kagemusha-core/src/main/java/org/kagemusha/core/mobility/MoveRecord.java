package org.kagemusha.core.mobility;

import java.util.List;

/**
 * One arrival of the VM at this host, or one departure from it.
 *
 * @param number among all that are recorded since the start, from 1
 * @param arrival true: it came; false: it was stopped here, and left or went on
 * @param trigger what told of the arrival, in the word of {@link MobileNode.Trigger}, or null
 * @param place what this host was to the VM then: {@code home}, {@code foreign} or {@code
 *     undecided}
 * @param zero the moment from which others are counted
 * @param zeroUnixUs its time, microseconds since 1970: as the VMM has told it, else exact to a
 *     millisecond
 * @param moments what has happened, by time
 * @param forwarded what became of packets in between, or null where none are forwarded
 */
public record MoveRecord(
    int number,
    boolean arrival,
    String trigger,
    String place,
    Milestone zero,
    long zeroUnixUs,
    List<Moment> moments,
    ForwardedPackets forwarded) {

  /**
   * When something happened.
   *
   * @param offsetUs microseconds since the zero, by the monotonic clock
   */
  public record Moment(Milestone milestone, long offsetUs) {}

  /** Copies the list. */
  public MoveRecord {
    moments = List.copyOf(moments);
  }
}
