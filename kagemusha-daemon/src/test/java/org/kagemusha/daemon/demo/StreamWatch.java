package org.kagemusha.daemon.demo;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kagemusha.core.message.CapturedPacket;
import org.kagemusha.core.message.PcapReader;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Header;

/** When the datagrams of a virtual machine's stream were in the bridge of each hypervisor. */
final class StreamWatch implements Closeable {

  private static final int UDP = EthernetHeader.BYTES + Ipv6Header.BYTES;
  private static final int UDP_HEADER = 8;

  private final List<Path> files = new ArrayList<>();
  private final List<Wire> wires = new ArrayList<>();

  /**
   * A datagram in a bridge.
   *
   * @param host {@code A} or {@code B}
   * @param number that it carries
   * @param ns of this process's monotonic clock
   */
  record Frame(String host, boolean fromGuest, int number, long ns) {}

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
      try (InputStream input = new BufferedInputStream(Files.newInputStream(files.get(i)))) {
        PcapReader reader = new PcapReader(input);
        for (CapturedPacket one = reader.next(); one != null; one = reader.next()) {
          read(
              i == 0 ? "A" : "B", ByteBuffer.wrap(one.octets()), one.timestampNs() + clockNs,
              frames);
        }
      }
    }
    return frames;
  }

  /** All datagrams of a frame: what has the same headers may have been joined into one. */
  private static void read(String host, ByteBuffer octets, long ns, List<Frame> frames) {
    boolean fromGuest = (octets.getShort(UDP) & 0xffff) == VmSessions.UDP_PORT;
    int first = UDP + UDP_HEADER;
    int step = fromGuest ? octets.capacity() : VmStream.PAYLOAD;
    for (int at = first; at + Integer.BYTES <= octets.capacity(); at += step) {
      frames.add(new Frame(host, fromGuest, octets.getInt(at), ns));
    }
  }

  @Override
  public void close() {
    wires.forEach(Wire::close);
  }
}
