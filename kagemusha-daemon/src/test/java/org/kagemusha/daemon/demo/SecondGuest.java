package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Another guest on the same bridges, with a home address and a hub of its own. */
final class SecondGuest implements Closeable {

  static final String HOME_ADDRESS = "2001:db8:2000::11";
  static final String OTHER_BRIDGE = "vms2";
  static final String MAC = "52:54:00:12:34:11";
  static final DemoGuest DESCRIBED = new DemoGuest("vm2", MAC, HOME_ADDRESS, "kagemusha1");

  private final Topology topology;
  private final String guest;
  private final String hub;
  private final List<String> namespaces = new ArrayList<>();

  private SecondGuest(Topology topology) {
    this.topology = topology;
    guest = topology.guest() + "2";
    hub = guest + "h";
  }

  static SecondGuest build(Topology topology) throws IOException {
    SecondGuest second = new SecondGuest(topology);
    try {
      for (String name : List.of(second.guest, second.hub)) {
        Shell.run("ip", "netns", "add", name);
        second.namespaces.add(name);
      }
      second.connect();
      return second;
    } catch (IOException e) {
      second.close();
      throw e;
    }
  }

  private void connect() throws IOException {
    Laboratory.ip(guest, "link set lo up");
    Laboratory.ip(hub, "link add hub type bridge mcast_snooping 0");
    Laboratory.exec(hub, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
    Laboratory.ip(hub, "link set hub up");
    Laboratory.ip(
        hub, "link add guest type veth peer name eth0 netns " + guest + " address " + MAC);
    Laboratory.ip(
        topology.hypervisorA(), "link add vnet1 type veth peer name a netns " + hub);
    Laboratory.ip(
        topology.hypervisorB(), "link add vnet1 type veth peer name b netns " + hub);
    Laboratory.ip(topology.hypervisorA(), "link set vnet1 up");
    Laboratory.ip(topology.hypervisorB(), "link set vnet1 up");
    for (String port : List.of("a", "b", "guest")) {
      Laboratory.ip(hub, "link set dev " + port + " master hub up");
      Shell.run("bridge", "-n", hub, "link", "set", "dev", port, "learning", "off", "flood", "on");
    }
    Laboratory.ip(guest, "token set ::11 dev eth0");
  }

  String namespace() {
    return guest;
  }

  /** Boots at home and waits for the address and the default route. */
  void boot() throws IOException, InterruptedException {
    Laboratory.ip(topology.hypervisorA(), "link set vnet1 master vms");
    Laboratory.ip(guest, "link set eth0 up");
    Laboratory.eventually(
        "the second guest learns its address and default route",
        () ->
            Laboratory.ip(guest, "-6 addr show dev eth0 scope global -tentative")
                    .contains(HOME_ADDRESS + "/")
                && !Laboratory.ip(guest, "-6 route show default").isBlank());
  }

  void moveToB() throws IOException {
    Laboratory.ip(topology.hypervisorA(), "link set vnet1 nomaster");
    Laboratory.ip(topology.hypervisorB(), "link set vnet1 master vms");
  }

  /** Puts the port onto another bridge of hypervisor B. */
  void separate() throws IOException {
    Laboratory.ip(
        topology.hypervisorB(), "link add " + OTHER_BRIDGE + " type bridge mcast_snooping 0");
    Laboratory.ip(topology.hypervisorB(), "link set " + OTHER_BRIDGE + " up");
    Laboratory.ip(topology.hypervisorB(), "link set vnet1 master " + OTHER_BRIDGE);
  }

  @Override
  public void close() throws IOException {
    for (String namespace : namespaces) {
      Shell.run("ip", "netns", "del", namespace);
    }
    namespaces.clear();
  }
}
