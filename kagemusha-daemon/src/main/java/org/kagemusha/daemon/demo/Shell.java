package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the machine's own tools (iproute2 and others) and turns their failure into an exception. */
final class Shell {

  private static final int LIMIT_SECONDS = 30;

  private Shell() {}

  /**
   * Runs a command to its end.
   *
   * @return what it printed
   * @throws IOException if it cannot be started, fails, or takes longer than 30 seconds
   */
  static String run(String... command) throws IOException {
    return run("", List.of(command));
  }

  /**
   * Runs a command to its end with text on its standard input.
   *
   * @return what it printed
   * @throws IOException if it cannot be started, fails, or takes longer than 30 seconds
   */
  static String run(String input, List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().close();
      String output;
      try (InputStream stream = process.getInputStream()) {
        output = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      }
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(String.join(" ", command) + ": no end after " + LIMIT_SECONDS + " s");
      }
      if (process.exitValue() != 0) {
        throw new IOException(
            String.join(" ", command) + ": exit status " + process.exitValue() + ": "
                + output.strip());
      }
      return output;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(String.join(" ", command) + ": interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }
}
