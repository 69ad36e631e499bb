package org.kagemusha.daemon.documents;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The manual page kagemusha.toml(5): the section of the manual about the configuration, translated
 * from Markdown. Of Markdown it knows what that section uses.
 */
final class ConfigurationPage {

  private static final String BEGIN = "## 4. Configuration";
  private static final Pattern INLINE =
      Pattern.compile(
          "`([^`]+)`|\\*\\*([^*]+)\\*\\*|\\*([^*]+)\\*|\\[([^]\\[]+)]\\((#[^)]*)\\)|<br>");

  private final List<String> lines;
  private final String version;
  private final StringBuilder paragraph = new StringBuilder();
  private Roff page;
  private List<String> header;

  /**
   * @param manual the text of {@code MANUAL.md}
   * @throws IllegalArgumentException if it has no section on the configuration
   */
  ConfigurationPage(String manual, String version) {
    this.version = version;
    lines =
        manual.lines().dropWhile(line -> !line.equals(BEGIN)).skip(1)
            .takeWhile(line -> !line.startsWith("## ")).toList();
    if (lines.isEmpty()) {
      throw new IllegalArgumentException("no section \"" + BEGIN + "\"");
    }
  }

  String text() {
    page = new Roff("kagemusha.toml", 5, version, "configuration of kagemusha");
    page.heading("DESCRIPTION");
    page.paragraph(
        "What " + Roff.bold("kagemusha run") + " and " + Roff.bold("kagemusha home-agent")
            + " read. Examples with every key are in /usr/share/doc/kagemusha/examples.");
    boolean verbatim = false;
    for (String line : lines) {
      if (line.startsWith("```")) {
        end();
        verbatim = !verbatim;
        page.line(verbatim ? ".PP\n.nf" : ".fi");
      } else if (verbatim) {
        page.line(Roff.escape(line));
      } else {
        line(line);
      }
    }
    end();
    page.heading("SEE ALSO");
    page.line(Roff.bold("kagemusha") + "(1),");
    page.line(Roff.bold("kagemusha-check") + "(1);");
    page.line("/usr/share/doc/kagemusha/MANUAL\\&.md, the sections that are named here");
    return page.toString();
  }

  private void line(String line) {
    if (line.startsWith("|")) {
      row(cells(line));
      return;
    }
    header = null;
    if (line.startsWith("#")) {
      end();
      page.heading(line.replaceFirst("^#+ ", "").toUpperCase(Locale.ROOT));
    } else if (line.isBlank()) {
      end();
    } else {
      paragraph.append(paragraph.isEmpty() ? "" : " ").append(line.strip());
    }
  }

  private static List<String> cells(String row) {
    return Pattern.compile("(?<!\\\\)\\|").splitAsStream(row.substring(1))
        .map(cell -> cell.strip().replace("\\|", "|")).toList();
  }

  /** A row of a table: the first cell is the term, and the others are told one by one. */
  private void row(List<String> cells) {
    end();
    if (header == null) {
      header = cells;
      return;
    }
    if (cells.get(0).startsWith("---")) {
      return;
    }
    StringBuilder meaning = new StringBuilder();
    boolean key = header.get(0).equals("Key");
    if (key) {
      meaning.append(inline(cells.get(3)));
      append(meaning, cells.get(1).isEmpty() ? "" : "Value: " + cells.get(1));
      append(meaning, cells.get(2).isEmpty() ? "Required" : "Default: " + cells.get(2));
    } else {
      for (int i = 1; i < cells.size(); i++) {
        String title = header.get(i).isEmpty() ? "" : header.get(i) + ": ";
        append(meaning, title + cells.get(i));
      }
    }
    page.item(inline(cells.get(0)), meaning.toString());
  }

  private static void append(StringBuilder meaning, String markdown) {
    if (!markdown.isEmpty()) {
      meaning.append(meaning.isEmpty() ? "" : "\n.br\n").append(inline(markdown));
    }
  }

  private void end() {
    if (!paragraph.isEmpty()) {
      page.paragraph(inline(paragraph.toString()));
      paragraph.setLength(0);
    }
  }

  static String inline(String markdown) {
    StringBuilder roff = new StringBuilder();
    Matcher matcher = INLINE.matcher(markdown);
    int from = 0;
    while (matcher.find()) {
      roff.append(Roff.escape(markdown.substring(from, matcher.start())));
      if (matcher.group(1) != null) {
        roff.append(Roff.bold(matcher.group(1)));
      } else if (matcher.group(2) != null) {
        roff.append(Roff.bold(matcher.group(2)));
      } else if (matcher.group(3) != null) {
        roff.append(Roff.italic(matcher.group(3)));
      } else if (matcher.group(4) != null) {
        roff.append(inline(matcher.group(4)));
      } else {
        roff.append("\n.br\n");
      }
      from = matcher.end();
    }
    return roff.append(Roff.escape(markdown.substring(from))).toString();
  }
}
