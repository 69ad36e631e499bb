package org.kagemusha.daemon.lab;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kagemusha.daemon.demo.Topology;

/** One way to carry packets between guest and correspondent, set up in a network of its own. */
abstract class Subject implements Closeable {

  private static final long READY_NS = TimeUnit.SECONDS.toNanos(30);

  /** Where it lives. */
  final LabNetwork network;

  private final Deque<Closeable> toClose = new ArrayDeque<>();

  Subject(LabNetwork network) {
    this.network = network;
    keep(network);
  }

  /** Starts it, and guest and correspondent. */
  abstract void start() throws IOException, InterruptedException;

  /** The processes at the guest's side; none for the kernel. */
  abstract List<Long> guestSide();

  /** The processes at the home agent's side. */
  abstract List<Long> farSide();

  /** Closes something with the subject, the latest first. */
  final <T extends Closeable> T keep(T resource) {
    synchronized (toClose) {
      toClose.push(resource);
    }
    return resource;
  }

  final Tool tool(String namespace, String... command) throws IOException {
    return keep(Tool.start(network.directory(), namespace, command));
  }

  final void ip(String namespace, String... lines) throws IOException {
    Tool.ip(network.directory(), namespace, lines);
  }

  /** Waits until the guest reaches the correspondent. */
  final void awaitPath() throws IOException {
    long giveUp = System.nanoTime() + READY_NS;
    while (true) {
      try {
        Tool.run(
            network.directory(), network.guest(), "ping", "-c", "1", "-W", "1",
            Topology.CORRESPONDENT);
        return;
      } catch (IOException e) {
        if (System.nanoTime() > giveUp) {
          throw e;
        }
        Tool.pause(100);
      }
    }
  }

  /** Ends its processes and removes its network. */
  @Override
  public void close() {
    while (true) {
      Closeable next;
      synchronized (toClose) {
        next = toClose.poll();
      }
      if (next == null) {
        return;
      }
      try {
        next.close();
      } catch (IOException e) {
        System.err.println("lab: " + e.getMessage());
      }
    }
  }
}
