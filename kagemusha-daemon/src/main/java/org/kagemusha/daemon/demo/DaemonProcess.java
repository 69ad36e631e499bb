package org.kagemusha.daemon.demo;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.kagemusha.daemon.control.ControlClient;

/** A daemon of this very program, started in a network namespace as an operator would start it. */
public final class DaemonProcess implements Closeable {

  private static final long READY_LIMIT_NS = TimeUnit.SECONDS.toNanos(45);

  /** As in the systemd units. */
  private static final String NICE = "-10";

  private final String name;
  private final Process process;
  private final Path socket;
  private final Path log;

  private DaemonProcess(String name, Process process, Path socket, Path log) {
    this.name = name;
    this.process = process;
    this.socket = socket;
    this.log = log;
  }

  /**
   * Starts {@code kagemusha VERB CONFIG} in a namespace.
   *
   * @param name names the log file
   * @param namespace the network namespace
   * @param verb {@code run} or {@code home-agent}
   * @param config its configuration file
   * @param socket the control socket that the configuration names
   * @param directory where the log goes
   * @throws IOException if the process cannot be started
   */
  public static DaemonProcess start(
      String name, String namespace, String verb, Path config, Path socket, Path directory)
      throws IOException {
    return start(ownProgram(), name, namespace, verb, config, socket, directory);
  }

  /**
   * Starts {@code PROGRAM VERB CONFIG} in a namespace, with the priority that the units give it.
   *
   * @param program the words of the command that are Kagemusha
   */
  static DaemonProcess start(
      List<String> program,
      String name,
      String namespace,
      String verb,
      Path config,
      Path socket,
      Path directory)
      throws IOException {
    List<String> command =
        new ArrayList<>(List.of("nice", "-n", NICE, "ip", "netns", "exec", namespace));
    command.addAll(program);
    command.addAll(List.of(verb, config.toString()));
    Path log = directory.resolve(name + ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new DaemonProcess(name, process, socket, log);
  }

  /** By the launcher, if that started this process; else with this process's own class path. */
  static List<String> ownProgram() {
    String launcher = System.getProperty("kagemusha.launcher");
    if (launcher != null) {
      return List.of(launcher);
    }
    String java =
        ProcessHandle.current().info().command().orElse(
            Path.of(System.getProperty("java.home"), "bin", "java").toString());
    return List.of(
        java, "-XX:+UseSerialGC", "-Xmx64m", "-XX:TieredStopAtLevel=4", "-cp",
        System.getProperty("java.class.path"), "org.kagemusha.daemon.Main");
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Where its log lines go. */
  public Path log() {
    return log;
  }

  /**
   * Asks it by its control socket.
   *
   * @return the reply without its first line
   * @throws IOException if it does not answer or refuses
   */
  public String ask(String request) throws IOException {
    return ask(request, StandardCharsets.UTF_8);
  }

  /** As {@link #ask(String)}, for a reply that is not text in UTF-8. */
  String ask(String request, Charset charset) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    String refusal = new ControlClient(socket).ask(request, body);
    if (refusal != null) {
      throw new IOException(name + " refuses \"" + request + "\": " + refusal);
    }
    return body.toString(charset);
  }

  /**
   * Waits until its status satisfies a condition.
   *
   * @throws IOException if it ends before, or does not get there in 45 seconds
   */
  public void await(String what, Predicate<String> condition)
      throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + READY_LIMIT_NS;
    String last = "no answer yet";
    while (System.nanoTime() < giveUp) {
      if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
        throw new IOException(
            name + " ended with status " + process.exitValue() + ":\n" + Files.readString(log));
      }
      if (Files.exists(socket)) {
        try {
          last = ask("status json");
          if (condition.test(last)) {
            return;
          }
        } catch (IOException e) {
          last = e.getMessage();
        }
      }
    }
    throw new IOException(name + ": not " + what + " in time; last: " + last);
  }

  /** Tells it by SIGTERM to end, and does not wait. */
  void terminate() {
    process.destroy();
  }

  /** Ends it by SIGTERM and waits for it; by SIGKILL where it does not obey in half a minute. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
