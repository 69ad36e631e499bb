package org.kagemusha.daemon.demo;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A peer made of scapy, in a namespace: takes words on its input, tells observations as JSON. */
final class ScapyPeer implements Closeable {

  private static final Path SCRIPTS = Path.of("src/test/resources/scapy").toAbsolutePath();

  private final Process process;
  private final BlockingQueue<JsonObject> told = new LinkedBlockingQueue<>();

  private ScapyPeer(Process process) {
    this.process = process;
    Thread reader = new Thread(this::read, "scapy");
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts a script and waits until it listens. */
  static ScapyPeer start(String namespace, String script, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of("ip", "netns", "exec", namespace, "/usr/bin/python3", "-B",
                SCRIPTS.resolve(script).toString()));
    command.addAll(List.of(arguments));
    ScapyPeer peer =
        new ScapyPeer(new ProcessBuilder(command).redirectErrorStream(true).start());
    peer.await("ready");
    return peer;
  }

  void say(String word) throws IOException {
    OutputStream out = process.getOutputStream();
    out.write((word + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** The next observation of a kind; others are skipped. */
  JsonObject await(String event) throws IOException, InterruptedException {
    return await(event, other -> {});
  }

  /** The next observation of a kind; others before it are passed on. */
  JsonObject await(String event, Consumer<JsonObject> each)
      throws IOException, InterruptedException {
    StringBuilder others = new StringBuilder();
    while (true) {
      JsonObject next = told.poll(10, TimeUnit.SECONDS);
      if (next == null) {
        throw new IOException("scapy told no " + event + " in 10 s; before: " + others);
      }
      if (next.get("event").getAsString().equals(event)) {
        return next;
      }
      others.append(next);
      each.accept(next);
    }
  }

  /** Observations told so far and not yet awaited. */
  List<JsonObject> drain() {
    List<JsonObject> all = new ArrayList<>();
    told.drainTo(all);
    return all;
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        told.add(
            line.startsWith("{")
                ? JsonParser.parseString(line).getAsJsonObject()
                : other(line));
      }
    } catch (IOException e) {
      told.add(other(e.toString()));
    }
  }

  private static JsonObject other(String line) {
    JsonObject object = new JsonObject();
    object.addProperty("event", "output");
    object.addProperty("line", line);
    return object;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
