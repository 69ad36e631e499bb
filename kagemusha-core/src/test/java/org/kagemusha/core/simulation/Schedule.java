package org.kagemusha.core.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.kagemusha.core.node.NodeEngine;

/** Fake time: what happens next, among what was sent and what the engines have due. */
final class Schedule {

  private record Event(long atNs, long order, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::atNs).thenComparingLong(Event::order));
  private final List<NodeEngine> engines = new ArrayList<>();
  private long nowNs = 1_000_000_000L;
  private long order;

  long nowNs() {
    return nowNs;
  }

  void engine(NodeEngine engine) {
    engines.add(engine);
  }

  void after(long ns, Runnable action) {
    events.add(new Event(nowNs + ns, order++, action));
  }

  void run(long ns) {
    long until = nowNs + ns;
    while (true) {
      long next = events.isEmpty() ? Long.MAX_VALUE : events.peek().atNs;
      NodeEngine due = null;
      for (NodeEngine engine : engines) {
        if (engine.nextDeadlineNs() < next) {
          next = engine.nextDeadlineNs();
          due = engine;
        }
      }
      if (next > until) {
        nowNs = until;
        return;
      }
      nowNs = Math.max(nowNs, next);
      if (due != null) {
        due.onDeadline(nowNs);
      } else {
        events.poll().action.run();
      }
    }
  }
}
