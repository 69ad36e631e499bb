package org.kagemusha.core.node;

import org.kagemusha.core.wire.PacketBuffer;

/** The way out to the routed network. */
@FunctionalInterface
public interface Underlay {

  /** What became of a packet. */
  enum Sent {
    /** It is on its way, or queued for the next batch. */
    OK,
    /** It is larger than the interface's MTU. */
    TOO_BIG,
    /** There is no route, or the interface is down. */
    UNREACHABLE,
    /** The socket's queue is full. */
    CONGESTED,
    /** It was to be sealed at last, and could not be: see {@link PacketBuffer#defer}. */
    NOT_SEALED
  }

  /**
   * Sends an IPv6 packet that has its header, source address included. The buffer stays the
   * caller's.
   */
  Sent send(PacketBuffer packet);

  /**
   * Where the next packet may be built, so that {@link #send} need not copy it: the memory of the next
   * place in a batch. It is the caller's until it is sent; whoever asks again without sending gets the
   * same. Null where there is no such memory, or no packet of that size fits: then the caller builds
   * it in its own.
   *
   * @param octets of the packet, without the usual room at both ends
   */
  default PacketBuffer slot(int octets) {
    return null;
  }

  /**
   * Whether {@link #send} takes packets whose sealing is deferred ({@link PacketBuffer#defer}), with
   * a UDP checksum of zero where they are in UDP right behind the IPv6 header. They are sealed before
   * they leave.
   */
  default boolean takesDeferred() {
    return false;
  }
}
