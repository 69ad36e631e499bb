package org.kagemusha.daemon.config;

import org.kagemusha.core.wire.MacAddress;

/**
 * The tap device.
 *
 * @param name its interface name; created if there is none
 * @param bridge the bridge it becomes a port of, or null to leave it where it is
 * @param mtu octets
 * @param mac the MAC address of the daemon as a station behind it (not that of the interface, which
 *     a bridge would take for its own), or null for one made from the name
 * @param offloads whether the kernel may hand over what a network card would finish: checksums and
 *     the segments of up to 64 KiB in one frame
 */
public record TapConfig(
    String name, String bridge, int mtu, MacAddress mac, boolean offloads) {

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

  static MacAddress unicast(MacAddress mac) {
    if (mac.isGroup() || mac.bits() == 0) {
      throw new IllegalArgumentException("not a unicast MAC address");
    }
    return mac;
  }
}
