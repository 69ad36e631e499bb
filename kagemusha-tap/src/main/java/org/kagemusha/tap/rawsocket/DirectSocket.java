package org.kagemusha.tap.rawsocket;

import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;

/**
 * The packet socket by which IPv6 packets leave straight to the link-layer address of their next
 * hop, and the clock of {@link NextHops}. It is bound to no protocol and so receives nothing. The
 * kernel writes the Ethernet header; queueing disciplines see the packets, the output and
 * postrouting hooks and IPsec policies do not.
 */
final class DirectSocket implements AutoCloseable {

  private final Descriptor socket;
  private final NextHops hops;
  private final Counters counters;
  private long nowNs;

  private DirectSocket(Descriptor socket, NextHops hops, Counters counters) {
    this.socket = socket;
    this.hops = hops;
    this.counters = counters;
  }

  /** Needs CAP_NET_RAW. */
  static DirectSocket open(NextHops hops, Counters counters) throws KernelException {
    Descriptor socket =
        Descriptor.openSocket(
            Constants.AF_PACKET, Constants.SOCK_DGRAM, 0, "packet sender");
    try {
      socket.setBuffers(0, UnderlaySender.SEND_BUFFER);
    } catch (KernelException e) {
      socket.close();
      throw e;
    }
    return new DirectSocket(socket, hops, counters);
  }

  int fd() {
    return socket.fd();
  }

  void local(Ipv6Address address) {
    hops.local(address, System.nanoTime());
  }

  /** Reads the clock, for all packets up to the next time. */
  void look() {
    nowNs = System.nanoTime();
  }

  /** Where the packet may go, or null. */
  NextHops.Hop choose(PacketBuffer packet) {
    return hops.choose(packet.bytes(), packet.offset(), nowNs);
  }

  /** A packet was not taken, and goes by the routing table instead. */
  void failed(NextHops.Hop hop, int errno) {
    counters.add(Counter.DIRECT_PACKETS_DIVERTED);
    hops.failed(hop, "sending failed: " + Errno.name(errno), System.nanoTime());
  }

  @Override
  public void close() {
    socket.close();
  }
}
