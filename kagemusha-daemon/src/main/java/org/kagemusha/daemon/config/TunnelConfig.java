package org.kagemusha.daemon.config;

/**
 * The tunnel, RFC 2473 §6.
 *
 * @param hopLimit of outer packets, 1 to 255
 * @param encapsulationLimit 0 to 255, or -1 for no option (§4.1.1)
 * @param clampMss whether the maximum segment size of TCP SYN segments is lowered to fit
 * @param flowLabel whether outer flow labels tell flows apart (RFC 6438); else they are 0
 * @param copyDscp whether the outer DSCP is the inner one
 * @param maximumMtu upper bound for inner packets, octets, 1280 to 65535
 * @param encapsulation how a mobile node sends ESP; a home agent answers as it is asked
 * @param probePathMtu whether a mobile node probes the path MTU (RFC 8899)
 */
public record TunnelConfig(
    int hopLimit,
    int encapsulationLimit,
    boolean clampMss,
    boolean flowLabel,
    boolean copyDscp,
    int maximumMtu,
    Encapsulation encapsulation,
    boolean probePathMtu) {

  static TunnelConfig readMobileNode(Section section) {
    return read(
        section,
        section.choice("encapsulation", Encapsulation.NONE, Choices.of(Encapsulation.class)));
  }

  static TunnelConfig readHomeAgent(Section section) {
    return read(section, Encapsulation.NONE);
  }

  private static TunnelConfig read(Section section, Encapsulation encapsulation) {
    return new TunnelConfig(
        (int) section.integer("hop-limit", 64, 1, 255),
        (int) section.integer("encapsulation-limit", -1, -1, 255),
        section.flag("clamp-mss", true),
        section.flag("flow-label", true),
        section.flag("copy-dscp", true),
        (int) section.integer("maximum-mtu", 65_535, 1280, 65_535),
        encapsulation,
        section.flag("probe-path-mtu", false));
  }
}
