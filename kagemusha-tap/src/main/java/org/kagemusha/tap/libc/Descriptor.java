package org.kagemusha.tap.libc;

import static org.kagemusha.tap.libc.Constants.FD_CLOEXEC;
import static org.kagemusha.tap.libc.Constants.F_GETFL;
import static org.kagemusha.tap.libc.Constants.F_SETFD;
import static org.kagemusha.tap.libc.Constants.F_SETFL;
import static org.kagemusha.tap.libc.Constants.O_CLOEXEC;
import static org.kagemusha.tap.libc.Constants.O_NONBLOCK;
import static org.kagemusha.tap.libc.Constants.SOCK_CLOEXEC;
import static org.kagemusha.tap.libc.Constants.SOCK_NONBLOCK;

import java.lang.ref.Reference;
import org.kagemusha.core.wire.Ipv6Address;

/** An open file descriptor and the name that errors give it; closed once. */
public final class Descriptor implements AutoCloseable {

  private static final int SOCKADDR_IN6 = 28;
  private static final int PORT = 2;

  private final int fd;
  private final String name;
  private boolean open = true;

  private Descriptor(int fd, String name) {
    this.fd = fd;
    this.name = name;
  }

  /** Opens a file for reading and writing, non-blocking. */
  public static Descriptor openFile(String path) throws KernelException {
    int fd = Libc.open(path, Constants.O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
      throw KernelException.last("open", path);
    }
    return new Descriptor(fd, path);
  }

  /** Opens a non-blocking socket. */
  public static Descriptor openSocket(int domain, int type, int protocol, String name)
      throws KernelException {
    int fd = Libc.socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
      throw KernelException.last("socket", name);
    }
    return new Descriptor(fd, name);
  }

  /** Opens an epoll(7) descriptor, which can be polled itself. */
  public static Descriptor openEpoll(String name) throws KernelException {
    int fd = Libc.epoll_create1(Constants.EPOLL_CLOEXEC);
    if (fd < 0) {
      throw KernelException.last("epoll_create1", name);
    }
    return new Descriptor(fd, name);
  }

  /** Takes over a descriptor that the process inherited; makes it non-blocking. */
  public static Descriptor adopt(int fd, String name) throws KernelException {
    int flags = Libc.fcntl(fd, F_GETFL, 0);
    if (flags < 0
        || Libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0
        || Libc.fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
      throw KernelException.last("fcntl", name);
    }
    return new Descriptor(fd, name);
  }

  /** The number, for polling. */
  public int fd() {
    return fd;
  }

  /** What errors call it. */
  public String name() {
    return name;
  }

  /** Sets a socket option of type {@code int}. */
  public void setOption(int level, int option, int value, String what) throws KernelException {
    NativeMemory memory = new NativeMemory(4);
    memory.bytes().putInt(0, value);
    setOption(level, option, memory, 4, what);
  }

  /** Sets a socket option from memory. */
  public void setOption(int level, int option, NativeMemory value, int length, String what)
      throws KernelException {
    if (Libc.setsockopt(fd, level, option, value.address(), length) < 0) {
      throw KernelException.last("setsockopt " + what, name);
    }
    Reference.reachabilityFence(value);
  }

  /** Asks for a socket buffer beyond the system's limit, or as near as is allowed. */
  public void setBuffers(int receiveOctets, int sendOctets) throws KernelException {
    setBuffer(Constants.SO_RCVBUFFORCE, Constants.SO_RCVBUF, receiveOctets, "SO_RCVBUF");
    setBuffer(Constants.SO_SNDBUFFORCE, Constants.SO_SNDBUF, sendOctets, "SO_SNDBUF");
  }

  private void setBuffer(int forced, int plain, int octets, String what) throws KernelException {
    if (octets == 0) {
      return;
    }
    try {
      setOption(Constants.SOL_SOCKET, forced, octets, what + "FORCE");
    } catch (KernelException e) {
      setOption(Constants.SOL_SOCKET, plain, octets, what);
    }
  }

  /**
   * Lets an epoll descriptor watch this one until it is closed.
   *
   * @param event the {@code struct epoll_event}
   */
  public void watch(Descriptor epoll, NativeMemory event) throws KernelException {
    if (Libc.epoll_ctl(epoll.fd, Constants.EPOLL_CTL_ADD, fd, event.address()) < 0) {
      throw KernelException.last("epoll_ctl", name);
    }
    Reference.reachabilityFence(event);
  }

  /** The port of a bound IPv6 socket, 0 to 65535. */
  public int localPort() throws KernelException {
    NativeMemory address = new NativeMemory(SOCKADDR_IN6);
    NativeMemory length = new NativeMemory(Integer.BYTES);
    length.bytes().putInt(0, SOCKADDR_IN6);
    if (Libc.getsockname(fd, address.address(), length.address()) < 0) {
      throw KernelException.last("getsockname", name);
    }
    Reference.reachabilityFence(length);
    return (address.bytes().get(PORT) & 0xff) << 8 | address.bytes().get(PORT + 1) & 0xff;
  }

  /** Binds to an IPv6 address; {@code scope} is an interface index for link-local ones, or 0. */
  public void bind(Ipv6Address local, int scope) throws KernelException {
    bind(local, scope, 0);
  }

  /**
   * Binds to an IPv6 address and port.
   *
   * @param scope an interface index for link-local addresses, or 0
   * @param port 1 to 65535, or 0: the kernel chooses
   */
  public void bind(Ipv6Address local, int scope, int port) throws KernelException {
    NativeMemory address = new NativeMemory(SOCKADDR_IN6);
    address.bytes().putShort(0, (short) Constants.AF_INET6);
    address.bytes().put(PORT, (byte) (port >>> 8)).put(PORT + 1, (byte) port);
    address.putAddress(8, local);
    address.bytes().putInt(24, scope);
    bind(address, SOCKADDR_IN6, local.toString());
  }

  /** Binds to a socket address in memory. */
  public void bind(NativeMemory address, int length, String what) throws KernelException {
    if (Libc.bind(fd, address.address(), length) < 0) {
      throw KernelException.last("bind", name + " to " + what);
    }
    Reference.reachabilityFence(address);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      Libc.close(fd);
    }
  }
}
