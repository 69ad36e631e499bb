package org.kagemusha.daemon;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.kagemusha.daemon.cli.CaptureCommand;
import org.kagemusha.daemon.cli.CheckCommand;
import org.kagemusha.daemon.cli.ControlVerbs;
import org.kagemusha.daemon.cli.ExitCode;
import org.kagemusha.daemon.cli.HomeAgentCommand;
import org.kagemusha.daemon.cli.PkiCommand;
import org.kagemusha.daemon.cli.ReportCommand;
import org.kagemusha.daemon.cli.RunCommand;
import org.kagemusha.daemon.cli.ServiceCommand;
import org.kagemusha.daemon.cli.Version;
import org.kagemusha.daemon.demo.DemoCommand;
import org.kagemusha.daemon.service.EarlyStart;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program {@code kagemusha}: Mobile IPv6 on behalf of virtual machines. */
@Command(
    name = "kagemusha",
    description = "Mobile IPv6 for virtual machines that move.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:done",
      "1:refused by the daemon, or failed",
      "2:wrong usage",
      "3:mistakes in the configuration",
      "4:no daemon answers"
    },
    subcommands = {
      RunCommand.class,
      HomeAgentCommand.class,
      CheckCommand.class,
      ControlVerbs.Status.class,
      ReportCommand.class,
      ControlVerbs.Prepare.class,
      ControlVerbs.Arrived.class,
      ControlVerbs.Paused.class,
      ControlVerbs.Left.class,
      ControlVerbs.Home.class,
      ControlVerbs.Release.class,
      ControlVerbs.Show.class,
      ControlVerbs.Reload.class,
      CaptureCommand.class,
      PkiCommand.class,
      DemoCommand.class,
    })
public final class Main implements Runnable {

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is missing");
  }

  /** Runs one command and exits with its status. */
  public static void main(String[] arguments) {
    if (isDaemon(arguments)) {
      EarlyStart.withoutUrls();
      EarlyStart.begin();
    }
    ServiceCommand<?> daemon = daemon(arguments);
    int status =
        daemon != null
            ? daemon.serve(Path.of(arguments[1]))
            : run(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                arguments);
    System.exit(status);
  }

  /**
   * The daemon that a plain {@code run FILE} or {@code home-agent FILE} asks for, else null.
   * Daemons run for months, dozens on a host: they do without the parser of command lines and all
   * that it looks into, a tenth of their classes.
   */
  private static ServiceCommand<?> daemon(String[] arguments) {
    return switch (isDaemon(arguments) ? arguments[0] : "") {
      case "run" -> new RunCommand();
      case "home-agent" -> new HomeAgentCommand();
      default -> null;
    };
  }

  private static boolean isDaemon(String[] arguments) {
    return arguments.length == 2
        && (arguments[0].equals("run") || arguments[0].equals("home-agent"))
        && !arguments[1].isEmpty()
        && !arguments[1].startsWith("-")
        && !arguments[1].startsWith("@");
  }

  /** Runs one command; the exit status is one of {@link ExitCode}. */
  public static int run(PrintWriter output, PrintWriter errors, String... arguments) {
    return commandLine()
        .setOut(output)
        .setErr(errors)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .execute(arguments);
  }

  /** All commands with all their options. */
  public static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    addHelp(line);
    return line;
  }

  /** Every command explains itself, as the program does. */
  private static void addHelp(CommandLine line) {
    CommandLine.Model.CommandSpec command = line.getCommandSpec();
    if (command.findOption("--help") == null) {
      command.addOption(
          CommandLine.Model.OptionSpec.builder("-h", "--help")
              .usageHelp(true)
              .description("Show this help message and exit.")
              .build());
    }
    line.getSubcommands().values().forEach(Main::addHelp);
  }
}
