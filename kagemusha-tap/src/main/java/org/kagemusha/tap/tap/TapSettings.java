package org.kagemusha.tap.tap;

import java.util.Optional;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.tap.libc.Constants;

/**
 * Which tap device, and how it shall be.
 *
 * @param name its name, 1 to 15 characters
 * @param mac its MAC address; where absent it keeps the one it has, which is random for a new one
 * @param mtu its MTU in octets, 1280 to 65,521; 0 leaves it as it is
 * @param bridge the bridge that it becomes a port of; where absent its bridge is left as it is
 * @param offloads whether checksums and segmentation are left to the reader and taken from the
 *     writer; see {@link TapDevice#offloads}
 */
public record TapSettings(
    String name, Optional<MacAddress> mac, int mtu, Optional<String> bridge, boolean offloads) {

  /** Without offloads. */
  public TapSettings(String name, Optional<MacAddress> mac, int mtu, Optional<String> bridge) {
    this(name, mac, mtu, bridge, false);
  }

  /**
   * @throws IllegalArgumentException if the name is no interface name or the MTU is out of range
   */
  public TapSettings {
    if (name.isEmpty()
        || name.length() >= Constants.IFNAMSIZ
        || !name.chars().allMatch(c -> c > ' ' && c < 127 && c != '/' && c != ':' && c != '%')) {
      throw new IllegalArgumentException("not a name for an interface: '" + name + "'");
    }
    if (mtu != 0 && (mtu < 1280 || mtu > 65_521)) {
      throw new IllegalArgumentException("a tap's MTU is 1280 to 65521, not " + mtu);
    }
  }
}
