package org.kagemusha.tap.netlink;

import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** A NETLINK_ROUTE socket of the network namespace that the opening thread is in. */
final class NetlinkSocket implements AutoCloseable {

  private static final int SOCKADDR_NL = 12;
  private static final int DATAGRAM = 65_536;

  private final Descriptor socket;
  private final NativeMemory memory = new NativeMemory(DATAGRAM);

  /**
   * @param groups the multicast groups to hear, {@code RTMGRP_...}
   */
  NetlinkSocket(int groups) throws KernelException {
    socket =
        Descriptor.openSocket(
            Constants.AF_NETLINK, Constants.SOCK_RAW, Netlink.NETLINK_ROUTE, "netlink");
    try {
      socket.setOption(Netlink.SOL_NETLINK, Netlink.NETLINK_EXT_ACK, 1, "NETLINK_EXT_ACK");
      socket.setOption(Netlink.SOL_NETLINK, Netlink.NETLINK_CAP_ACK, 1, "NETLINK_CAP_ACK");
      NativeMemory address = new NativeMemory(SOCKADDR_NL);
      address.bytes().putShort(0, (short) Constants.AF_NETLINK);
      address.bytes().putInt(8, groups);
      socket.bind(address, SOCKADDR_NL, "groups " + groups);
    } catch (KernelException e) {
      socket.close();
      throw e;
    }
  }

  int fd() {
    return socket.fd();
  }

  /** Where a request is written before {@link #send}; {@link #receive} overwrites it. */
  NetlinkWriter writer() {
    return new NetlinkWriter(memory.bytes());
  }

  void send(int length, String operation, String object) throws KernelException {
    // An unset destination is the kernel.
    if (Libc.sendto(socket.fd(), memory.address(), length, 0, 0, 0) < 0) {
      throw KernelException.last(operation, object);
    }
  }

  /** The next datagram; null where there is none. */
  NetlinkReader receive() throws KernelException {
    while (true) {
      long received =
          Libc.recv(socket.fd(), memory.address(), DATAGRAM, Constants.MSG_TRUNC);
      if (received >= 0) {
        return new NetlinkReader(memory.bytes(), (int) Math.min(received, DATAGRAM));
      }
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN) {
        return null;
      }
      if (errno != Errno.EINTR) {
        throw KernelException.of("recv", "netlink", errno);
      }
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
