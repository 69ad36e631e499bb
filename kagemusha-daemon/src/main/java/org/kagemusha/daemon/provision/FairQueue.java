package org.kagemusha.daemon.provision;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Those who wait, by the network that they come from: each network has its turn in a circle,
 * however many of its own wait. For one thread.
 */
final class FairQueue<W> {

  private final Map<SourceNetwork, ArrayDeque<W>> networks = new LinkedHashMap<>();
  private int size;

  int size() {
    return size;
  }

  int size(SourceNetwork network) {
    ArrayDeque<W> waiting = networks.get(network);
    return waiting == null ? 0 : waiting.size();
  }

  void add(SourceNetwork network, W waiter) {
    networks.computeIfAbsent(network, key -> new ArrayDeque<>()).add(waiter);
    size++;
  }

  /** Takes the first of the network whose turn it is, or null; that network goes to the end. */
  W poll() {
    Iterator<Map.Entry<SourceNetwork, ArrayDeque<W>>> first = networks.entrySet().iterator();
    if (!first.hasNext()) {
      return null;
    }
    Map.Entry<SourceNetwork, ArrayDeque<W>> entry = first.next();
    SourceNetwork network = entry.getKey();
    ArrayDeque<W> waiting = entry.getValue();
    first.remove();
    W waiter = waiting.remove();
    if (!waiting.isEmpty()) {
      networks.put(network, waiting);
    }
    size--;
    return waiter;
  }

  /** Forgets one who waits no longer; true if it did wait. */
  boolean remove(SourceNetwork network, W waiter) {
    ArrayDeque<W> waiting = networks.get(network);
    if (waiting == null || !waiting.remove(waiter)) {
      return false;
    }
    if (waiting.isEmpty()) {
      networks.remove(network);
    }
    size--;
    return true;
  }
}
