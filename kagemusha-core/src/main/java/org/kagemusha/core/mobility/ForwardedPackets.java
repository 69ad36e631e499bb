package org.kagemusha.core.mobility;

import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;

/**
 * What became of packets that came to the old host for a VM that was on its way, since the start.
 * The first three are counted there, the others where the VM went.
 *
 * @param kept in memory while the VM was nowhere
 * @param forwarded to where it went
 * @param dropped for want of room or time
 * @param received from the host that the VM came from
 * @param held back, of those of the home agent, until these were there
 */
public record ForwardedPackets(
    long kept, long forwarded, long dropped, long received, long held) {

  /** What is counted now. */
  static ForwardedPackets of(Counters counters) {
    return new ForwardedPackets(
        counters.get(Counter.HANDOVER_PACKETS_KEPT),
        counters.get(Counter.HANDOVER_PACKETS_FORWARDED),
        counters.drops(DropReason.HANDOVER_BUFFER_FULL)
            + counters.drops(DropReason.HANDOVER_NOT_FETCHED),
        counters.get(Counter.HANDOVER_PACKETS_RECEIVED),
        counters.get(Counter.HANDOVER_PACKETS_HELD));
  }

  /** What was added since an earlier time. */
  ForwardedPackets since(ForwardedPackets before) {
    return new ForwardedPackets(
        kept - before.kept, forwarded - before.forwarded, dropped - before.dropped,
        received - before.received, held - before.held);
  }
}
