package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Sets all subjects up and measures them in turn, round by round. */
final class Lab {

  private static final List<String> TOOLS = List.of("ip", "ethtool", "iperf3", "ping");

  private static final int CLEAN_UP_SECONDS = 30;

  private final LabOptions options;
  private final PrintStream out;
  private final long beganNs = System.nanoTime();
  private final List<Figures> figures = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();
  private int networks;

  Lab(LabOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  /** One figure, or several that come together. */
  private interface Step {
    void run(Meter meter, Figures figures) throws IOException;
  }

  /** What was left out or failed, and why, in the order of events. */
  List<String> remarks() {
    return List.copyOf(remarks);
  }

  /**
   * Runs it. Interrupted, or ended by a signal, it leaves neither processes nor namespaces.
   *
   * @return the figures of each subject that could be set up, MTU by MTU
   * @throws IOException if nothing can be measured at all
   */
  List<Figures> run() throws IOException {
    for (String tool : TOOLS) {
      if (!Tool.exists(tool)) {
        throw new IOException(tool + " is missing; ./kagemusha lab installs it");
      }
    }
    if (!Files.isWritable(Path.of("/proc/sys/net/ipv6/conf/all/forwarding"))) {
      throw new IOException("network namespaces need root");
    }
    Path directory = Files.createTempDirectory("kagemusha-lab");
    CountDownLatch isClean = new CountDownLatch(1);
    Thread runner = Thread.currentThread();
    Thread cleanUp =
        new Thread(
            () -> {
              // All at once: one after the other, a crowd of daemons would take too long.
              ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
              runner.interrupt();
              await(isClean);
            },
            "lab-clean-up");
    Runtime.getRuntime().addShutdownHook(cleanUp);
    try {
      LabNetwork.sweep(directory);
      for (int mtu : options.mtus()) {
        if (options.crowd() > 0) {
          compareWithCrowd(directory, mtu);
        } else {
          measure(directory, mtu);
        }
      }
      return figures;
    } finally {
      if (options.keep()) {
        say("logs and configuration files are in " + directory);
      } else {
        delete(directory);
      }
      isClean.countDown();
      try {
        Runtime.getRuntime().removeShutdownHook(cleanUp);
      } catch (IllegalStateException e) {
        say("ended by a signal; everything is removed");
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      if (!latch.await(CLEAN_UP_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("lab: not everything could be removed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void measure(Path directory, int mtu) throws IOException {
    Map<Figures, Subject> subjects = new LinkedHashMap<>();
    try {
      for (SubjectName name : options.subjects()) {
        setUp(name, mtu, directory, subjects);
      }
      rounds(mtu, subjects);
    } finally {
      close(subjects);
    }
    tell(mtu, List.copyOf(subjects.keySet()));
  }

  /**
   * A host where the guest's daemon is alone and one where it is among many idle ones, in turn:
   * both have the same machine, whatever else it does meanwhile.
   */
  private void compareWithCrowd(Path directory, int mtu) throws IOException {
    Map<Figures, Subject> subjects = new LinkedHashMap<>();
    try {
      for (SubjectName name : options.subjects()) {
        setUp(name, mtu, directory, subjects);
        setUp(name.among(options.crowd()), mtu, directory, subjects);
      }
      for (Map.Entry<Figures, Subject> entry : subjects.entrySet()) {
        SubjectName name = entry.getKey().subject();
        if (name.daemons() > 1) {
          say("starting " + (name.daemons() - 1) + " idle daemons: " + name);
          double pss =
              ((KagemushaSubject) entry.getValue()).crowd(name.daemons() - 1, options.oneBridge());
          entry.getKey().add(Measure.PSS_IDLE, pss);
        }
      }
      rounds(mtu, subjects);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      close(subjects);
    }
    tell(mtu, List.copyOf(subjects.keySet()));
  }

  private void rounds(int mtu, Map<Figures, Subject> subjects) throws IOException {
    for (int round = 1; round <= options.rounds(); round++) {
      String where = "MTU " + mtu + ", round " + round + " of " + options.rounds() + ": ";
      each(where + "TCP", subjects, this::tcp);
      each(where + "UDP", subjects, this::udp);
      each(where + "ping", subjects, this::ping);
    }
    each("MTU " + mtu + ": memory", subjects, (meter, one) -> memory(subjects.get(one), one));
  }

  private static void close(Map<Figures, Subject> subjects) {
    boolean wasInterrupted = Thread.interrupted();
    subjects.values().forEach(Subject::close);
    if (wasInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(int mtu, List<Figures> ofMtu) {
    figures.addAll(ofMtu);
    LabTable.print(out, mtu, options.rounds(), ofMtu);
    out.flush();
  }

  private void setUp(SubjectName name, int mtu, Path directory, Map<Figures, Subject> subjects)
      throws IOException {
    for (String tool : name.kind().tools()) {
      String program = tool.equals("wireguard-go") ? options.wireGuard() : tool;
      if (!Tool.exists(program)) {
        remark(name + " is left out: " + program + " is missing");
        return;
      }
    }
    say("setting up " + name + ", MTU " + mtu);
    Subject subject = null;
    boolean isUp = false;
    try {
      subject = subject(LabNetwork.build(++networks, directory, mtu, name.gro()), name.kind());
      subject.start();
      Meter meter = new Meter(subject);
      if (options.warmUpSeconds() > 0) {
        meter.tcp(true, options.warmUpSeconds());
        meter.tcp(false, options.warmUpSeconds());
      }
      isUp = true;
      subjects.put(new Figures(name, mtu), subject);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (IOException e) {
      goOn(e);
      remark(name + " at MTU " + mtu + " is left out: " + e.getMessage());
    } finally {
      if (subject != null && !isUp) {
        subject.close();
      }
    }
  }

  private Subject subject(LabNetwork network, SubjectKind kind) {
    return switch (kind) {
      case PLAIN, SEG6 -> new KernelSubject(network, kind);
      case CLEAR, CLEAR_KERNEL, CLEAR_DIRECT, CLEAR_ONE_END, CLEAR_KERNEL_ONE_END, ESP,
          ESP_DIRECT, ESP_UDP ->
          new KagemushaSubject(network, kind, options.daemons());
      case WIREGUARD -> new WireGuardSubject(network, options.wireGuard());
      case OPENVPN -> new OpenVpnSubject(network);
      case RELAY -> new RelaySubject(network);
    };
  }

  private void each(String what, Map<Figures, Subject> subjects, Step step) throws IOException {
    say(what);
    for (Map.Entry<Figures, Subject> entry : subjects.entrySet()) {
      try {
        step.run(new Meter(entry.getValue()), entry.getKey());
      } catch (IOException e) {
        goOn(e);
        remark(what + ": " + entry.getKey().subject() + ": " + e.getMessage());
      }
    }
  }

  /** One subject's failure is no reason to give up the others, but an interrupt is. */
  private static void goOn(IOException e) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw e;
    }
  }

  private void tcp(Meter meter, Figures figures) throws IOException {
    if (options.isBrief()) {
      double[] gbps = meter.tcpBothWays(options.tcpSeconds());
      figures.add(Measure.TCP_UP, gbps[0]);
      figures.add(Measure.TCP_DOWN, gbps[1]);
      return;
    }
    Meter.TcpStream up = meter.tcp(true, options.tcpSeconds());
    figures.add(Measure.TCP_UP, up.gbps());
    figures.add(Measure.COST_UP, up.cost().processes());
    figures.add(Measure.SOFTIRQ_UP, up.cost().softirq());
    figures.add(Measure.MACHINE_UP, up.cost().busy());
    Meter.TcpStream down = meter.tcp(false, options.tcpSeconds());
    figures.add(Measure.TCP_DOWN, down.gbps());
    figures.add(Measure.COST_DOWN, down.cost().processes());
    figures.add(Measure.SOFTIRQ_DOWN, down.cost().softirq());
    figures.add(Measure.MACHINE_DOWN, down.cost().busy());
  }

  private void udp(Meter meter, Figures figures) throws IOException {
    figures.add(Measure.UDP_UP, meter.udpKpps(true, options.udpSeconds()));
    if (!options.isBrief()) {
      figures.add(Measure.UDP_DOWN, meter.udpKpps(false, options.udpSeconds()));
    }
  }

  private void ping(Meter meter, Figures figures) throws IOException {
    Meter.RoundTrips trips = meter.ping(options.pings());
    figures.add(Measure.PING_AVERAGE, trips.average());
    figures.add(Measure.PING_P99, trips.p99());
    figures.add(Measure.PING_P999, trips.p999());
    figures.add(Measure.PING_LOST, trips.lostPercent());
  }

  private void memory(Subject subject, Figures figures) throws IOException {
    if (!subject.guestSide().isEmpty()) {
      figures.add(Measure.PSS_GUEST, CpuTime.pssMib(subject.guestSide()));
      figures.add(Measure.PSS_FAR, CpuTime.pssMib(subject.farSide()));
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void remark(String text) {
    remarks.add(text);
    say(text);
  }

  private void say(String text) {
    out.printf("%7.2f s  %s%n", (System.nanoTime() - beganNs) / 1e9, text);
    out.flush();
  }
}
