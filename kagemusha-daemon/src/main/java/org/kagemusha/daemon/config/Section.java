package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Function;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * One table of a file. Each accessor says what it expects and notes a problem if something else is
 * there; it then returns the fallback, so that reading goes on and every mistake is found. A key
 * that no accessor asked for is unknown, which {@link #finish()} tells.
 */
final class Section {

  private static final int LONGEST_ECHO = 60;

  private final Path file;
  private final TomlTable table;
  private final String name;
  private final int line;
  private final Problems problems;
  private final TreeSet<String> known = new TreeSet<>();
  private final List<Section> children = new ArrayList<>();

  /**
   * @param table the keys and values, or null where the file has no such section
   * @param name as it stands in the file, with brackets; empty for the whole file
   * @param line where it begins
   */
  Section(Path file, TomlTable table, String name, int line, Problems problems) {
    this.file = file;
    this.table = table;
    this.name = name;
    this.line = line;
    this.problems = problems;
  }

  /** Says whether the file has this section. */
  boolean isPresent() {
    return table != null;
  }

  /** Says whether the key has a value; the key counts as known. */
  boolean has(String key) {
    return value(key) != null;
  }

  /** Says whether the key has just this text; the key counts as known. */
  boolean is(String key, String text) {
    return text.equals(value(key));
  }

  /** Says whether the key has an array without elements. */
  boolean isEmptyArray(String key) {
    return value(key) instanceof TomlArray array && array.isEmpty();
  }

  /** A section inside this one; it may be absent, and several may read it. */
  Section section(String key) {
    for (Section child : children) {
      if (child.name.equals("[" + key + "]")) {
        return child;
      }
    }
    Object value = value(key);
    TomlTable inner = null;
    if (value instanceof TomlTable found) {
      inner = found;
    } else if (value != null) {
      wrong(key, "a section " + "[" + key + "]");
    }
    return child(inner, "[" + key + "]", inner == null ? line : lineOf(key));
  }

  /** The sections of an array of tables, {@code [[key]]}, in the order of the file. */
  List<Section> sections(String key) {
    Object value = value(key);
    List<Section> found = new ArrayList<>();
    if (value instanceof TomlArray array) {
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i) instanceof TomlTable inner) {
          found.add(child(inner, "[[" + key + "]]", positionLine(array.inputPositionOf(i))));
        } else {
          wrong(key, "sections [[" + key + "]]");
        }
      }
    } else if (value != null) {
      wrong(key, "sections [[" + key + "]]");
    }
    return found;
  }

  private Section child(TomlTable inner, String innerName, int innerLine) {
    Section child = new Section(file, inner, innerName, innerLine, problems);
    children.add(child);
    return child;
  }

  /** Text, or the fallback. */
  String text(String key, String fallback) {
    Object value = value(key);
    if (value == null || value instanceof String) {
      return value == null ? fallback : (String) value;
    }
    wrong(key, "text in quotes");
    return fallback;
  }

  /** A value that is written as text; the expectation completes "expected ...". */
  <T> T parsed(String key, T fallback, String expected, Function<String, T> parse) {
    Object value = value(key);
    if (value instanceof String text) {
      T parsed = tryParse(text, parse);
      if (parsed != null) {
        return parsed;
      }
    }
    if (value != null) {
      wrong(key, expected);
    }
    return fallback;
  }

  /** One value or an array of them, each written as text. */
  <T> List<T> list(String key, String expected, Function<String, T> parse) {
    Object value = value(key);
    List<T> parsed = new ArrayList<>();
    if (value instanceof TomlArray array) {
      for (int i = 0; i < array.size(); i++) {
        Object element = array.get(i);
        T one = element instanceof String text ? tryParse(text, parse) : null;
        if (one != null) {
          parsed.add(one);
        } else {
          problem(positionLine(array.inputPositionOf(i)), key, found(element, expected));
        }
      }
    } else if (value != null) {
      T one = value instanceof String text ? tryParse(text, parse) : null;
      if (one != null) {
        parsed.add(one);
      } else {
        wrong(key, expected);
      }
    }
    return parsed;
  }

  private static <T> T tryParse(String text, Function<String, T> parse) {
    try {
      return parse.apply(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** One word out of a few. */
  <T> T choice(String key, T fallback, Map<String, T> words) {
    Object value = value(key);
    if (value == null) {
      return fallback;
    }
    if (value instanceof String text) {
      T chosen = words.get(text);
      if (chosen != null) {
        return chosen;
      }
      String hint =
          Suggestion.nearest(text, words.keySet()).map(w -> "; did you mean \"" + w + "\"?")
              .orElse("");
      problem(key, found(value, "one of " + quoted(words.keySet())) + hint);
      return fallback;
    }
    wrong(key, "one of " + quoted(words.keySet()));
    return fallback;
  }

  /** A whole number within bounds, both inclusive. */
  long integer(String key, long fallback, long minimum, long maximum) {
    Object value = value(key);
    if (value instanceof Long number && number >= minimum && number <= maximum) {
      return number;
    }
    if (value != null) {
      wrong(key, "a whole number from " + minimum + " to " + maximum);
    }
    return fallback;
  }

  /** A number of octets within bounds, both inclusive: a whole number, or text with a unit. */
  long octets(String key, long fallback, long minimum, long maximum) {
    Object value = value(key);
    OptionalLong octets = OptionalLong.empty();
    if (value instanceof String text) {
      octets = OctetsText.parse(text);
    } else if (value instanceof Long number) {
      octets = OptionalLong.of(number);
    }
    if (octets.isPresent() && octets.getAsLong() >= minimum && octets.getAsLong() <= maximum) {
      return octets.getAsLong();
    }
    if (value != null) {
      wrong(
          key,
          "octets from \"" + OctetsText.format(minimum) + "\" to \"" + OctetsText.format(maximum)
              + "\" (units KiB, MiB, GiB, TiB), or a whole number of them");
    }
    return fallback;
  }

  /** {@code true} or {@code false}. */
  boolean flag(String key, boolean fallback) {
    Object value = value(key);
    if (value instanceof Boolean flag) {
      return flag;
    }
    if (value != null) {
      wrong(key, "true or false, without quotes");
    }
    return fallback;
  }

  /** A duration within bounds, both inclusive, in milliseconds. */
  long durationMs(String key, long fallbackMs, long minimumMs, long maximumMs) {
    Object value = value(key);
    if (value instanceof String text) {
      OptionalLong ms = DurationText.parse(text);
      if (ms.isPresent() && ms.getAsLong() >= minimumMs && ms.getAsLong() <= maximumMs) {
        return ms.getAsLong();
      }
    }
    if (value != null) {
      wrong(
          key,
          "a duration from \"" + DurationText.format(minimumMs) + "\" to \""
              + DurationText.format(maximumMs) + "\" (units ms, s, m, h, d)");
    }
    return fallbackMs;
  }

  /** Notes that a key without default is missing; the example completes "such as ...". */
  void require(String key, String example) {
    if (!has(key)) {
      String example1 = example.isEmpty() ? "" : ", such as " + key + " = " + example;
      problems.add(file, line, name + " " + key, "missing; expected " + key + example1);
    }
  }

  /** Notes a problem at a key, or at the section's first line if the key has no value. */
  void problem(String key, String text) {
    problem(lineOf(key), key, text);
  }

  private void problem(int where, String key, String text) {
    problems.add(file, where, (name + " " + key).strip(), text);
  }

  private void wrong(String key, String expected) {
    problem(key, found(table.get(List.of(key)), expected));
  }

  private static String found(Object value, String expected) {
    return "found " + describe(value) + "; expected " + expected;
  }

  /** Text as it stood in the file, cut short; other values by their form. */
  static String describe(Object value) {
    if (value instanceof TomlTable) {
      return "a section";
    }
    if (value instanceof TomlArray) {
      return "an array";
    }
    String text = String.valueOf(value).replaceAll("\\p{Cntrl}", "?");
    if (text.length() > LONGEST_ECHO) {
      text = text.substring(0, LONGEST_ECHO) + "...";
    }
    return value instanceof String ? "\"" + text + "\"" : text;
  }

  /** Notes every key that nobody asked for, here and in the sections inside. */
  void finish() {
    if (table != null) {
      for (String key : table.keySet()) {
        if (!known.contains(key)) {
          String hint =
              Suggestion.nearest(key, known)
                  .map(word -> "; did you mean \"" + word + "\"?")
                  .orElse("; expected one of " + String.join(", ", known));
          problem(key, "unknown key" + hint);
        }
      }
    }
    children.forEach(Section::finish);
  }

  /** The line of a key, or that of the section if the key has no value. */
  int lineOf(String key) {
    int found =
        table == null ? 0 : positionLine(table.inputPositionOf(List.of(key)));
    return found == 0 ? line : found;
  }

  private static int positionLine(TomlPosition position) {
    return position == null ? 0 : position.line();
  }

  private Object value(String key) {
    known.add(key);
    return table == null ? null : table.get(List.of(key));
  }

  private static String quoted(Iterable<String> words) {
    return "\"" + String.join("\", \"", words) + "\"";
  }
}
