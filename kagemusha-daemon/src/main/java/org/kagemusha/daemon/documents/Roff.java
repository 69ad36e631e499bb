package org.kagemusha.daemon.documents;

import java.util.Locale;

/** Writes a manual page in the macros of man(7). */
final class Roff {

  private final StringBuilder page = new StringBuilder();

  /**
   * Begins a page.
   *
   * @param section of the manual, 1 to 8
   * @param summary what the page is about, in one line without a full stop
   */
  Roff(String name, int section, String version, String summary) {
    String title = name.toUpperCase(Locale.ROOT);
    request("TH", title, Integer.toString(section), "", version, "Kagemusha");
    heading("NAME");
    line(escape(name) + " \\- " + escape(summary));
  }

  /** Plain text as roff takes it for itself. */
  static String escape(String text) {
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha")
        .replace("~", "\\(ti").replace("`", "\\(ga").replace(".", "\\&.");
  }

  static String bold(String text) {
    return "\\fB" + escape(text) + "\\fP";
  }

  static String italic(String text) {
    return "\\fI" + escape(text) + "\\fP";
  }

  Roff heading(String text) {
    return request("SH", text);
  }

  Roff subheading(String text) {
    return request("SS", text);
  }

  Roff paragraph(String roff) {
    page.append(".PP\n");
    return line(roff);
  }

  /** A term and, indented below it, what it means. */
  Roff item(String term, String meaning) {
    page.append(".TP\n");
    return line(term).line(meaning);
  }

  /** Text that keeps its lines. */
  Roff verbatim(Iterable<String> lines) {
    page.append(".PP\n.nf\n");
    lines.forEach(text -> line(escape(text)));
    page.append(".fi\n");
    return this;
  }

  Roff line(String roff) {
    // An empty line would be a paragraph of its own.
    page.append(roff.isEmpty() ? "\\&" : roff).append('\n');
    return this;
  }

  private Roff request(String name, String... arguments) {
    page.append('.').append(name);
    for (String argument : arguments) {
      page.append(" \"").append(escape(argument).replace("\"", "\\(dq")).append('"');
    }
    page.append('\n');
    return this;
  }

  @Override
  public String toString() {
    return page.toString();
  }
}
