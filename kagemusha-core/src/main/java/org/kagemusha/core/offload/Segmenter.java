package org.kagemusha.core.offload;

import org.kagemusha.core.wire.PacketBuffer;

/** SKELETON. Takes a super-packet apart. One thread, one packet at a time. */
public final class Segmenter {

  /**
   * Begins with a super-packet (see {@link PacketBuffer#isSuperPacket()}): Ethernet, IPv6 and TCP or
   * UDP, or without Ethernet. It must not change until {@link #hasNext} says no.
   *
   * @param link octets before the IPv6 header that each segment gets unchanged: 14 or 0
   * @return false if it is not what it says; then nothing can be had of it
   */
  public boolean begin(PacketBuffer superPacket, int link) {
    throw new IllegalStateException("skeleton");
  }

  /** Octets of the largest segment, the link header included. */
  public int largest() {
    throw new IllegalStateException("skeleton");
  }

  /** Whether segments are left. */
  public boolean hasNext() {
    throw new IllegalStateException("skeleton");
  }

  /** Makes a buffer the next segment, at {@link PacketBuffer#HEADROOM}, finished. */
  public void next(PacketBuffer target) {
    throw new IllegalStateException("skeleton");
  }
}
