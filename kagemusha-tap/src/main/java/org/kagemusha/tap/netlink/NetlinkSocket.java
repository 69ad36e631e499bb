package org.kagemusha.tap.netlink;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.FilterProgram;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** A netlink socket of the network namespace that the opening thread is in. */
final class NetlinkSocket implements AutoCloseable {

  private static final int SOCKADDR_NL = 12;
  private static final int DATAGRAM = 65_536;

  private final Descriptor socket;
  private final NativeMemory memory = new NativeMemory(DATAGRAM);
  private int sequence;

  /**
   * @param protocol {@code NETLINK_...}
   * @param groups the multicast groups to hear, of {@code NETLINK_ROUTE} those of
   *     {@code RTMGRP_...}
   */
  NetlinkSocket(int protocol, int groups) throws KernelException {
    socket =
        Descriptor.openSocket(Constants.AF_NETLINK, Constants.SOCK_RAW, protocol, "netlink");
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

  /**
   * Has only what a program picks come, by the whole message.
   *
   * @throws KernelException if the kernel refuses it; the socket is closed then
   */
  void filter(FilterProgram program) throws KernelException {
    try {
      program.attach(socket);
    } catch (KernelException e) {
      socket.close();
      throw e;
    }
  }

  int fd() {
    return socket.fd();
  }

  /** Begins a request; give it to {@link #request} before the next is begun. */
  NetlinkWriter begin(int type, int flags, int bodyLength) {
    boolean isDump = (flags & Netlink.NLM_F_DUMP) == Netlink.NLM_F_DUMP;
    int all = flags | Netlink.NLM_F_REQUEST | (isDump ? 0 : Netlink.NLM_F_ACK);
    return new NetlinkWriter(memory.bytes()).begin(type, all, ++sequence, bodyLength);
  }

  /** Sends a request and collects what answers it, until the kernel says that this is all. */
  <T> List<T> request(
      NetlinkWriter writer,
      String operation,
      String object,
      Function<NetlinkReader, Optional<T>> parser)
      throws KernelException {
    send(writer.finish(), operation, object);
    List<T> found = new ArrayList<>();
    while (true) {
      NetlinkReader reader = receive();
      if (reader == null) {
        throw new KernelException(operation, object, 0, "the kernel did not answer");
      }
      while (reader.next()) {
        if (reader.sequence() != sequence) {
          continue;
        }
        if (reader.type() == Netlink.NLMSG_DONE) {
          return found;
        }
        if (reader.type() == Netlink.NLMSG_ERROR) {
          if (reader.error() != 0) {
            throw failure(operation, object, reader);
          }
          return found;
        }
        parser.apply(reader).ifPresent(found::add);
      }
    }
  }

  private static KernelException failure(String operation, String object, NetlinkReader reader) {
    String text = reader.errorText();
    return text.isEmpty()
        ? KernelException.of(operation, object, reader.error())
        : new KernelException(operation, object, reader.error(), text);
  }

  private void send(int length, String operation, String object) throws KernelException {
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
