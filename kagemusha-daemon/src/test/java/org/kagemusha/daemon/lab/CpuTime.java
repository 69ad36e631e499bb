package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Processor time by now, seconds.
 *
 * @param processes user and system time of the subject's processes
 * @param softirq the whole machine's in softirqs
 * @param busy the whole machine's in everything but idling
 */
record CpuTime(double processes, double softirq, double busy) {

  /** USER_HZ: the unit of proc(5) on every architecture that Debian runs on. */
  private static final double TICKS_PER_SECOND = 100;

  /** Now. */
  static CpuTime read(List<Long> processes) throws IOException {
    long own = 0;
    for (long pid : processes) {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      // proc(5): the name, in parentheses, may have spaces; utime and stime are fields 14 and 15.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      own += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }
    String[] machine = Files.readString(Path.of("/proc/stat")).split("\n", 2)[0].split(" +");
    long busy = 0;
    // user nice system idle iowait irq softirq steal
    for (int field : new int[] {1, 2, 3, 6, 7}) {
      busy += Long.parseLong(machine[field]);
    }
    return new CpuTime(
        own / TICKS_PER_SECOND, Long.parseLong(machine[7]) / TICKS_PER_SECOND,
        busy / TICKS_PER_SECOND);
  }

  CpuTime since(CpuTime earlier) {
    return new CpuTime(
        processes - earlier.processes, softirq - earlier.softirq, busy - earlier.busy);
  }

  CpuTime per(double amount) {
    return new CpuTime(processes / amount, softirq / amount, busy / amount);
  }

  /**
   * The proportional set size of processes together, MiB; 0 for none.
   */
  static double pssMib(List<Long> processes) throws IOException {
    long kib = 0;
    for (long pid : processes) {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
        if (line.startsWith("Pss:")) {
          kib += Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    }
    return kib / 1024.0;
  }
}
