package org.kagemusha.daemon.packaging;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.regex.Pattern;

/** What a machine's journal has of one unit. */
final class Journal {

  /**
   * One line.
   *
   * @param priority of syslog(3), 0 to 7
   * @param source the program that wrote it, or {@code systemd} about the unit
   */
  record Line(int priority, String source, String message) {}

  private final List<Line> lines;

  Journal(Machine machine, String unit) throws Exception {
    lines =
        machine
            .succeed(
                "journalctl", "-u", unit, "-o", "json", "--no-pager",
                "--output-fields=PRIORITY,SYSLOG_IDENTIFIER,MESSAGE")
            .lines()
            .filter(line -> line.startsWith("{"))
            .map(Journal::line)
            .toList();
  }

  private static Line line(String json) {
    JsonObject fields = JsonParser.parseString(json).getAsJsonObject();
    return new Line(
        fields.get("PRIORITY").getAsInt(),
        fields.get("SYSLOG_IDENTIFIER").getAsString(),
        fields.get("MESSAGE").getAsString());
  }

  /** How many lines of a priority begin with an expression. */
  long count(int priority, String expression) {
    Pattern pattern = Pattern.compile(expression);
    return lines.stream()
        .filter(line -> line.priority() == priority && pattern.matcher(line.message()).lookingAt())
        .count();
  }

  /** What the daemon wrote that is worse than information. */
  List<Line> complaints() {
    return lines.stream()
        .filter(line -> line.source().equals("kagemusha") && line.priority() < 5)
        .toList();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }
}
