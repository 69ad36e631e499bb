package org.kagemusha.daemon.demo;

/**
 * A guest of the laboratory as its daemons know it.
 *
 * @param name of the VM
 * @param mac of its network card
 * @param homeAddress its home address
 * @param tap the interface name of its daemon's port; must be unique on a hypervisor
 */
public record DemoGuest(String name, String mac, String homeAddress, String tap) {

  /** The guest that every laboratory has. */
  public static final DemoGuest FIRST =
      new DemoGuest("vm1", Topology.GUEST_MAC, Topology.HOME_ADDRESS, "kagemusha0");
}
