package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A capture of one interface by tcpdump, judged by tshark: neither knows of this project. */
final class Wire implements Closeable {

  /** The Home Agent Controller's port (RFC 6618 section 8.3). */
  private static final String CONTROLLER = "7872";

  /**
   * Whatever an independent dissector finds wrong with a packet. The kernel's own TCP, with which
   * keys are provisioned, leaves its checksum to the network card. The kernel of a guest writes a
   * TCP checksum of zero as 0xFFFF, its equal in one's complement (RFC 1624 section 3): one segment
   * in 65,536, which the dissector marks and every receiver accepts.
   */
  static final String FAULTY =
      "(_ws.malformed || (tcp.checksum.status == 0 && !tcp.checksum.ffff)"
          + " || udp.checksum.status == 0 || icmpv6.checksum.status == 0"
          + " || ipv6.opt.invalid_len) && !(tcp.port == " + CONTROLLER + ")";

  /** ICMPv6 errors that say "this host does not know what that packet is". */
  static final String UNWANTED_ERRORS =
      "(icmpv6.type == 4 || (icmpv6.type == 1 && icmpv6.code == 4))"
          + " && ipv6.src == 2001:db8:3000::/64";

  /** The kernel's range, in which some ports are a protocol's to the dissector: 57000 is IRC's. */
  private static final String EPHEMERAL = "32768-60999";

  private final Path file;
  private final Process tcpdump;

  private Wire(Path file, Process tcpdump) {
    this.file = file;
    this.tcpdump = tcpdump;
  }

  /** Begins to capture; returns when tcpdump listens. */
  static Wire tap(String namespace, String device, Path file) throws IOException {
    return tap(namespace, device, file, "");
  }

  /** Begins to capture what a filter of tcpdump's selects; returns when tcpdump listens. */
  static Wire tap(String namespace, String device, Path file, String filter) throws IOException {
    Process process =
        new ProcessBuilder(
                "ip", "netns", "exec", namespace, "tcpdump", "-n", "-U", "-Z", "root", "-B",
                "16384", "--immediate-mode", "-i", device, "-w", file.toString(), filter)
            .redirectErrorStream(true)
            .start();
    StringBuilder line = new StringBuilder();
    for (int c = process.getInputStream().read(); c >= 0; c = process.getInputStream().read()) {
      line.append((char) c);
      if (c == '\n' && line.toString().contains("listening on")) {
        return new Wire(file, process);
      }
    }
    throw new IOException("tcpdump: " + line);
  }

  /**
   * Ends the capture; what was seen is in the file. At its end tcpdump leaves what it has not yet
   * taken from the kernel, so it gets the time to.
   */
  void stop() throws IOException, InterruptedException {
    if (tcpdump.isAlive()) {
      long size = -1;
      for (int i = 0; i < 50 && size != Files.size(file); i++) {
        size = Files.size(file);
        tcpdump.waitFor(20, TimeUnit.MILLISECONDS);
      }
      Shell.run("sh", "-c", "kill -INT " + tcpdump.pid());
      tcpdump.waitFor(5, TimeUnit.SECONDS);
    }
  }

  /** The packets that a display filter of tshark selects, one line each. */
  List<String> packets(String filter) throws IOException, InterruptedException {
    return tshark(filter, List.of());
  }

  /** Fields of the packets that a display filter selects, tabs between them. */
  List<String> fields(String filter, String... fields) throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(List.of("-T", "fields"));
    for (String field : fields) {
      options.add("-e");
      options.add(field);
    }
    return tshark(filter, options);
  }

  /** The packets of a capture that a display filter of tshark selects, one line each. */
  static List<String> packets(Path file, String filter) throws IOException {
    return tshark(file, filter, List.of());
  }

  private List<String> tshark(String filter, List<String> options)
      throws IOException, InterruptedException {
    stop();
    return tshark(file, filter, options);
  }

  private static List<String> tshark(Path file, String filter, List<String> options)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of("tshark", "-n", "-r", file.toString(), "-o", "tcp.check_checksum:TRUE", "-o",
                "udp.check_checksum:TRUE", "-d", "tcp.port==" + CONTROLLER + ",tls", "-d",
                "tcp.port==" + EPHEMERAL + ",data", "-d", "udp.port==" + EPHEMERAL + ",data",
                "-Y", filter));
    command.addAll(options);
    return Shell.run("", command).lines().filter(l -> !l.startsWith("Running as user")).toList();
  }

  @Override
  public void close() {
    tcpdump.destroyForcibly();
  }
}
