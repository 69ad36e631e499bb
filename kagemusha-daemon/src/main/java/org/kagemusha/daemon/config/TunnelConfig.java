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
 * @param coalescing whether consecutive segments out of the tunnel are joined for the tap
 * @param kernelEncapsulation whether the kernel shall put clear super-packets into the tunnel
 * @param direct whether outer packets shall leave straight to the next hop, past the routing table
 * @param batch how many packets one call gives to the kernel at most, or takes, 1 to 64
 */
public record TunnelConfig(
    int hopLimit,
    int encapsulationLimit,
    boolean clampMss,
    boolean flowLabel,
    boolean copyDscp,
    int maximumMtu,
    Encapsulation encapsulation,
    boolean probePathMtu,
    boolean coalescing,
    boolean kernelEncapsulation,
    boolean direct,
    int batch) {

  /** The usual and largest batch. */
  public static final int LARGEST_BATCH = 64;

  /**
   * This configuration as a daemon can take it on while it runs: what decides on its sockets and
   * threads stays as it was started.
   */
  public TunnelConfig whileRunning(TunnelConfig started) {
    return new TunnelConfig(
        hopLimit, encapsulationLimit, clampMss, flowLabel, copyDscp, maximumMtu,
        started.encapsulation, probePathMtu, started.coalescing, started.kernelEncapsulation,
        started.direct, started.batch);
  }

  static TunnelConfig readMobileNode(Section section) {
    return read(
        section,
        section.choice("encapsulation", Encapsulation.NONE, Choices.of(Encapsulation.class)));
  }

  static TunnelConfig readHomeAgent(Section section) {
    return read(section, Encapsulation.NONE);
  }

  private static TunnelConfig read(Section section, Encapsulation encapsulation) {
    TunnelConfig config = readAll(section, encapsulation);
    if (config.kernelEncapsulation()
        && (config.encapsulationLimit() >= 0 || !config.flowLabel() || !config.copyDscp())) {
      section.problem(
          "kernel-encapsulation",
          "found true; expected it only with encapsulation-limit = -1, flow-label = true and"
              + " copy-dscp = true, because the kernel puts no option and copies flow label and"
              + " traffic class");
    }
    if (config.direct() && config.batch() == 1) {
      section.problem("direct", "found true; expected it only with a batch of 2 or more");
    }
    return config;
  }

  private static TunnelConfig readAll(Section section, Encapsulation encapsulation) {
    return new TunnelConfig(
        (int) section.integer("hop-limit", 64, 1, 255),
        (int) section.integer("encapsulation-limit", -1, -1, 255),
        section.flag("clamp-mss", true),
        section.flag("flow-label", true),
        section.flag("copy-dscp", true),
        (int) section.integer("maximum-mtu", 65_535, 1280, 65_535),
        encapsulation,
        section.flag("probe-path-mtu", false),
        section.flag("coalescing", true),
        section.flag("kernel-encapsulation", false),
        section.flag("direct", false),
        (int) section.integer("batch", LARGEST_BATCH, 1, LARGEST_BATCH));
  }
}
