package org.kagemusha.tap.rawsocket;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The UDP socket of ESP in UDP (RFC 3948) on the local address. It receives; while it is open the
 * kernel sends no Port Unreachable. Receive offload (UDP_GRO) is not asked for, so the kernel hands
 * over datagram by datagram.
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

  /** The socket to read next. */
  Descriptor readable() {
    return previous != null ? previous : current;
  }

  /** The port of {@link #readable}. */
  int readablePort() {
    return previous != null ? previousPort : currentPort;
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
  void bind(Ipv6Address local) throws KernelException {
    Descriptor socket = openOn(local);
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
  }

  private Descriptor openOn(Ipv6Address local) throws KernelException {
    int port = settings.encapsulationPort();
    try {
      return openOn(local, port);
    } catch (KernelException e) {
      if (e.errno() != Errno.EADDRINUSE) {
        throw e;
      }
      if (settings.anyEncapsulationPort()) {
        return openOn(local, 0);
      }
      throw new KernelException(
          "bind UDP port " + port + " of",
          local.toString(),
          Errno.EADDRINUSE,
          "another program holds it, as IKE daemons (strongSwan's charon, Libreswan's pluto) or"
              + " another kagemusha would; \"ss -lunp sport = :" + port + "\" names it");
    }
  }

  private Descriptor openOn(Ipv6Address local, int port) throws KernelException {
    Descriptor socket =
        Descriptor.openSocket(
            Constants.AF_INET6, Constants.SOCK_DGRAM, Constants.IPPROTO_UDP, "UDP socket");
    try {
      UnderlayReceiver.prepare(socket, settings);
      socket.bind(local, 0, port);
      return socket;
    } catch (KernelException | RuntimeException e) {
      socket.close();
      throw e;
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
