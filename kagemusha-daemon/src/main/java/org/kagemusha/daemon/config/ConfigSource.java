package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.List;

/**
 * A configuration as TOML.
 *
 * @param file where it came from
 * @param lines for each line of the text, from the first on, its line in the file; null if they are
 *     the same
 */
record ConfigSource(Path file, String text, List<Integer> lines) {

  /** The problems, with lines of the file. */
  ConfigException located(Problems problems) {
    List<Problem> sorted = problems.sorted();
    if (lines == null) {
      return new ConfigException(sorted);
    }
    return new ConfigException(
        sorted.stream()
            .map(
                one ->
                    one.file().equals(file)
                        ? new Problem(file, line(one.line()), one.key(), one.text())
                        : one)
            .toList());
  }

  private int line(int ofText) {
    return lines.isEmpty() ? 1 : lines.get(Math.min(Math.max(ofText, 1), lines.size()) - 1);
  }
}
