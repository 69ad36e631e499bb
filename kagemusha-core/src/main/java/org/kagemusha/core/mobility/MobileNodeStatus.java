package org.kagemusha.core.mobility;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A snapshot for the status command.
 *
 * @param state "waiting" (the VM was not seen), "locating" (it is not clear yet whether this is its
 *     home link), "home", "deregistering", "registering", "registered", "silent" (the VM does not
 *     answer; its binding is not refreshed), "paused" (its VMM has stopped it here),
 *     "fenced" (the VM has left), "released"
 * @param careOfAddress in force, or null
 * @param bindings one for each home address
 * @param handover the last arrival's timeline, never null
 * @param guestAddresses what the guest was seen to use
 * @param tunnelMtu the largest inner packet that goes through in one piece, octets; 0 while no
 *     tunnel has ends
 * @param encapsulation "none", "udp", or "probing" while it is not known what gets through
 */
public record MobileNodeStatus(
    String state,
    Ipv6Address careOfAddress,
    List<BindingStatusLine> bindings,
    HandoverTimeline handover,
    List<Ipv6Address> guestAddresses,
    int tunnelMtu,
    String encapsulation) {

  /** Copies the lists. */
  public MobileNodeStatus {
    bindings = List.copyOf(bindings);
    guestAddresses = List.copyOf(guestAddresses);
  }

  /**
   * One binding update list entry (RFC 6275 §11.1).
   *
   * @param homeAddress the home address
   * @param homeAgent the home agent in turn
   * @param state "idle", "registering", "registered", "deregistering", "deregistered", "duplicate"
   * @param sequence the sequence number used last, or -1
   * @param remainingSeconds until the binding runs out, 0 without one
   * @param lastStatus of the last Binding Acknowledgement (§6.1.8), or -1
   * @param retransmissions since the last acknowledgement
   */
  public record BindingStatusLine(
      Ipv6Address homeAddress,
      Ipv6Address homeAgent,
      String state,
      int sequence,
      long remainingSeconds,
      int lastStatus,
      int retransmissions) {}

  /**
   * Wall-clock ms since 1970 of what happened at the last arrival, 0 where it did not (yet); plus
   * differences in microseconds measured on the monotonic clock, -1 where not (yet) known.
   *
   * @param trigger "hook", "qmp", "announcement", "first-frame", or "none"
   * @param arrivalNs the arrival on the monotonic clock, ns
   * @param moveCount how often the VM arrived here since the start
   */
  public record HandoverTimeline(
      String trigger,
      long arrivalWallMs,
      long arrivalNs,
      long arrivalToBindingUpdateUs,
      long bindingUpdateToAcknowledgementUs,
      long arrivalToFirstUplinkUs,
      long arrivalToFirstDownlinkUs,
      int moveCount) {}
}
