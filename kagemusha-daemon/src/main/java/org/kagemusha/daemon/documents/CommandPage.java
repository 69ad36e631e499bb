package org.kagemusha.daemon.documents;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The manual page of one command, as its own {@code --help} knows it. */
final class CommandPage {

  private final CommandSpec command;
  private final String version;

  CommandPage(CommandLine line, String version) {
    this.command = line.getCommandSpec();
    this.version = version;
  }

  /** {@code kagemusha}, {@code kagemusha-run}, {@code kagemusha-pki-init}. */
  String name() {
    return command.qualifiedName("-");
  }

  String text() {
    List<String> description = lines(command.usageMessage().description());
    Roff page = new Roff(name(), 1, version, summary(description));
    page.heading("SYNOPSIS");
    page.line(Roff.escape(synopsis()));
    page.heading("DESCRIPTION");
    description.forEach(text -> page.paragraph(Roff.escape(text)));
    parameters(page);
    options(page);
    commands(page);
    exitStatus(page);
    page.heading("SEE ALSO");
    page.line(seeAlso());
    return page.toString();
  }

  private static String summary(List<String> description) {
    String first = description.isEmpty() ? "" : description.get(0);
    int end = first.indexOf(". ");
    return (end < 0 ? first : first.substring(0, end)).replaceFirst("\\.$", "");
  }

  private String synopsis() {
    return new CommandLine.Help(command, CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .synopsis(0).replaceAll("\\s+", " ").strip();
  }

  private void parameters(Roff page) {
    List<PositionalParamSpec> shown =
        command.positionalParameters().stream().filter(one -> !one.hidden()).toList();
    if (!shown.isEmpty()) {
      page.heading("ARGUMENTS");
      shown.forEach(one -> page.item(Roff.italic(one.paramLabel()), meaning(one)));
    }
  }

  private void options(Roff page) {
    page.heading("OPTIONS");
    for (OptionSpec option : command.options()) {
      if (option.hidden()) {
        continue;
      }
      List<String> names = new ArrayList<>();
      for (String name : option.names()) {
        names.add(Roff.bold(name));
      }
      String label = option.arity().max() > 0 ? " " + Roff.italic(option.paramLabel()) : "";
      page.item(String.join(", ", names) + label, meaning(option));
    }
  }

  private void commands(Roff page) {
    if (command.subcommands().isEmpty()) {
      return;
    }
    page.heading("COMMANDS");
    for (CommandLine one : command.subcommands().values()) {
      page.item(
          Roff.bold(one.getCommandName()),
          Roff.escape(
              String.join(" ", lines(one.getCommandSpec().usageMessage().description()))));
    }
  }

  private void exitStatus(Roff page) {
    Map<String, String> statuses = command.usageMessage().exitCodeList();
    if (statuses.isEmpty()) {
      return;
    }
    page.heading("EXIT STATUS");
    statuses.forEach((status, text) -> page.item(Roff.bold(status), Roff.escape(text)));
  }

  private String seeAlso() {
    List<String> pages = new ArrayList<>();
    CommandSpec parent = command.parent();
    if (parent != null) {
      pages.add(reference(parent.qualifiedName("-"), 1));
    }
    command.subcommands().values()
        .forEach(one -> pages.add(reference(one.getCommandSpec().qualifiedName("-"), 1)));
    pages.add(reference("kagemusha-ctl", 1));
    pages.add(reference("kagemusha.toml", 5));
    return String.join(",\n", pages) + "; /usr/share/doc/kagemusha/MANUAL\\&.md";
  }

  private static String reference(String page, int section) {
    return Roff.bold(page) + "(" + section + ")";
  }

  private static String meaning(ArgSpec argument) {
    return Roff.escape(String.join(" ", lines(argument.description())));
  }

  /** picocli takes descriptions for format strings. */
  private static List<String> lines(String[] description) {
    List<String> lines = new ArrayList<>();
    for (String text : description) {
      lines.add(String.format(text).replaceAll("\\s+", " ").strip());
    }
    return lines;
  }
}
