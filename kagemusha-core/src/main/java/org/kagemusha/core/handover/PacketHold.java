package org.kagemusha.core.handover;

import org.kagemusha.core.wire.PacketBuffer;

/**
 * Packets that came the new way, while those of the old way are still under way: they go out behind
 * them, so that the order within a flow stays. The wait is short, grows with what comes the old
 * way, and is bounded in time and memory. For one thread.
 */
public final class PacketHold {

  /** How long packets are held while nothing is heard of the old place. */
  public static final long SILENT_NS = 30_000_000L;

  /** How long they are held from the last sign of it on. */
  public static final long SIGN_NS = 100_000_000L;

  /** How long they are held at most. */
  public static final long MOST_NS = 2_000_000_000L;

  private final PacketRing packets;
  private final long sinceNs;
  private long untilNs;

  /**
   * Begins to hold.
   *
   * @param octets room, as for a {@link PacketRing}
   */
  public PacketHold(int octets, long nowNs) {
    packets = new PacketRing(octets);
    sinceNs = nowNs;
    untilNs = nowNs + SILENT_NS;
  }

  /** Until when packets are held if nothing else happens. */
  public long untilNs() {
    return untilNs;
  }

  /** The old place gave a sign: a packet came from there, or it said that it will send. */
  public void onSign(long nowNs) {
    untilNs = Math.min(nowNs + SIGN_NS, sinceNs + MOST_NS);
  }

  /**
   * Copies a packet to the end.
   *
   * @return false if there is no room: then none is to be held any more
   */
  public boolean offer(PacketBuffer packet) {
    if (!packets.hasRoom(packet.length())) {
      return false;
    }
    packets.add(packet, 0);
    return true;
  }

  /**
   * Takes the oldest packet out, as {@link PacketRing#poll} does.
   *
   * @return false if none waits
   */
  public boolean poll(PacketBuffer to) {
    return packets.poll(to);
  }

  /** How many packets wait. */
  public int size() {
    return packets.size();
  }

  /** Octets in use. */
  public int octets() {
    return packets.octets();
  }
}
