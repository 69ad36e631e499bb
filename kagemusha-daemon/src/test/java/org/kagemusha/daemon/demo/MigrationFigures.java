package org.kagemusha.daemon.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What live migrations cost the sessions of a virtual machine. A packet to the guest that it never
 * told of is told apart by where it was seen last: in the bridge of the destination after the VM
 * went on, so that QEMU or the guest lost it; in the source's, so that it ended in the queue of the
 * source's tap; or nowhere, so that the network lost it.
 */
final class MigrationFigures {

  private static final double NS_PER_MS = 1e6;
  private static final long BEFORE_NS = TimeUnit.MILLISECONDS.toNanos(200);

  /** A move, and the daemon's own account of it. */
  private record Move(String to, MovableGuest.Moved moved, JsonObject handover) {}

  /** One line of the table; ms from RESUME, not a number where it is not known. */
  private record Line(
      String to,
      double stopped,
      double noticed,
      double update,
      double acknowledged,
      double bridgeUp,
      double firstUp,
      double bridgeDown,
      double firstDown,
      int lostUp,
      int lostInVm,
      int lostAtSource,
      int lostOnTheWay,
      int late) {

    /** From when the guest had spoken to when it was heard. */
    double networkUp() {
      return firstUp - bridgeUp;
    }
  }

  private final List<Move> moves = new ArrayList<>();

  /**
   * Notes a move.
   *
   * @param handover of the destination's {@code status json}, asked when the move was over
   */
  void add(String to, MovableGuest.Moved moved, JsonObject handover) {
    moves.add(new Move(to, moved, handover));
  }

  /**
   * Prints all moves and the medians; to be called when the sessions are finished.
   *
   * @param frames what was seen in the hypervisors' bridges
   */
  void print(PrintStream out, VmSessions sessions, List<StreamWatch.Frame> frames) {
    List<Line> lines = lines(sessions.ledgers(), frames);
    out.printf(
        "%-4s %8s | %8s %8s %8s | %8s %8s %8s | %8s %8s | %7s %7s %7s %7s | %5s%n", "to",
        "stopped", "noticed", "BU", "BA", "guest", "1st up", "network", "1st down", "guest",
        "lost up", "in VM", "source", "network", "late");
    for (Line line : lines) {
      out.printf(
          Locale.ROOT,
          "%-4s %8.1f | %8.1f %8.1f %8.1f | %8.1f %8.1f %8.1f | %8.1f %8.1f | %7d %7d %7d %7d"
              + " | %5d%n",
          line.to, line.stopped, line.noticed, line.update, line.acknowledged, line.bridgeUp,
          line.firstUp, line.networkUp(), line.bridgeDown, line.firstDown, line.lostUp,
          line.lostInVm, line.lostAtSource, line.lostOnTheWay, line.late);
    }
    out.printf(
        Locale.ROOT, "%-4s %8.1f | %8.1f %8.1f %8.1f | %8.1f %8.1f %8.1f | %8.1f %8.1f |%n",
        "med.", median(lines, Line::stopped), median(lines, Line::noticed),
        median(lines, Line::update), median(lines, Line::acknowledged),
        median(lines, Line::bridgeUp), median(lines, Line::firstUp),
        median(lines, Line::networkUp), median(lines, Line::bridgeDown),
        median(lines, Line::firstDown));
    Traffic.Ledgers ledgers = sessions.ledgers();
    out.printf(
        "up: %d sent, %d lost, %d duplicated, %d late; down: %d sent, %d lost, %d duplicated,"
            + " %d late; TCP: %s%n",
        ledgers.udpFromGuest().sent(), lost(ledgers.udpFromGuest()),
        ledgers.udpFromGuest().duplicated(), sessions.reorderedFromGuest(),
        ledgers.udpToGuest().sent(), lost(ledgers.udpToGuest()),
        ledgers.udpToGuest().duplicated(), sessions.reorderedToGuest(),
        sessions.failure() == null
            ? sessions.tcpNumbersToCorrespondent() + " numbers up, "
                + sessions.tcpNumbersToGuest() + " down, never reset"
            : sessions.failure());
    out.println(
        "ms from RESUME at the destination: the daemon noticed the VM, sent the Binding Update, had"
            + " its acknowledgement; the guest's first datagram was in the bridge, came to the"
            + " correspondent, and the difference, which is the network's; the first datagram for"
            + " the guest was in the bridge, which is the network's, and was told of by the guest."
            + " lost: up; down, by where they were seen last: at the destination, so lost in QEMU or the"
            + " guest; at the source alone; nowhere."
            + " late: in the destination's bridge behind one that was sent after it");
  }

  /** Packets that never came, of all that were sent. */
  static int lost(PacketLedger ledger) {
    return ledger.lost(Long.MIN_VALUE, Long.MAX_VALUE);
  }

  private List<Line> lines(Traffic.Ledgers ledgers, List<StreamWatch.Frame> frames) {
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < moves.size(); i++) {
      Move move = moves.get(i);
      long from = i == 0 ? Long.MIN_VALUE : begin(move);
      long until = i + 1 < moves.size() ? begin(moves.get(i + 1)) : Long.MAX_VALUE;
      long resume = move.moved.movedNs();
      JsonObject times = move.handover;
      double noticed = (number(times, "arrival_monotonic_ns") - resume) / NS_PER_MS;
      double update = noticed + number(times, "arrival_to_bu_ms");
      List<Integer> missing = ledgers.udpToGuest().missing(from, until);
      List<Integer> elsewhere = notIn(numbers(frames, move.to, resume), missing);
      int atSource = elsewhere.size() - notIn(numbers(frames, null, 0), elsewhere).size();
      lines.add(
          new Line(
              move.to, move.moved.vm().stoppedMs(), noticed, update,
              update + number(times, "bu_to_ba_ms"), inBridge(move, true, frames),
              since(resume, ledgers.udpFromGuest()), inBridge(move, false, frames),
              since(resume, ledgers.udpToGuest()),
              ledgers.udpFromGuest().lost(from, until), missing.size() - elsewhere.size(),
              atSource, elsewhere.size() - atSource, late(frames, move.to, resume, until)));
    }
    return lines;
  }

  /** The numbers of packets to the guest that were in a host's bridge from a time on; null: any. */
  private static Set<Integer> numbers(List<StreamWatch.Frame> frames, String host, long fromNs) {
    return frames.stream()
        .filter(one -> !one.fromGuest())
        .filter(one -> host == null || one.host().equals(host) && one.ns() >= fromNs)
        .map(StreamWatch.Frame::number)
        .collect(Collectors.toSet());
  }

  private static int late(
      List<StreamWatch.Frame> frames, String host, long fromNs, long untilNs) {
    int most = -1;
    int late = 0;
    for (StreamWatch.Frame one : frames) {
      if (!one.fromGuest() && one.host().equals(host) && one.ns() >= fromNs && one.ns() < untilNs) {
        late += one.number() < most ? 1 : 0;
        most = Math.max(most, one.number());
      }
    }
    return late;
  }

  private static List<Integer> notIn(Set<Integer> numbers, List<Integer> of) {
    return of.stream().filter(number -> !numbers.contains(number)).toList();
  }

  /** Packets to the guest that the network lost. */
  int lostOnTheWay(VmSessions sessions, List<StreamWatch.Frame> frames) {
    return lines(sessions.ledgers(), frames).stream().mapToInt(Line::lostOnTheWay).sum();
  }

  private static long begin(Move move) {
    return move.moved.startNs() - BEFORE_NS;
  }

  private static double since(long resumeNs, PacketLedger ledger) {
    long arrivalNs = ledger.nextArrival(resumeNs);
    return arrivalNs < 0 ? Double.NaN : (arrivalNs - resumeNs) / NS_PER_MS;
  }

  private static double inBridge(
      Move move, boolean fromGuest, List<StreamWatch.Frame> frames) {
    return frames.stream()
            .filter(one -> one.fromGuest() == fromGuest && one.host().equals(move.to))
            .mapToLong(one -> one.ns() - move.moved.movedNs())
            .filter(ns -> ns >= 0)
            .mapToDouble(ns -> ns / NS_PER_MS)
            .min()
            .orElse(Double.NaN);
  }

  private static double number(JsonObject times, String name) {
    JsonElement value = times.get(name);
    return value == null || value.isJsonNull() ? Double.NaN : value.getAsDouble();
  }

  private static double median(List<Line> lines, ToDoubleFunction<Line> of) {
    double[] sorted =
        lines.stream().mapToDouble(of).filter(value -> !Double.isNaN(value)).sorted().toArray();
    int middle = sorted.length / 2;
    if (sorted.length == 0) {
      return Double.NaN;
    }
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
