package org.kagemusha.daemon.config;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people write them: {@code "250ms"}, {@code "90s"}, {@code "10m"}, {@code "1h30m"}.
 */
public final class DurationText {

  private static final Pattern PART = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private DurationText() {}

  /** Milliseconds, or empty if the text is no duration. */
  public static OptionalLong parse(String text) {
    Matcher part = PART.matcher(text);
    long sum = 0;
    int end = 0;
    while (part.find() && part.start() == end) {
      sum += Long.parseLong(part.group(1)) * unitMs(part.group(2));
      end = part.end();
    }
    return end == text.length() && end > 0 ? OptionalLong.of(sum) : OptionalLong.empty();
  }

  /** The text of a number of milliseconds; days only where they are whole. */
  public static String format(long ms) {
    if (ms == 0) {
      return "0s";
    }
    StringBuilder text = new StringBuilder();
    long rest = ms;
    for (String unit : new String[] {"d", "h", "m", "s", "ms"}) {
      long count = rest / unitMs(unit);
      boolean mixedDays = unit.equals("d") && rest % unitMs(unit) != 0;
      if (count > 0 && !mixedDays) {
        text.append(count).append(unit);
        rest %= unitMs(unit);
      }
    }
    return text.toString();
  }

  private static long unitMs(String unit) {
    return switch (unit) {
      case "ms" -> 1L;
      case "s" -> 1000L;
      case "m" -> 60_000L;
      case "h" -> 3_600_000L;
      default -> 86_400_000L;
    };
  }
}
