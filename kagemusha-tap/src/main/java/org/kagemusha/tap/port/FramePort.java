package org.kagemusha.tap.port;

import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.KernelException;

/**
 * The way of Ethernet frames from and to the home side: a tap, or a socket of the guest's VMM.
 * Nothing waits. One thread.
 */
public interface FramePort extends HomeLink, AutoCloseable {

  /** Nothing to read now. */
  int WOULD_BLOCK = 0;

  /** What the port stands for was deleted: it is of no use any more. */
  int REMOVED = -2;

  /** What it is, for log lines: an interface's name, or a path. */
  String name();

  /**
   * What kind of port it is, in one word for reports: {@code tap}, {@code stream}, {@code dgram}.
   */
  default String kind() {
    return "tap";
  }

  /** The descriptor to poll for input; what else there is to do makes it readable, too. */
  int fd();

  /**
   * Reads a frame to the buffer's {@link PacketBuffer#HEADROOM}.
   *
   * @return the frame's length; 0 or less if there is none
   * @throws KernelException for an error that does not pass
   */
  int read(PacketBuffer frame) throws KernelException;

  /** Sends a frame, now or at the next {@link #flush}, or drops and counts it. */
  @Override
  void send(PacketBuffer frame);

  /** Gives the kernel what was kept back. */
  default void flush() {}

  /** Whether frames are left that {@link #fd} does not tell of. */
  default boolean pending() {
    return false;
  }

  /**
   * Whether super-packets of TCP and unfinished checksums are read, and may be sent. Where it is
   * false, frames are whole on both ways.
   */
  default boolean offloads() {
    return false;
  }

  /** Whether the same holds for super-packets of UDP, never without {@link #offloads}. */
  default boolean segmentsUdp() {
    return false;
  }

  /** The offloads for the log, {@code none} where there are none. */
  default String offloadText() {
    return "none";
  }

  @Override
  void close();
}
