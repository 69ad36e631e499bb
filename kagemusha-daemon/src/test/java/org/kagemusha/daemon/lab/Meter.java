package org.kagemusha.daemon.lab;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.kagemusha.daemon.demo.Topology;

/** Measures a subject with iperf3 and ping; each method is one measurement. */
final class Meter {

  private static final int UDP_OCTETS = 64;

  /** What a measurement may take besides its own time, seconds. */
  private static final int PATIENCE_SECONDS = 15;

  /** iperf3's port, 5201, listening: proc(5), net/tcp6. */
  private static final Pattern LISTENING = Pattern.compile(":1451 0{32}:0000 0A ");

  private static final Pattern TIME = Pattern.compile("time=([0-9.]+) ms");

  private final Subject subject;

  Meter(Subject subject) {
    this.subject = subject;
  }

  /**
   * One TCP stream.
   *
   * @param gbps what the receiver got, Gbit/s
   * @param cost seconds of processor time for each Gbit, which is cores for each Gbit/s
   */
  record TcpStream(double gbps, CpuTime cost) {}

  /**
   * Round-trip times, microseconds.
   *
   * @param lostPercent echo requests without an answer
   */
  record RoundTrips(double average, double p99, double p999, double lostPercent) {}

  /**
   * One TCP stream each way at the same time.
   *
   * @return Gbit/s up and down
   */
  double[] tcpBothWays(int seconds) throws IOException {
    JsonObject end = iperf(seconds, "--bidir");
    double[] gbps = new double[2];
    for (int way = 0; way < 2; way++) {
      String key = "sum_received" + (way == 0 ? "" : "_bidir_reverse");
      gbps[way] = end.getAsJsonObject(key).get("bits_per_second").getAsDouble() / 1e9;
    }
    return gbps;
  }

  /** One TCP stream; from the guest if it goes up. */
  TcpStream tcp(boolean up, int seconds) throws IOException {
    List<Long> processes =
        Stream.concat(subject.guestSide().stream(), subject.farSide().stream()).toList();
    CpuTime before = CpuTime.read(processes);
    JsonObject received = oneWay(up, seconds);
    double gbit = received.get("bytes").getAsDouble() * 8 / 1e9;
    if (gbit == 0) {
      throw new IOException("TCP " + (up ? "up" : "down") + ": nothing arrived");
    }
    return new TcpStream(
        received.get("bits_per_second").getAsDouble() / 1e9,
        CpuTime.read(processes).since(before).per(gbit));
  }

  /** Datagrams with 64 octets of data, as many as the sender can; thousands received a second. */
  double udpKpps(boolean up, int seconds) throws IOException {
    JsonObject received =
        oneWay(up, seconds, "-u", "-b", "0", "-l", Integer.toString(UDP_OCTETS));
    double packets = received.get("bytes").getAsDouble() / UDP_OCTETS;
    if (packets == 0) {
      throw new IOException("UDP " + (up ? "up" : "down") + ": nothing arrived");
    }
    return packets / received.get("seconds").getAsDouble() / 1e3;
  }

  /** Echo Requests of the guest, 500 a second. */
  RoundTrips ping(int count) throws IOException {
    String output =
        Tool.runFor(
            count / 500 + PATIENCE_SECONDS, directory(), subject.network.guest(), "ping", "-n",
            "-i", "0.002", "-c", Integer.toString(count), Topology.CORRESPONDENT);
    Matcher matcher = TIME.matcher(output);
    double[] times =
        matcher.results().mapToDouble(one -> Double.parseDouble(one.group(1)) * 1e3).sorted()
            .toArray();
    if (times.length == 0) {
      throw new IOException("ping: no answer");
    }
    return new RoundTrips(
        Arrays.stream(times).average().orElseThrow(), quantile(times, 0.99),
        quantile(times, 0.999), 100.0 * (count - times.length) / count);
  }

  private static double quantile(double[] sorted, double share) {
    return sorted[Math.min(sorted.length - 1, (int) Math.ceil(share * sorted.length) - 1)];
  }

  private JsonObject oneWay(boolean up, int seconds, String... options) throws IOException {
    List<String> all = new ArrayList<>(List.of(options));
    if (!up) {
      all.add("-R");
    }
    return iperf(seconds, all.toArray(String[]::new)).getAsJsonObject("sum_received");
  }

  /** The object "end" of iperf3's report. */
  private JsonObject iperf(int seconds, String... options) throws IOException {
    try (Tool server =
        Tool.start(directory(), subject.network.correspondent(), "iperf3", "-s", "-1")) {
      Path sockets = Path.of("/proc", Long.toString(server.pid()), "net/tcp6");
      server.await(
          "listening", () -> LISTENING.matcher(Files.readString(sockets)).find());
      List<String> command =
          new ArrayList<>(
              List.of(
                  "iperf3", "-c", Topology.CORRESPONDENT, "-t", Integer.toString(seconds), "-J",
                  "--connect-timeout", "5000"));
      command.addAll(List.of(options));
      JsonElement report =
          JsonParser.parseString(
              Tool.runFor(
                  seconds + PATIENCE_SECONDS, directory(), subject.network.guest(),
                  command.toArray(String[]::new)));
      return report.getAsJsonObject().getAsJsonObject("end");
    }
  }

  private Path directory() {
    return subject.network.directory();
  }
}
