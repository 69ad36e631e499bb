package org.kagemusha.daemon.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.kagemusha.daemon.control.ControlClient;

/** Asks a daemon, and turns its answer into output and an exit status. */
final class Asking {

  private Asking() {}

  /**
   * Asks and prints.
   *
   * @param output takes what follows {@code ok}
   * @param errors takes reasons
   */
  static int ask(SocketOptions options, String request, OutputStream output, PrintWriter errors) {
    Path socket;
    try {
      socket = options.choose();
    } catch (IOException e) {
      errors.println(e.getMessage());
      return ExitCode.NO_DAEMON;
    }
    try {
      String refused = new ControlClient(socket).ask(request, output);
      output.flush();
      if (refused == null) {
        return ExitCode.OK;
      }
      errors.println(refused);
      return ExitCode.FAILED;
    } catch (IOException e) {
      errors.println("no daemon answers on " + socket + ": " + e.getMessage());
      return ExitCode.NO_DAEMON;
    }
  }
}
