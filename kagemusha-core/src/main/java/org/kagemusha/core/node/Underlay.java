package org.kagemusha.core.node;

import org.kagemusha.core.wire.Ipv6Address;
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
   * Has what was sent leave now, where it would wait for the end of the batch: for signalling, on
   * which another host waits while this one goes on working.
   */
  default void transmit() {}

  /**
   * Where the next packet may be built, so that {@link #send} need not copy it: the memory of the
   * next place in a batch. It is the caller's until it is sent; whoever asks again without sending
   * gets the same. Null where there is no such memory, or no packet of that size fits: then the
   * caller builds it in its own.
   *
   * @param octets of the packet, without the usual room at both ends
   */
  default PacketBuffer slot(int octets) {
    return null;
  }

  /**
   * Whether {@link #send} computes a UDP checksum that is zero right behind the IPv6 header (RFC
   * 8200 §8.1 wants one), or has the kernel do it: then nobody needs to beforehand.
   */
  default boolean completesChecksum() {
    return false;
  }

  /**
   * Whether {@link #send} takes packets whose sealing is deferred ({@link PacketBuffer#defer}),
   * with a UDP checksum of zero where they are in UDP right behind the IPv6 header. They are sealed
   * before they leave.
   */
  default boolean takesDeferred() {
    return false;
  }

  /**
   * Has a whole super-packet put into a tunnel in clear by someone who need not take it apart
   * first: IPv6 in IPv6 without anything between the headers, traffic class and flow label of the
   * inner header in the outer one, and a hop limit one less than the inner one, which stays.
   * Packets of {@link #send} that came before go before it.
   *
   * @param inner a super-packet; it stays the caller's, as it is
   * @param segments how many packets it becomes
   * @param local the outer source
   * @param remote the outer destination
   * @return false where nothing was sent: then the caller takes it apart
   */
  default boolean encapsulate(
      PacketBuffer inner, int segments, Ipv6Address local, Ipv6Address remote) {
    return false;
  }
}
