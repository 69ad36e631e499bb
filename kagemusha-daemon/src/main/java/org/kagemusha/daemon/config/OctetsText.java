package org.kagemusha.daemon.config;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of octets as people write them: {@code "64GiB"}, {@code "512KiB"}. */
final class OctetsText {

  private static final Pattern TEXT = Pattern.compile("(\\d{1,9})(KiB|MiB|GiB|TiB)");
  private static final String UNITS = "KMGT";
  private static final int BITS_OF_A_UNIT = 10;

  private OctetsText() {}

  /** Octets, or empty if the text is no such number. */
  static OptionalLong parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      return OptionalLong.empty();
    }
    int unit = UNITS.indexOf(matcher.group(2).charAt(0)) + 1;
    return OptionalLong.of(Long.parseLong(matcher.group(1)) << BITS_OF_A_UNIT * unit);
  }

  /** The text of a number of octets, in the largest unit that needs no fraction. */
  static String format(long octets) {
    long count = octets;
    int unit = 0;
    while (unit < UNITS.length() && count != 0 && count % (1 << BITS_OF_A_UNIT) == 0) {
      count >>= BITS_OF_A_UNIT;
      unit++;
    }
    return unit == 0 ? Long.toString(count) : count + (UNITS.charAt(unit - 1) + "iB");
  }
}
