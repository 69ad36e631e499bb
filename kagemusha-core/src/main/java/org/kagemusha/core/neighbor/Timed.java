package org.kagemusha.core.neighbor;

import org.kagemusha.core.node.NodeEngine;

/** Something with a deadline, kept in a {@link DeadlineHeap}. */
abstract class Timed {

  /** Monotonic nanoseconds, or {@link NodeEngine#NEVER} while not scheduled. */
  long deadlineNs = NodeEngine.NEVER;

  /** The place in the heap, or -1 while not scheduled. */
  int heapIndex = -1;
}
