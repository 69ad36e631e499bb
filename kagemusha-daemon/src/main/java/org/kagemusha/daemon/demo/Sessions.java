package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.kagemusha.tap.netns.NamespaceCall;

/**
 * The sessions between guest and correspondent: a TCP session that carries a counter both ways, a
 * UDP stream both ways and a ping. All of it runs in this process, so that one clock stamps
 * everything; each socket belongs to its end's network namespace.
 */
final class Sessions implements Traffic {

  /** One UDP packet each way and two milliseconds, and 90 seconds of room. */
  static final long UDP_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(2);

  private static final long TCP_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(5);
  private static final int CAPACITY = 45_000;
  private static final int TCP_PORT = 45454;
  private static final int UDP_PORT = 45455;
  private static final int CONNECT_LIMIT_MS = 10_000;

  final PacketLedger udpFromGuest = new PacketLedger(CAPACITY);
  final PacketLedger udpToGuest = new PacketLedger(CAPACITY);
  final PacketLedger tcpFromGuest = new PacketLedger(CAPACITY);
  final PacketLedger tcpToGuest = new PacketLedger(CAPACITY);

  private final TcpCounter tcpGuest;
  private final TcpCounter tcpCorrespondent;
  private final UdpStream udpGuest;
  private final UdpStream udpCorrespondent;
  private final PingProcess ping;

  Sessions(Topology topology) throws IOException {
    this(topology, UDP_INTERVAL_NS);
  }

  /** With a UDP packet each way in some other time, ns. */
  Sessions(Topology topology, long udpIntervalNs) throws IOException {
    InetSocketAddress guest = new InetSocketAddress(Topology.HOME_ADDRESS, UDP_PORT);
    InetSocketAddress correspondent = new InetSocketAddress(Topology.CORRESPONDENT, UDP_PORT);
    Socket[] ends = connect(topology);
    tcpGuest = new TcpCounter(ends[0], TCP_INTERVAL_NS, tcpToGuest);
    tcpCorrespondent = new TcpCounter(ends[1], TCP_INTERVAL_NS, tcpFromGuest);
    udpGuest =
        NamespaceCall.in(
            topology.guest(),
            () ->
                new UdpStream(guest, correspondent, udpFromGuest, udpToGuest, udpIntervalNs));
    udpCorrespondent =
        NamespaceCall.in(
            topology.correspondent(),
            () ->
                new UdpStream(correspondent, guest, udpToGuest, udpFromGuest, udpIntervalNs));
    ping = new PingProcess(topology.guest(), Topology.CORRESPONDENT);
    tcpGuest.start("guest");
    tcpCorrespondent.start("correspondent");
    udpGuest.start("guest");
    udpCorrespondent.start("correspondent");
  }

  private static Socket[] connect(Topology topology) throws IOException {
    try (ServerSocket server =
        NamespaceCall.in(
            topology.correspondent(),
            () -> {
              ServerSocket listening = new ServerSocket();
              listening.bind(new InetSocketAddress(Topology.CORRESPONDENT, TCP_PORT));
              listening.setSoTimeout(CONNECT_LIMIT_MS);
              return listening;
            })) {
      Socket guest =
          NamespaceCall.in(
              topology.guest(),
              () -> {
                Socket socket = new Socket();
                socket.bind(new InetSocketAddress(Topology.HOME_ADDRESS, 0));
                socket.connect(
                    new InetSocketAddress(Topology.CORRESPONDENT, TCP_PORT), CONNECT_LIMIT_MS);
                return socket;
              });
      return new Socket[] {guest, server.accept()};
    }
  }

  @Override
  public Ledgers ledgers() {
    return new Ledgers(udpFromGuest, udpToGuest, tcpFromGuest, tcpToGuest);
  }

  @Override
  public long tcpNumbersToGuest() {
    return tcpGuest.received();
  }

  @Override
  public long tcpNumbersToCorrespondent() {
    return tcpCorrespondent.received();
  }

  @Override
  public String failure() {
    return tcpGuest.failure() != null ? tcpGuest.failure() : tcpCorrespondent.failure();
  }

  @Override
  public PingProcess.Summary finish() throws IOException, InterruptedException {
    PingProcess.Summary summary = ping.finish();
    udpGuest.stopSending();
    udpCorrespondent.stopSending();
    TimeUnit.MILLISECONDS.sleep(200);
    return summary;
  }

  @Override
  public void close() throws IOException {
    ping.close();
    udpGuest.close();
    udpCorrespondent.close();
    tcpGuest.close();
    tcpCorrespondent.close();
  }
}
