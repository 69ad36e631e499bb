package org.kagemusha.daemon.observe;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.TimeZone;
import java.util.function.Supplier;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/**
 * One line for each record. For the journal it begins with the priority in angle brackets
 * (sd-daemon(3)), since the journal adds time and name itself; for a terminal with time and level.
 */
public final class LineFormatter extends Formatter {

  private final boolean journal;
  private final Supplier<TimeZone> zone;

  /** For the journal or for a terminal, in local time. */
  public LineFormatter(boolean journal) {
    this(journal, TimeZone::getDefault);
  }

  /**
   * @param zone asked for with each line for a terminal; the journal needs none, and the JDK
   *     would read the rules of all zones
   */
  LineFormatter(boolean journal, Supplier<TimeZone> zone) {
    this.journal = journal;
    this.zone = zone;
  }

  @Override
  public String format(LogRecord record) {
    String prefix =
        journal
            ? "<" + priority(record.getLevel()) + ">"
            : local(record.getInstant()) + " " + word(record.getLevel()) + " ";
    StringBuilder line = new StringBuilder(prefix);
    if (LogSetup.AUDIT_NAME.equals(record.getLoggerName())) {
      // One word to find them all by.
      line.append("audit ");
    }
    line.append(oneLine(formatMessage(record)));
    if (record.getThrown() != null) {
      StringWriter trace = new StringWriter();
      record.getThrown().printStackTrace(new PrintWriter(trace));
      for (String row : trace.toString().split("\n")) {
        line.append('\n').append(journal ? prefix : "").append(oneLine(row));
      }
    }
    return line.append('\n').toString();
  }

  /**
   * Without a ZoneId, for whose rules the JDK looks into every jar of the class path, and without a
   * DateTimeFormatter, which takes longer to make than all that a start logs.
   */
  private String local(Instant instant) {
    int offsetMs = zone.get().getOffset(instant.toEpochMilli());
    LocalDateTime time =
        LocalDateTime.ofInstant(instant, ZoneOffset.ofTotalSeconds(offsetMs / 1000));
    StringBuilder text = new StringBuilder("yyyy-MM-dd HH:mm:ss.SSS".length());
    digits(text, time.getYear(), 4).append('-');
    digits(text, time.getMonthValue(), 2).append('-');
    digits(text, time.getDayOfMonth(), 2).append(' ');
    digits(text, time.getHour(), 2).append(':');
    digits(text, time.getMinute(), 2).append(':');
    digits(text, time.getSecond(), 2).append('.');
    return digits(text, time.getNano() / 1_000_000, 3).toString();
  }

  private static StringBuilder digits(StringBuilder text, int value, int count) {
    String digits = Integer.toString(value);
    return text.append("0".repeat(Math.max(0, count - digits.length()))).append(digits);
  }

  /** Octets from the network may stand in a line; none of them may begin another. */
  private static String oneLine(String text) {
    StringBuilder safe = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' && c != '\t' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029) {
        if (safe == null) {
          safe = new StringBuilder(text);
        }
        safe.setCharAt(i, '?');
      }
    }
    return safe == null ? text : safe.toString();
  }

  /** The priority of syslog(3): 3 error, 4 warning, 6 informational, 7 debug. */
  private static int priority(Level level) {
    if (level.intValue() >= Level.SEVERE.intValue()) {
      return 3;
    }
    if (level.intValue() >= Level.WARNING.intValue()) {
      return 4;
    }
    return level.intValue() >= Level.INFO.intValue() ? 6 : 7;
  }

  private static String word(Level level) {
    return switch (priority(level)) {
      case 3 -> "error  ";
      case 4 -> "warning";
      case 6 -> "info   ";
      default -> "debug  ";
    };
  }
}
