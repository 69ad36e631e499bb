package org.kagemusha.daemon.demo;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Moves a guest from its home link to a foreign network and back, and measures the outage. */
final class Demo {

  private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long ALIVE_WITHIN_NS = 2000 * MILLISECOND;

  private final DemoOptions options;
  private final PrintStream out;
  private final Witness witness;
  private final MovableGuest guest;
  private final Path directory;
  private final long beganNs = System.nanoTime();
  private volatile boolean isEnding;

  /** Told when the network is there and nothing has been sent yet. */
  interface Witness {
    void onTopology(Topology topology) throws IOException;
  }

  Demo(DemoOptions options, PrintStream out, Witness witness) throws IOException {
    this(options, out, witness, new NamespaceGuest(), directory());
  }

  /**
   * @param directory takes configuration files, sockets, state and logs
   */
  Demo(
      DemoOptions options, PrintStream out, Witness witness, MovableGuest guest, Path directory) {
    this.options = options;
    this.out = out;
    this.witness = witness;
    this.guest = guest;
    this.directory = directory;
  }

  /** A new directory for a demonstration, which removes it. */
  static Path directory() throws IOException {
    return Files.createTempDirectory("kagemusha-demo");
  }

  DemoReport run() throws IOException, InterruptedException {
    say("building the home link, the foreign network, hypervisors A and B, and the guest");
    Thread cleanup = null;
    try (Topology topology = Topology.build("kgm" + ProcessHandle.current().pid())) {
      cleanup = new Thread(() -> abandon(topology), "demo-cleanup");
      Runtime.getRuntime().addShutdownHook(cleanup);
      witness.onTopology(topology);
      return runIn(topology);
    } finally {
      if (cleanup != null && !isEnding) {
        Runtime.getRuntime().removeShutdownHook(cleanup);
      }
      if (!options.keep()) {
        deleteDirectory();
      }
    }
  }

  /** An interrupted demonstration leaves no daemon and no namespace behind. */
  private void abandon(Topology topology) {
    isEnding = true;
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
    topology.close();
  }

  private DemoReport runIn(Topology topology) throws IOException, InterruptedException {
    DemoConfiguration configuration =
        new DemoConfiguration(
            directory, options.protection(), options.dad(), guest.described());
    guest.configure(configuration);
    say("starting the home agent and one daemon on each hypervisor; logs in " + directory);
    try (DaemonProcess agent = configuration.startHomeAgent(topology);
        DaemonProcess a = configuration.startDaemon("a", topology.hypervisorA(), "vms");
        DaemonProcess b = configuration.startDaemon("b", topology.hypervisorB(), "eth0");
        MovableGuest moving = guest) {
      agent.await("ready", status -> true);
      a.await("ready", status -> true);
      b.await("ready", status -> !stateOf(status, "care_of").isEmpty());
      say(moving.startMeans());
      moving.start(topology);
      a.await("home", status -> stateOf(status, "state").startsWith("home"));
      try (Traffic sessions = moving.sessions()) {
        return moveThereAndBack(sessions, a, b);
      }
    } catch (IOException e) {
      say("logs:");
      printLogs();
      throw e;
    }
  }

  private DemoReport moveThereAndBack(Traffic sessions, DaemonProcess a, DaemonProcess b)
      throws IOException, InterruptedException {
    say("TCP counter, UDP stream and ping run; the guest stays at home for a moment");
    pause(options.stayMs() / 2);
    List<Span> spans = new ArrayList<>();
    for (int round = 0; round < options.rounds(); round++) {
      spans.add(move("A", "B", a, b));
      spans.add(move("B", "A", b, a));
    }
    long endNs = System.nanoTime();
    long tcpUp = sessions.tcpNumbersToCorrespondent();
    long tcpDown = sessions.tcpNumbersToGuest();
    PingProcess.Summary ping = sessions.finish();
    List<MoveReport> moves = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      long until = i + 1 < spans.size() ? spans.get(i + 1).startNs() : endNs;
      moves.add(report(spans.get(i), until, sessions));
    }
    boolean survived = sessions.failure() == null && moves.stream().allMatch(MoveReport::survived);
    if (sessions.failure() != null) {
      say("the TCP session ended: " + sessions.failure());
    }
    return new DemoReport(
        options.protection().name(), options.dad(), survived, ping.transmitted(), ping.received(),
        ping.duplicates(), tcpUp, tcpDown, moves);
  }

  private Span move(String from, String to, DaemonProcess source, DaemonProcess destination)
      throws IOException, InterruptedException {
    say("moving the guest " + from + " -> " + to);
    MovableGuest.Moved moved = guest.move(source);
    pause(options.stayMs());
    JsonObject handover =
        JsonParser.parseString(destination.ask("status json")).getAsJsonObject()
            .getAsJsonObject("handover");
    return new Span(from, to, moved, handover);
  }

  private MoveReport report(Span span, long untilNs, Traffic traffic) {
    final Traffic.Ledgers sessions = traffic.ledgers();
    // A packet sent in the last 100 ms of the span may still be under way.
    long sentUntilNs = untilNs - 100 * MILLISECOND;
    long from = span.startNs() - 100 * MILLISECOND;
    MoveReport.EachWay gap =
        new MoveReport.EachWay(
            ms(sessions.udpFromGuest().longestGap(from, untilNs)),
            ms(sessions.udpToGuest().longestGap(from, untilNs)));
    MoveReport.EachWay tcpGap =
        new MoveReport.EachWay(
            ms(sessions.tcpFromGuest().longestGap(from, untilNs)),
            ms(sessions.tcpToGuest().longestGap(from, untilNs)));
    int lostFrom = sessions.udpFromGuest().lost(from, sentUntilNs);
    int lostTo = sessions.udpToGuest().lost(from, sentUntilNs);
    // Numbers still come at the end, whatever TCP's own timers made of the gap.
    long recently = untilNs - ALIVE_WITHIN_NS;
    boolean survived =
        traffic.failure() == null
            && sessions.tcpFromGuest().hasArrival(recently, untilNs)
            && sessions.tcpToGuest().hasArrival(recently, untilNs);
    return new MoveReport(
        span.from(), span.to(), survived,
        Math.max(gap.fromGuest(), gap.toGuest()),
        lostFrom + lostTo,
        sessions.udpFromGuest().duplicated(from, sentUntilNs)
            + sessions.udpToGuest().duplicated(from, sentUntilNs),
        arrivalSinceMove(span),
        number(span.handover(), "arrival_to_bu_ms"),
        number(span.handover(), "bu_to_ba_ms"),
        new MoveReport.EachWay(
            sinceMove(sessions.udpFromGuest().firstArrival(span.movedNs()), span),
            sinceMove(sessions.udpToGuest().firstArrival(span.movedNs()), span)),
        gap,
        new MoveReport.EachWay(lostFrom, lostTo),
        tcpGap,
        span.moved().vm());
  }

  /** The daemon's monotonic clock is this process's too. */
  private static double arrivalSinceMove(Span span) {
    double arrivalNs = number(span.handover(), "arrival_monotonic_ns");
    // The port is in the bridge a little before the command that put it there has ended.
    return arrivalNs < span.startNs() ? -1 : ms(Math.max(0, (long) arrivalNs - span.movedNs()));
  }

  private static double sinceMove(long arrivalNs, Span span) {
    return arrivalNs < 0 ? -1 : ms(arrivalNs - span.movedNs());
  }

  private static double ms(long ns) {
    return Math.round(ns / 1e5) / 10.0;
  }

  private static double number(JsonObject object, String key) {
    return object != null && object.has(key) && !object.get(key).isJsonNull()
        ? object.get(key).getAsDouble()
        : -1;
  }

  private static String stateOf(String status, String key) {
    JsonObject object = JsonParser.parseString(status).getAsJsonObject();
    return object.has(key) && !object.get(key).isJsonNull() ? object.get(key).getAsString() : "";
  }

  static void awaitGuestAddress(Topology topology)
      throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < giveUp) {
      String addresses =
          Shell.run("ip", "-n", topology.guest(), "-6", "addr", "show", "dev", "eth0", "scope",
              "global", "-tentative");
      String routes = Shell.run("ip", "-n", topology.guest(), "-6", "route", "show", "default");
      if (addresses.contains(Topology.HOME_ADDRESS + "/") && !routes.isBlank()) {
        return;
      }
      pause(50);
    }
    throw new IOException("the guest learned no address from the home link's advertisements");
  }

  private static void pause(long ms) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(ms);
  }

  private void printLogs() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".log")).sorted().toList()) {
        out.println("--- " + file.getFileName());
        out.print(Files.readString(file));
      }
    }
  }

  private void deleteDirectory() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void say(String text) {
    out.printf("%6.2f s  %s%n", (System.nanoTime() - beganNs) / 1e9, text);
    out.flush();
  }

  private record Span(
      String from, String to, MovableGuest.Moved moved, JsonObject handover) {

    long startNs() {
      return moved.startNs();
    }

    long movedNs() {
      return moved.movedNs();
    }
  }
}
