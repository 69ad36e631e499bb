package org.kagemusha.daemon.qmp;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.function.Consumer;
import org.kagemusha.core.node.NodeEngine;

/**
 * One connection to QMP from the client's side: JSON lines in, JSON lines and what they tell out.
 * It waits for the greeting, negotiates, asks for MIGRATION events and for the VM's status, and
 * then listens. No sockets and no clock; {@code nowNs} is monotonic.
 */
final class QmpSession {

  /** The longest line that is taken, octets; an event or answer of use here has some 100. */
  static final int LONGEST_LINE = 65_536;

  /** Within so long each request is answered, and the greeting comes; ns. */
  static final long ANSWER_NS = 5_000_000_000L;

  private static final String NEGOTIATE = "capabilities";
  private static final String EVENTS = "events";
  private static final String STATUS = "status";
  private static final int LONGEST_ECHO = 80;

  /** Hears what the VMM tells. */
  interface Listener {
    /** The connection serves; a status follows. */
    void onReady(String version);

    /** The VM's run state, as QMP's {@code RunState} has it. */
    void onStatus(String status);

    /** When the event that follows happened, by the VMM's clock: microseconds since 1970. */
    default void onTimestamp(String name, long unixUs) {}

    /** An event; {@code data} may be empty. */
    void onEvent(String name, JsonObject data);
  }

  private enum Step {
    GREETING,
    NEGOTIATION,
    READY
  }

  private final Consumer<String> output;
  private final Listener listener;
  private Step step = Step.GREETING;
  private String version = "unknown";
  private long answerNs;
  private int awaited;
  private boolean silentAboutMigration;

  /**
   * @param output takes lines without their end
   */
  QmpSession(Consumer<String> output, Listener listener, long nowNs) {
    this.output = output;
    this.listener = listener;
    this.answerNs = nowNs + ANSWER_NS;
  }

  /**
   * Takes one line.
   *
   * @throws QmpException if this is not QMP, or the client is refused; the connection is of no use
   *     any more
   */
  void onLine(String line, long nowNs) throws QmpException {
    if (line.isBlank()) {
      return;
    }
    JsonObject message = parse(line);
    if (step == Step.GREETING) {
      onGreeting(message, line, nowNs);
    } else if (message.has("event")) {
      onEvent(message, line);
    } else if (message.has("return") || message.has("error")) {
      onAnswer(message, nowNs);
    } else {
      throw new QmpException("neither an event nor an answer: " + echo(line));
    }
  }

  private static JsonObject parse(String line) throws QmpException {
    try {
      JsonElement element = JsonParser.parseString(line);
      if (element.isJsonObject()) {
        return element.getAsJsonObject();
      }
    } catch (JsonParseException | StackOverflowError e) {
      // Told below, without the parser's words.
    }
    throw new QmpException("not a JSON object: " + echo(line));
  }

  private void onGreeting(JsonObject message, String line, long nowNs) throws QmpException {
    if (!(message.get("QMP") instanceof JsonObject greeting)) {
      throw new QmpException("not the greeting of QMP: " + echo(line));
    }
    if (greeting.get("version") instanceof JsonObject versions
        && versions.get("qemu") instanceof JsonObject qemu) {
      version = text(qemu, "major") + "." + text(qemu, "minor") + "." + text(qemu, "micro");
    }
    step = Step.NEGOTIATION;
    awaited = 0;
    ask("{\"execute\":\"qmp_capabilities\",\"id\":\"" + NEGOTIATE + "\"}", nowNs);
  }

  private void onEvent(JsonObject message, String line) throws QmpException {
    String name = text(message, "event");
    if (name.isEmpty()) {
      throw new QmpException("an event without a name: " + echo(line));
    }
    long unixUs = timestamp(message);
    if (unixUs > 0) {
      listener.onTimestamp(name, unixUs);
    }
    listener.onEvent(
        name, message.get("data") instanceof JsonObject data ? data : new JsonObject());
  }

  /** Microseconds since 1970, or 0: QEMU gives -1 where it could not ask its host's clock. */
  private static long timestamp(JsonObject message) {
    if (!(message.get("timestamp") instanceof JsonObject time)) {
      return 0;
    }
    String seconds = text(time, "seconds");
    String micros = text(time, "microseconds");
    return seconds.matches("[0-9]{1,11}") && micros.matches("[0-9]{1,6}")
        ? Long.parseLong(seconds) * 1_000_000 + Long.parseLong(micros)
        : 0;
  }

  private void onAnswer(JsonObject message, long nowNs) throws QmpException {
    String to = text(message, "id");
    String refused = message.get("error") instanceof JsonObject error ? text(error, "desc") : null;
    switch (to) {
      case NEGOTIATE -> {
        answered(nowNs);
        if (refused != null) {
          throw new QmpException("refuses qmp_capabilities: " + echo(refused));
        }
        step = Step.READY;
        listener.onReady(version);
        // Off by default; a management layer may have it on.
        ask(
            "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":"
                + "[{\"capability\":\"events\",\"state\":true}]},\"id\":\"" + EVENTS + "\"}",
            nowNs);
        askStatus(nowNs);
      }
      case EVENTS -> {
        answered(nowNs);
        silentAboutMigration = refused != null;
      }
      case STATUS -> {
        answered(nowNs);
        if (!(message.get("return") instanceof JsonObject told) || text(told, "status").isEmpty()) {
          throw new QmpException(
              "does not answer query-status: " + echo(refused == null ? "{}" : refused));
        }
        listener.onStatus(text(told, "status"));
      }
      default ->
          throw new QmpException(
              "an answer to nothing that was asked: " + echo(refused == null ? to : refused));
    }
  }

  /** Asks for the VM's run state; {@link Listener#onStatus} tells it. */
  void askStatus(long nowNs) {
    if (step == Step.READY) {
      ask("{\"execute\":\"query-status\",\"id\":\"" + STATUS + "\"}", nowNs);
    }
  }

  private void ask(String line, long nowNs) {
    awaited++;
    answerNs = nowNs + ANSWER_NS;
    output.accept(line);
  }

  private void answered(long nowNs) {
    awaited = Math.max(0, awaited - 1);
    answerNs = awaited == 0 ? NodeEngine.NEVER : nowNs + ANSWER_NS;
  }

  /** Whether the VMM refused to tell of migrations: then only the status says that the VM left. */
  boolean isSilentAboutMigration() {
    return silentAboutMigration;
  }

  /**
   * Does what is due.
   *
   * @throws QmpException if an answer is overdue
   */
  void onDeadline(long nowNs) throws QmpException {
    if (nowNs >= answerNs) {
      throw new QmpException(
          step == Step.GREETING
              ? "no greeting within 5 s; QEMU serves one client of a monitor at a time"
              : "no answer within 5 s");
    }
  }

  /** When {@link #onDeadline} wants to be called, or {@link NodeEngine#NEVER}. */
  long nextDeadlineNs() {
    return answerNs;
  }

  /** A member that is a string or a number, as text; else an empty one. */
  static String text(JsonObject object, String member) {
    return object.get(member) instanceof JsonPrimitive value ? value.getAsString() : "";
  }

  /** For one log line: bounded, and without control characters. */
  static String echo(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return '"'
        + (plain.length() > LONGEST_ECHO ? plain.substring(0, LONGEST_ECHO) + "..." : plain)
        + '"';
  }
}
