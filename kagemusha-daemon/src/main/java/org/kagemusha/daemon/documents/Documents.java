package org.kagemusha.daemon.documents;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.kagemusha.daemon.Main;
import org.kagemusha.daemon.observe.BuildVersion;
import picocli.AutoComplete;
import picocli.CommandLine;

/** Writes the manual pages and the package's changelog, compressed, and the shell's completion. */
public final class Documents {

  private final Path directory;
  private final String version = "kagemusha " + BuildVersion.text();

  private Documents(Path directory) {
    this.directory = directory;
  }

  /**
   * Takes two arguments: the directory, and the top of the source tree.
   *
   * @throws IOException if one cannot be read or written
   */
  public static void main(String[] arguments) throws IOException {
    Documents documents = new Documents(Path.of(arguments[0]));
    Path top = Path.of(arguments[1]);
    CommandLine program = Main.commandLine();
    documents.commandPages(program);
    documents.page(
        "man5/kagemusha.toml.5",
        new ConfigurationPage(Files.readString(top.resolve("MANUAL.md")), documents.version)
            .text());
    documents.page(
        "man1/kagemusha-ctl.1",
        documents.scriptPage(Files.readAllLines(top.resolve("etc/kagemusha-ctl"))));
    documents.compressed(
        "doc/changelog",
        Files.readString(top.resolve("kagemusha-daemon/src/main/debian/doc/changelog")));
    documents.completion(program);
  }

  private void commandPages(CommandLine line) throws IOException {
    CommandPage command = new CommandPage(line, version);
    page("man1/" + command.name() + ".1", command.text());
    for (CommandLine one : line.getSubcommands().values()) {
      commandPages(one);
    }
  }

  /** A script explains itself by the comment at its head: name, colon, summary, full stop. */
  private String scriptPage(List<String> script) {
    List<String> comment =
        script.stream().skip(1).takeWhile(line -> line.startsWith("#"))
            .map(line -> line.replaceFirst("^# ?", "")).toList();
    String first = comment.get(0);
    String name = first.substring(0, first.indexOf(':'));
    return new Roff(name, 1, version, "speaks to a running daemon of kagemusha, without a JVM")
        .heading("DESCRIPTION")
        .verbatim(comment)
        .heading("SEE ALSO")
        .line(Roff.bold("kagemusha") + "(1)")
        .toString();
  }

  private void page(String name, String text) throws IOException {
    compressed("man/" + name, text);
  }

  private void compressed(String name, String text) throws IOException {
    Path file = directory.resolve(name + ".gz");
    Files.createDirectories(file.getParent());
    ByteArrayOutputStream octets = new ByteArrayOutputStream();
    try (OutputStream gzip =
        new GZIPOutputStream(octets) {
          {
            def.setLevel(9);
          }
        }) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    byte[] member = octets.toByteArray();
    // RFC 1952 section 2.3.1, XFL: the compressor took its time. Java's says nothing.
    member[8] = 2;
    Files.write(file, member);
  }

  private void completion(CommandLine program) throws IOException {
    Path file = directory.resolve("completion").resolve("kagemusha");
    Files.createDirectories(file.getParent());
    // It is read by a shell, not run.
    Files.writeString(
        file, AutoComplete.bash("kagemusha", program).replaceFirst("^#!.*\n", ""));
  }
}
