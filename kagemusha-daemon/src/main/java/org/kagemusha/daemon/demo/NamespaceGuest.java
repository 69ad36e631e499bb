package org.kagemusha.daemon.demo;

import java.io.IOException;

/** The guest that every laboratory has: a namespace whose network card changes bridges. */
final class NamespaceGuest implements MovableGuest {

  private Topology topology;
  private boolean abroad;

  @Override
  public DemoGuest described() {
    return DemoGuest.FIRST;
  }

  @Override
  public void configure(DemoConfiguration configuration) {}

  @Override
  public void start(Topology at) throws IOException, InterruptedException {
    topology = at;
    topology.startGuest();
    Demo.awaitGuestAddress(topology);
  }

  @Override
  public Traffic sessions() throws IOException {
    return new Sessions(topology);
  }

  @Override
  public Moved move(DaemonProcess source) throws IOException {
    String from = abroad ? topology.hypervisorB() : topology.hypervisorA();
    String to = abroad ? topology.hypervisorA() : topology.hypervisorB();
    final long startNs = System.nanoTime();
    topology.moveGuest(from, to);
    final long movedNs = System.nanoTime();
    source.ask("left");
    abroad = !abroad;
    return new Moved(startNs, movedNs, null);
  }

  @Override
  public String startMeans() {
    return "the guest boots at home and learns address and default route from the home agent";
  }

  @Override
  public String movedMeans() {
    return "the guest's port is in the bridge of ";
  }

  @Override
  public void close() {}
}
