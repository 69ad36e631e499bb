package org.kagemusha.daemon.observe;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.kagemusha.core.mobility.ForwardedPackets;
import org.kagemusha.core.mobility.Milestone;
import org.kagemusha.core.mobility.MoveRecord;
import org.kagemusha.core.mobility.MoveRecord.Moment;

/**
 * Where each millisecond of a move went, as JSON with stable names, and as text made of that JSON,
 * so that the report of another host can be put between.
 */
public final class MoveReport {

  /** Within so long before an arrival a departure elsewhere belongs to it. */
  private static final long LONGEST_PAUSE_US = 600_000_000L;

  private MoveReport() {}

  /**
   * As JSON.
   *
   * @param name the VM's
   * @param most how many moves at most, the latest ones
   */
  public static JsonObject json(String name, List<MoveRecord> moves, int most) {
    JsonObject json = new JsonObject();
    json.addProperty("name", name);
    JsonArray all = new JsonArray();
    moves.subList(Math.max(0, moves.size() - most), moves.size())
        .forEach(move -> all.add(json(move)));
    json.add("moves", all);
    return json;
  }

  private static JsonObject json(MoveRecord move) {
    JsonObject json = new JsonObject();
    json.addProperty("number", move.number());
    json.addProperty("kind", move.arrival() ? "arrival" : "departure");
    if (move.arrival()) {
      json.addProperty("trigger", move.trigger());
    }
    json.addProperty("place", move.place());
    json.addProperty("zero", move.zero().text());
    json.addProperty("zero_unix_us", move.zeroUnixUs());
    JsonArray events = new JsonArray();
    for (Moment moment : move.moments()) {
      JsonObject event = new JsonObject();
      event.addProperty("event", moment.milestone().text());
      event.addProperty("ms", moment.offsetUs() / 1000.0);
      events.add(event);
    }
    json.add("events", events);
    json.add("spans_ms", spans(move));
    ForwardedPackets forwarded = move.forwarded();
    if (forwarded != null) {
      JsonObject packets = new JsonObject();
      if (move.arrival()) {
        packets.addProperty("received", forwarded.received());
        packets.addProperty("held", forwarded.held());
      } else {
        packets.addProperty("kept", forwarded.kept());
        packets.addProperty("forwarded", forwarded.forwarded());
        packets.addProperty("dropped", forwarded.dropped());
      }
      json.add("packets", packets);
    }
    return json;
  }

  /** What is known of how long each party took. */
  private static JsonObject spans(MoveRecord move) {
    JsonObject spans = new JsonObject();
    add(spans, "trigger", move, Milestone.VMM_RESUME, Milestone.ARRIVED);
    add(spans, "registration", move, Milestone.ARRIVED, Milestone.BINDING_UPDATE);
    add(spans, "home_agent", move, Milestone.BINDING_UPDATE, Milestone.ACKNOWLEDGEMENT);
    add(spans, "to_first_packet_up", move, move.zero(), Milestone.FIRST_PACKET_UP);
    add(spans, "to_first_packet_down", move, move.zero(), Milestone.FIRST_PACKET_DOWN);
    return spans;
  }

  private static void add(
      JsonObject spans, String name, MoveRecord move, Milestone from, Milestone to) {
    Moment begin = null;
    Moment end = null;
    for (Moment moment : move.moments()) {
      begin = moment.milestone() == from ? moment : begin;
      end = moment.milestone() == to ? moment : end;
    }
    if (begin != null && end != null) {
      spans.addProperty(name, (end.offsetUs() - begin.offsetUs()) / 1000.0);
    }
  }

  /**
   * Puts what the host that the VM came from has told into the arrivals here: events with {@code
   * host} {@code source}, and the pause. Both hosts' clocks are taken for one.
   *
   * @param source what {@code report --json} printed there
   * @return how many arrivals have a departure now
   * @throws RuntimeException of some kind if that is no such report
   */
  public static int merge(JsonObject here, JsonObject source) {
    int found = 0;
    for (JsonElement element : here.getAsJsonArray("moves")) {
      JsonObject arrival = element.getAsJsonObject();
      JsonObject departure =
          arrival.get("kind").getAsString().equals("arrival") ? nearest(arrival, source) : null;
      if (departure != null) {
        merge(arrival, departure, source.get("name").getAsString());
        found++;
      }
    }
    return found;
  }

  private static long zeroUs(JsonObject move) {
    return move.get("zero_unix_us").getAsLong();
  }

  private static JsonObject nearest(JsonObject arrival, JsonObject source) {
    JsonObject nearest = null;
    long best = LONGEST_PAUSE_US;
    for (JsonElement element : source.getAsJsonArray("moves")) {
      JsonObject move = element.getAsJsonObject();
      long apart = Math.abs(zeroUs(arrival) - zeroUs(move));
      if (move.get("kind").getAsString().equals("departure") && !has(move, "resumed")
          && apart <= best) {
        nearest = move;
        best = apart;
      }
    }
    return nearest;
  }

  private static boolean has(JsonObject move, String event) {
    for (JsonElement element : move.getAsJsonArray("events")) {
      if (element.getAsJsonObject().get("event").getAsString().equals(event)) {
        return true;
      }
    }
    return false;
  }

  private static void merge(JsonObject arrival, JsonObject departure, String sourceName) {
    double shift = (zeroUs(departure) - zeroUs(arrival)) / 1000.0;
    List<JsonObject> events = new ArrayList<>();
    for (JsonElement element : departure.getAsJsonArray("events")) {
      JsonObject event = element.getAsJsonObject().deepCopy();
      event.addProperty("ms", Math.round((event.get("ms").getAsDouble() + shift) * 1000) / 1000.0);
      event.addProperty("host", "source");
      events.add(event);
    }
    for (JsonElement element : arrival.getAsJsonArray("events")) {
      JsonObject event = element.getAsJsonObject();
      event.addProperty("host", "here");
      events.add(event);
    }
    events.sort(Comparator.comparingDouble(event -> event.get("ms").getAsDouble()));
    JsonArray all = new JsonArray();
    events.forEach(all::add);
    arrival.add("events", all);
    JsonObject told = new JsonObject();
    told.addProperty("name", sourceName);
    told.addProperty("number", departure.get("number").getAsInt());
    told.addProperty("zero", departure.get("zero").getAsString());
    if (departure.has("packets")) {
      told.add("packets", departure.get("packets"));
    }
    arrival.add("source", told);
    arrival.getAsJsonObject("spans_ms").addProperty("pause", -shift);
  }

  /** As text. */
  public static String text(JsonObject report) {
    JsonArray moves = report.getAsJsonArray("moves");
    if (moves.isEmpty()) {
      return "no move so far\n";
    }
    StringBuilder text = new StringBuilder();
    for (JsonElement move : moves) {
      text.append(text.isEmpty() ? "" : "\n").append(moveText(move.getAsJsonObject()));
    }
    return text.toString();
  }

  private static String moveText(JsonObject move) {
    boolean arrival = move.get("kind").getAsString().equals("arrival");
    Instant zero = Instant.EPOCH.plus(zeroUs(move), ChronoUnit.MICROS);
    StringBuilder text = new StringBuilder();
    text.append("move ").append(move.get("number").getAsInt())
        .append(arrival ? ": arrival, by " + move.get("trigger").getAsString() : ": departure")
        .append(", place ").append(move.get("place").getAsString())
        .append(", ").append(zero).append('\n');
    boolean merged = move.has("source");
    TextTable table = new TextTable();
    if (merged) {
      table.row("      ms", "     +ms", "host", "");
    } else {
      table.row("      ms", "     +ms", "");
    }
    double before = Double.NaN;
    for (JsonElement element : move.getAsJsonArray("events")) {
      JsonObject event = element.getAsJsonObject();
      double ms = event.get("ms").getAsDouble();
      String step = Double.isNaN(before) ? "" : ms(ms - before);
      String words = words(event.get("event").getAsString());
      if (merged) {
        table.row(ms(ms), step, event.get("host").getAsString(), words);
      } else {
        table.row(ms(ms), step, words);
      }
      before = ms;
    }
    text.append(table);
    spanText(text, move.getAsJsonObject("spans_ms"));
    packets(text, "packets", move);
    if (merged) {
      JsonObject source = move.getAsJsonObject("source");
      packets(text, "packets at the source", source);
      text.append("the source's times are by its own clock");
      double pause = move.getAsJsonObject("spans_ms").get("pause").getAsDouble();
      if (pause < 0) {
        text.append(", which is at least").append(String.format(Locale.ROOT, " %.3f ms", -pause))
            .append(" ahead of this host's");
      } else {
        text.append(": they are off by what the two clocks differ");
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static void spanText(StringBuilder text, JsonObject spans) {
    List<String> parts = new ArrayList<>();
    spans.entrySet().forEach(
        span ->
            parts.add(
                span.getKey().replace('_', ' ') + " "
                    + String.format(Locale.ROOT, "%.3f", span.getValue().getAsDouble())));
    if (!parts.isEmpty()) {
      text.append("ms: ").append(String.join(", ", parts)).append('\n');
    }
  }

  private static void packets(StringBuilder text, String label, JsonObject holder) {
    if (holder.has("packets")) {
      List<String> parts = new ArrayList<>();
      holder.getAsJsonObject("packets").entrySet()
          .forEach(one -> parts.add(one.getValue().getAsLong() + " " + one.getKey()));
      text.append(label).append(": ").append(String.join(", ", parts)).append('\n');
    }
  }

  private static String ms(double value) {
    return String.format(Locale.ROOT, "%8.3f", value);
  }

  private static String words(String event) {
    return switch (event) {
      case "vmm-stop" -> "VM stopped, says the VMM (STOP)";
      case "paused" -> "the daemon knows that it is stopped";
      case "left" -> "the daemon knows that it has left";
      case "resumed" -> "it goes on here: it has not moved";
      case "vmm-resume" -> "VM runs here, says the VMM (RESUME)";
      case "arrived" -> "the daemon knows that it is here";
      case "bu-sent" -> "first Binding Update sent";
      case "ba-received" -> "Binding Acknowledgement received";
      case "first-packet-up" -> "first packet of the guest into the tunnel";
      case "first-packet-down" -> "first packet for the guest out of the tunnel";
      default -> event;
    };
  }
}
