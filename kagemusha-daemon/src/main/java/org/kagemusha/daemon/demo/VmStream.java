package org.kagemusha.daemon.demo;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The correspondent's end of a UDP stream with a virtual machine, both ways; the guest's end, and
 * the format of the datagrams, is in the script {@code sessions.pl}.
 */
final class VmStream implements AutoCloseable {

  /** Octets of a datagram to the guest. */
  static final int PAYLOAD = 64;

  private static final int TOLD = 12;
  private static final int RECEIVE_BUFFER = 1 << 20;
  private static final int STOPS = 5;

  private final DatagramChannel channel;
  private final long intervalNs;
  private final int id = (int) (System.nanoTime() >>> 10) & Integer.MAX_VALUE;
  private final PacketLedger fromGuest;
  private final PacketLedger toGuest;
  private final PacketLedger tcpToGuest;
  private volatile boolean sending = true;
  private volatile long tcpNumbers;
  private volatile int reorderedFromGuest;
  private int reorderedToGuest;
  private int nextFromGuest;
  private Thread sender;
  private Thread receiver;

  VmStream(InetSocketAddress guest, long intervalNs, int capacity, PacketLedger tcpToGuest)
      throws IOException {
    this.intervalNs = intervalNs;
    this.fromGuest = new PacketLedger(capacity);
    this.toGuest = new PacketLedger(capacity);
    this.tcpToGuest = tcpToGuest;
    channel = DatagramChannel.open();
    channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER);
    channel.connect(guest);
  }

  void start() {
    sender = daemonThread("correspondent-udp-out", this::sendLoop);
    receiver = daemonThread("correspondent-udp-in", this::receiveLoop);
  }

  private static Thread daemonThread(String name, Runnable loop) {
    Thread thread = new Thread(loop, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  PacketLedger fromGuest() {
    return fromGuest;
  }

  PacketLedger toGuest() {
    return toGuest;
  }

  PacketLedger tcpToGuest() {
    return tcpToGuest;
  }

  /** Numbers of the TCP session that reached the guest, as it told last. */
  long tcpNumbersToGuest() {
    return tcpNumbers;
  }

  int reorderedFromGuest() {
    return reorderedFromGuest;
  }

  int reorderedToGuest() {
    return reorderedToGuest;
  }

  private void sendLoop() {
    ByteBuffer packet = ByteBuffer.allocateDirect(PAYLOAD);
    long due = System.nanoTime();
    while (sending) {
      int sequence = toGuest.nextSequence(System.nanoTime());
      if (sequence < 0) {
        return;
      }
      send(packet, sequence, intervalNs);
      due += intervalNs;
      long wait;
      while (sending && (wait = due - System.nanoTime()) > 0) {
        LockSupport.parkNanos(wait);
      }
    }
  }

  private void send(ByteBuffer packet, int sequence, long interval) {
    packet.clear().putInt(0, sequence).putInt(4, (int) (interval / 1000)).putInt(8, id);
    try {
      channel.write(packet);
    } catch (ClosedChannelException e) {
      sending = false;
    } catch (IOException e) {
      // No route or no neighbour at the moment: the packet counts as sent and lost.
    }
  }

  private void receiveLoop() {
    ByteBuffer packet = ByteBuffer.allocateDirect(2048);
    while (true) {
      packet.clear();
      try {
        if (channel.read(packet) >= TOLD) {
          onDatagram(packet, System.nanoTime());
        }
      } catch (PortUnreachableException e) {
        // The guest's program is not up yet.
      } catch (IOException e) {
        return;
      }
    }
  }

  private void onDatagram(ByteBuffer packet, long nowNs) {
    int sequence = packet.getInt(0);
    if (sequence < nextFromGuest - 1) {
      reorderedFromGuest++;
    }
    // The guest's clock is not ours: what never comes was sent when the next one was.
    for (; nextFromGuest <= sequence; nextFromGuest++) {
      fromGuest.nextSequence(nowNs);
    }
    fromGuest.arrived(sequence, nowNs);
    long numbers = Integer.toUnsignedLong(packet.getInt(4));
    for (long number = tcpNumbers; number < numbers; number++) {
      tcpToGuest.nextSequence(nowNs);
      tcpToGuest.arrived((int) number, nowNs);
    }
    tcpNumbers = Math.max(tcpNumbers, numbers);
    int told = Math.min(packet.getInt(8), (packet.position() - TOLD) / Integer.BYTES);
    for (int i = 0; i < told; i++) {
      toGuest.arrivedOnce(packet.getInt(TOLD + i * Integer.BYTES), nowNs);
    }
  }

  /** Both ends stop sending; returns when the guest is silent. */
  void stop() throws InterruptedException {
    sending = false;
    LockSupport.unpark(sender);
    sender.join(1000);
    ByteBuffer packet = ByteBuffer.allocateDirect(PAYLOAD);
    // The last number again: the guest has had it, or it was lost.
    int last = toGuest.sent();
    for (int i = 0; i < STOPS; i++) {
      TimeUnit.MILLISECONDS.sleep(100);
      send(packet, last + i, 0);
    }
    TimeUnit.MILLISECONDS.sleep(200);
  }

  /** Takes the guest's own account of what came. */
  void told(DataInputStream report) throws IOException {
    int of = report.readInt();
    int again = report.readInt();
    reorderedToGuest = report.readInt();
    byte[] bits = report.readNBytes(report.readInt());
    if (of != id) {
      throw new IOException("the guest knows nothing of the UDP stream");
    }
    long nowNs = System.nanoTime();
    for (int number = toGuest.sent() - 1; number >= 0; number--) {
      boolean came = number / 8 < bits.length && (bits[number / 8] >> (number & 7) & 1) != 0;
      nowNs = toGuest.settle(number, came, nowNs);
    }
    toGuest.cameAgain(again);
  }

  @Override
  public void close() throws IOException {
    sending = false;
    channel.close();
    if (receiver != null) {
      receiver.interrupt();
    }
  }
}
