package org.kagemusha.daemon.config;

import org.kagemusha.core.wire.MacAddress;

/**
 * The daemon's side of the guest's link: a tap device, or a socket of the VMM.
 *
 * @param name its interface name; created if there is none
 * @param bridge the bridge it becomes a port of, or null to leave it where it is
 * @param mtu octets
 * @param mac the MAC address of the daemon as a station behind it (not that of the interface, which
 *     a bridge would take for its own), or null for one made from the name
 * @param offloads whether the kernel may hand over what a network card would finish: checksums and
 *     the segments of up to 64 KiB in one frame
 * @param socket where frames come from in the place of a tap, or null; of the others name, mtu and
 *     mac count then
 */
public record TapConfig(
    String name,
    String bridge,
    int mtu,
    MacAddress mac,
    boolean offloads,
    VmSocketConfig socket) {

  /** A tap. */
  public TapConfig(
      String name, String bridge, int mtu, MacAddress mac, boolean offloads) {
    this(name, bridge, mtu, mac, offloads, null);
  }

  static TapConfig read(Section section, String defaultName) {
    return new TapConfig(
        InterfaceNames.read(section, "name", defaultName),
        InterfaceNames.read(section, "bridge", null),
        (int) section.integer("mtu", 1500, 1280, 65_535),
        section.parsed(
            "mac", null, "a unicast MAC address, such as \"02:00:00:00:00:01\"",
            text -> unicast(MacAddress.parse(text))),
        section.flag("offloads", true));
  }

  /** That of a VM, which may be connected by a socket. */
  static TapConfig readVm(Section vm, Section section, String vmName) {
    TapConfig tap = read(section, InterfaceNames.derive("km-", vmName));
    VmSocketConfig socket = VmSocketConfig.read(vm, vmName);
    if (socket == null) {
      return tap;
    }
    for (String key : new String[] {"bridge", "offloads"}) {
      if (section.has(key)) {
        section.problem(
            key,
            "found with [vm] link = \"" + socket.word() + "\", which has neither tap nor bridge;"
                + " expected none");
      }
    }
    return new TapConfig(tap.name(), null, tap.mtu(), tap.mac(), false, socket);
  }

  static MacAddress unicast(MacAddress mac) {
    if (mac.isGroup() || mac.bits() == 0) {
      throw new IllegalArgumentException("not a unicast MAC address");
    }
    return mac;
  }
}
