package org.kagemusha.tap.rawsocket;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The UDP socket of ESP in UDP (RFC 3948) on the local address. It receives, joined datagrams too
 * (UDP_GRO), and sends; while it is open the kernel sends no Port Unreachable.
 *
 * <p>A UDP socket cannot be bound twice, so another local address means another socket. Both stand
 * behind one epoll(7) descriptor, which is the one to poll and stays the same; what the old socket
 * had received is read before it is closed.
 */
final class EncapsulationSocket implements AutoCloseable {

  /** {@code struct epoll_event}: 12 octets on x86-64, 16 elsewhere. */
  private static final int EPOLL_EVENT = 16;

  private final UnderlaySettings settings;
  private final Descriptor poll;
  private final NativeMemory octet = new NativeMemory(1);
  private Descriptor current;
  private Descriptor previous;
  private int currentPort;
  private int previousPort;
  private Ipv6Address local;
  private boolean joins;

  private EncapsulationSocket(UnderlaySettings settings, Descriptor poll) {
    this.settings = settings;
    this.poll = poll;
  }

  /**
   * Opens the socket on the settings' local address.
   *
   * @throws KernelException if the port is taken and no other will do
   */
  static EncapsulationSocket open(UnderlaySettings settings) throws KernelException {
    Descriptor poll = Descriptor.openEpoll("epoll of ESP in UDP");
    EncapsulationSocket socket = new EncapsulationSocket(settings, poll);
    try {
      socket.bind(settings.local());
      return socket;
    } catch (KernelException | RuntimeException e) {
      poll.close();
      throw e;
    }
  }

  /** The descriptor to poll for input. */
  int fd() {
    return poll.fd();
  }

  /** The socket to send by. */
  Descriptor sender() {
    return current;
  }

  /** The present local address. */
  Ipv6Address local() {
    return local;
  }

  /** Whether the kernel joins datagrams. */
  boolean joins() {
    return joins;
  }

  /** The socket to read next. */
  Descriptor readable() {
    return previous != null ? previous : current;
  }

  /** The port of {@link #readable}. */
  int readablePort() {
    return previous != null ? previousPort : currentPort;
  }

  /** Whether {@link #readable} is that of the address before. */
  boolean hasPrevious() {
    return previous != null;
  }

  /** The port on the present local address. */
  int port() {
    return currentPort;
  }

  /**
   * Nothing is left in {@link #readable}.
   *
   * @return true if there is another socket to read now
   */
  boolean advance() {
    if (previous == null) {
      return false;
    }
    previous.close();
    previous = null;
    return true;
  }

  /** Goes to another local address; if that fails, stays where it was. */
  void bind(Ipv6Address newLocal) throws KernelException {
    Descriptor socket = openOn(newLocal);
    int port;
    try {
      port = socket.localPort();
      NativeMemory event = new NativeMemory(EPOLL_EVENT);
      event.bytes().putInt(0, Constants.EPOLLIN);
      socket.watch(poll, event);
    } catch (KernelException | RuntimeException e) {
      socket.close();
      throw e;
    }
    advance();
    if (current != null && hasInput(current)) {
      previous = current;
      previousPort = currentPort;
    } else if (current != null) {
      current.close();
    }
    current = socket;
    currentPort = port;
    local = newLocal;
  }

  private Descriptor openOn(Ipv6Address address) throws KernelException {
    int port = settings.encapsulationPort();
    try {
      return openOn(address, port);
    } catch (KernelException e) {
      if (e.errno() != Errno.EADDRINUSE) {
        throw e;
      }
      if (settings.anyEncapsulationPort()) {
        return openOn(address, 0);
      }
      throw new KernelException(
          "bind UDP port " + port + " of",
          address.toString(),
          Errno.EADDRINUSE,
          "another program holds it, as IKE daemons (strongSwan's charon, Libreswan's pluto) or"
              + " another kagemusha would; \"ss -lunp sport = :" + port + "\" names it");
    }
  }

  private Descriptor openOn(Ipv6Address address, int port) throws KernelException {
    Descriptor socket =
        Descriptor.openSocket(
            Constants.AF_INET6, Constants.SOCK_DGRAM, Constants.IPPROTO_UDP, "UDP socket");
    try {
      UnderlayReceiver.prepare(socket, settings);
      prepareToSend(socket);
      joins = settings.batch() > 1 && asksToJoin(socket);
      socket.bind(address, 0, port);
      return socket;
    } catch (KernelException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static void prepareToSend(Descriptor socket) throws KernelException {
    int level = Constants.IPPROTO_IPV6;
    socket.setBuffers(0, UnderlaySender.SEND_BUFFER);
    // As the raw socket: no fragments, the device's MTU counts, and a flow label of zero is zero.
    socket.setOption(
        level, Constants.IPV6_MTU_DISCOVER, Constants.IPV6_PMTUDISC_PROBE, "IPV6_MTU_DISCOVER");
    socket.setOption(level, Constants.IPV6_AUTOFLOWLABEL, 0, "IPV6_AUTOFLOWLABEL");
  }

  private static boolean asksToJoin(Descriptor socket) {
    try {
      socket.setOption(Constants.IPPROTO_UDP, Constants.UDP_GRO, 1, "UDP_GRO");
      return true;
    } catch (KernelException e) {
      // Linux before 5.0 has no such option and hands over datagram by datagram.
      return false;
    }
  }

  private boolean hasInput(Descriptor socket) {
    return Libc.recv(socket.fd(), octet.address(), 1, Constants.MSG_PEEK) >= 0;
  }

  @Override
  public void close() {
    advance();
    current.close();
    poll.close();
  }
}
