package org.kagemusha.core.homeagent;

import java.util.Arrays;
import org.kagemusha.core.node.NodeEngine;

/**
 * Entries by deadline: a binary heap in which each entry knows its place, so that a refresh moves
 * it in logarithmic time and allocates nothing.
 */
final class DeadlineQueue {

  private BindingCacheEntry[] heap = new BindingCacheEntry[16];
  private int size;

  /** The earliest deadline, or {@link NodeEngine#NEVER}. */
  long earliestNs() {
    return size == 0 ? NodeEngine.NEVER : heap[0].deadlineNs;
  }

  /** An entry that is due, or null. */
  BindingCacheEntry due(long nowNs) {
    return size > 0 && heap[0].deadlineNs <= nowNs ? heap[0] : null;
  }

  /** Sets the deadline of an entry, new or not. */
  void schedule(BindingCacheEntry entry, long deadlineNs) {
    entry.deadlineNs = deadlineNs;
    if (entry.queueIndex < 0) {
      if (size == heap.length) {
        heap = Arrays.copyOf(heap, 2 * size);
      }
      place(entry, size++);
    }
    rise(entry);
    sink(entry);
  }

  /** Takes an entry out, if it is in. */
  void cancel(BindingCacheEntry entry) {
    int hole = entry.queueIndex;
    if (hole < 0) {
      return;
    }
    BindingCacheEntry last = heap[--size];
    heap[size] = null;
    entry.queueIndex = -1;
    entry.deadlineNs = NodeEngine.NEVER;
    if (last != entry) {
      place(last, hole);
      rise(last);
      sink(last);
    }
  }

  private void rise(BindingCacheEntry entry) {
    int at = entry.queueIndex;
    while (at > 0 && heap[(at - 1) / 2].deadlineNs > entry.deadlineNs) {
      place(heap[(at - 1) / 2], at);
      at = (at - 1) / 2;
    }
    place(entry, at);
  }

  private void sink(BindingCacheEntry entry) {
    int at = entry.queueIndex;
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && heap[child + 1].deadlineNs < heap[child].deadlineNs) {
        child++;
      }
      if (heap[child].deadlineNs >= entry.deadlineNs) {
        break;
      }
      place(heap[child], at);
      at = child;
    }
    place(entry, at);
  }

  private void place(BindingCacheEntry entry, int at) {
    heap[at] = entry;
    entry.queueIndex = at;
  }
}
