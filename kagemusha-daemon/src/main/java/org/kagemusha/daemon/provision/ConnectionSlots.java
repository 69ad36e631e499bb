package org.kagemusha.daemon.provision;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The places that connections have. Where all are taken, a newcomer displaces one that is not
 * authenticated, out of the network that has the most places, the oldest first: silence costs
 * nothing but the place of another silent one. For one thread.
 *
 * @param <C> a connection
 */
final class ConnectionSlots<C> {

  /** How far a connection has come. */
  enum Stage {
    /** No ClientHello yet. */
    SILENT,
    /** It waits for its token. */
    WAITING,
    /** It costs public-key operations. */
    HANDSHAKE,
    /** It is never displaced. */
    AUTHENTICATED
  }

  private static final class Slot {
    private final SourceNetwork network;
    private final boolean known;
    private Stage stage = Stage.SILENT;

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
   * Whom a newcomer without a place may displace: null if it must go itself. Out of its own
   * network, a silent one; out of another that has more places, one that waits as well. One of a
   * known network displaces any of an unknown one that is not authenticated, and never the reverse.
   */
  C toDisplace(SourceNetwork newcomer, boolean known) {
    boolean ownOnly = slots.size() < most;
    int own = count(newcomer);
    C victim = null;
    Slot worst = null;
    for (Map.Entry<C, Slot> entry : slots.entrySet()) {
      Slot slot = entry.getValue();
      boolean sameNetwork = slot.network.equals(newcomer);
      if (ownOnly && !sameNetwork || slot.known && !known) {
        continue;
      }
      Stage last = Stage.SILENT;
      if (known && !slot.known) {
        last = Stage.HANDSHAKE;
      } else if (!sameNetwork) {
        last = Stage.WAITING;
      }
      boolean larger = sameNetwork || known && !slot.known || count(slot.network) > own;
      if (larger && slot.stage.compareTo(last) <= 0 && (worst == null || isWorse(slot, worst))) {
        victim = entry.getKey();
        worst = slot;
      }
    }
    return victim;
  }

  /** Unknown before known, of the larger network, of the lower stage; else the older one. */
  private boolean isWorse(Slot slot, Slot than) {
    if (slot.known != than.known) {
      return than.known;
    }
    int more = count(slot.network) - count(than.network);
    return more != 0 ? more > 0 : slot.stage.compareTo(than.stage) < 0;
  }

  /** Takes a place. */
  void enter(C connection, SourceNetwork network, boolean known) {
    slots.put(connection, new Slot(network, known));
    counts.merge(network, 1, Integer::sum);
  }

  /** It has come so far; without effect for one that has no place. */
  void reached(C connection, Stage stage) {
    Slot slot = slots.get(connection);
    if (slot != null) {
      slot.stage = stage;
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
