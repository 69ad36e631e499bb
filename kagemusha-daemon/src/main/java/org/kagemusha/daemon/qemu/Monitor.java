package org.kagemusha.daemon.qemu;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * An operator at a monitor of QEMU: asks, and waits for answers and events. Of the QEMU Machine
 * Protocol, which has one JSON object on each line.
 */
public final class Monitor implements Closeable {

  private static final long LIMIT_S = 60;

  /**
   * What QEMU told by itself.
   *
   * @param name such as {@code RESUME}
   * @param data empty where it has none
   * @param unixUs when, in microseconds of the wall clock
   */
  public record Event(String name, JsonObject data, long unixUs) {}

  private final SocketChannel channel;
  private final OutputStream output;
  private final BlockingQueue<JsonObject> answers = new LinkedBlockingQueue<>();
  private final List<Event> events = new ArrayList<>();
  private boolean ended;

  private Monitor(SocketChannel channel) {
    this.channel = channel;
    this.output = Channels.newOutputStream(channel);
  }

  /**
   * Connects to a monitor that QEMU may still have to open.
   *
   * @param qemu whose end is the end of waiting
   */
  static Monitor connect(Path socket, Process qemu) throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        Monitor monitor = new Monitor(channel);
        Thread reader = new Thread(monitor::read, "qemu-monitor");
        reader.setDaemon(true);
        reader.start();
        monitor.ask("qmp_capabilities", "{}");
        return monitor;
      } catch (IOException e) {
        channel.close();
        if (System.nanoTime() > giveUp || qemu.waitFor(20, TimeUnit.MILLISECONDS)) {
          throw e;
        }
      }
    }
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonObject message = JsonParser.parseString(line).getAsJsonObject();
        if (message.has("event")) {
          told(message);
        } else if (!message.has("QMP")) {
          answers.add(message);
        }
      }
    } catch (IOException e) {
      // The end of QEMU or of this connection: those who wait are told below.
    }
    synchronized (events) {
      ended = true;
      events.notifyAll();
    }
    JsonObject end = new JsonObject();
    end.addProperty("error", "QEMU has closed its monitor");
    answers.add(end);
  }

  private void told(JsonObject message) {
    JsonObject time = message.getAsJsonObject("timestamp");
    long us =
        TimeUnit.SECONDS.toMicros(time.get("seconds").getAsLong())
            + time.get("microseconds").getAsLong();
    JsonObject data = message.has("data") ? message.getAsJsonObject("data") : new JsonObject();
    synchronized (events) {
      events.add(new Event(message.get("event").getAsString(), data, us));
      events.notifyAll();
    }
  }

  /**
   * Asks and waits for the answer.
   *
   * @param arguments a JSON object
   * @return what QEMU returned
   * @throws IOException if it refuses, or has ended
   */
  public synchronized JsonObject ask(String command, String arguments)
      throws IOException, InterruptedException {
    output.write(
        ("{\"execute\": \"" + command + "\", \"arguments\": " + arguments + "}\n")
            .getBytes(StandardCharsets.UTF_8));
    JsonObject answer = answers.poll(LIMIT_S, TimeUnit.SECONDS);
    if (answer == null || !answer.has("return")) {
      throw new IOException(
          "QEMU: " + command + ": " + (answer == null ? "no answer" : answer.get("error")));
    }
    return answer.get("return").isJsonObject()
        ? answer.getAsJsonObject("return")
        : new JsonObject();
  }

  /** Its run state, as QMP's {@code RunState} has it. */
  public String status() throws IOException, InterruptedException {
    return ask("query-status", "{}").get("status").getAsString();
  }

  /** Begins to move the VM to another QEMU, to which it is the URI. */
  public void migrate(String uri) throws IOException, InterruptedException {
    // Events tell of each stage; not every version has them without being asked.
    capability("events", true);
    ask("migrate", "{\"uri\": \"" + uri + "\"}");
  }

  /** Switches a {@code MigrationCapability} of QMP. */
  public void capability(String name, boolean on) throws IOException, InterruptedException {
    ask(
        "migrate-set-capabilities",
        "{\"capabilities\": [{\"capability\": \"" + name + "\", \"state\": " + on + "}]}");
  }

  /** How many octets a second a migration may send. */
  public void bandwidth(long octets) throws IOException, InterruptedException {
    ask(
        "migrate-set-parameters",
        String.format(Locale.ROOT, "{\"max-bandwidth\": %d}", octets));
  }

  /** What is known of the migration that runs or has ended. */
  public JsonObject migration() throws IOException, InterruptedException {
    return ask("query-migrate", "{}");
  }

  /** How many events there were so far. */
  public int count() {
    synchronized (events) {
      return events.size();
    }
  }

  /**
   * Waits for an event.
   *
   * @param from events before it do not count, see {@link #count}
   * @throws IOException if QEMU ends before, or a minute has passed
   */
  public Event await(int from, String what, Predicate<Event> condition)
      throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
    synchronized (events) {
      int next = from;
      while (true) {
        for (; next < events.size(); next++) {
          if (condition.test(events.get(next))) {
            return events.get(next);
          }
        }
        long left = TimeUnit.NANOSECONDS.toMillis(giveUp - System.nanoTime());
        if (ended || left <= 0) {
          throw new IOException(
              "QEMU: no " + what + (ended ? " before its end" : " in time") + "; " + events);
        }
        events.wait(left);
      }
    }
  }

  /** As {@link #await(int, String, Predicate)}, for an event by its name. */
  public Event await(int from, String name) throws IOException, InterruptedException {
    return await(from, name, event -> event.name().equals(name));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
