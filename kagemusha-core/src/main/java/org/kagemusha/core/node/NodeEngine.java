package org.kagemusha.core.node;

import org.kagemusha.core.wire.PacketBuffer;

/**
 * A Mobile IPv6 node as the loop sees it: the mobile node beside a VM, or the home agent. It opens no
 * socket, reads no clock and starts no thread; one thread calls it. {@code nowNs} is monotonic time
 * in nanoseconds and never goes back.
 */
public interface NodeEngine {

  /** "No deadline", as returned by {@link #nextDeadlineNs()}. */
  long NEVER = Long.MAX_VALUE;

  /**
   * Takes an Ethernet frame from the home side: the guest's link beside a VM, the home link at a home
   * agent. The engine may change the buffer, and keeps nothing of it.
   */
  void onHomeFrame(PacketBuffer frame, long nowNs);

  /**
   * Takes an IPv6 packet that came over the routed network, reassembled, with its IPv6 header. The
   * engine may change the buffer, and keeps nothing of it.
   */
  void onUnderlayPacket(PacketBuffer packet, long nowNs);

  /** Does whatever is due. */
  void onDeadline(long nowNs);

  /** When {@link #onDeadline} wants to be called next, or {@link #NEVER}. */
  long nextDeadlineNs();
}
