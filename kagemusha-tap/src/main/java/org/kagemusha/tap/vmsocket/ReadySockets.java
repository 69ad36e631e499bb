package org.kagemusha.tap.vmsocket;

import java.lang.ref.Reference;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * Several sockets, each under a number, behind one descriptor that is readable while one of them
 * has something to do: epoll(7), level-triggered.
 */
final class ReadySockets implements AutoCloseable {

  private static final int MOST_EVENTS = 8;

  /** {@code struct epoll_event} is packed on x86-64 alone. */
  private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

  private static final int EVENT = PACKED ? 12 : 16;
  private static final int DATA = PACKED ? 4 : 8;

  private final Descriptor epoll;
  private final NativeMemory change = new NativeMemory(EVENT);
  private final NativeMemory events = new NativeMemory(MOST_EVENTS * EVENT);
  private int count;
  private int position;

  ReadySockets(String name) throws KernelException {
    epoll = Descriptor.openEpoll(name);
  }

  /** The descriptor to poll. */
  int fd() {
    return epoll.fd();
  }

  /** Begins to look at a socket, until it is closed. */
  void add(Descriptor socket, int number, int wanted) throws KernelException {
    control(Constants.EPOLL_CTL_ADD, socket, number, wanted);
  }

  /** Looks for other events of a socket. */
  void change(Descriptor socket, int number, int wanted) throws KernelException {
    control(Constants.EPOLL_CTL_MOD, socket, number, wanted);
  }

  /** Looks at a socket no longer. */
  void remove(Descriptor socket) throws KernelException {
    control(Constants.EPOLL_CTL_DEL, socket, 0, 0);
  }

  private void control(int operation, Descriptor socket, int number, int wanted)
      throws KernelException {
    change.bytes().putInt(0, wanted).putLong(DATA, number);
    if (Libc.epoll_ctl(epoll.fd(), operation, socket.fd(), change.address()) < 0) {
      throw KernelException.last("epoll_ctl", socket.name());
    }
    Reference.reachabilityFence(change);
  }

  /** The number of the next socket with something to do, or -1 where there is none. */
  int next() {
    if (position == count) {
      position = 0;
      count =
          Math.max(0, Libc.epoll_wait(epoll.fd(), events.address(), MOST_EVENTS, 0));
    }
    return position == count ? -1 : (int) events.bytes().getLong(position++ * EVENT + DATA);
  }

  /** Whether the socket that {@link #next} told last has room to send to. */
  boolean isWritable() {
    return (events.bytes().getInt((position - 1) * EVENT) & Constants.EPOLLOUT) != 0;
  }

  /** Whether there is more than room. */
  boolean isReadable() {
    return (events.bytes().getInt((position - 1) * EVENT) & ~Constants.EPOLLOUT) != 0;
  }

  @Override
  public void close() {
    epoll.close();
  }
}
