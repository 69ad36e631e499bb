package org.kagemusha.daemon.lab;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.daemon.demo.Topology;

/**
 * The home agent's end of the tunnel, by its kernel: what a home agent that leaves the data path to
 * the kernel has. Registration stays the daemon's.
 */
final class KernelTunnel {

  private static final String TABLE = "100";

  private final LabNetwork network;

  KernelTunnel(LabNetwork network) {
    this.network = network;
  }

  /**
   * Takes the tunnel's packets in front of the daemon's socket, and sends the guest's by seg6
   * {@code encap.red} to the care-of address. The correspondent has to route to the home agent.
   *
   * @param careOf the care-of address
   */
  void takeOver(String careOf) throws IOException {
    Tool.ip(
        network.directory(), network.homeAgent(),
        "sr tunsrc set " + Topology.HOME_AGENT,
        "route add " + Topology.HOME_ADDRESS + "/128 encap seg6 mode encap.red segs " + careOf
            + " dev transit",
        "route add " + Topology.HOME_AGENT
            + "/128 encap seg6local action End.DT6 table main dev transit table " + TABLE);
    // The local table would hand them to the socket: it comes later.
    rule("add", "pref", "200", "lookup", "local");
    rule("add", "pref", "100", "ipproto", "41", "to", Topology.HOME_AGENT, "lookup", TABLE);
    rule("del", "pref", "0");
  }

  private void rule(String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "-6", "rule"));
    command.addAll(List.of(words));
    Tool.run(network.directory(), network.homeAgent(), command.toArray(String[]::new));
  }
}
