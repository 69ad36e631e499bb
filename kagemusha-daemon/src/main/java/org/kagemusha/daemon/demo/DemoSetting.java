package org.kagemusha.daemon.demo;

import java.util.stream.Collectors;

/**
 * One key of one daemon's file that is to be otherwise than the laboratory writes it.
 *
 * @param value null: not there at all
 */
record DemoSetting(String daemon, String section, String key, String value) {

  /** The last table of a file may be an array's: a section that is missing goes to the front. */
  String in(String text) {
    String line = value == null ? "" : key + " = " + value + "\n";
    String header = "[" + section + "]\n";
    int at = text.indexOf(header);
    if (at < 0) {
      return header + line + "\n" + text;
    }
    int from = at + header.length();
    int next = text.indexOf("\n[", from);
    int to = next < 0 ? text.length() : next;
    String others =
        text.substring(from, to).lines()
            .filter(one -> !one.startsWith(key + " "))
            .map(one -> one + "\n")
            .collect(Collectors.joining());
    return text.substring(0, from) + line + others + text.substring(to);
  }
}
