package org.kagemusha.core.provisioning;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The rfc1123-date of RFC 2616 §3.3.1, such as {@code Sun, 06 Nov 1994 08:49:37 GMT}: of fixed
 * length, with English names whatever the locale.
 */
final class HttpDate {

  /** 31 December 9999, 23:59:59 GMT, seconds since 1970: the year has four digits. */
  static final long LATEST = 253_402_300_799L;

  private static final DateTimeFormatter FORMAT =
      new DateTimeFormatterBuilder()
          .appendText(
              ChronoField.DAY_OF_WEEK,
              numbered("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
          .appendLiteral(", ")
          .appendValue(ChronoField.DAY_OF_MONTH, 2)
          .appendLiteral(' ')
          .appendText(
              ChronoField.MONTH_OF_YEAR,
              numbered(
                  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
                  "Dec"))
          .appendLiteral(' ')
          .appendValue(ChronoField.YEAR, 4)
          .appendLiteral(' ')
          .appendValue(ChronoField.HOUR_OF_DAY, 2)
          .appendLiteral(':')
          .appendValue(ChronoField.MINUTE_OF_HOUR, 2)
          .appendLiteral(':')
          .appendValue(ChronoField.SECOND_OF_MINUTE, 2)
          .appendLiteral(" GMT")
          .toFormatter(Locale.ROOT)
          .withResolverStyle(ResolverStyle.STRICT);

  private HttpDate() {}

  /** The text of a time in seconds since 1970; what lies beyond 1970 to 9999 is moved there. */
  static String format(long seconds) {
    long inRange = Math.max(0, Math.min(LATEST, seconds));
    return FORMAT.format(LocalDateTime.ofEpochSecond(inRange, 0, ZoneOffset.UTC));
  }

  /** Seconds since 1970, or empty if it is no such date or its day of the week is wrong. */
  static OptionalLong parse(String text) {
    try {
      return OptionalLong.of(
          FORMAT.parse(text, LocalDateTime::from).toEpochSecond(ZoneOffset.UTC));
    } catch (DateTimeException e) {
      return OptionalLong.empty();
    }
  }

  private static Map<Long, String> numbered(String... names) {
    Map<Long, String> numbered = new HashMap<>();
    for (String name : List.of(names)) {
      numbered.put(numbered.size() + 1L, name);
    }
    return numbered;
  }
}
