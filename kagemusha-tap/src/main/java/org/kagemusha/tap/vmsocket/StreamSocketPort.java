package org.kagemusha.tap.vmsocket;

import java.io.IOException;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.port.FramePort;

/**
 * The other end of QEMU's {@code -netdev stream}: a Unix socket at which it listens, and frames
 * behind their lengths.
 *
 * <p>Several VMMs may be connected: when a VM moves within the host, the new QEMU comes while the
 * old one still runs. All are heard; frames go to the one that sent the last frame, as a bridge
 * learns a station's port, so to the new one from the VM's first frame there, and back to the old
 * one where the VM goes on there. Before any frame they go to the one that came first.
 */
final class StreamSocketPort implements FramePort {

  /** VMMs at a time: one runs, one takes over, and some are on their way out. */
  static final int MOST_PEERS = 4;

  private static final int BACKLOG = 4;
  private static final int LISTENER = MOST_PEERS;

  private final BoundSocket bound;
  private final Counters counters;
  private final VmSocketListener listener;
  private final ReadySockets ready;
  private final StreamConnection[] peers = new StreamConnection[MOST_PEERS];
  private final boolean[] waiting = new boolean[MOST_PEERS];
  private final long[] order = new long[MOST_PEERS];
  private long arrivals;
  private int reading = -1;
  private int target = -1;
  private boolean spoken;

  StreamSocketPort(VmSocketSettings settings, Counters counters, VmSocketListener listener)
      throws IOException {
    this.counters = counters;
    this.listener = listener;
    bound = BoundSocket.open(settings, LISTENER, StreamSocketPort::listen);
    ready = bound.ready();
  }

  private static void listen(Descriptor socket) throws KernelException {
    if (Libc.listen(socket.fd(), BACKLOG) < 0) {
      throw KernelException.last("listen", socket.name());
    }
  }

  @Override
  public String name() {
    return bound.name();
  }

  @Override
  public String kind() {
    return "stream";
  }

  @Override
  public int fd() {
    return ready.fd();
  }

  @Override
  public int read(PacketBuffer frame) throws KernelException {
    while (true) {
      if (reading >= 0) {
        int length = take(frame);
        if (length > 0) {
          return length;
        }
        reading = -1;
      }
      int number = ready.next();
      if (number < 0) {
        return WOULD_BLOCK;
      }
      if (number == LISTENER) {
        accept();
      } else if (peers[number] != null) {
        serve(number);
      }
    }
  }

  @Override
  public boolean pending() {
    return reading >= 0;
  }

  private void serve(int number) {
    if (ready.isWritable()) {
      flush(number);
    }
    if (ready.isReadable()) {
      StreamConnection peer = peers[number];
      if (peer.receive()) {
        reading = number;
      } else {
        boolean wrong = peer.failure() != null;
        remove(number, wrong ? peer.failure() : "closed by the VMM", wrong);
      }
    }
  }

  /** The first whole frame of the peer that is read, or 0. */
  private int take(PacketBuffer frame) {
    StreamConnection peer = peers[reading];
    FrameStream input = peer.input();
    int room =
        frame.bytes().capacity() - PacketBuffer.HEADROOM - PacketBuffer.TAILROOM;
    for (int length = input.length(); length > 0; length = input.length()) {
      if (length > room) {
        counters.drop(DropReason.RECEIVE_TRUNCATED);
        input.taken();
        continue;
      }
      peer.copy(frame, length);
      input.taken();
      speaks(reading);
      return length;
    }
    if (input.length() == FrameStream.WRONG) {
      counters.drop(DropReason.VMM_LENGTH_INVALID);
      remove(reading, "sent " + input.wrongLength() + " as the length of a frame", true);
    }
    return 0;
  }

  private void speaks(int number) {
    if (target != number || !spoken) {
      // What was meant for the other one goes there, as it would have through a bridge.
      flush();
      target = number;
      spoken = true;
      listener.speaks(peers[number].peer());
    }
  }

  private void accept() throws KernelException {
    int fd =
        Libc.accept4(
            bound.socket().fd(), 0, 0, Constants.SOCK_NONBLOCK | Constants.SOCK_CLOEXEC);
    if (fd < 0) {
      int errno = Libc.errno();
      if (errno == Errno.EAGAIN || errno == Errno.EINTR || errno == Errno.ECONNABORTED) {
        return;
      }
      throw KernelException.of("accept4", bound.name(), errno);
    }
    Descriptor accepted = Descriptor.adopt(fd, "connection to " + bound.name());
    StreamConnection peer;
    try {
      peer = new StreamConnection(accepted);
    } catch (KernelException e) {
      accepted.close();
      throw e;
    }
    int number = free();
    if (number < 0) {
      peer.close();
      listener.refused(peer.peer(), "there are " + MOST_PEERS + " already");
      return;
    }
    ready.add(accepted, number, Constants.EPOLLIN);
    peers[number] = peer;
    waiting[number] = false;
    order[number] = arrivals++;
    if (target < 0) {
      target = number;
    }
    listener.connected(peer.peer(), count());
  }

  private int free() {
    for (int i = 0; i < MOST_PEERS; i++) {
      if (peers[i] == null) {
        return i;
      }
    }
    return -1;
  }

  private int count() {
    int count = 0;
    for (StreamConnection peer : peers) {
      count += peer == null ? 0 : 1;
    }
    return count;
  }

  private void remove(int number, String cause, boolean wrong) {
    StreamConnection peer = peers[number];
    discard(peer);
    peer.close();
    peers[number] = null;
    if (target == number) {
      spoken = false;
      target = -1;
      for (int i = 0; i < MOST_PEERS; i++) {
        if (peers[i] != null && (target < 0 || order[i] < order[target])) {
          target = i;
        }
      }
    }
    listener.disconnected(peer.peer(), cause, wrong, count());
  }

  private void discard(StreamConnection peer) {
    for (int left = peer.output().frames(); left > 0; left--) {
      counters.drop(DropReason.VMM_NOT_CONNECTED);
    }
    peer.output().clear();
  }

  /** Adds the frame to what is sent at the next {@link #flush}. */
  @Override
  public void send(PacketBuffer frame) {
    StreamConnection peer = target < 0 ? null : peers[target];
    if (peer == null || peer.isDeaf()) {
      counters.drop(DropReason.VMM_NOT_CONNECTED);
    } else if (!peer.add(frame)) {
      flush(target);
      if (!peer.add(frame)) {
        counters.drop(DropReason.QUEUE_FULL);
      }
    }
  }

  @Override
  public void flush() {
    if (target >= 0 && !waiting[target]) {
      flush(target);
    }
  }

  private void flush(int number) {
    StreamConnection peer = peers[number];
    peer.flush();
    if (peer.isDeaf()) {
      discard(peer);
    }
    boolean left = !peer.output().isEmpty();
    if (left != waiting[number]) {
      waiting[number] = left;
      try {
        ready.change(
            peer.socket(), number,
            left ? Constants.EPOLLIN | Constants.EPOLLOUT : Constants.EPOLLIN);
      } catch (KernelException e) {
        // Only a descriptor that is not ours could make the kernel refuse.
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void close() {
    bound.close();
    for (StreamConnection peer : peers) {
      if (peer != null) {
        peer.close();
      }
    }
  }
}
