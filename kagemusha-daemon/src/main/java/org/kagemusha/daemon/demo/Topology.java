package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The laboratory's network, in namespaces that this object makes and removes.
 *
 * <pre>
 *   correspondent ::2 ──┐
 *                       │  home link 2001:db8:2000::/64
 *   hypervisor A ───────┼── bridge "home", ::1: home agent and router
 *    bridge "vms"       │                         │
 *         │             └─ tap of the home agent  │ transit 2001:db8:ffff::/64
 *         ·                                       │
 *       guest ::10                           foreign router 2001:db8:3000::1
 *   52:54:00:12:34:10                             │
 *         ·                                       │ foreign network 2001:db8:3000::/64
 *    bridge "vms"                                 │
 *   hypervisor B ─────────────────────────────────┘  2001:db8:3000::3
 * </pre>
 *
 * <p>The guest's network card is one end of a veth pair; the other end is a port of a hub without
 * learning that reaches both hypervisors, so that a move is nothing but a port leaving one bridge
 * and appearing on the other, and the guest does not even see its carrier change.
 */
public final class Topology implements Closeable {

  /** The home agent's address, also the home link's router. */
  public static final String HOME_AGENT = "2001:db8:2000::1";

  /** The correspondent's address. */
  public static final String CORRESPONDENT = "2001:db8:2000::2";

  /** The guest's home address. */
  public static final String HOME_ADDRESS = "2001:db8:2000::10";

  /** The guest's MAC address. */
  public static final String GUEST_MAC = "52:54:00:12:34:10";

  /** The MAC address of the home agent's bridge, which is the home router's. */
  public static final String ROUTER_MAC = "52:54:00:20:00:01";

  /** The home router's link-local address. */
  public static final String ROUTER_LINK_LOCAL = "fe80::5054:ff:fe20:1";

  private final String prefix;
  private final List<String> namespaces = new ArrayList<>();

  private Topology(String prefix) {
    this.prefix = prefix;
  }

  /**
   * Builds the network.
   *
   * @param prefix begins the name of each namespace; must be unique on the machine
   * @throws IOException if a step fails; what was built by then is removed again
   */
  public static Topology build(String prefix) throws IOException {
    Topology topology = new Topology(prefix);
    try {
      topology.buildAll();
      return topology;
    } catch (IOException | RuntimeException e) {
      topology.close();
      throw e;
    }
  }

  /** The namespace of the home agent, which is the home link's router too. */
  public String homeAgent() {
    return prefix + "-ha";
  }

  /** The namespace of the correspondent. */
  public String correspondent() {
    return prefix + "-cn";
  }

  /** The namespace of the hypervisor on the home link. */
  public String hypervisorA() {
    return prefix + "-hva";
  }

  /** The namespace of the hypervisor on the foreign network. */
  public String hypervisorB() {
    return prefix + "-hvb";
  }

  /** The namespace of the foreign network's router. */
  public String foreignRouter() {
    return prefix + "-fr";
  }

  /** The namespace of the guest. */
  public String guest() {
    return prefix + "-vm";
  }

  /** The namespace of the hub between the guest and the hypervisors. */
  String hub() {
    return prefix + "-hub";
  }

  /** All namespaces. */
  List<String> namespaces() {
    return List.copyOf(namespaces);
  }

  private void buildAll() throws IOException {
    for (String name :
        List.of(homeAgent(), correspondent(), hypervisorA(), hypervisorB(), foreignRouter(), hub(),
            guest())) {
      Shell.run("ip", "netns", "add", name);
      namespaces.add(name);
      ip(name, "link set lo up");
    }
    buildHomeLink();
    buildForeignNetwork();
    buildHypervisors();
    buildGuest();
  }

  private void buildHomeLink() throws IOException {
    sysctl(homeAgent(), "net/ipv6/conf/all/forwarding", "1");
    ip(homeAgent(),
        "link add home address " + ROUTER_MAC + " type bridge mcast_snooping 0",
        "link set home up",
        "addr add " + HOME_AGENT + "/64 dev home nodad",
        "link add cn type veth peer name eth0 netns " + correspondent(),
        "link add hva type veth peer name uplink netns " + hypervisorA(),
        "link add transit type veth peer name transit netns " + foreignRouter(),
        "link set cn master home up",
        "link set hva master home up",
        "link set transit up",
        "addr add 2001:db8:ffff::1/64 dev transit nodad",
        "route add 2001:db8:3000::/64 via 2001:db8:ffff::2");
    sysctl(correspondent(), "net/ipv6/conf/eth0/accept_ra", "0");
    ip(correspondent(),
        "link set eth0 up",
        "addr add " + CORRESPONDENT + "/64 dev eth0 nodad",
        "route add default via " + HOME_AGENT);
  }

  private void buildForeignNetwork() throws IOException {
    sysctl(foreignRouter(), "net/ipv6/conf/all/forwarding", "1");
    ip(foreignRouter(),
        "link set transit up",
        "addr add 2001:db8:ffff::2/64 dev transit nodad",
        "route add default via 2001:db8:ffff::1",
        "link add foreign type veth peer name eth0 netns " + hypervisorB(),
        "link set foreign up",
        "addr add 2001:db8:3000::1/64 dev foreign nodad");
    ip(hypervisorB(),
        "link set eth0 up",
        "addr add 2001:db8:3000::3/64 dev eth0 nodad",
        "route add default via 2001:db8:3000::1");
  }

  private void buildHypervisors() throws IOException {
    for (String hypervisor : List.of(hypervisorA(), hypervisorB())) {
      String end = hypervisor.equals(hypervisorA()) ? "a" : "b";
      sysctl(hypervisor, "net/ipv6/conf/default/accept_ra", "0");
      ip(hypervisor,
          "link add vms address 52:54:00:3" + (end.equals("a") ? "0" : "1")
              + ":00:01 type bridge mcast_snooping 0",
          "link set vms up",
          "link add vnet0 type veth peer name " + end + " netns " + hub(),
          "link set vnet0 up");
    }
    ip(hypervisorA(),
        "link set uplink master vms up",
        "addr add 2001:db8:2000::a/64 dev vms nodad",
        "route add default via " + HOME_AGENT);
  }

  private void buildGuest() throws IOException {
    ip(hub(),
        "link add hub type bridge mcast_snooping 0",
        "link set hub up",
        "link add guest type veth peer name eth0 netns " + guest() + " address " + GUEST_MAC);
    for (String port : List.of("a", "b", "guest")) {
      ip(hub(), "link set dev " + port + " master hub up");
      Shell.run(
          "bridge", "-n", hub(), "link", "set", "dev", port, "learning", "off", "flood", "on");
    }
    sysctl(hub(), "net/ipv6/conf/all/disable_ipv6", "1");
    Shell.run("ip", "-n", guest(), "token", "set", "::10", "dev", "eth0");
  }

  /** Switches the guest's network card on, attached to hypervisor A. */
  public void startGuest() throws IOException {
    ip(hypervisorA(), "link set vnet0 master vms");
    ip(guest(), "link set eth0 up");
  }

  /**
   * Takes the guest's port off one bridge and puts it on another.
   *
   * @param from the namespace of the hypervisor that it leaves
   * @param to the namespace of the hypervisor at which it appears
   */
  public void moveGuest(String from, String to) throws IOException {
    ip(from, "link set vnet0 nomaster");
    ip(to, "link set vnet0 master vms");
  }

  private static void ip(String namespace, String... lines) throws IOException {
    Shell.run(String.join("\n", lines) + "\n", List.of("ip", "-n", namespace, "-batch", "-"));
  }

  private static void sysctl(String namespace, String key, String value) throws IOException {
    Shell.run("ip", "netns", "exec", namespace, "sh", "-c",
        "echo " + value + " > /proc/sys/" + key);
  }

  /** Removes every namespace and all that is in it; the second call does nothing. */
  @Override
  public void close() {
    for (String namespace : namespaces) {
      try {
        Shell.run("ip", "netns", "del", namespace);
      } catch (IOException e) {
        System.err.println("demo: " + e.getMessage());
      }
    }
    namespaces.clear();
  }
}
