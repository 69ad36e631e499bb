package org.kagemusha.daemon.demo;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.kagemusha.tap.netns.NamespaceCall;

/**
 * The correspondent's end of the sessions with a guest that is a virtual machine; the guest's end
 * is the script {@code sessions.pl}. What comes to the guest is stamped when the guest's next
 * datagram tells of it, and that of the guest when it arrives.
 */
final class VmSessions implements Traffic {

  private static final int TCP_PORT = 45454;
  static final int UDP_PORT = 45455;
  private static final int REPORT_PORT = 45456;
  private static final long TCP_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long BOOT_LIMIT_NS = TimeUnit.SECONDS.toNanos(240);
  private static final int CONNECT_MS = 10_000;
  private static final int ATTEMPT_MS = 500;
  private static final int CAPACITY = 45_000;

  private final Topology topology;
  private final InetSocketAddress reporter;
  private final TcpCounter tcp;
  private final VmStream udp;
  private final PingProcess ping;
  private final PacketLedger tcpFromGuest;

  private VmSessions(
      Topology topology,
      String guest,
      TcpCounter tcp,
      PacketLedger tcpFromGuest,
      VmStream udp,
      PingProcess ping) {
    this.topology = topology;
    this.reporter = new InetSocketAddress(guest, REPORT_PORT);
    this.tcp = tcp;
    this.tcpFromGuest = tcpFromGuest;
    this.udp = udp;
    this.ping = ping;
  }

  /** Waits until a guest that boots serves. */
  static void awaitService(Topology topology, String guest)
      throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + BOOT_LIMIT_NS;
    while (true) {
      try {
        connect(topology, new InetSocketAddress(guest, REPORT_PORT), ATTEMPT_MS).close();
        return;
      } catch (IOException e) {
        if (System.nanoTime() > giveUp) {
          throw new IOException("the VM does not serve its correspondent: " + e.getMessage(), e);
        }
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
  }

  /** Begins sessions of some length for the demonstration. */
  static VmSessions begin(Topology topology, String guest, long udpIntervalNs, boolean pings)
      throws IOException {
    return begin(topology, guest, udpIntervalNs, pings, CAPACITY);
  }

  /**
   * Begins.
   *
   * @param guest its address
   * @param udpIntervalNs between two datagrams each way
   * @param pings whether the correspondent pings the guest as well, for a minute at most
   * @param capacity for how many packets each way there is room
   */
  static VmSessions begin(
      Topology topology, String guest, long udpIntervalNs, boolean pings, int capacity)
      throws IOException {
    PacketLedger tcpFromGuest = new PacketLedger(capacity);
    PacketLedger tcpToGuest = new PacketLedger(capacity);
    TcpCounter tcp =
        new TcpCounter(
            connect(topology, new InetSocketAddress(guest, TCP_PORT), CONNECT_MS),
            TCP_INTERVAL_NS, tcpFromGuest);
    try {
      VmStream udp =
          NamespaceCall.in(
              topology.correspondent(),
              () ->
                  new VmStream(
                      new InetSocketAddress(guest, UDP_PORT), udpIntervalNs, capacity,
                      tcpToGuest));
      PingProcess ping = pings ? new PingProcess(topology.correspondent(), guest) : null;
      tcp.start("correspondent");
      udp.start();
      return new VmSessions(topology, guest, tcp, tcpFromGuest, udp, ping);
    } catch (IOException e) {
      tcp.close();
      throw e;
    }
  }

  private static Socket connect(Topology topology, InetSocketAddress to, int limitMs)
      throws IOException {
    return NamespaceCall.in(
        topology.correspondent(),
        () -> {
          Socket socket = new Socket();
          try {
            socket.connect(to, limitMs);
            return socket;
          } catch (IOException e) {
            socket.close();
            throw e;
          }
        });
  }

  @Override
  public Ledgers ledgers() {
    return new Ledgers(udp.fromGuest(), udp.toGuest(), tcpFromGuest, udp.tcpToGuest());
  }

  @Override
  public long tcpNumbersToGuest() {
    return udp.tcpNumbersToGuest();
  }

  @Override
  public long tcpNumbersToCorrespondent() {
    return tcp.received();
  }

  @Override
  public String failure() {
    return tcp.failure();
  }

  /** The guest itself tells what came, as the datagrams that tell of it may be lost. */
  @Override
  public PingProcess.Summary finish() throws IOException, InterruptedException {
    PingProcess.Summary summary =
        ping == null ? new PingProcess.Summary(0, 0, 0) : ping.finish();
    udp.stop();
    try (Socket socket = connect(topology, reporter, CONNECT_MS)) {
      socket.setSoTimeout(CONNECT_MS);
      udp.told(new DataInputStream(socket.getInputStream()));
    }
    return summary;
  }

  /** Datagrams to the guest that came later than one with a higher number; after the end. */
  int reorderedToGuest() {
    return udp.reorderedToGuest();
  }

  /** Datagrams from the guest that came later than one with a higher number. */
  int reorderedFromGuest() {
    return udp.reorderedFromGuest();
  }

  @Override
  public void close() throws IOException {
    if (ping != null) {
      ping.close();
    }
    udp.close();
    tcp.close();
  }
}
