package org.kagemusha.core.provisioning;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Reads the content of one message: the TypeValue headers of RFC 6618 §5.2. Never throws: the first
 * thing that is wrong stays in {@link #problem()}, and what is read then is empty, zero or
 * unspecified. Problems name headers, never values: those may be keys, or written for a log.
 */
final class TvReader {

  /** The most headers in one message, those that are not understood included. */
  static final int MAXIMUM_HEADERS = 64;

  /** The longest line in octets, without its end. */
  static final int MAXIMUM_LINE = 1024;

  private static final Ipv6Prefix NOTHING = new Ipv6Prefix(Ipv6Address.UNSPECIFIED, 128);

  private record Value(TvHeader header, int from, int to) {}

  private final byte[] content;
  private final List<Value> values = new ArrayList<>();
  private String problem;

  /** Reads the lines; the values are read where they are, later. */
  TvReader(byte[] content) {
    this.content = content;
    int lines = 0;
    int at = 0;
    while (problem == null && !isEnd(at)) {
      int end = endOfLine(at);
      lines++;
      if (end < 0) {
        problem("line " + lines + " is longer than " + MAXIMUM_LINE + " octets or has no end");
      } else if (lines > MAXIMUM_HEADERS) {
        problem("more than " + MAXIMUM_HEADERS + " headers");
      } else {
        line(lines, at, end);
        at = end + 2;
      }
    }
  }

  /**
   * §5.5.7: end-of-message = 2CRLF. The grammar can mean two beside the last header's own, which is
   * what is written here, or that one and another, as in HTTP.
   */
  private boolean isEnd(int at) {
    int octets = content.length - at;
    return (octets == 2 || octets == 4)
        && HttpGrammar.isLineEnd(content, at)
        && (octets == 2 || HttpGrammar.isLineEnd(content, at + 2));
  }

  private int endOfLine(int from) {
    int limit = Math.min(content.length, from + MAXIMUM_LINE + 1);
    for (int at = from; at < limit; at++) {
      if (HttpGrammar.isLineEnd(content, at)) {
        return at;
      }
    }
    return -1;
  }

  private void line(int number, int from, int end) {
    int colon = from;
    while (colon < end && content[colon] != ':') {
      colon++;
    }
    // RFC 2616 §2.1: spaces may stand around a separator. A line that begins with one continues the
    // line before; that is refused as RFC 7230 §3.2.4 does.
    int nameEnd = HttpGrammar.dropSpaces(content, from, colon);
    if (colon == end || !HttpGrammar.isToken(content, from, nameEnd)) {
      problem("line " + number + " is not name:value");
      return;
    }
    if (HttpGrammar.hasControl(content, colon + 1, end)) {
      problem("line " + number + " has a control character");
      return;
    }
    TvHeader header = TvHeader.named(content, from, nameEnd);
    if (header == null) {
      return;
    }
    if (!header.isRepeatable() && has(header)) {
      problem(header.text() + " stands twice");
      return;
    }
    int valueFrom = HttpGrammar.skipSpaces(content, colon + 1, end);
    values.add(new Value(header, valueFrom, HttpGrammar.dropSpaces(content, valueFrom, end)));
  }

  /** What is wrong with the message, or null. */
  String problem() {
    return problem;
  }

  /** Says that something is wrong with it; the first such word stays. */
  void problem(String what) {
    if (problem == null) {
      problem = what;
    }
  }

  /** Whether a header stands there. */
  boolean has(TvHeader header) {
    for (Value value : values) {
      if (value.header == header) {
        return true;
      }
    }
    return false;
  }

  /** The text of a header: visible ASCII and spaces within, at least one character. */
  String text(TvHeader header) {
    Value value = value(header);
    return value == null ? "" : text(value);
  }

  /** A decimal number in a range that begins at 0 or above. */
  long number(TvHeader header, long smallest, long largest) {
    Value value = value(header);
    if (value == null) {
      return 0;
    }
    long number = 0;
    boolean wrong = value.from == value.to;
    for (int at = value.from; at < value.to && !wrong; at++) {
      int digit = content[at] - '0';
      wrong = digit < 0 || digit > 9 || number > (Long.MAX_VALUE - digit) / 10;
      number = 10 * number + digit;
    }
    if (wrong || number < smallest || number > largest) {
      problem(header.text() + " is not a number from " + smallest + " to " + largest);
      return 0;
    }
    return number;
  }

  /** Octets in hexadecimal, exactly as many; they never become text. */
  byte[] octets(TvHeader header, int octets) {
    Value value = value(header);
    if (value == null) {
      return new byte[0];
    }
    byte[] result = new byte[octets];
    boolean wrong = value.to - value.from != 2 * octets;
    for (int i = 0; i < octets && !wrong; i++) {
      int octet = HttpGrammar.hexadecimal(content, value.from + 2 * i, value.to);
      wrong = octet < 0;
      result[i] = (byte) octet;
    }
    if (wrong) {
      Arrays.fill(result, (byte) 0);
      problem(header.text() + " is not " + octets + " octets in hexadecimal");
      return new byte[0];
    }
    return result;
  }

  /** A date in seconds since 1970. */
  long date(TvHeader header) {
    Value value = value(header);
    OptionalLong date = value == null ? OptionalLong.of(0) : HttpDate.parse(text(value));
    if (date.isEmpty()) {
      problem(header.text() + " is not a date such as " + HttpDate.format(0));
    }
    return date.orElse(0);
  }

  /** An address that can be an endpoint beyond one link. */
  Ipv6Address address(TvHeader header) {
    Value value = value(header);
    return value == null ? Ipv6Address.UNSPECIFIED : address(value);
  }

  /** The addresses of all headers of this name, at least one, all different. */
  List<Ipv6Address> addresses(TvHeader header) {
    List<Ipv6Address> addresses = new ArrayList<>();
    for (Value value : values) {
      if (value.header == header) {
        Ipv6Address address = address(value);
        if (addresses.contains(address)) {
          problem(header.text() + " says the same twice");
        }
        addresses.add(address);
      }
    }
    if (addresses.isEmpty()) {
      problem(header.text() + " is missing");
    }
    return addresses;
  }

  private Ipv6Address address(Value value) {
    try {
      Ipv6Address address = Ipv6Address.parse(text(value));
      if (address.isRoutableUnicast()) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // Told below, without what the peer wrote.
    }
    problem(value.header.text() + " is not a routable IPv6 address");
    return Ipv6Address.UNSPECIFIED;
  }

  /** A prefix without bits beyond its length. */
  Ipv6Prefix prefix(TvHeader header) {
    Value value = value(header);
    if (value != null) {
      try {
        return Ipv6Prefix.parse(text(value));
      } catch (IllegalArgumentException e) {
        problem(header.text() + " is not an IPv6 prefix");
      }
    }
    return NOTHING;
  }

  /**
   * The suites of a list that are known here, in its order, each once; empty if none is.
   *
   * @param most how many the list may have, known or not
   */
  List<Ciphersuite> suites(TvHeader header, int most) {
    List<Ciphersuite> known = new ArrayList<>();
    Value value = value(header);
    int at = value == null ? -1 : value.from;
    for (int listed = 0; at >= 0; listed++) {
      int close = suite(at, value.to, known);
      at = close < 0 ? -1 : HttpGrammar.separator(content, ',', close, value.to);
      if (at < 0 && close != value.to || listed == most) {
        problem(header.text() + " is not of the form {13,01}" + (most > 1 ? ",{13,02}" : ""));
        return List.of();
      }
    }
    return known;
  }

  /** Adds the suite at an index if it is known; the index behind it, or -1 if there is none. */
  private int suite(int at, int to, List<Ciphersuite> known) {
    int first = HttpGrammar.separator(content, '{', at, to);
    int comma = first < 0 ? -1 : HttpGrammar.separator(content, ',', first + 2, to);
    int close = comma < 0 ? -1 : HttpGrammar.separator(content, '}', comma + 2, to);
    if (close < 0) {
      return -1;
    }
    int high = HttpGrammar.hexadecimal(content, first, to);
    int low = HttpGrammar.hexadecimal(content, comma, to);
    if (high < 0 || low < 0) {
      return -1;
    }
    Ciphersuite.of(high, low).filter(suite -> !known.contains(suite)).ifPresent(known::add);
    return close;
  }

  /** Whether a list of words has one, in any case. */
  boolean listed(TvHeader header, String word) {
    for (String listed : text(header).split(",", -1)) {
      if (listed.strip().toLowerCase(Locale.ROOT).equals(word)) {
        return true;
      }
    }
    return false;
  }

  private Value value(TvHeader header) {
    if (problem != null) {
      return null;
    }
    for (Value value : values) {
      if (value.header == header) {
        return value;
      }
    }
    problem(header.text() + " is missing");
    return null;
  }

  private String text(Value value) {
    if (!HttpGrammar.isText(content, value.from, value.to)) {
      problem(value.header.text() + " is empty or not ASCII");
      return "";
    }
    return new String(content, value.from, value.to - value.from, StandardCharsets.US_ASCII);
  }
}
