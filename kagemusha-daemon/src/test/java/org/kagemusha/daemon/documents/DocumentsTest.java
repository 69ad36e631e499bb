package org.kagemusha.daemon.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.Main;
import picocli.CommandLine;

/** What the package tells man and the shell; groff and bash judge. */
class DocumentsTest {

  @TempDir Path directory;

  @BeforeEach
  void write() throws Exception {
    Documents.main(new String[] {directory.toString(), ".."});
  }

  private String page(String name) throws Exception {
    try (InputStream page =
        new GZIPInputStream(
            Files.newInputStream(directory.resolve("man").resolve(name + ".gz")))) {
      return new String(page.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private List<Path> pages() throws Exception {
    try (Stream<Path> files = Files.walk(directory.resolve("man"))) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  @Test
  void everyCommandHasAPage() throws Exception {
    for (String command : new CommandLine(new Main()).getSubcommands().keySet()) {
      assertTrue(page("man1/kagemusha-" + command + ".1").contains(".SH \"SYNOPSIS\""), command);
    }
    assertTrue(page("man1/kagemusha.1").contains(".SH \"EXIT STATUS\""));
    assertTrue(page("man1/kagemusha-pki-issue.1").contains("kagemusha pki issue"));
    assertTrue(page("man1/kagemusha-capture.1").contains("\\fB\\-\\-keys\\fP"));
    assertFalse(page("man1/kagemusha-demo.1").contains("\\-\\-stay"), "hidden");
  }

  @Test
  void theScriptHasAPageOfItsOwnComment() throws Exception {
    String page = page("man1/kagemusha-ctl.1");
    assertTrue(page.contains("kagemusha\\-ctl [\\-n NAME | \\-s SOCKET]"), page);
  }

  @Test
  void theConfigurationsPageHasEveryKeyOfTheManual() throws Exception {
    TreeSet<String> manual =
        Pattern.compile("(?m)^\\| `(\\[\\[?[a-z-]+]?] [a-z-]+)` \\|")
            .matcher(Files.readString(Path.of("..", "MANUAL.md")))
            .results()
            .map(row -> ".TP\n" + Roff.bold(row.group(1)) + "\n")
            .collect(Collectors.toCollection(TreeSet::new));
    String page = page("man5/kagemusha.toml.5");
    manual.removeIf(page::contains);
    assertTrue(manual.isEmpty(), manual.toString());
  }

  @Test
  void aManualWithoutThatSectionIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new ConfigurationPage("# Manual\n", "1"));
  }

  @Test
  void thePackagesChangelogIsOfThisVersion() throws Exception {
    String version =
        Files.readString(Path.of("..", "pom.xml"))
            .replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1");
    String changelog = Files.readString(Path.of("src", "main", "debian", "doc", "changelog"));
    assertTrue(
        changelog.startsWith("kagemusha (" + version.replace('-', '~') + ") "), changelog);
  }

  @Test
  void markdownBecomesRoff() {
    assertEquals(
        "\\fBa\\-b\\fP or \\fIword\\fP, see there\\&.",
        ConfigurationPage.inline("`a-b` or *word*, see [there](#there)."));
    assertEquals("\\&.a \\e \\(aq", Roff.escape(".a \\ '"));
  }

  @Test
  void groffHasNothingToSay() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/man")));
    for (Path page : pages()) {
      String words =
          run("sh", "-c", "man --warnings --local-file -Tutf8 -Z \"$0\" 2>&1 >/dev/null",
              page.toString());
      assertEquals("", words, page.toString());
    }
  }

  @Test
  void bashCompletesCommandsAndTheirOptions() throws Exception {
    String script = directory.resolve("completion/kagemusha").toString();
    assertFalse(Files.readString(Path.of(script)).startsWith("#!"));
    String words =
        run(
            "bash", "-c",
            ". \"$0\"; COMP_WORDS=(kagemusha demo --pro); COMP_CWORD=2; COMP_LINE='kagemusha demo"
                + " --pro'; _complete_kagemusha; printf '%s\\n' \"${COMPREPLY[@]}\"",
            script);
    assertTrue(words.contains("--protection"), words);
  }
}
