package org.kagemusha.daemon.config;

/**
 * The router advertisements of a home agent, RFC 4861 §6.2.1 and RFC 6275 §7.
 *
 * @param enabled whether they are sent; off where radvd sends them
 * @param linkMtu octets, or 0 for no MTU option
 */
public record AdvertisementConfig(
    boolean enabled,
    int minimumIntervalMs,
    int maximumIntervalMs,
    int routerLifetimeSeconds,
    int currentHopLimit,
    int homeAgentPreference,
    int homeAgentLifetimeSeconds,
    int linkMtu) {

  static AdvertisementConfig read(Section section, int tapMtu) {
    // RFC 6275 §7.5 lowers the bounds of RFC 4861 §6.2.1: 0.07 s and 0.03 s.
    long maximum = section.durationMs("maximum-interval", 10_000, 70, 1_800_000);
    long minimum =
        section.durationMs("minimum-interval", Math.max(30, maximum / 3), 30, 1_350_000);
    if (minimum > maximum * 3 / 4) {
      section.problem(
          "minimum-interval",
          "found " + DurationText.format(minimum) + "; expected at most three quarters of"
              + " maximum-interval, " + DurationText.format(maximum)
              + " (RFC 4861 section 6.2.1)");
    }
    long lifetime = section.durationMs("router-lifetime", 1_800_000, 0, 9_000_000);
    if (lifetime != 0 && lifetime < maximum) {
      section.problem(
          "router-lifetime",
          "found " + DurationText.format(lifetime) + "; expected \"0s\", or at least"
              + " maximum-interval, " + DurationText.format(maximum)
              + " (RFC 4861 section 6.2.1)");
    }
    int linkMtu = (int) section.integer("link-mtu", 0, 0, Math.max(tapMtu, 1280));
    if (linkMtu > 0 && linkMtu < 1280) {
      section.problem(
          "link-mtu", "found " + linkMtu + "; expected 0, or at least 1280 (RFC 8200 section 5)");
    }
    return new AdvertisementConfig(
        section.flag("enabled", true),
        (int) minimum,
        (int) maximum,
        (int) (lifetime / 1000),
        (int) section.integer("hop-limit", 64, 0, 255),
        (int) section.integer("home-agent-preference", 0, 0, 65_535),
        (int) (section.durationMs(
                "home-agent-lifetime", Math.max(lifetime, 1000), 1_000, 65_535_000)
            / 1000),
        linkMtu);
  }
}
