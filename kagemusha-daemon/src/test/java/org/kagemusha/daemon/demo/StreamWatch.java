package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** When the datagrams of a virtual machine's stream were in the bridge of each hypervisor. */
final class StreamWatch implements Closeable {

  private static final int NS_DIGITS = 9;

  private final List<Path> files = new ArrayList<>();
  private final List<Wire> wires = new ArrayList<>();

  /**
   * A datagram in a bridge.
   *
   * @param host {@code A} or {@code B}
   * @param ns of this process's monotonic clock
   */
  record Frame(String host, boolean fromGuest, long ns) {}

  StreamWatch(Laboratory laboratory) throws IOException {
    watch(laboratory, "A", laboratory.topology.hypervisorA());
    watch(laboratory, "B", laboratory.topology.hypervisorB());
  }

  private void watch(Laboratory laboratory, String host, String namespace) throws IOException {
    Path file = laboratory.directory.resolve("stream-" + host + ".pcap");
    wires.add(Wire.tap(namespace, "vms", file, "udp port " + VmSessions.UDP_PORT));
    files.add(file);
  }

  /** Ends, and tells all that was seen. */
  List<Frame> frames() throws IOException, InterruptedException {
    Instant now = Instant.now();
    long clockNs =
        System.nanoTime() - TimeUnit.SECONDS.toNanos(now.getEpochSecond()) - now.getNano();
    List<Frame> frames = new ArrayList<>();
    for (int i = 0; i < wires.size(); i++) {
      wires.get(i).stop();
      for (String line :
          Shell.run("tcpdump", "-tt", "-n", "-r", files.get(i).toString()).lines().toList()) {
        String[] words = line.split(" ");
        // 1763727966.123456 IP6 2001:db8::10.45455 > 2001:db8::2.40000: UDP, length 64
        if (words.length > 2 && words[1].equals("IP6")) {
          frames.add(
              new Frame(
                  i == 0 ? "A" : "B", words[2].endsWith("." + VmSessions.UDP_PORT),
                  new BigDecimal(words[0]).movePointRight(NS_DIGITS).longValue() + clockNs));
        }
      }
    }
    return frames;
  }

  @Override
  public void close() {
    wires.forEach(Wire::close);
  }
}
