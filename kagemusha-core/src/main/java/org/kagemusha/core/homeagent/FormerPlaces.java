package org.kagemusha.core.homeagent;

import java.util.ArrayDeque;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;

/**
 * The care-of addresses that bindings have just left, one for each binding. That a binding was at
 * an address is told by the entry itself; what is here tells before any cryptography that there is
 * such an entry at all, and may forget it a little late.
 */
final class FormerPlaces {

  private final Ipv6Map<int[]> bindings = new Ipv6Map<>();
  private final ArrayDeque<BindingCacheEntry> queue = new ArrayDeque<>();

  /** Says whether a binding may have left an address, given as two words; allocates nothing. */
  boolean contains(long high, long low) {
    return bindings.get(high, low) != null;
  }

  /** A binding left an address, which is remembered instead of the one it left before. */
  void left(BindingCacheEntry entry, Ipv6Address careOf, long untilNs) {
    forget(entry);
    entry.formerCareOf = careOf;
    entry.formerUntilNs = untilNs;
    int[] count = bindings.get(careOf);
    if (count == null) {
      bindings.put(careOf, new int[] {1});
    } else {
      count[0]++;
    }
    if (entry.formerQueuedNs == NodeEngine.NEVER) {
      enqueue(entry);
    }
  }

  /** Forgets where a binding was. */
  void forget(BindingCacheEntry entry) {
    if (entry.formerCareOf != null) {
      if (--bindings.get(entry.formerCareOf)[0] == 0) {
        bindings.remove(entry.formerCareOf);
      }
      entry.formerCareOf = null;
    }
  }

  void onDeadline(long nowNs) {
    while (nextDeadlineNs() <= nowNs) {
      BindingCacheEntry entry = queue.remove();
      entry.formerQueuedNs = NodeEngine.NEVER;
      if (entry.formerCareOf != null && entry.formerUntilNs > nowNs) {
        enqueue(entry);
      } else {
        forget(entry);
      }
    }
  }

  long nextDeadlineNs() {
    return queue.isEmpty() ? NodeEngine.NEVER : queue.peek().formerQueuedNs;
  }

  private void enqueue(BindingCacheEntry entry) {
    entry.formerQueuedNs = entry.formerUntilNs;
    queue.add(entry);
  }
}
