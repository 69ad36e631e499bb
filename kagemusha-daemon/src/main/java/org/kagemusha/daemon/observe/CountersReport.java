package org.kagemusha.daemon.observe;

import com.google.gson.JsonObject;
import java.util.Locale;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;

/** The counters of an engine, for people and as JSON. Names are the constants' in lower case. */
public final class CountersReport {

  private CountersReport() {}

  /** What is not zero, with its meaning. */
  public static String text(Counters counters) {
    TextTable events = new TextTable();
    for (Counter counter : Counter.values()) {
      if (counters.get(counter) != 0) {
        events.row(counters.get(counter), name(counter), counter.help());
      }
    }
    TextTable drops = new TextTable();
    for (DropReason reason : DropReason.values()) {
      if (counters.drops(reason) != 0) {
        drops.row(counters.drops(reason), name(reason), reason.help());
      }
    }
    return "counters:\n" + (events.size() == 0 ? "none\n" : events)
        + "drops:\n" + (drops.size() == 0 ? "none\n" : drops);
  }

  /** Every counter, zero or not: {@code {"counters": {...}, "drops": {...}}}. */
  public static JsonObject json(Counters counters) {
    JsonObject events = new JsonObject();
    for (Counter counter : Counter.values()) {
      events.addProperty(name(counter), counters.get(counter));
    }
    JsonObject drops = new JsonObject();
    for (DropReason reason : DropReason.values()) {
      drops.addProperty(name(reason), counters.drops(reason));
    }
    JsonObject both = new JsonObject();
    both.add("counters", events);
    both.add("drops", drops);
    return both;
  }

  /** All drops together. */
  public static long drops(Counters counters) {
    long sum = 0;
    for (DropReason reason : DropReason.values()) {
      sum += counters.drops(reason);
    }
    return sum;
  }

  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
