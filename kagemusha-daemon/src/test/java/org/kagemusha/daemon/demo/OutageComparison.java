package org.kagemusha.daemon.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What protected payload adds to the outage of a move: two laboratories side by side, one with
 * payload in clear and one with payload in ESP, both with fresh keys for each place. Their guests
 * move A, B, A in turn, so that whatever else the machine does meets both alike; medians are
 * printed with their ratio. Protection is to cost at most 5 % or 2 ms.
 *
 * <p>Not a test, since its figures are the machine's. It needs root and some minutes:
 *
 * <pre>
 *   mvn -q -DskipTests package
 *   java -cp kagemusha-daemon/target/test-classes:kagemusha-daemon/target/kagemusha.jar \
 *       org.kagemusha.daemon.demo.OutageComparison [MOVES]
 * </pre>
 *
 * <p>{@code MOVES} is how often each guest goes there and back, 1 to 100, 20 if not given; one more
 * before them warms up and is not counted. Exit status: 0 within the limits, 1 beyond them, 2 wrong
 * use.
 */
public final class OutageComparison {

  private static final int DEFAULT_MOVES = 20;
  private static final int MOST_MOVES = 100;
  private static final long STAY_MS = 1500;
  private static final long BEFORE_NS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final double ALLOWED_RATIO = 1.05;
  private static final double ALLOWED_MS = 2;
  private static final double NS_PER_MS = 1e6;

  /** What is measured of each move, in milliseconds. */
  enum Figure {
    FRAME_TO_PACKET_UP("first frame to first packet up"),
    FRAME_TO_PACKET_DOWN("first frame to first packet down"),
    FIRST_UP("move to first datagram up"),
    FIRST_DOWN("move to first datagram down"),
    SILENCE_UP("silence over the move, up"),
    SILENCE_DOWN("silence over the move, down"),
    /** Of the whole stay: a scheduler that is late at any time is in it too. */
    LONGEST_UP("longest silence of the stay, up", false),
    LONGEST_DOWN("longest silence of the stay, down", false);

    private final String text;
    private final boolean judged;

    Figure(String text) {
      this(text, true);
    }

    Figure(String text, boolean judged) {
      this.text = text;
      this.judged = judged;
    }
  }

  private OutageComparison() {}

  /** See the class. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    int moves = arguments.length == 0 ? DEFAULT_MOVES : number(arguments[0]);
    if (moves < 1 || moves > MOST_MOVES || arguments.length > 1) {
      System.err.println("MOVES is 1 to " + MOST_MOVES);
      System.exit(2);
    }
    Path directory = Files.createTempDirectory("kagemusha-outage");
    boolean within;
    try (Place clear = new Place(directory, DemoProtection.disabled);
        Place sealed = new Place(directory, DemoProtection.required)) {
      for (int i = 0; i <= moves; i++) {
        clear.thereAndBack(i > 0);
        sealed.thereAndBack(i > 0);
        System.err.printf("%d of %d%n", i, moves);
      }
      System.out.printf("medians of %d moves each way, ms%n", moves);
      within = print("A -> B", clear.there, sealed.there);
      within &= print("B -> A", clear.back, sealed.back);
    }
    delete(directory);
    System.exit(within ? 0 : 1);
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static boolean print(String move, Figures clear, Figures sealed) {
    System.out.printf(
        "%-34s %9s %9s %11s %7s%n", move, "disabled", "required", "difference", "ratio");
    boolean within = true;
    for (Figure figure : Figure.values()) {
      double without = clear.median(figure);
      double with = sealed.median(figure);
      if (Double.isNaN(without) || Double.isNaN(with)) {
        continue;
      }
      boolean fine = with <= without * ALLOWED_RATIO || with - without <= ALLOWED_MS;
      System.out.printf(
          Locale.ROOT, "  %-32s %9.2f %9.2f %+11.2f %7.3f %s%n", figure.text, without, with,
          with - without, with / without,
          !figure.judged ? "not judged" : fine ? "" : "beyond 5 % and 2 ms");
      within &= fine || !figure.judged;
    }
    return within;
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** The samples of one kind of move. */
  private static final class Figures {

    private final Map<Figure, List<Double>> samples = new EnumMap<>(Figure.class);

    void add(Figure figure, double ms) {
      samples.computeIfAbsent(figure, f -> new ArrayList<>()).add(ms);
    }

    /** Not a number where nothing was measured. */
    double median(Figure figure) {
      List<Double> sorted = samples.getOrDefault(figure, List.of()).stream().sorted().toList();
      int middle = sorted.size() / 2;
      if (sorted.isEmpty()) {
        return Double.NaN;
      }
      return sorted.size() % 2 == 1
          ? sorted.get(middle)
          : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
  }

  /** One laboratory with its three daemons, its guest at home between the moves. */
  private static final class Place implements AutoCloseable {

    private final Laboratory laboratory;
    private final DaemonProcess a;
    private final DaemonProcess b;
    private final Figures there = new Figures();
    private final Figures back = new Figures();

    Place(Path directory, DemoProtection protection) throws IOException, InterruptedException {
      laboratory =
          new Laboratory(
              Files.createDirectory(directory.resolve(protection.name())), protection, "off");
      try {
        laboratory.homeAgent();
        a = laboratory.daemonA();
        b = laboratory.daemonB();
        laboratory.bootGuestAtHome();
        Laboratory.awaitState(a, "home");
      } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
        laboratory.close();
        throw e;
      }
    }

    void thereAndBack(boolean counts) throws IOException, InterruptedException {
      try (Sessions sessions = new Sessions(laboratory.topology)) {
        TimeUnit.MILLISECONDS.sleep(STAY_MS / 2);
        long[] toB = {System.nanoTime(), 0, 0};
        laboratory.guestToB();
        toB[1] = System.nanoTime();
        final JsonObject abroad = stay(a, b);
        toB[2] = System.nanoTime();
        long[] toA = {toB[2], 0, 0};
        laboratory.guestToA();
        toA[1] = System.nanoTime();
        final JsonObject home = stay(b, a);
        toA[2] = System.nanoTime();
        sessions.finish();
        if (sessions.failure() != null) {
          throw new IOException("the session ended: " + sessions.failure());
        }
        if (counts) {
          add(there, sessions, toB, abroad);
          add(back, sessions, toA, home);
        }
      }
      Laboratory.awaitState(a, "home");
    }

    private static JsonObject stay(DaemonProcess left, DaemonProcess reached)
        throws IOException, InterruptedException {
      left.ask("left");
      TimeUnit.MILLISECONDS.sleep(STAY_MS);
      return Laboratory.object(reached.ask("status json")).getAsJsonObject("handover");
    }

    /** A move that began at the first of the times, was done at the second, seen to the third. */
    private static void add(
        Figures figures, Sessions sessions, long[] timesNs, JsonObject handover) {
      add(figures, Figure.FRAME_TO_PACKET_UP, handover.get("arrival_to_first_uplink_ms"));
      add(figures, Figure.FRAME_TO_PACKET_DOWN, handover.get("arrival_to_first_downlink_ms"));
      first(figures, Figure.FIRST_UP, sessions.udpFromGuest, timesNs[1]);
      first(figures, Figure.FIRST_DOWN, sessions.udpToGuest, timesNs[1]);
      silence(figures, Figure.SILENCE_UP, Figure.LONGEST_UP, sessions.udpFromGuest, timesNs);
      silence(figures, Figure.SILENCE_DOWN, Figure.LONGEST_DOWN, sessions.udpToGuest, timesNs);
    }

    private static void add(Figures figures, Figure figure, JsonElement ms) {
      if (ms != null && !ms.isJsonNull()) {
        figures.add(figure, ms.getAsDouble());
      }
    }

    private static void first(Figures figures, Figure figure, PacketLedger ledger, long movedNs) {
      long arrivedNs = ledger.firstArrival(movedNs);
      figures.add(
          figure,
          arrivedNs < 0 ? Double.POSITIVE_INFINITY : (arrivedNs - movedNs) / NS_PER_MS);
    }

    /** That over the move ends with the first datagram that was sent after it. */
    private static void silence(
        Figures figures, Figure over, Figure longest, PacketLedger ledger, long[] timesNs) {
      long fromNs = timesNs[0] - BEFORE_NS;
      long firstNs = ledger.firstArrival(timesNs[1]);
      figures.add(over, ledger.longestGap(fromNs, firstNs < 0 ? timesNs[2] : firstNs) / NS_PER_MS);
      figures.add(longest, ledger.longestGap(fromNs, timesNs[2]) / NS_PER_MS);
    }

    @Override
    public void close() throws IOException {
      laboratory.close();
    }
  }
}
