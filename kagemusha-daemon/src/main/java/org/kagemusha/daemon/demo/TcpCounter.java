package org.kagemusha.daemon.demo;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/**
 * One end of a TCP session that carries a counter both ways: every number must be the one after the
 * last. Only a session that was never reset and lost no octet can do that.
 */
final class TcpCounter implements AutoCloseable {

  private final Socket socket;
  private final long intervalNs;
  private final PacketLedger incoming;
  private volatile boolean open = true;
  private volatile long received;
  private volatile String failure;

  /**
   * @param socket a connected session
   * @param intervalNs time between two numbers
   * @param incoming notes when each of the peer's numbers came
   */
  TcpCounter(Socket socket, long intervalNs, PacketLedger incoming) throws IOException {
    this.socket = socket;
    this.intervalNs = intervalNs;
    this.incoming = incoming;
    socket.setTcpNoDelay(true);
  }

  void start(String name) {
    Thread writer = new Thread(this::writeLoop, name + "-tcp-out");
    writer.setDaemon(true);
    writer.start();
    Thread reader = new Thread(this::readLoop, name + "-tcp-in");
    reader.setDaemon(true);
    reader.start();
  }

  /** Numbers received so far. */
  long received() {
    return received;
  }

  /** Why the session ended, or null while it lives. */
  String failure() {
    return failure;
  }

  private void writeLoop() {
    byte[] octets = new byte[Long.BYTES];
    try {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      for (long number = 0; open; number++) {
        ByteBuffer.wrap(octets).putLong(0, number);
        out.write(octets);
        LockSupport.parkNanos(intervalNs);
      }
    } catch (IOException e) {
      fail("write: " + e.getMessage());
    }
  }

  private void readLoop() {
    try {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      while (open) {
        long number = in.readLong();
        if (number != received) {
          fail("number " + number + " came instead of " + received);
          return;
        }
        incoming.nextSequence(System.nanoTime());
        incoming.arrived((int) number, System.nanoTime());
        received = number + 1;
      }
    } catch (IOException e) {
      fail("read: " + e.getMessage());
    }
  }

  private void fail(String why) {
    if (open && failure == null) {
      failure = why;
    }
  }

  @Override
  public void close() throws IOException {
    open = false;
    socket.close();
  }
}
