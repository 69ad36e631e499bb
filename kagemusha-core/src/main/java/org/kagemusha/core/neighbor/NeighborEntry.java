package org.kagemusha.core.neighbor;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** A neighbour in a {@link NeighborCache}, RFC 4861 §5.1. */
final class NeighborEntry extends Timed {

  /** Packets that wait for one neighbour at most. */
  static final int QUEUE = 64;

  /** RFC 4861 §7.3.2. */
  enum State {
    /** Being resolved; packets wait. */
    INCOMPLETE,
    /** Confirmed within ReachableTime. */
    REACHABLE,
    /** Not confirmed, and not used since. */
    STALE,
    /** Used without confirmation, not probed yet. */
    DELAY,
    /** Being probed. */
    PROBE
  }

  final Ipv6Address address;
  final PacketBuffer[] queue = new PacketBuffer[QUEUE];
  State state = State.INCOMPLETE;
  MacAddress mac;
  int queued;

  /** Whether the first packet of the queue gives way to none that come later. */
  boolean firstIsKept;

  int solicitations;
  long usedNs;
  long confirmedNs;

  NeighborEntry(Ipv6Address address, long nowNs) {
    this.address = address;
    this.usedNs = nowNs;
  }

  void enqueue(PacketBuffer packet) {
    queue[queued++] = packet;
  }

  /** Puts a packet in front, where it stays; the one kept there before becomes the oldest. */
  void enqueueFirst(PacketBuffer packet) {
    System.arraycopy(queue, 0, queue, 1, queued++);
    queue[0] = packet;
    firstIsKept = true;
  }

  /** Drops the oldest packet that is not kept, and says how many octets it had. */
  int dropOldest() {
    int oldest = firstIsKept ? 1 : 0;
    int octets = queue[oldest].length();
    System.arraycopy(queue, oldest + 1, queue, oldest, --queued - oldest);
    queue[queued] = null;
    return octets;
  }

  /** Empties the queue and says how many octets were in it. */
  int clearQueue() {
    int octets = 0;
    while (queued > 0) {
      octets += queue[--queued].length();
      queue[queued] = null;
    }
    firstIsKept = false;
    return octets;
  }

  /** Says whether this entry shall be evicted rather than another. */
  boolean isWorthLessThan(NeighborEntry other) {
    boolean unresolved = state == State.INCOMPLETE;
    boolean otherUnresolved = other.state == State.INCOMPLETE;
    return unresolved != otherUnresolved ? unresolved : usedNs < other.usedNs;
  }
}
