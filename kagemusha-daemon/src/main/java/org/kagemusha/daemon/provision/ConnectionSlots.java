package org.kagemusha.daemon.provision;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The places that connections have. Where all are taken, a newcomer displaces one that has not begun
 * its handshake, out of the network that has the most places, the oldest first: silence costs
 * nothing but the place of another silent one. For one thread.
 *
 * @param <C> a connection
 */
final class ConnectionSlots<C> {

  private static final class Slot {
    private final SourceNetwork network;
    private final boolean known;
    private boolean begun;

    private Slot(SourceNetwork network, boolean known) {
      this.network = network;
      this.known = known;
    }
  }

  private final int most;
  private final int mostOfOne;
  private final Map<C, Slot> slots = new LinkedHashMap<>();
  private final Map<SourceNetwork, Integer> counts = new HashMap<>();

  /**
   * @param most places, at least 1
   * @param mostOfOne places for one network, at least 1; for a known one there is no such limit
   */
  ConnectionSlots(int most, int mostOfOne) {
    if (most < 1 || mostOfOne < 1) {
      throw new IllegalArgumentException("places " + most + ", of one network " + mostOfOne);
    }
    this.most = most;
    this.mostOfOne = mostOfOne;
  }

  /** Says whether there is a place for one more of a network. */
  boolean hasPlace(SourceNetwork network, boolean known) {
    return slots.size() < most && (known || count(network) < mostOfOne);
  }

  /**
   * Whom a newcomer without a place may displace: null if it must go itself. Never one of a network
   * that has fewer places than the newcomer's would have, nor a known one for one that is not.
   */
  C toDisplace(SourceNetwork newcomer, boolean known) {
    boolean ownOnly = slots.size() < most;
    int own = count(newcomer);
    C victim = null;
    int victimCount = 0;
    boolean victimKnown = true;
    for (Map.Entry<C, Slot> entry : slots.entrySet()) {
      Slot slot = entry.getValue();
      if (slot.begun || ownOnly && !slot.network.equals(newcomer) || slot.known && !known) {
        continue;
      }
      int count = count(slot.network);
      boolean better =
          victimKnown && !slot.known || victimKnown == slot.known && count > victimCount;
      if ((count > own || slot.network.equals(newcomer) || known && !slot.known)
          && (victim == null || better)) {
        victim = entry.getKey();
        victimCount = count;
        victimKnown = slot.known;
      }
    }
    return victim;
  }

  /** Takes a place. */
  void enter(C connection, SourceNetwork network, boolean known) {
    slots.put(connection, new Slot(network, known));
    counts.merge(network, 1, Integer::sum);
  }

  /** Its handshake has begun: it is not displaced any more. */
  void begun(C connection) {
    Slot slot = slots.get(connection);
    if (slot != null) {
      slot.begun = true;
    }
  }

  /** Gives the place back; without effect for one that has none. */
  void leave(C connection) {
    Slot slot = slots.remove(connection);
    if (slot != null) {
      counts.computeIfPresent(slot.network, (key, count) -> count == 1 ? null : count - 1);
    }
  }

  int size() {
    return slots.size();
  }

  private int count(SourceNetwork network) {
    return counts.getOrDefault(network, 0);
  }
}
