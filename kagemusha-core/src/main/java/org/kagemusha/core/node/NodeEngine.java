package org.kagemusha.core.node;

import org.kagemusha.core.wire.PacketBuffer;

/**
 * A Mobile IPv6 node as the loop sees it: the mobile node beside a VM, or the home agent. It opens
 * no socket, reads no clock and starts no thread; one thread calls it. {@code nowNs} is monotonic
 * time in nanoseconds and never goes back.
 */
public interface NodeEngine {

  /** "No deadline", as returned by {@link #nextDeadlineNs()}. */
  long NEVER = Long.MAX_VALUE;

  /**
   * Takes an Ethernet frame from the home side: the guest's link beside a VM, the home link at a
   * home agent. It may be a super-frame, and its checksum may be unfinished, if the buffer says so.
   * The engine may change the buffer, and keeps nothing of it.
   */
  void onHomeFrame(PacketBuffer frame, long nowNs);

  /**
   * Takes an IPv6 packet that came over the routed network, reassembled, with its IPv6 header.
   * Where the network joined several to one, or left an inner checksum unfinished, the buffer says
   * so. The engine may change the buffer, and keeps nothing of it.
   */
  void onUnderlayPacket(PacketBuffer packet, long nowNs);

  /**
   * Looks at an ESP packet that will come by {@link #onUnderlayPacket}, behind others. Where it is
   * worth it, opening it is left in the buffer as deferred work, which may be done before; no state
   * changes. What is decided then is what would be decided without this call.
   *
   * @param packet from its IPv6 header on; only from its ESP header on where it came in UDP
   * @param esp the absolute index of the ESP header
   */
  default void onEspArrival(PacketBuffer packet, int esp) {}

  /**
   * Takes back a packet that {@link Underlay#send} had accepted for a batch and that did not go
   * out. May be called while the engine is sending another. Whoever calls has counted the drop.
   *
   * @param outer the packet as it was sent; it is only read
   * @param why not; never {@link Underlay.Sent#OK}
   */
  default void onUnderlayRefused(PacketBuffer outer, Underlay.Sent why, long nowNs) {}

  /** Does whatever is due. */
  void onDeadline(long nowNs);

  /** When {@link #onDeadline} wants to be called next, or {@link #NEVER}. */
  long nextDeadlineNs();
}
