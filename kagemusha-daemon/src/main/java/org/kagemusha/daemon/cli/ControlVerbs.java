package org.kagemusha.daemon.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The subcommands that ask a running daemon and print its answer. */
public final class ControlVerbs {

  private ControlVerbs() {}

  /** {@code status}. */
  @Command(name = "status", description = "Show how a running daemon is.")
  public static final class Status extends ControlVerb {
    @Option(names = "--json", description = "as JSON, with stable names")
    private boolean json;

    @Override
    String request() {
      return json ? "status json" : "status";
    }
  }

  /** {@code show}. */
  @Command(name = "show", description = "Show one table of a running daemon.")
  public static final class Show extends ControlVerb {
    /** The tables. */
    enum Table {
      binding, neighbours, sa, counters
    }

    @Parameters(
        paramLabel = "TABLE",
        description = "binding, neighbours, sa (security associations, no keys) or counters")
    private Table table;

    @Option(names = "--json", description = "as JSON")
    private boolean json;

    @Override
    String request() {
      return "show " + table + (json ? " json" : "");
    }
  }

  /** {@code prepare}. */
  @Command(
      name = "prepare",
      description =
          "Get keys and care-of address ready before the VM arrives; waits up to 10 s.")
  public static final class Prepare extends ControlVerb {
    @Override
    String request() {
      return "prepare";
    }
  }

  /** {@code arrived}. */
  @Command(name = "arrived", description = "The VM has arrived on this host: register it now.")
  public static final class Arrived extends ControlVerb {
    @Override
    String request() {
      return "arrived";
    }
  }

  /** {@code paused}. */
  @Command(
      name = "paused",
      description =
          "The VM is stopped, to go on here or elsewhere: keep its packets, refresh nothing.")
  public static final class Paused extends ControlVerb {
    @Override
    String request() {
      return "paused";
    }
  }

  /** {@code left}. */
  @Command(name = "left", description = "The VM has left this host: send nothing more for it.")
  public static final class Left extends ControlVerb {
    @Override
    String request() {
      return "left";
    }
  }

  /** {@code home}. */
  @Command(name = "home", description = "This host is on the VM's home link.")
  public static final class Home extends ControlVerb {
    @Override
    String request() {
      return "home";
    }
  }

  /** {@code release}. */
  @Command(
      name = "release",
      description = "The VM is shut down: end its binding at the home agent.")
  public static final class Release extends ControlVerb {
    @Override
    String request() {
      return "release";
    }
  }

  /** {@code reload}. */
  @Command(name = "reload", description = "Read the configuration again, keeping the binding.")
  public static final class Reload extends ControlVerb {
    @Override
    String request() {
      return "reload";
    }
  }
}
