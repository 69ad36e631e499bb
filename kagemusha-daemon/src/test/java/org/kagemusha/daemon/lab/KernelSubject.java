package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.util.List;
import org.kagemusha.daemon.demo.Topology;

/** The kernel alone: plain routing, or its own IPv6 in IPv6. */
final class KernelSubject extends Subject {

  private static final String GUEST_SEGMENT = "2001:db8:3000::3d";
  private static final String FAR_SEGMENT = "2001:db8:3000::1d";

  private final SubjectKind kind;

  KernelSubject(LabNetwork network, SubjectKind kind) {
    super(network);
    this.kind = kind;
  }

  @Override
  void start() throws IOException {
    network.routeGuest();
    if (kind == SubjectKind.SEG6) {
      encapsulate(
          network.hypervisor(), "eth0", LabNetwork.FAR_END, Topology.CORRESPONDENT, FAR_SEGMENT,
          GUEST_SEGMENT);
      encapsulate(
          network.homeAgent(), "transit", LabNetwork.HYPERVISOR, Topology.HOME_ADDRESS,
          GUEST_SEGMENT, FAR_SEGMENT);
    } else {
      ip(
          network.homeAgent(),
          "route add " + Topology.HOME_ADDRESS + "/128 via " + LabNetwork.HYPERVISOR);
    }
    network.startEnds(network.mtu() - kind.overhead(), Topology.HOME_AGENT);
    awaitPath();
  }

  private void encapsulate(
      String namespace, String device, String peer, String destination, String segment, String own)
      throws IOException {
    for (String scope : List.of("all", device)) {
      network.sysctl(namespace, "net/ipv6/conf/" + scope + "/seg6_enabled", "1");
    }
    ip(
        namespace,
        "route add " + segment + "/128 via " + peer,
        "route add " + destination + "/128 encap seg6 mode encap.red segs " + segment + " dev "
            + device,
        "route add " + own + "/128 encap seg6local action End.DT6 table main dev " + device);
  }

  @Override
  List<Long> guestSide() {
    return List.of();
  }

  @Override
  List<Long> farSide() {
    return List.of();
  }
}
