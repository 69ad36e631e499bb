package org.kagemusha.tap.rawsocket;

import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.DeferredPasses;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Has the ESP packets of a received batch opened by a team, in place, before they are handed over
 * one by one. Nothing is decided by it: it leaves its outcome in the buffers.
 */
final class EarlyOpening {

  private final CipherTeam team;
  private final UnderlaySocket.Arrivals arrivals;
  private final DeferredPasses opening = new DeferredPasses(new PacketBuffer[64]);
  private int count;

  EarlyOpening(CipherTeam team, UnderlaySocket.Arrivals arrivals) {
    this.team = team;
    this.arrivals = arrivals;
  }

  /** Begins with a batch. */
  void begin() {
    count = 0;
  }

  /**
   * Adds a packet, if it can be opened.
   *
   * @param packet from its IPv6 header on, or from its ESP header
   * @param esp the absolute index of the ESP header
   */
  void add(PacketBuffer packet, int esp) {
    arrivals.arrived(packet, esp);
    if (packet.isDeferred()) {
      opening.set(count++, packet);
    }
  }

  /** Opens what was added, unless it is too little: then each is opened when its turn comes. */
  void run() {
    if (count >= CipherTeam.FEWEST_IN_ONE_PASS) {
      team.run(count, opening);
    }
  }
}
