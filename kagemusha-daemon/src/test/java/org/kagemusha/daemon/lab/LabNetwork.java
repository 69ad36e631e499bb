package org.kagemusha.daemon.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.daemon.demo.Topology;

/**
 * The network of one subject, in four namespaces of its own. All subjects have the same wires.
 *
 * <pre>
 *   vm             hv                                  ha                    cn
 *   guest ──── bridge "vms"                       bridge "home" ──── correspondent
 *   ::10            SUBJECT  eth0 ───────── transit  SUBJECT               ::2
 *                  3000::3      the wire        3000::1, 2000::1
 * </pre>
 *
 * <p>Super-frames do not cross the wire: its ends segment in the sender's kernel, so that it
 * carries frames of the MTU's size, as a cable does. The links of guest and correspondent leave
 * them whole, as virtio does.
 */
final class LabNetwork implements Closeable {

  /** The care-of address's host: the hypervisor's end of the wire. */
  static final String HYPERVISOR = "2001:db8:3000::3";

  /** The home agent's end of the wire. */
  static final String FAR_END = "2001:db8:3000::1";

  /** What a name of a laboratory's namespace begins with; the process id follows. */
  static final String PREFIX = "kglab";

  /** The guest's bridge. */
  static final String BRIDGE = "vms";

  private final String prefix;
  private final Path directory;
  private final int mtu;
  private final List<String> namespaces = new ArrayList<>();

  private LabNetwork(String prefix, Path directory, int mtu) {
    this.prefix = prefix;
    this.directory = directory;
    this.mtu = mtu;
  }

  /**
   * Builds the network.
   *
   * @param number tells it from the others of this process
   * @param directory takes the output of tools
   * @param mtu of every link, octets
   * @param gro whether the ends of the wire coalesce what they receive
   * @throws IOException if a step fails; what was built by then is removed again
   */
  static LabNetwork build(int number, Path directory, int mtu, boolean gro) throws IOException {
    LabNetwork network =
        new LabNetwork(
            PREFIX + ProcessHandle.current().pid() + "x" + number, directory, mtu);
    try {
      network.buildAll(gro);
      return network;
    } catch (IOException | RuntimeException e) {
      network.close();
      throw e;
    }
  }

  String guest() {
    return prefix + "-vm";
  }

  String hypervisor() {
    return prefix + "-hv";
  }

  String homeAgent() {
    return prefix + "-ha";
  }

  String correspondent() {
    return prefix + "-cn";
  }

  /** The MTU of every link, octets. */
  int mtu() {
    return mtu;
  }

  Path directory() {
    return directory;
  }

  private void buildAll(boolean gro) throws IOException {
    for (String name : List.of(guest(), hypervisor(), homeAgent(), correspondent())) {
      Tool.run(directory, null, "ip", "netns", "add", name);
      synchronized (namespaces) {
        namespaces.add(name);
      }
      sysctl(name, "net/ipv6/conf/default/accept_dad", "0");
      sysctl(name, "net/ipv6/conf/default/accept_ra", "0");
      Tool.ip(directory, name, "link set lo up");
    }
    for (String name : List.of(hypervisor(), homeAgent())) {
      bridgeWithoutFirewall(name);
    }
    String size = " mtu " + mtu;
    sysctl(homeAgent(), "net/ipv6/conf/all/forwarding", "1");
    Tool.ip(
        directory, homeAgent(),
        "link add home address " + Topology.ROUTER_MAC + " type bridge mcast_snooping 0",
        "link add cn" + size + " type veth peer name eth0" + size + " netns " + correspondent(),
        "link set cn master home up",
        "link set home" + size + " up",
        "link add transit" + size + " type veth peer name eth0" + size + " netns " + hypervisor(),
        "link set transit up",
        "addr add " + Topology.HOME_AGENT + "/64 dev home nodad",
        "addr add " + FAR_END + "/64 dev transit nodad");
    Tool.ip(
        directory, hypervisor(),
        "link add vms address " + Topology.ROUTER_MAC + " type bridge mcast_snooping 0",
        "link add vnet0" + size + " type veth peer name eth0" + size + " address "
            + Topology.GUEST_MAC + " netns " + guest(),
        "link set vnet0 master vms up",
        "link set eth0 up",
        "addr add " + HYPERVISOR + "/64 dev eth0 nodad",
        "route add default via " + FAR_END);
    wire(homeAgent(), "transit", gro);
    wire(hypervisor(), "eth0", gro);
  }

  /** As on hosts that have not loaded br_netfilter. */
  private void bridgeWithoutFirewall(String namespace) throws IOException {
    if (Files.exists(Path.of("/proc/sys/net/bridge/bridge-nf-call-ip6tables"))) {
      sysctl(namespace, "net/bridge/bridge-nf-call-ip6tables", "0");
    }
  }

  private void wire(String namespace, String device, boolean gro) throws IOException {
    Tool.run(
        directory, namespace, "ethtool", "-K", device, "tso", "off", "gso", "off",
        "tx-ipxip6-segmentation", "off", "tx-udp-segmentation", "off", "gro", gro ? "on" : "off");
  }

  /**
   * Lets the kernel of the hypervisor route between the guest and whatever leads to the home agent.
   */
  void routeGuest() throws IOException {
    sysctl(hypervisor(), "net/ipv6/conf/all/forwarding", "1");
    Tool.ip(
        directory, hypervisor(),
        "link set vms mtu " + mtu + " up",
        "route add " + Topology.HOME_ADDRESS + "/128 dev vms");
  }

  /** Makes the hypervisor's bridge nothing but a bridge, where a daemon speaks for the router. */
  void bridgeGuest() throws IOException {
    Tool.ip(
        directory, hypervisor(),
        "link set vms address 52:54:00:31:00:01 mtu " + mtu + " up");
  }

  /**
   * Makes a further bridge on the hypervisor, for another guest.
   *
   * @return its name
   */
  String bridge(int number) throws IOException {
    String name = "vms" + number;
    Tool.ip(
        directory, hypervisor(),
        "link add " + name + " type bridge mcast_snooping 0",
        "link set " + name + " mtu " + mtu + " up");
    return name;
  }

  /**
   * Switches guest and correspondent on.
   *
   * @param innerMtu what goes through the subject in one piece; 0: they are to find out
   * @param nextHop the correspondent's to the guest; null: it is on the link
   */
  void startEnds(int innerMtu, String nextHop) throws IOException {
    String size = innerMtu == 0 ? "" : " mtu " + innerMtu;
    Tool.ip(
        directory, guest(),
        "link set eth0 up",
        "addr add " + Topology.HOME_ADDRESS + "/128 dev eth0 nodad",
        "route add default via " + Topology.ROUTER_LINK_LOCAL + " dev eth0" + size);
    Tool.ip(
        directory, correspondent(),
        "link set eth0 up",
        "addr add " + Topology.CORRESPONDENT + "/64 dev eth0 nodad");
    if (nextHop != null) {
      Tool.ip(
          directory, correspondent(),
          "route add " + Topology.HOME_ADDRESS + "/128 via " + nextHop + size);
    }
  }

  void sysctl(String namespace, String key, String value) throws IOException {
    Tool.run(
        directory, namespace, "sh", "-c", "echo " + value + " > /proc/sys/" + key);
  }

  /** Removes the namespaces of laboratories that were killed and could not. */
  static void sweep(Path directory) throws IOException {
    for (String line : Tool.run(directory, null, "ip", "netns", "list").split("\n")) {
      String name = line.split(" ")[0];
      if (!name.matches(PREFIX + "[0-9]+x[0-9]+-[a-z]+")) {
        continue;
      }
      long pid = Long.parseLong(name.substring(PREFIX.length(), name.indexOf('x')));
      if (ProcessHandle.of(pid).isEmpty()) {
        Tool.run(directory, null, "ip", "netns", "del", name);
      }
    }
  }

  /** Removes every namespace and all that is in it; the second call does nothing. */
  @Override
  public void close() {
    synchronized (namespaces) {
      for (String namespace : namespaces) {
        try {
          // Not by Tool: its directory may be gone by now.
          new ProcessBuilder("ip", "netns", "del", namespace).inheritIO().start().waitFor();
        } catch (IOException e) {
          System.err.println("lab: " + e.getMessage());
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      namespaces.clear();
    }
  }
}
