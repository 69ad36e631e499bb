package org.kagemusha.tap.vmsocket;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.LazyMemory;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.port.FramePort;

/**
 * The other end of QEMU's {@code -netdev dgram}: a Unix socket, one frame in each datagram. There
 * are no connections: frames for the guest go to the VMM whose datagram came last, so to the new
 * QEMU from the VM's first frame there when it moves within the host.
 *
 * <p>One socket receives from all; another one is connected to that VMM, since only such a socket
 * tells when there is room in the other end's queue.
 */
final class DatagramSocketPort implements FramePort {

  private static final int RECEIVER = 0;
  private static final int SENDER = 1;
  private static final int BACKLOG = 256 * 1024;
  private static final int BUFFERS = 1024 * 1024;
  private static final int LARGEST_SLOT = 65_600;
  private static final int MOST_PASSED_OVER = 64;

  private final BoundSocket bound;
  private final Counters counters;
  private final VmSocketListener listener;
  private final ReadySockets ready;
  private final Descriptor receiver;
  private final NativeMemory address = new NativeMemory(UnixAddress.LONGEST);
  private final NativeMemory addressLength = new NativeMemory(Integer.BYTES);
  private final LazyMemory memory = new LazyMemory(BACKLOG);
  private final FrameBacklog output = new FrameBacklog(memory.slice(0, BACKLOG));
  private NativeMemory slot;
  private UnixAddress peer;
  private UnixAddress unreachable;
  private Descriptor sender;
  private boolean waiting;

  DatagramSocketPort(VmSocketSettings settings, Counters counters, VmSocketListener listener)
      throws IOException {
    this.counters = counters;
    this.listener = listener;
    bound = BoundSocket.open(settings, RECEIVER, socket -> socket.setBuffers(BUFFERS, 0));
    ready = bound.ready();
    receiver = bound.socket();
  }

  @Override
  public String name() {
    return bound.name();
  }

  @Override
  public String kind() {
    return "dgram";
  }

  @Override
  public int fd() {
    return ready.fd();
  }

  @Override
  public int read(PacketBuffer frame) throws KernelException {
    ByteBuffer bytes = frame.bytes();
    int room =
        Math.min(
            LARGEST_SLOT, bytes.capacity() - PacketBuffer.HEADROOM - PacketBuffer.TAILROOM);
    boolean direct = frame.address() != 0;
    if (!direct && slot == null) {
      slot = new NativeMemory(LARGEST_SLOT);
    }
    long target = direct ? frame.address() + PacketBuffer.HEADROOM : slot.address();
    for (int passedOver = 0; passedOver < MOST_PASSED_OVER; passedOver++) {
      addressLength.bytes().putInt(0, UnixAddress.LONGEST);
      long got =
          Libc.recvfrom(
              receiver.fd(), target, room, Constants.MSG_TRUNC, address.address(),
              addressLength.address());
      if (got < 0) {
        int errno = Libc.errno();
        if (errno == Errno.EAGAIN) {
          if (waiting) {
            flushQueue();
          }
          return WOULD_BLOCK;
        }
        if (errno != Errno.EINTR) {
          throw KernelException.of("recvfrom", bound.name(), errno);
        }
      } else if (got > room) {
        counters.drop(DropReason.RECEIVE_TRUNCATED);
      } else if (got == 0) {
        counters.drop(DropReason.FRAME_TRUNCATED);
      } else {
        heardFrom(addressLength.bytes().getInt(0));
        if (!direct) {
          bytes.put(PacketBuffer.HEADROOM, slot.bytes(), 0, (int) got);
        }
        frame.set(PacketBuffer.HEADROOM, (int) got).finished();
        return (int) got;
      }
    }
    return WOULD_BLOCK;
  }

  private void heardFrom(int length) {
    if (peer != null && peer.matches(address, length)) {
      return;
    }
    UnixAddress fresh = UnixAddress.copyOf(address, length);
    if (!fresh.isNamed()) {
      return;
    }
    String failure = null;
    try {
      Descriptor next = connect(fresh);
      discard();
      hangUp();
      sender = next;
      boolean first = peer == null;
      peer = fresh;
      unreachable = null;
      if (first) {
        listener.connected(fresh.toString(), 1);
      }
      listener.speaks(fresh.toString());
    } catch (KernelException e) {
      failure = e.getMessage();
    }
    if (failure != null && (unreachable == null || !unreachable.matches(address, length))) {
      unreachable = fresh;
      listener.refused(fresh.toString(), "it cannot be answered: " + failure);
    }
  }

  private static Descriptor connect(UnixAddress to) throws KernelException {
    Descriptor socket =
        Descriptor.openSocket(Constants.AF_UNIX, Constants.SOCK_DGRAM, 0, to.toString());
    int errno = to.connect(socket);
    if (errno != 0) {
      socket.close();
      throw new KernelException("connect", to.toString(), errno, "");
    }
    socket.setBuffers(0, BUFFERS);
    return socket;
  }

  private void hangUp() {
    if (sender != null) {
      sender.close();
      sender = null;
      waiting = false;
    }
  }

  private void discard() {
    for (int left = output.frames(); left > 0; left--) {
      counters.drop(DropReason.VMM_NOT_CONNECTED);
    }
    output.clear();
  }

  @Override
  public void send(PacketBuffer frame) {
    if (peer == null) {
      counters.drop(DropReason.VMM_NOT_CONNECTED);
    } else if (!output.add(frame)) {
      flushQueue();
      if (peer == null || !output.add(frame)) {
        counters.drop(peer == null ? DropReason.VMM_NOT_CONNECTED : DropReason.QUEUE_FULL);
      }
    }
  }

  @Override
  public void flush() {
    if (!waiting) {
      flushQueue();
    }
  }

  private void flushQueue() {
    boolean again = true;
    while (sender != null && !output.isEmpty()) {
      int length = output.firstLength();
      long sent =
          Libc.sendto(
              sender.fd(), memory.address(output.begin() + FrameStream.LENGTH), length,
              Constants.MSG_NOSIGNAL, 0, 0);
      int errno = sent >= 0 ? 0 : Libc.errno();
      if (errno == Errno.EAGAIN) {
        await(true);
        return;
      }
      if (errno == Errno.ECONNREFUSED || errno == Errno.ECONNRESET || errno == Errno.ENOTCONN) {
        // The VMM may have been started anew, with a socket of the same name.
        if (!again || !reconnect()) {
          lost(Errno.name(errno));
          return;
        }
        again = false;
      } else if (errno != Errno.EINTR) {
        if (errno != 0) {
          counters.drop(DropReason.SEND_FAILED);
        }
        output.sent(FrameStream.LENGTH + length);
      }
    }
    await(false);
  }

  private boolean reconnect() {
    hangUp();
    try {
      sender = connect(peer);
      return true;
    } catch (KernelException e) {
      return false;
    }
  }

  private void lost(String cause) {
    String name = peer.toString();
    discard();
    hangUp();
    peer = null;
    listener.disconnected(name, cause, false, 0);
  }

  private void await(boolean room) {
    if (room == waiting || sender == null) {
      return;
    }
    waiting = room;
    try {
      if (room) {
        ready.add(sender, SENDER, Constants.EPOLLOUT);
      } else {
        ready.remove(sender);
      }
    } catch (KernelException e) {
      // Only a descriptor that is not ours could make the kernel refuse.
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    bound.close();
    hangUp();
    Reference.reachabilityFence(memory);
  }
}
