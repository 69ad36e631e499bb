package org.kagemusha.core.provisioning;

/** The small pieces of the grammar of RFC 2616 §2, in octets: none of them becomes text. */
final class HttpGrammar {

  private static final String SEPARATORS = "()<>@,;:\\\"/[]?={}";
  private static final int DELETE = 0x7f;
  private static final int HEXADECIMAL = 16;

  private HttpGrammar() {}

  /** Whether CRLF stands at an index. */
  static boolean isLineEnd(byte[] octets, int at) {
    return at + 1 < octets.length && octets[at] == '\r' && octets[at + 1] == '\n';
  }

  /** Whether a range is a token: visible ASCII without separators, at least one octet. */
  static boolean isToken(byte[] octets, int from, int to) {
    for (int at = from; at < to; at++) {
      if (!isVisible(octets[at]) || SEPARATORS.indexOf(octets[at]) >= 0) {
        return false;
      }
    }
    return from < to;
  }

  /** Whether a range has a control character other than the tab. */
  static boolean hasControl(byte[] octets, int from, int to) {
    for (int at = from; at < to; at++) {
      if ((octets[at] & 0xff) < ' ' && octets[at] != '\t' || octets[at] == DELETE) {
        return true;
      }
    }
    return false;
  }

  /** Whether a range is of visible ASCII and spaces, at least one octet. */
  static boolean isText(byte[] octets, int from, int to) {
    for (int at = from; at < to; at++) {
      if (!isVisible(octets[at]) && octets[at] != ' ') {
        return false;
      }
    }
    return from < to;
  }

  private static boolean isVisible(byte octet) {
    return octet > ' ' && octet != DELETE;
  }

  /** The first index of a range that is no space, or its end. */
  static int skipSpaces(byte[] octets, int from, int to) {
    int at = from;
    while (at < to && isSpace(octets[at])) {
      at++;
    }
    return at;
  }

  /** The end of a range without the spaces at it. */
  static int dropSpaces(byte[] octets, int from, int to) {
    int at = to;
    while (at > from && isSpace(octets[at - 1])) {
      at--;
    }
    return at;
  }

  private static boolean isSpace(byte octet) {
    return octet == ' ' || octet == '\t';
  }

  /** The octet whose two digits stand at an index, or -1. */
  static int hexadecimal(byte[] octets, int at, int to) {
    if (at + 2 > to) {
      return -1;
    }
    int high = Character.digit(octets[at], HEXADECIMAL);
    int low = Character.digit(octets[at + 1], HEXADECIMAL);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  /** The index behind a separator and the spaces around it, or -1 if it does not come next. */
  static int separator(byte[] octets, char separator, int from, int to) {
    int at = skipSpaces(octets, from, to);
    return at < to && octets[at] == separator ? skipSpaces(octets, at + 1, to) : -1;
  }
}
