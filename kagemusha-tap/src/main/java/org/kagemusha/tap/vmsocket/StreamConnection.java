package org.kagemusha.tap.vmsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.LazyMemory;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;

/** One VMM at a stream socket: octets in, octets out, and what of both is not whole yet. */
final class StreamConnection implements AutoCloseable {

  /** Room for a burst that came in one piece; a frame in part is moved to its beginning. */
  static final int INPUT = 128 * 1024;

  /** What may wait in our memory once the kernel's is full, octets. */
  static final int BACKLOG = 256 * 1024;

  /** What may wait in the kernel's memory, octets. */
  private static final int SEND_BUFFER = 1024 * 1024;

  private static final int UCRED = 12;

  private final Descriptor socket;
  private final String peer;
  private final LazyMemory memory = new LazyMemory(INPUT + BACKLOG);
  private final ByteBuffer received = memory.slice(0, INPUT);
  private final FrameStream input = new FrameStream(received);
  private final FrameBacklog output = new FrameBacklog(memory.slice(INPUT, BACKLOG));
  private boolean deaf;
  private String failure;

  StreamConnection(Descriptor socket) throws KernelException {
    this.socket = socket;
    socket.setBuffers(0, SEND_BUFFER);
    peer = credentials(socket);
  }

  private static String credentials(Descriptor socket) {
    NativeMemory found = new NativeMemory(UCRED);
    NativeMemory length = new NativeMemory(Integer.BYTES);
    length.bytes().putInt(0, UCRED);
    int result =
        Libc.getsockopt(
            socket.fd(), Constants.SOL_SOCKET, Constants.SO_PEERCRED, found.address(),
            length.address());
    return result < 0
        ? "unknown"
        : "pid:" + found.bytes().getInt(0) + ",uid:" + found.bytes().getInt(4);
  }

  Descriptor socket() {
    return socket;
  }

  /** Who it is, for log lines. */
  String peer() {
    return peer;
  }

  /** Frames that came. */
  FrameStream input() {
    return input;
  }

  /** Frames that wait. */
  FrameBacklog output() {
    return output;
  }

  /**
   * Receives what is there; only after all whole frames were taken.
   *
   * @return false if the other end has closed, or {@link #failure} says why not
   */
  boolean receive() {
    int room = input.room();
    long got = Libc.recv(socket.fd(), memory.address(input.end()), room, 0);
    if (got > 0) {
      input.received((int) got);
      return true;
    }
    int errno = got == 0 ? 0 : Libc.errno();
    if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
      return true;
    }
    failure = errno == 0 || errno == Errno.ECONNRESET ? null : Errno.name(errno);
    return false;
  }

  /** Copies the first frame, of a length that fits, to the buffer's headroom. */
  void copy(PacketBuffer frame, int length) {
    frame.bytes().put(PacketBuffer.HEADROOM, received, input.frame(), length);
    frame.set(PacketBuffer.HEADROOM, length).finished();
  }

  /** Why the connection broke, or null if the other end has closed it. */
  String failure() {
    return failure;
  }

  /** Adds a frame to what waits; false if there is no room, or the other end reads no more. */
  boolean add(PacketBuffer frame) {
    return !deaf && output.add(frame);
  }

  /** Whether the other end reads no more; what it has sent can still be read. */
  boolean isDeaf() {
    return deaf;
  }

  /** Sends what waits, as far as the kernel takes it; what is left needs {@code EPOLLOUT}. */
  void flush() {
    while (!output.isEmpty()) {
      long sent =
          Libc.sendto(
              socket.fd(), memory.address(INPUT + output.begin()), output.octets(),
              Constants.MSG_NOSIGNAL, 0, 0);
      if (sent >= 0) {
        output.sent((int) sent);
        continue;
      }
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN) {
        return;
      }
      if (errno != Errno.EINTR) {
        deaf = true;
        return;
      }
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
