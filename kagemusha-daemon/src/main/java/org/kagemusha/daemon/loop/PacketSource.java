package org.kagemusha.daemon.loop;

import java.io.IOException;

/**
 * A descriptor from which packets come, and what is done with each. Called by the loop's thread.
 */
public interface PacketSource {

  /** The descriptor, non-blocking; it stays the source's own. */
  int descriptor();

  /**
   * Takes one packet, if there is one, to where it belongs.
   *
   * @param nowNs monotonic time
   * @return false if nothing was there
   * @throws IOException if the descriptor is of no use any more
   */
  boolean receive(long nowNs) throws IOException;

  /** Says whether something is left that no poll tells of; asked after the budget is used up. */
  default boolean pending() {
    return false;
  }

  /** What it is, for log lines. */
  String name();
}
