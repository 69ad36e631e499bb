package org.kagemusha.daemon.service;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** A daemon in a process and a network namespace of its own; its log is what a test waits for. */
final class Daemon implements AutoCloseable {

  private final Process process;
  private final BufferedReader log;
  private final StringBuilder read = new StringBuilder();

  Daemon(String namespace, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "ip", "netns", "exec", namespace,
                System.getProperty("java.home") + "/bin/java", "-XX:+UseSerialGC", "-Xmx64m",
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                "org.kagemusha.daemon.Main"));
    command.addAll(List.of(arguments));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    log =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /**
   * Reads the log up to a line that holds an expression, unless one was read before; the test's
   * time limit bounds the wait.
   */
  Daemon await(String expression) throws IOException {
    Pattern pattern = Pattern.compile(expression);
    if (pattern.matcher(read).find()) {
      return this;
    }
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      read.append(line).append('\n');
      if (pattern.matcher(line).find()) {
        return this;
      }
    }
    throw new IOException("ended without '" + expression + "':\n" + read);
  }

  void signal(String name) throws Exception {
    run("kill", "-" + name, Long.toString(process.pid()));
  }

  /** Waits for the end and gives the exit status. */
  int end() throws Exception {
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      read.append(line).append('\n');
    }
    return process.waitFor();
  }

  String text() {
    return read.toString();
  }

  @Override
  public void close() throws IOException {
    if (process.isAlive()) {
      // Not destroy(), which also closes the log.
      process.toHandle().destroy();
      log.transferTo(Writer.nullWriter());
    }
  }

  /** Runs a command; its status must be 0. */
  static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output;
  }
}
