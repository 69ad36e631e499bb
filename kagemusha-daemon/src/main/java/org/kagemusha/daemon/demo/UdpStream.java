package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.locks.LockSupport;

/**
 * One end of a UDP stream: sends a numbered datagram at a steady rate and notes the peer's. Its
 * socket belongs to the network namespace of the thread that made it.
 */
final class UdpStream implements AutoCloseable {

  private static final int PAYLOAD = 64;

  private final DatagramChannel channel;
  private final PacketLedger outgoing;
  private final PacketLedger incoming;
  private final long intervalNs;
  private volatile boolean sending = true;
  private Thread sender;

  UdpStream(
      InetSocketAddress local,
      InetSocketAddress peer,
      PacketLedger outgoing,
      PacketLedger incoming,
      long intervalNs)
      throws IOException {
    this.channel = DatagramChannel.open();
    this.outgoing = outgoing;
    this.incoming = incoming;
    this.intervalNs = intervalNs;
    channel.bind(local);
    channel.connect(peer);
  }

  void start(String name) {
    sender = daemonThread(name + "-udp-out", this::sendLoop);
    daemonThread(name + "-udp-in", this::receiveLoop);
  }

  private void sendLoop() {
    ByteBuffer packet = ByteBuffer.allocateDirect(PAYLOAD);
    long due = System.nanoTime();
    while (sending) {
      int sequence = outgoing.nextSequence(System.nanoTime());
      if (sequence < 0) {
        return;
      }
      packet.clear().putInt(0, sequence);
      try {
        channel.write(packet);
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        // No route or no neighbour at the moment: the packet counts as sent and lost.
      }
      due += intervalNs;
      long wait;
      while (sending && (wait = due - System.nanoTime()) > 0) {
        LockSupport.parkNanos(wait);
      }
    }
  }

  private void receiveLoop() {
    ByteBuffer packet = ByteBuffer.allocateDirect(2048);
    while (true) {
      packet.clear();
      try {
        if (channel.read(packet) >= 4) {
          incoming.arrived(packet.getInt(0), System.nanoTime());
        }
      } catch (PortUnreachableException e) {
        // The peer is not up yet.
      } catch (IOException e) {
        return;
      }
    }
  }

  private static Thread daemonThread(String name, Runnable loop) {
    Thread thread = new Thread(loop, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Sends no more; what is on its way is still taken until {@link #close()}. */
  void stopSending() throws InterruptedException {
    sending = false;
    LockSupport.unpark(sender);
    sender.join(1000);
  }

  @Override
  public void close() throws IOException {
    sending = false;
    channel.close();
  }
}
