package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.kagemusha.tap.netns.NamespaceCall;

/**
 * Numbered datagrams from the correspondent to the guest, one each millisecond, and what arrived in
 * its order. A number that the kernel does not take is sent again: it was not lost on the way.
 */
final class NumberedStream implements AutoCloseable {

  private static final int PORT = 45460;
  private static final long INTERVAL_NS = 1_000_000;
  private static final int ROOM = 1 << 22;

  private final List<Integer> received = new ArrayList<>();
  private final DatagramChannel from;
  private final DatagramChannel to;
  private final Thread sender;
  private volatile boolean sending = true;
  private volatile boolean held;
  private volatile int sent;

  NumberedStream(Topology topology) throws IOException {
    InetSocketAddress guest = new InetSocketAddress(Topology.HOME_ADDRESS, PORT);
    to = NamespaceCall.in(topology.guest(), () -> open(guest));
    from =
        NamespaceCall.in(
            topology.correspondent(),
            () -> open(new InetSocketAddress(Topology.CORRESPONDENT, PORT)));
    from.connect(guest);
    thread("stream-in", this::receive);
    sender = thread("stream-out", this::send);
  }

  private static DatagramChannel open(InetSocketAddress local) throws IOException {
    DatagramChannel channel = DatagramChannel.open();
    channel.setOption(StandardSocketOptions.SO_RCVBUF, ROOM);
    channel.bind(local);
    return channel;
  }

  private static Thread thread(String name, Runnable loop) {
    Thread thread = new Thread(loop, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private void send() {
    ByteBuffer packet = ByteBuffer.allocateDirect(64);
    long due = System.nanoTime();
    while (sending) {
      packet.clear().putInt(0, sent);
      try {
        if (!held && from.write(packet) == packet.capacity()) {
          sent++;
        }
      } catch (IOException e) {
        if (!from.isOpen()) {
          return;
        }
      }
      due += INTERVAL_NS;
      for (long wait = due - System.nanoTime(); sending && wait > 0;
          wait = due - System.nanoTime()) {
        LockSupport.parkNanos(wait);
      }
    }
  }

  private void receive() {
    ByteBuffer packet = ByteBuffer.allocateDirect(2048);
    try {
      while (true) {
        packet.clear();
        to.receive(packet);
        synchronized (received) {
          received.add(packet.getInt(0));
        }
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  /** Waits until all that was sent has arrived; what is missing afterwards is lost. */
  void settle() throws Exception {
    long giveUp = System.nanoTime() + 20_000_000_000L;
    while (received().size() < sent() && System.nanoTime() < giveUp) {
      Shell.run("true");
    }
  }

  /** How many were sent so far. */
  int sent() {
    return sent;
  }

  /** What arrived so far. */
  List<Integer> received() {
    synchronized (received) {
      return List.copyOf(received);
    }
  }

  /** Sends nothing until {@link #resume}; all that was sent has arrived then. */
  void hold() throws Exception {
    held = true;
    Laboratory.eventually("what was sent arrives", () -> received().size() >= sent());
  }

  /** Sends again. */
  void resume() {
    held = false;
  }

  /** Sends no more. */
  void stop() throws InterruptedException {
    sending = false;
    LockSupport.unpark(sender);
    sender.join(5_000);
  }

  @Override
  public void close() throws IOException {
    sending = false;
    from.close();
    to.close();
  }
}
