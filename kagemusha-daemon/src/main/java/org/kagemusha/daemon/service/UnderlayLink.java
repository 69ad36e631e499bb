package org.kagemusha.daemon.service;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.loop.PacketSink;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.rawsocket.NextHops;
import org.kagemusha.tap.rawsocket.UnderlayReceiver;
import org.kagemusha.tap.rawsocket.UnderlaySettings;
import org.kagemusha.tap.rawsocket.UnderlaySocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The raw sockets on both ways. They are opened when there is a local address for the first time
 * and follow it when it changes; those for tunnels are closed while nothing can come through one.
 * What is sent in a wake-up of the loop goes out at its end.
 */
final class UnderlayLink
    implements Underlay, PacketSink, UnderlaySocket.Refused, UnderlaySocket.Arrivals,
        AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(UnderlayLink.class);

  private static final int LARGEST_MTU = 65_535;

  private final PacketLoop loop;
  private final Capture capture;
  private final Counters counters;
  private final boolean countsSent;
  private final CipherTeam team;
  private NodeEngine engine;
  private UnderlaySocket socket;
  private KernelEncapsulation kernel;
  private NextHops hops;
  private long flushNs;
  private TunnelReception tunnels;

  /**
   * @param countsSent whether the engine leaves counting what is sent to us
   * @param team does the ciphers' work of a batch
   */
  UnderlayLink(
      PacketLoop loop, Capture capture, Counters counters, boolean countsSent, CipherTeam team) {
    this.team = team;
    this.loop = loop;
    this.capture = capture;
    this.counters = counters;
    this.countsSent = countsSent;
  }

  void engine(NodeEngine newEngine) {
    engine = newEngine;
  }

  /** Has super-packets encapsulated by the kernel, where it can. */
  void kernel(KernelEncapsulation encapsulation) {
    kernel = encapsulation;
  }

  /** Has packets leave straight to their next hops, where these are known. */
  void direct(NextHops newHops) {
    hops = newHops;
  }

  /** Uses another local address; on the loop, or before it has an engine. */
  void local(UnderlaySettings settings) throws KernelException {
    if (socket != null) {
      socket.rebind(settings.local());
      return;
    }
    socket = UnderlaySocket.open(settings, counters, team, this, hops);
    if (socket.encapsulationPort() != 0) {
      log.info(
          "esp in udp port={} segment={} gro={}", socket.encapsulationPort(), socket.segmentsUdp(),
          socket.joinsUdp());
    }
    for (UnderlayReceiver receiver : socket.receivers()) {
      if (!socket.tunnels().contains(receiver)) {
        loop.addOnLoop(new Source(receiver));
      }
    }
    TunnelSockets sockets = new TunnelSockets();
    sockets.read();
    tunnels = new TunnelReception(sockets);
  }

  /** The sockets for what comes through tunnels, or null before there is a local address. */
  TunnelReception tunnels() {
    return tunnels;
  }

  @Override
  public void transmit() {
    if (socket != null) {
      socket.transmit();
    }
  }

  @Override
  public PacketBuffer slot(int octets) {
    return socket == null ? null : socket.slot(octets);
  }

  @Override
  public boolean completesChecksum() {
    return true;
  }

  @Override
  public boolean takesDeferred() {
    return socket != null && socket.takesDeferred();
  }

  @Override
  public void arrived(PacketBuffer packet, int esp) {
    // A capture shows what came.
    if (engine != null && !capture.isActive()) {
      engine.onEspArrival(packet, esp);
    }
  }

  @Override
  public Sent send(PacketBuffer outgoing) {
    if (socket == null) {
      return Sent.UNREACHABLE;
    }
    // It may be answered.
    tunnels.expect();
    if (capture.isActive()) {
      if (!outgoing.settle()) {
        return Sent.NOT_SEALED;
      }
      UdpEncapsulation.restoreChecksum(outgoing);
      capture.underlay(Direction.OUTBOUND, outgoing);
    }
    Sent sent = socket.send(outgoing);
    if (countsSent && sent == Sent.OK) {
      counters.add(Counter.UNDERLAY_PACKETS_SENT);
    }
    if (!loop.isWorking()) {
      flush(System.nanoTime());
    }
    return sent;
  }

  @Override
  public boolean encapsulate(
      PacketBuffer inner, int segments, Ipv6Address local, Ipv6Address remote) {
    // A capture is of what the wire carries, which only taking apart shows.
    if (kernel == null
        || socket == null
        || capture.isActive()
        || !kernel.admits(inner, local, remote)) {
      return false;
    }
    socket.transmit();
    if (!kernel.write(inner)) {
      return false;
    }
    if (countsSent) {
      counters.add(Counter.UNDERLAY_PACKETS_SENT, segments);
    }
    return true;
  }

  @Override
  public void flush(long nowNs) {
    if (socket != null && !socket.isEmpty()) {
      flushNs = nowNs;
      socket.flush(this);
    }
  }

  /** The kernel did not take what was queued. */
  @Override
  public void refused(PacketBuffer outer, Sent why) {
    counters.drop(DropReason.SEND_FAILED);
    engine.onUnderlayRefused(outer, why, flushNs);
  }

  @Override
  public void close() {
    if (socket != null) {
      socket.close();
    }
  }

  /** The UDP port at which ESP is received, or 0 for none. */
  int encapsulationPort() {
    return socket == null ? 0 : socket.encapsulationPort();
  }

  /**
   * How many packets one system call moves at most.
   *
   * @param wanted what will be tried where there is no socket yet
   */
  int batch(int wanted) {
    return socket == null ? wanted : socket.batch();
  }

  /** The longest outer packet that places in a batch are made for, by an interface's MTU. */
  static int largestPacket(int mtu) {
    return Math.max(Ipv6Header.MINIMUM_MTU, Math.min(mtu, LARGEST_MTU));
  }

  /** Whether the kernel segments ESP in UDP for us. */
  boolean segmentsUdp() {
    return socket != null && socket.segmentsUdp();
  }

  /** Whether the kernel joins ESP in UDP for us. */
  boolean joinsUdp() {
    return socket != null && socket.joinsUdp();
  }

  /** The receiving sockets that are not always open. */
  private final class TunnelSockets implements TunnelReception.Sockets {

    private final List<Runnable> readings = new ArrayList<>();

    @Override
    public void open() throws KernelException {
      socket.openTunnels();
      read();
    }

    void read() {
      for (UnderlayReceiver receiver : socket.tunnels()) {
        readings.add(loop.addOnLoop(new Source(receiver)));
      }
    }

    @Override
    public void close() {
      readings.forEach(Runnable::run);
      readings.clear();
      socket.closeTunnels();
    }
  }

  /** One of the receiving sockets. */
  private final class Source implements PacketSource {

    private final UnderlayReceiver receiver;

    Source(UnderlayReceiver receiver) {
      this.receiver = receiver;
    }

    @Override
    public int descriptor() {
      return receiver.fd();
    }

    @Override
    public int receive(long nowNs) throws IOException {
      PacketBuffer packet = receiver.receive();
      if (packet == null) {
        return 0;
      }
      int weight = PacketSource.weight(packet);
      // What was opened already came before the capture began.
      if (capture.isActive() && !isOpened(packet)) {
        // The kernel has checked and taken off what the rebuilt UDP header lacks.
        UdpEncapsulation.restoreChecksum(packet);
        capture.underlay(Direction.INBOUND, packet);
      }
      engine.onUnderlayPacket(packet, nowNs);
      return weight;
    }

    private static boolean isOpened(PacketBuffer packet) {
      return packet.cipherJob() != null && packet.cipherJob().isDone();
    }

    @Override
    public boolean pending() {
      return receiver.pending();
    }

    @Override
    public boolean isModerated() {
      return true;
    }

    @Override
    public String name() {
      return "underlay protocol " + receiver.protocol();
    }
  }
}
