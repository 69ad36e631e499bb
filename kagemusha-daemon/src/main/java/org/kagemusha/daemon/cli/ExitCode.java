package org.kagemusha.daemon.cli;

/** What the exit status of the program says. */
public final class ExitCode {

  /** Done. */
  public static final int OK = 0;

  /** Refused by the daemon, or failed. */
  public static final int FAILED = 1;

  /** The command line is wrong. */
  public static final int USAGE = 2;

  /** The configuration is wrong; nothing was started. */
  public static final int CONFIGURATION = 3;

  /** No daemon answers on the control socket. */
  public static final int NO_DAEMON = 4;

  private ExitCode() {}
}
