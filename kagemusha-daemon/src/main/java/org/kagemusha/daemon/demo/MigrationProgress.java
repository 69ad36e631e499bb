package org.kagemusha.daemon.demo;

import java.io.PrintStream;
import java.util.function.DoubleConsumer;

/** Shows how far a migration is: in one line of a terminal, else at each quarter. */
final class MigrationProgress implements DoubleConsumer {

  private static final int WIDTH = 40;
  private static final int PERCENT = 100;
  private static final int QUARTER = 25;

  private final PrintStream out;
  private final boolean isTerminal = System.console() != null;
  private int shown;

  MigrationProgress(PrintStream out) {
    this.out = out;
  }

  @Override
  public void accept(double done) {
    int percent = (int) Math.round(Math.max(0, Math.min(1, done)) * PERCENT);
    if (isTerminal) {
      int filled = percent * WIDTH / PERCENT;
      out.printf(
          "\r           migration [%s%s] %3d %%%s", "#".repeat(filled), ".".repeat(WIDTH - filled),
          percent, percent == PERCENT ? "\n" : "");
    } else if (percent / QUARTER != shown / QUARTER) {
      out.printf("           migration %3d %%%n", percent);
    }
    shown = percent == PERCENT ? 0 : percent;
    out.flush();
  }
}
