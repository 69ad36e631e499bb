package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The mistakes found in one configuration file and the key files that it names. */
final class Problems {

  private final List<Problem> found = new ArrayList<>();

  void add(Path file, int line, String key, String text) {
    found.add(new Problem(file, line, key, text));
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  /** In the order of the lines. */
  List<Problem> sorted() {
    List<Problem> sorted = new ArrayList<>(found);
    sorted.sort(
        Comparator.comparing((Problem problem) -> problem.file().toString())
            .thenComparingInt(Problem::line));
    return List.copyOf(sorted);
  }
}
