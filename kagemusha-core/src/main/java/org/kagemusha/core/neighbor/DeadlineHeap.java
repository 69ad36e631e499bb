package org.kagemusha.core.neighbor;

import java.util.Arrays;
import org.kagemusha.core.node.NodeEngine;

/**
 * The deadlines of many entries, the earliest first. Scheduling, moving and cancelling cost the
 * logarithm of the number of entries, and allocate only when the heap grows.
 *
 * @param <E> the entries; each is in one heap at most
 */
final class DeadlineHeap<E extends Timed> {

  private Timed[] heap = new Timed[16];
  private int size;

  /** Schedules an entry, or moves one that is scheduled. */
  void schedule(E entry, long deadlineNs) {
    entry.deadlineNs = deadlineNs;
    if (entry.heapIndex < 0) {
      if (size == heap.length) {
        heap = Arrays.copyOf(heap, size * 2);
      }
      place(entry, size++);
    }
    int at = entry.heapIndex;
    siftUp(at);
    if (entry.heapIndex == at) {
      siftDown(at);
    }
  }

  /** Takes an entry out; nothing happens to one that is not scheduled. */
  void cancel(E entry) {
    int at = entry.heapIndex;
    if (at < 0) {
      return;
    }
    entry.heapIndex = -1;
    entry.deadlineNs = NodeEngine.NEVER;
    Timed last = heap[--size];
    heap[size] = null;
    if (last != entry) {
      place(last, at);
      siftUp(at);
      siftDown(last.heapIndex);
    }
  }

  /** Takes out an entry that is due, the earliest first, or returns null. */
  @SuppressWarnings("unchecked")
  E pollDue(long nowNs) {
    if (size == 0 || heap[0].deadlineNs > nowNs) {
      return null;
    }
    E due = (E) heap[0];
    cancel(due);
    return due;
  }

  /** The earliest deadline, or {@link NodeEngine#NEVER}. */
  long nextDeadlineNs() {
    return size == 0 ? NodeEngine.NEVER : heap[0].deadlineNs;
  }

  private void siftUp(int from) {
    int at = from;
    Timed moving = heap[at];
    while (at > 0 && heap[(at - 1) / 2].deadlineNs > moving.deadlineNs) {
      place(heap[(at - 1) / 2], at);
      at = (at - 1) / 2;
    }
    place(moving, at);
  }

  private void siftDown(int from) {
    int at = from;
    Timed moving = heap[at];
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && heap[child + 1].deadlineNs < heap[child].deadlineNs) {
        child++;
      }
      if (heap[child].deadlineNs >= moving.deadlineNs) {
        break;
      }
      place(heap[child], at);
      at = child;
    }
    place(moving, at);
  }

  private void place(Timed entry, int at) {
    heap[at] = entry;
    entry.heapIndex = at;
  }
}
