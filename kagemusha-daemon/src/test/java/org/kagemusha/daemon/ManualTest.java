package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.daemon.cli.ExitCode;
import org.kagemusha.daemon.config.ConfigException;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.Problem;
import org.kagemusha.daemon.provision.ControllerCounters;
import picocli.CommandLine;

/** The manual names what the program has, no more and no less. */
class ManualTest {

  private static final Pattern EXPECTED = Pattern.compile("expected one of ([a-z, -]+)");
  private static final Pattern KEY_ROW =
      Pattern.compile("(?m)^\\| `(\\[\\[?[a-z-]+]?] [a-z-]+)` \\|");
  private static final String NO_KEY = "qqqqqqqqqqqqqqqqqqqqqqqq";

  @TempDir Path directory;

  private final String manual = read();

  private static String read() {
    try {
      return Files.readString(Path.of("..", "MANUAL.md"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** The rows of a table that begins with a header, as {@code name | text}. */
  private List<String> rows(String header) {
    return manual
        .lines()
        .dropWhile(line -> !line.equals(header))
        .skip(2)
        .takeWhile(line -> line.startsWith("|"))
        .toList();
  }

  /** Fails with the lines to add and those to take away. */
  private static void assertSame(Collection<String> program, Collection<String> told) {
    Set<String> missing = new TreeSet<>(program);
    missing.removeAll(told);
    Set<String> superfluous = new TreeSet<>(told);
    superfluous.removeAll(program);
    assertTrue(
        missing.isEmpty() && superfluous.isEmpty(),
        "MANUAL.md lacks:\n" + String.join("\n", missing) + "\nand has but should not:\n"
            + String.join("\n", superfluous));
  }

  @Test
  void theManualTellsEachCounterInTheProgramsWords() {
    assertSame(
        Stream.of(Counter.values()).map(c -> "| `" + word(c) + "` | " + c.help() + " |").toList(),
        rows("| Counter | Counts |"));
  }

  @Test
  void theManualTellsEachEventOfTheController() {
    assertSame(
        Stream.of(ControllerCounters.Event.values())
            .map(e -> "| `" + e.label() + "` | " + e.help() + " |")
            .toList(),
        rows("| Event | Counts |"));
  }

  @Test
  void theManualTellsEachDropReasonInTheProgramsWords() {
    assertSame(
        Stream.of(DropReason.values())
            .map(r -> "| `" + word(r) + "` | " + r.help() + " |")
            .toList(),
        rows("| Drop reason | A packet was dropped because |"));
  }

  /** What a file may hold is learned from what the program says of a key that it does not know. */
  private List<Problem> problems(boolean homeAgent, String... sections) throws IOException {
    StringBuilder text = new StringBuilder(NO_KEY).append(" = 1\n");
    for (String section : sections) {
      text.append(section).append('\n').append(NO_KEY).append(" = 1\n");
    }
    Path file = Files.writeString(directory.resolve("all.toml"), text);
    ConfigFile reader = new ConfigFile((Path) null);
    return assertThrows(
            ConfigException.class,
            () -> {
              if (homeAgent) {
                reader.readHomeAgent(file);
              } else {
                reader.readVm(file);
              }
            })
        .problems();
  }

  private static Set<String> known(List<Problem> problems, String section) {
    Set<String> keys = new TreeSet<>();
    for (Problem problem : problems) {
      Matcher matcher = EXPECTED.matcher(problem.text());
      if (problem.key().equals((section + " " + NO_KEY).strip()) && matcher.find()) {
        keys.addAll(List.of(matcher.group(1).split(", ")));
      }
    }
    assertTrue(!keys.isEmpty(), section + " in " + problems);
    return keys;
  }

  private Set<String> keys(boolean homeAgent, List<String> tables, List<String> arrays)
      throws IOException {
    List<String> sections = new ArrayList<>();
    tables.forEach(table -> sections.add("[" + table + "]"));
    arrays.forEach(array -> sections.add("[[" + array + "]]"));
    List<Problem> problems = problems(homeAgent, sections.toArray(new String[0]));
    Set<String> named = new TreeSet<>(tables);
    arrays.stream().filter(array -> !array.contains(".")).forEach(named::add);
    assertEquals(known(problems, ""), named, "sections that this test knows");
    Set<String> keys = new TreeSet<>();
    for (String section : sections) {
      String name = section.replaceFirst("\\[\\[.*\\.", "[[");
      for (String key : known(problems, name)) {
        if (!key.equals("association")) {
          keys.add(name + " " + key);
        }
      }
    }
    return keys;
  }

  @Test
  void theManualTellsEachConfigurationKey() throws Exception {
    Set<String> keys =
        keys(
            false,
            List.of(
                "vm", "home", "tap", "underlay", "binding", "vmm", "handover", "tunnel",
                "provisioning", "protection", "control", "state", "metrics", "log", "scheduling"),
            List.of("association"));
    keys.addAll(
        keys(
            true,
            List.of(
                "home-agent", "tap", "advertisement", "tunnel", "controller", "encapsulation",
                "protection", "control", "state", "metrics", "log", "scheduling"),
            List.of("host", "mobile-node", "mobile-node.association")));
    Set<String> told =
        KEY_ROW.matcher(manual).results().map(row -> row.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertSame(keys, told);
  }

  @Test
  void theManualTellsEachCommandAndExitStatus() throws Exception {
    List<String> commands = rows("| Command | Does |");
    Set<String> told = new TreeSet<>();
    for (String row : commands) {
      told.add(row.replaceFirst("^\\| `kagemusha ([a-z-]+).*", "$1"));
    }
    assertSame(new CommandLine(new Main()).getSubcommands().keySet(), told);
    List<String> statuses = rows("| Exit status | |");
    assertEquals(ExitCode.class.getFields().length, statuses.size());
    for (var field : ExitCode.class.getFields()) {
      String begin = "| " + field.getInt(null) + " |";
      assertTrue(statuses.stream().anyMatch(row -> row.startsWith(begin)), field.getName());
    }
  }
}
