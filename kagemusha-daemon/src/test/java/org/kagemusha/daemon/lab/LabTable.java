package org.kagemusha.daemon.lab;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Prints the subjects of one MTU side by side. */
final class LabTable {

  private LabTable() {}

  static void print(PrintStream out, int mtu, int rounds, List<Figures> all) {
    out.printf("%nMTU %d, medians of %d%n", mtu, rounds);
    out.printf(
        "%-24s %13s %13s %21s %17s %17s %13s%n", "", "TCP Gbit/s", "UDP 64 kpps",
        "ping RTT us", "cores/Gbit/s up", "cores/Gbit/s down", "PSS MiB");
    out.printf(
        "%-24s %6s %6s %6s %6s %6s %7s %6s %8s %8s %8s %8s %6s %6s%n", "", "up", "down", "up",
        "down", "avg", "p99", "p99.9", "own", "softirq", "own", "softirq", "guest", "far");
    for (Figures one : all) {
      out.printf(
          "%-24s %6s %6s %6s %6s %6s %7s %6s %8s %8s %8s %8s %6s %6s%n", one.subject(),
          text(one, Measure.TCP_UP, 2), text(one, Measure.TCP_DOWN, 2),
          text(one, Measure.UDP_UP, 0), text(one, Measure.UDP_DOWN, 0),
          text(one, Measure.PING_AVERAGE, 0), text(one, Measure.PING_P99, 0),
          text(one, Measure.PING_P999, 0), text(one, Measure.COST_UP, 3),
          text(one, Measure.SOFTIRQ_UP, 3), text(one, Measure.COST_DOWN, 3),
          text(one, Measure.SOFTIRQ_DOWN, 3), text(one, Measure.PSS_GUEST, 1),
          text(one, Measure.PSS_FAR, 1));
      double idle = one.median(Measure.PSS_IDLE);
      if (!Double.isNaN(idle)) {
        out.printf(
            Locale.ROOT, "%-24s %.1f MiB for each of the other daemons on the host%n", "", idle);
      }
      double lost = one.median(Measure.PING_LOST);
      if (lost > 0) {
        out.printf(Locale.ROOT, "%-24s %.1f %% of its pings were lost%n", "", lost);
      }
    }
  }

  private static String text(Figures figures, Measure measure, int decimals) {
    double value = figures.median(measure);
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
