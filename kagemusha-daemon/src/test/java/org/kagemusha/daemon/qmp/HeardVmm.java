package org.kagemusha.daemon.qmp;

import java.util.ArrayList;
import java.util.List;

/** Writes down what the VMM was understood to say. */
final class HeardVmm implements VmmListener {

  final List<String> heard = new ArrayList<>();
  private long toldUnixUs;
  private boolean migrating;

  @Override
  public synchronized void arrived() {
    add("arrived");
  }

  @Override
  public synchronized void happenedAt(boolean resumed, long unixUs) {
    toldUnixUs = unixUs;
  }

  /** The VMM's own time of its last STOP or RESUME, microseconds since 1970. */
  synchronized long toldUnixUs() {
    return toldUnixUs;
  }

  @Override
  public synchronized void migrating(boolean underWay) {
    migrating = underWay;
  }

  synchronized boolean isMigrating() {
    return migrating;
  }

  @Override
  public synchronized void paused() {
    add("paused");
  }

  @Override
  public synchronized void left() {
    add("left");
  }

  @Override
  public synchronized void released() {
    add("released");
  }

  @Override
  public synchronized void expected() {
    add("expected");
  }

  @Override
  public synchronized void notComing(String reason) {
    add("not coming: " + reason);
  }

  private void add(String what) {
    heard.add(what);
    notifyAll();
  }

  /** Waits until the VM has been paused and is here again; the test's time limit bounds it. */
  synchronized List<String> awaitReturn() throws InterruptedException {
    while (!heard.contains("paused") || !heard.get(heard.size() - 1).equals("arrived")) {
      wait();
    }
    return List.copyOf(heard);
  }

  /** Waits until so much was heard; the test's time limit bounds it. */
  synchronized List<String> await(int many) throws InterruptedException {
    while (heard.size() < many) {
      wait();
    }
    return List.copyOf(heard);
  }
}
