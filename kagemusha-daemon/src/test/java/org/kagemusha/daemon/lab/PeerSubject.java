package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.util.List;
import org.kagemusha.daemon.demo.Topology;

/** A program at each end that reads and writes a tun device to which the kernel routes. */
abstract class PeerSubject extends Subject {

  private final SubjectKind kind;
  private Tool guestSide;
  private Tool farSide;

  PeerSubject(LabNetwork network, SubjectKind kind) {
    super(network);
    this.kind = kind;
  }

  /**
   * Starts the program of one end and waits until its device is there.
   *
   * @param guests whether the end is the guest's
   */
  abstract Tool startEnd(
      boolean guests, String namespace, String device, String local, String remote)
      throws IOException;

  /** What is to be done once both ends run. */
  void connect() throws IOException {}

  /** The device of an end; the name is unique on the machine, as control sockets want it. */
  final String device(boolean guests) {
    return network.guest().replace(LabNetwork.PREFIX, "kg").replace("-vm", guests ? "v" : "h");
  }

  /** What a packet of the guest may have. */
  final int innerMtu() {
    return network.mtu() - kind.overhead();
  }

  @Override
  final void start() throws IOException {
    network.routeGuest();
    guestSide =
        startEnd(
            true, network.hypervisor(), device(true), LabNetwork.HYPERVISOR, LabNetwork.FAR_END);
    farSide =
        startEnd(
            false, network.homeAgent(), device(false), LabNetwork.FAR_END, LabNetwork.HYPERVISOR);
    connect();
    lead(network.hypervisor(), device(true), Topology.CORRESPONDENT);
    lead(network.homeAgent(), device(false), Topology.HOME_ADDRESS);
    network.startEnds(innerMtu(), Topology.HOME_AGENT);
    awaitPath();
  }

  private void lead(String namespace, String device, String destination) throws IOException {
    ip(
        namespace,
        "link set " + device + " mtu " + innerMtu() + " up",
        "route add " + destination + "/128 dev " + device);
  }

  final void awaitDevice(Tool tool, String namespace, String device) throws IOException {
    tool.await("ready", () -> hasDevice(namespace, device));
  }

  private boolean hasDevice(String namespace, String device) throws IOException {
    return Tool.run(network.directory(), null, "ip", "-n", namespace, "-o", "link")
        .contains(" " + device + ":");
  }

  @Override
  final List<Long> guestSide() {
    return List.of(guestSide.pid());
  }

  @Override
  final List<Long> farSide() {
    return List.of(farSide.pid());
  }
}
