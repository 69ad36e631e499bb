package org.kagemusha.daemon.config;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Words and what they mean, in the order in which an error lists them. */
final class Choices {

  private Choices() {}

  static <T> Map<String, T> of(String word, T meaning, String otherWord, T otherMeaning) {
    Map<String, T> words = new LinkedHashMap<>();
    words.put(word, meaning);
    words.put(otherWord, otherMeaning);
    return words;
  }

  /** The constants of an enumeration, in lower case with hyphens. */
  static <E extends Enum<E>> Map<String, E> of(Class<E> type) {
    Map<String, E> words = new LinkedHashMap<>();
    for (E constant : type.getEnumConstants()) {
      words.put(word(constant), constant);
    }
    return words;
  }

  /** The word for a constant of an enumeration. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
