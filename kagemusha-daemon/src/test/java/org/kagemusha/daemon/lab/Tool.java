package org.kagemusha.daemon.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A program of the machine's own, run in a network namespace and ended by its own process id. */
final class Tool implements Closeable {

  private static final int LIMIT_SECONDS = 20;
  private static final int END_SECONDS = 3;

  private static final AtomicInteger COUNT = new AtomicInteger();

  private final String command;
  private final Process process;
  private final Path log;

  private Tool(String command, Process process, Path log) {
    this.command = command;
    this.process = process;
    this.log = log;
  }

  /** Whether an executable of this name is on the search path. */
  static boolean exists(String name) {
    if (name.contains("/")) {
      return Files.isExecutable(Path.of(name));
    }
    for (String directory : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(directory, name))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Starts a program.
   *
   * @param directory takes what it prints
   * @param namespace the network namespace; null for that of the laboratory itself
   * @throws IOException if it cannot be started
   */
  static Tool start(Path directory, String namespace, String... command) throws IOException {
    List<String> words = new ArrayList<>();
    if (namespace != null) {
      words.addAll(List.of("ip", "netns", "exec", namespace));
    }
    words.addAll(List.of(command));
    String name = Path.of(command[0]).getFileName() + "-" + COUNT.incrementAndGet() + ".out";
    Path log = directory.resolve(name);
    ProcessBuilder builder =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("LOG_LEVEL", "error");
    return new Tool(String.join(" ", command), builder.start(), log);
  }

  /** As {@link #runFor}, with 20 seconds. */
  static String run(Path directory, String namespace, String... command) throws IOException {
    return runFor(LIMIT_SECONDS, directory, namespace, command);
  }

  /**
   * Runs a program to its end.
   *
   * @return what it printed
   * @throws IOException if it cannot be started, fails, or takes longer than it may
   */
  static String runFor(int seconds, Path directory, String namespace, String... command)
      throws IOException {
    try (Tool tool = start(directory, namespace, command)) {
      return tool.finish(seconds);
    }
  }

  /** Runs lines of ip(8) in a namespace. */
  static void ip(Path directory, String namespace, String... lines) throws IOException {
    Path batch = Files.writeString(directory.resolve("batch"), String.join("\n", lines) + "\n");
    run(directory, null, "ip", "-n", namespace, "-batch", batch.toString());
  }

  /** Waits for its end; what it printed. */
  String finish(int seconds) throws IOException {
    try {
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        throw new IOException(command + ": no end after " + seconds + " s: " + output().strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(command + ": interrupted", e);
    }
    String output = output();
    if (process.exitValue() != 0) {
      throw new IOException(
          command + ": exit status " + process.exitValue() + ": " + output.strip());
    }
    Files.deleteIfExists(log);
    return output;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** What it has printed by now. */
  String output() throws IOException {
    return Files.exists(log) ? Files.readString(log) : "";
  }

  /** Waits, 10 s at most, until a condition holds while it runs. */
  void await(String what, Condition condition) throws IOException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.holds()) {
      if (!isAlive()) {
        throw new IOException(command + " ended: " + output().strip());
      }
      if (System.nanoTime() > giveUp) {
        throw new IOException(command + ": not " + what + " in time: " + output().strip());
      }
      pause(20);
    }
  }

  static void pause(long ms) throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Something that comes about. */
  interface Condition {
    boolean holds() throws IOException;
  }

  /** Ends it by SIGTERM, by SIGKILL where it does not obey in three seconds. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
