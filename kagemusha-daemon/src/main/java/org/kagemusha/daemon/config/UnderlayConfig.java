package org.kagemusha.daemon.config;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * The way to the home agent.
 *
 * @param interfaceName the interface, or null for the one of the default route
 * @param mode where the care-of address comes from
 * @param careOfAddress the address of mode {@link Mode#FIXED}, else null
 */
public record UnderlayConfig(String interfaceName, Mode mode, Ipv6Address careOfAddress) {

  /** Where the care-of address comes from. */
  public enum Mode {
    /** An address of this VM's own out of the interface's prefix, put on and taken off by us. */
    OWN,
    /** The host's address on the interface. */
    HOST,
    /** One that is configured. */
    FIXED
  }

  static UnderlayConfig read(Section section, List<Ipv6Prefix> homePrefixes) {
    String name = InterfaceNames.read(section, "interface", null);
    Choice choice =
        section.parsed(
            "care-of", new Choice(Mode.OWN, null),
            "\"own\", \"host\" or a routable IPv6 unicast address", UnderlayConfig::parse);
    Ipv6Address address = choice.address();
    if (address != null && homePrefixes.stream().anyMatch(prefix -> prefix.contains(address))) {
      section.problem(
          "care-of",
          "found " + address + ", which is on the home link; expected an address of the foreign"
              + " network");
    }
    return new UnderlayConfig(name, choice.mode(), address);
  }

  private record Choice(Mode mode, Ipv6Address address) {}

  private static Choice parse(String text) {
    return switch (text) {
      case "own" -> new Choice(Mode.OWN, null);
      case "host" -> new Choice(Mode.HOST, null);
      default -> new Choice(Mode.FIXED, VmConfig.routable(text));
    };
  }
}
