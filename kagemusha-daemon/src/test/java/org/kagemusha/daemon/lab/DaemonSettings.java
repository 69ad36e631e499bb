package org.kagemusha.daemon.lab;

import java.util.List;

/**
 * How Kagemusha's daemons are to run.
 *
 * @param program the command that is Kagemusha; empty: the classes that run the laboratory
 * @param settings keys of both ends' files that are to be otherwise than by default
 */
record DaemonSettings(List<String> program, List<Setting> settings) {

  /**
   * One key of both ends' files.
   *
   * @param value as TOML has it
   */
  record Setting(String section, String key, String value) {

    /**
     * Reads {@code SECTION.KEY=VALUE}.
     *
     * @throws IllegalArgumentException if it is not that
     */
    static Setting parse(String text) {
      int equals = text.indexOf('=');
      int dot = text.lastIndexOf('.', Math.max(equals, 0));
      if (equals < 0 || dot <= 0) {
        throw new IllegalArgumentException("\"" + text + "\" is not SECTION.KEY=VALUE");
      }
      return new Setting(
          text.substring(0, dot), text.substring(dot + 1, equals), text.substring(equals + 1));
    }
  }
}
