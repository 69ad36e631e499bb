package org.kagemusha.daemon.loop;

import java.io.IOException;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * A descriptor from which packets come, and what is done with each. Called by the loop's thread.
 */
public interface PacketSource {

  /** Octets that cost as much time as a small packet, roughly. */
  int OCTETS_OF_WEIGHT = 4096;

  /** The descriptor, non-blocking; it stays the source's own. */
  int descriptor();

  /**
   * Takes one packet, if there is one, to where it belongs.
   *
   * @param nowNs monotonic time
   * @return what it weighs in the budget of a wake-up (see {@link #weight}), or 0 if nothing was
   *     there
   * @throws IOException if the descriptor is of no use any more
   */
  int receive(long nowNs) throws IOException;

  /**
   * What a packet weighs: as much as its segments, and at least one for every {@link
   * #OCTETS_OF_WEIGHT} octets. To be asked before the engine has changed the packet.
   */
  static int weight(PacketBuffer packet) {
    int octets = packet.length();
    int segment = packet.segmentSize();
    return Math.max(1 + octets / OCTETS_OF_WEIGHT, segment == 0 ? 1 : 1 + octets / segment);
  }

  /** Says whether something is left that no poll tells of; asked after the budget is used up. */
  default boolean pending() {
    return false;
  }

  /** Whether a wake-up may wait some microseconds for more where it has found much. */
  default boolean isModerated() {
    return false;
  }

  /** What it is, for log lines. */
  String name();
}
