package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.kagemusha.tap.netns.NamespaceCall;

/**
 * Datagrams both ways between guest and correspondent that nobody can mistake for others, whatever
 * else goes wrong with what carries them.
 */
final class Canary implements Closeable {

  /** In every datagram, and nowhere else. */
  static final byte[] SONG = "The canary sings for its own.".getBytes(StandardCharsets.US_ASCII);

  private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(4);
  private static final int PORT = 45460;

  private final DatagramChannel guest;
  private final DatagramChannel correspondent;
  private volatile boolean open = true;
  private volatile long sent;
  private volatile long heardByGuest;
  private volatile long heardByCorrespondent;

  Canary(Topology topology) throws IOException {
    guest = channel(topology.guest(), Topology.HOME_ADDRESS, Topology.CORRESPONDENT);
    correspondent =
        channel(topology.correspondent(), Topology.CORRESPONDENT, Topology.HOME_ADDRESS);
    thread("sing", this::sing);
    thread(
        "guest-hears",
        () -> hear(guest, () -> heardByGuest++));
    thread(
        "correspondent-hears",
        () -> hear(correspondent, () -> heardByCorrespondent++));
  }

  /** Datagrams each way, whatever became of them. */
  long sent() {
    return sent;
  }

  long heardByGuest() {
    return heardByGuest;
  }

  long heardByCorrespondent() {
    return heardByCorrespondent;
  }

  /** Waits until some more datagrams were sent each way. */
  void sing(int more) throws IOException, InterruptedException {
    long until = sent + more;
    Laboratory.eventually("the canary sings", () -> sent >= until);
  }

  /** Waits until some more datagrams have arrived at both ends. */
  void heard(String when, int more) throws IOException, InterruptedException {
    long up = heardByCorrespondent + more;
    long down = heardByGuest + more;
    Laboratory.eventually(
        "both ends are heard " + when, () -> heardByCorrespondent >= up && heardByGuest >= down);
  }

  private static DatagramChannel channel(String namespace, String local, String peer)
      throws IOException {
    return NamespaceCall.in(
        namespace,
        () -> {
          DatagramChannel channel = DatagramChannel.open();
          channel.bind(new InetSocketAddress(local, PORT));
          channel.connect(new InetSocketAddress(peer, PORT));
          return channel;
        });
  }

  private void sing() {
    while (open) {
      send(guest);
      send(correspondent);
      sent++;
      LockSupport.parkNanos(INTERVAL_NS);
    }
  }

  private static void send(DatagramChannel channel) {
    try {
      channel.write(ByteBuffer.wrap(SONG));
    } catch (IOException e) {
      // No route or no neighbour at the moment; the next one may go.
      return;
    }
  }

  private void hear(DatagramChannel channel, Runnable heard) {
    ByteBuffer buffer = ByteBuffer.allocate(2048);
    while (open) {
      try {
        channel.read(buffer.clear());
        heard.run();
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        // An ICMPv6 error about what was sent.
        continue;
      }
    }
  }

  private static void thread(String name, Runnable loop) {
    Thread thread = new Thread(loop, "canary-" + name);
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    open = false;
    guest.close();
    correspondent.close();
  }
}
