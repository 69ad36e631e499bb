package org.kagemusha.daemon.demo;

import com.google.gson.annotations.SerializedName;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The outcome of a demonstration.
 *
 * @param protection where keys came from, and what ESP covered: {@link DemoProtection}
 * @param dad the home agent's duplicate address detection: {@code strict}, {@code optimistic},
 *     {@code off}
 * @param survived whether every session survived every move
 * @param pingTransmitted echo requests of the guest
 * @param pingReceived echo replies it got
 * @param pingDuplicates replies that came more than once
 * @param tcpNumbersToCorrespondent numbers of the TCP counter that reached the correspondent
 * @param tcpNumbersToGuest numbers of the TCP counter that reached the guest
 * @param moves each move in turn
 */
public record DemoReport(
    String protection,
    String dad,
    boolean survived,
    @SerializedName("ping_transmitted") int pingTransmitted,
    @SerializedName("ping_received") int pingReceived,
    @SerializedName("ping_duplicates") int pingDuplicates,
    @SerializedName("tcp_numbers_to_correspondent") long tcpNumbersToCorrespondent,
    @SerializedName("tcp_numbers_to_guest") long tcpNumbersToGuest,
    List<MoveReport> moves) {

  /**
   * Prints the timeline of each move and the summary for people.
   *
   * @param movedMeans the words before the new place's name
   */
  void print(PrintStream out, String movedMeans) {
    for (MoveReport move : moves) {
      out.printf("%nmove %s -> %s%n", move.from(), move.to());
      if (move.vm() != null) {
        out.printf("  %10.1f ms  the VM stops at %s%n", -move.vm().stoppedMs(), move.from());
      }
      for (Event event : timeline(move, movedMeans)) {
        out.printf(event.ms() < 0 ? "       never     %2$s%n" : "  %10.1f ms  %s%n",
            event.ms(), event.what());
      }
    }
    out.printf("%n%-8s %-9s %19s %17s %11s %21s%n", "move", "session", "longest gap (ms)",
        "packets lost", "duplicated", "longest TCP gap (ms)");
    out.printf("%-8s %-9s %9s %9s %8s %8s %11s %10s %10s%n", "", "", "from", "to guest", "from",
        "to", "", "from", "to guest");
    for (MoveReport move : moves) {
      out.printf("%-8s %-9s %9.1f %9.1f %8.0f %8.0f %11d %10.1f %10.1f%n",
          move.from() + " -> " + move.to(), move.survived() ? "survived" : "LOST",
          move.gapEachWayMs().fromGuest(), move.gapEachWayMs().toGuest(),
          move.lostEachWay().fromGuest(), move.lostEachWay().toGuest(), move.duplicated(),
          move.tcpGapEachWayMs().fromGuest(), move.tcpGapEachWayMs().toGuest());
    }
    out.printf("%nping: %d of %d answered, %d duplicates; TCP counter: %d up, %d down%n",
        pingReceived, pingTransmitted, pingDuplicates, tcpNumbersToCorrespondent,
        tcpNumbersToGuest);
    out.printf("sessions %s (protection %s, duplicate address detection %s)%n",
        survived ? "survived" : "LOST", protection, dad);
  }

  private static List<Event> timeline(MoveReport move, String movedMeans) {
    double update = then(move.arrivalMs(), move.arrivalToBuMs());
    List<Event> events = new ArrayList<>();
    events.add(new Event(0, movedMeans + move.to()));
    events.add(new Event(move.arrivalMs(), "the daemon notices the guest"));
    events.add(new Event(update, "Binding Update sent"));
    events.add(new Event(then(update, move.buToBaMs()), "Binding Acknowledgement received"));
    events.add(
        new Event(move.firstPacketMs().fromGuest(), "first packet guest -> correspondent"));
    events.add(new Event(move.firstPacketMs().toGuest(), "first packet correspondent -> guest"));
    events.sort(Comparator.comparingDouble(e -> e.ms() < 0 ? Double.MAX_VALUE : e.ms()));
    return events;
  }

  private static double then(double beforeMs, double laterMs) {
    return beforeMs < 0 || laterMs < 0 ? -1 : beforeMs + laterMs;
  }

  private record Event(double ms, String what) {}
}
