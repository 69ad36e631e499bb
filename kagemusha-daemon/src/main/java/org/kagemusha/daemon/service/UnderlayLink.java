package org.kagemusha.daemon.service;

import java.io.IOException;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.loop.PacketLoop;
import org.kagemusha.daemon.loop.PacketSource;
import org.kagemusha.daemon.observe.Capture;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.rawsocket.UnderlayReceiver;
import org.kagemusha.tap.rawsocket.UnderlaySettings;
import org.kagemusha.tap.rawsocket.UnderlaySocket;

/**
 * The raw sockets on both ways. They are opened when there is a local address for the first time
 * and follow it when it changes.
 */
final class UnderlayLink implements Underlay, AutoCloseable {

  private final Capture capture;
  private final Counters counters;
  private final boolean countsSent;
  private NodeEngine engine;
  private UnderlaySocket socket;

  /**
   * @param countsSent whether the engine leaves counting what is sent to us
   */
  UnderlayLink(Capture capture, Counters counters, boolean countsSent) {
    this.capture = capture;
    this.counters = counters;
    this.countsSent = countsSent;
  }

  void engine(NodeEngine newEngine) {
    engine = newEngine;
  }

  /** Uses another local address; on the loop, or before it has an engine. */
  void local(UnderlaySettings settings, PacketLoop loop) throws KernelException {
    if (socket != null) {
      socket.rebind(settings.local());
      return;
    }
    socket = UnderlaySocket.open(settings, counters);
    for (UnderlayReceiver receiver : socket.receivers()) {
      loop.addOnLoop(new Source(receiver));
    }
  }

  @Override
  public Sent send(PacketBuffer outgoing) {
    if (socket == null) {
      return Sent.UNREACHABLE;
    }
    if (capture.isActive()) {
      capture.underlay(Direction.OUTBOUND, outgoing);
    }
    Sent sent = socket.send(outgoing);
    if (countsSent && sent == Sent.OK) {
      counters.add(Counter.UNDERLAY_PACKETS_SENT);
    }
    return sent;
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

  /** The sockets as one address has them. */
  static UnderlaySettings settings(Ipv6Address local, int segmentOctets) {
    UnderlaySettings usual = UnderlaySettings.of(local);
    return new UnderlaySettings(
        local, usual.linkIndex(), usual.device(), usual.mark(), segmentOctets);
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
    public boolean receive(long nowNs) throws IOException {
      PacketBuffer packet = receiver.receive();
      if (packet == null) {
        return false;
      }
      if (capture.isActive()) {
        // The kernel has checked and taken off what the rebuilt UDP header lacks.
        UdpEncapsulation.restoreChecksum(packet);
        capture.underlay(Direction.INBOUND, packet);
      }
      engine.onUnderlayPacket(packet, nowNs);
      return true;
    }

    @Override
    public boolean pending() {
      return receiver.pending();
    }

    @Override
    public String name() {
      return "underlay protocol " + receiver.protocol();
    }
  }
}
