package org.kagemusha.daemon.service;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A daemon in a process and a network namespace of its own; its log is what a test waits for. */
final class Daemon implements AutoCloseable {

  private final Process process;
  private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
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
    Thread reader = new Thread(this::readLog, "log of " + namespace);
    reader.setDaemon(true);
    reader.start();
  }

  /** A thread that reads a pipe cannot be interrupted; one that waits for a line can. */
  private void readLog() {
    try (BufferedReader log = process.inputReader(StandardCharsets.UTF_8)) {
      log.lines().forEach(line -> lines.add(Optional.of(line)));
    } catch (IOException e) {
      lines.add(Optional.of(e.toString()));
    } finally {
      lines.add(Optional.empty());
    }
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
    try {
      for (String line = next(); line != null; line = next()) {
        if (pattern.matcher(line).find()) {
          return this;
        }
      }
    } catch (InterruptedException e) {
      throw new InterruptedIOException("waited for '" + expression + "':\n" + read);
    }
    throw new IOException("ended without '" + expression + "':\n" + read);
  }

  private String next() throws InterruptedException {
    Optional<String> line = lines.take();
    line.ifPresentOrElse(
        text -> read.append(text).append('\n'), () -> lines.add(Optional.empty()));
    return line.orElse(null);
  }

  void signal(String name) throws Exception {
    run("kill", "-" + name, Long.toString(process.pid()));
  }

  /** Waits for the end and gives the exit status. */
  int end() throws Exception {
    while (next() != null) {
      // The log is kept as it is read.
    }
    return process.waitFor();
  }

  String text() {
    return read.toString();
  }

  @Override
  public void close() {
    // Not destroy(), which also closes the log.
    process.toHandle().destroy();
    process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
  }

  /** The command that asks the daemon of a control socket, without a JVM. */
  static String[] client(Path socket, String request) {
    Path client = Path.of("..", "etc", "kagemusha-ctl").toAbsolutePath();
    return ("sh " + client + " -s " + socket + " " + request).split(" ");
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
