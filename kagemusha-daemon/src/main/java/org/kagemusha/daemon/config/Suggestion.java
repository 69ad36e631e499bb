package org.kagemusha.daemon.config;

import java.util.Collection;
import java.util.Optional;

/** Guesses which word was meant by one that is not known. */
final class Suggestion {

  private Suggestion() {}

  /**
   * The candidate nearest to a word, if it is near enough to be a slip of the pen: at most a third
   * of the word's letters differ, and one always may.
   */
  static Optional<String> nearest(String word, Collection<String> candidates) {
    String best = null;
    int bestDistance = Math.max(1, word.length() / 3) + 1;
    for (String candidate : candidates) {
      int distance = distance(word, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  /**
   * The Levenshtein distance, in which exchanging two neighbours counts as one step too: that is
   * the slip that hands make most.
   */
  static int distance(String a, String b) {
    int[][] table = new int[a.length() + 1][b.length() + 1];
    for (int row = 0; row <= a.length(); row++) {
      for (int column = 0; column <= b.length(); column++) {
        if (row == 0 || column == 0) {
          table[row][column] = row + column;
          continue;
        }
        int replaced = a.charAt(row - 1) == b.charAt(column - 1) ? 0 : 1;
        int best =
            Math.min(
                table[row - 1][column - 1] + replaced,
                1 + Math.min(table[row - 1][column], table[row][column - 1]));
        if (isExchanged(a, row, b, column)) {
          best = Math.min(best, table[row - 2][column - 2] + 1);
        }
        table[row][column] = best;
      }
    }
    return table[a.length()][b.length()];
  }

  private static boolean isExchanged(String a, int row, String b, int column) {
    return row > 1
        && column > 1
        && a.charAt(row - 1) == b.charAt(column - 2)
        && a.charAt(row - 2) == b.charAt(column - 1);
  }
}
