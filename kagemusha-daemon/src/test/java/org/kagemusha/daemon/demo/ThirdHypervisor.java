package org.kagemusha.daemon.demo;

import java.io.Closeable;
import java.io.IOException;

/** Hypervisor C, on a foreign network of its own, 2001:db8:3001::/64, behind the same router. */
final class ThirdHypervisor implements Closeable {

  private final Topology topology;
  private final String name;

  private ThirdHypervisor(Topology topology) {
    this.topology = topology;
    name = topology.hypervisorB().replaceAll("hvb$", "hvc");
  }

  static ThirdHypervisor build(Topology topology) throws IOException {
    ThirdHypervisor third = new ThirdHypervisor(topology);
    Shell.run("ip", "netns", "add", third.name);
    try {
      third.connect();
      return third;
    } catch (IOException e) {
      third.close();
      throw e;
    }
  }

  private void connect() throws IOException {
    String hub = topology.hub();
    Laboratory.ip(name, "link set lo up");
    Laboratory.exec(name, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_ra");
    Laboratory.ip(
        topology.foreignRouter(), "link add other type veth peer name eth0 netns " + name);
    Laboratory.ip(topology.foreignRouter(), "link set other up");
    Laboratory.ip(topology.foreignRouter(), "addr add 2001:db8:3001::1/64 dev other nodad");
    Laboratory.ip(topology.homeAgent(), "route add 2001:db8:3001::/64 via 2001:db8:ffff::2");
    Laboratory.ip(name, "link set eth0 up");
    NetworkCard.leavesToHardware(name, "eth0", false);
    Laboratory.ip(name, "addr add 2001:db8:3001::3/64 dev eth0 nodad");
    Laboratory.ip(name, "route add default via 2001:db8:3001::1");
    Laboratory.ip(name, "link add vms address 52:54:00:32:00:01 type bridge mcast_snooping 0");
    Laboratory.ip(name, "link set vms up");
    Laboratory.ip(name, "link add vnet0 type veth peer name c netns " + hub);
    Laboratory.ip(name, "link set vnet0 up");
    Laboratory.ip(hub, "link set dev c master hub up");
    Shell.run("bridge", "-n", hub, "link", "set", "dev", "c", "learning", "off", "flood", "on");
  }

  String namespace() {
    return name;
  }

  @Override
  public void close() throws IOException {
    Shell.run("ip", "netns", "del", name);
  }
}
