package org.kagemusha.core.homeagent;

import java.util.List;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

/**
 * What the operator decides about a home agent.
 *
 * @param address the home agent's global address, which the kernel has on the home bridge; local
 *     end of every tunnel
 * @param tapMac the MAC address of the tap in the home bridge, with which home addresses are
 *     proxied
 * @param gatewayMac the MAC address for destinations off the link: the bridge's own
 * @param kernelLinkLocal the kernel's link-local address on the bridge, source of Router
 *     Advertisements
 * @param homePrefix the home link's prefix; home addresses lie in it
 * @param prefixValidSeconds the valid lifetime of the prefix, 0 to 4294967295 (infinite); it does
 *     not run down (RFC 4861 §6.2.1) and bounds every binding (RFC 6275 §10.3.1)
 * @param prefixPreferredSeconds the preferred lifetime, not above the valid one; a binding that
 *     outlives it is acknowledged with status 1
 * @param dad when duplicate address detection is made
 * @param maximumLifetimeSeconds the longest binding that is granted, 4 to 262140
 * @param maximumBindings how many bindings there may be at one time, at least 1
 * @param requireSignallingProtection whether Binding Updates for home addresses without security
 *     associations are refused; where a home address has associations they are always demanded
 * @param mobileNodes who may register what
 * @param advertisement how to send Router Advertisements, or null to send none (radvd does)
 * @param tunnel the tunnels' settings
 * @param graceSeconds how long protected packets are taken from a care-of address after a binding
 *     moved away from it, 0 to 60
 * @param encapsulationPort the local UDP port of ESP in UDP (RFC 3948), 1 to 65535; with 0 it is
 *     neither taken nor sent
 */
public record HomeAgentSettings(
    Ipv6Address address,
    MacAddress tapMac,
    MacAddress gatewayMac,
    Ipv6Address kernelLinkLocal,
    Ipv6Prefix homePrefix,
    long prefixValidSeconds,
    long prefixPreferredSeconds,
    Dad dad,
    int maximumLifetimeSeconds,
    int maximumBindings,
    boolean requireSignallingProtection,
    List<MobileNodeAuthorisation> mobileNodes,
    Advertisement advertisement,
    TunnelSettings tunnel,
    int graceSeconds,
    int encapsulationPort) {

  /** How long a former care-of address is remembered if the operator says nothing. */
  public static final int DEFAULT_GRACE_SECONDS = 5;

  /** The prefix lifetime that means infinity, RFC 4861 §4.6.2. */
  public static final long INFINITE_LIFETIME = 0xffff_ffffL;

  /** The longest lifetime a Binding Acknowledgement can carry, in seconds. */
  public static final int LONGEST_LIFETIME_SECONDS = 4 * 0xffff;

  /**
   * @throws IllegalArgumentException if a number is outside of its range or the home agent's
   *     address is not a routable one
   */
  public HomeAgentSettings {
    mobileNodes = List.copyOf(mobileNodes);
    require(address.isRoutableUnicast(), "the home agent's address is not routable: " + address);
    require(kernelLinkLocal.isLinkLocal(), "not a link-local address: " + kernelLinkLocal);
    require(!tapMac.isGroup(), "the tap's MAC address is a group address: " + tapMac);
    require(!gatewayMac.isGroup(), "the gateway's MAC address is a group address: " + gatewayMac);
    require(
        prefixValidSeconds >= 0 && prefixValidSeconds <= INFINITE_LIFETIME,
        "valid lifetime of the prefix: " + prefixValidSeconds);
    require(
        prefixPreferredSeconds >= 0 && prefixPreferredSeconds <= prefixValidSeconds,
        "preferred lifetime of the prefix: " + prefixPreferredSeconds);
    require(
        maximumLifetimeSeconds >= 4 && maximumLifetimeSeconds <= LONGEST_LIFETIME_SECONDS,
        "longest binding lifetime: " + maximumLifetimeSeconds);
    require(maximumBindings >= 1, "maximum of bindings: " + maximumBindings);
    require(graceSeconds >= 0 && graceSeconds <= 60, "grace: " + graceSeconds + " s");
    require(
        encapsulationPort >= 0 && encapsulationPort <= 0xffff,
        "UDP port of ESP in UDP: " + encapsulationPort);
  }

  /** With a grace of five seconds and without ESP in UDP. */
  public HomeAgentSettings(
      Ipv6Address address,
      MacAddress tapMac,
      MacAddress gatewayMac,
      Ipv6Address kernelLinkLocal,
      Ipv6Prefix homePrefix,
      long prefixValidSeconds,
      long prefixPreferredSeconds,
      Dad dad,
      int maximumLifetimeSeconds,
      int maximumBindings,
      boolean requireSignallingProtection,
      List<MobileNodeAuthorisation> mobileNodes,
      Advertisement advertisement,
      TunnelSettings tunnel) {
    this(
        address,
        tapMac,
        gatewayMac,
        kernelLinkLocal,
        homePrefix,
        prefixValidSeconds,
        prefixPreferredSeconds,
        dad,
        maximumLifetimeSeconds,
        maximumBindings,
        requireSignallingProtection,
        mobileNodes,
        advertisement,
        tunnel,
        DEFAULT_GRACE_SECONDS,
        0);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /**
   * When duplicate address detection is made before the first acknowledgement, RFC 6275 §10.3.1.
   */
  public enum Dad {
    /**
     * Before the acknowledgement, as the RFC demands: the first one after a move takes a second.
     */
    STRICT,
    /**
     * The binding is acknowledged and in use at once and tested meanwhile; a conflict withdraws it.
     * For up to a second two nodes on the home link may hold the address.
     */
    OPTIMISTIC,
    /** Never: that no other node holds the address is the operator's promise. */
    OFF
  }

  /**
   * Which host may register which home address.
   *
   * @param name the mobile node's name, in log lines and status
   * @param homeAddresses one address or prefix each; a prefix allows temporary addresses
   * @param careOfAddresses where the node may be; empty for anywhere
   * @param requirePayloadProtection whether tunnelled payload must be protected by ESP
   * @param maximumBindings how many bindings the node may have at one time, at least 1: where its
   *     home addresses are a prefix, it shall not use up the room of all others
   */
  public record MobileNodeAuthorisation(
      String name,
      List<Ipv6Prefix> homeAddresses,
      List<Ipv6Prefix> careOfAddresses,
      boolean requirePayloadProtection,
      int maximumBindings) {

    /** With as many bindings as the home agent has room for. */
    public MobileNodeAuthorisation(
        String name,
        List<Ipv6Prefix> homeAddresses,
        List<Ipv6Prefix> careOfAddresses,
        boolean requirePayloadProtection) {
      this(name, homeAddresses, careOfAddresses, requirePayloadProtection, Integer.MAX_VALUE);
    }

    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if no binding is allowed
     */
    public MobileNodeAuthorisation {
      require(maximumBindings >= 1, "maximum of bindings of " + name + ": " + maximumBindings);
      homeAddresses = List.copyOf(homeAddresses);
      careOfAddresses = List.copyOf(careOfAddresses);
    }
  }

  /**
   * How Router Advertisements are sent, RFC 4861 §6.2.1 and RFC 6275 §7.
   *
   * @param minimumIntervalMs MinRtrAdvInterval in milliseconds, 30 to 0.75 of the maximum
   * @param maximumIntervalMs MaxRtrAdvInterval in milliseconds, 70 to 1800000
   * @param routerLifetimeSeconds AdvDefaultLifetime, 0 to 9000
   * @param currentHopLimit AdvCurHopLimit, 0 to 255
   * @param homeAgentPreference the preference among home agents, 0 to 65535
   * @param homeAgentLifetimeSeconds the lifetime as a home agent, 1 to 65535, or 0 for the router
   *     lifetime
   * @param linkMtu AdvLinkMTU in octets, or 0 to send no MTU option
   */
  public record Advertisement(
      int minimumIntervalMs,
      int maximumIntervalMs,
      int routerLifetimeSeconds,
      int currentHopLimit,
      int homeAgentPreference,
      int homeAgentLifetimeSeconds,
      int linkMtu) {

    /**
     * @throws IllegalArgumentException if a number is outside of its range
     */
    public Advertisement {
      // RFC 6275 §7.5: "The minimum allowed values are: MinRtrAdvInterval 0.03 seconds,
      // MaxRtrAdvInterval 0.07 seconds."
      require(
          maximumIntervalMs >= 70 && maximumIntervalMs <= 1_800_000,
          "maximum advertisement interval: " + maximumIntervalMs + " ms");
      require(
          minimumIntervalMs >= 30 && minimumIntervalMs <= maximumIntervalMs * 3L / 4,
          "minimum advertisement interval: " + minimumIntervalMs + " ms");
      require(
          routerLifetimeSeconds >= 0 && routerLifetimeSeconds <= 9000,
          "router lifetime: " + routerLifetimeSeconds);
      require(
          currentHopLimit >= 0 && currentHopLimit <= 255, "current hop limit: " + currentHopLimit);
      require(
          homeAgentPreference >= 0 && homeAgentPreference <= 0xffff,
          "home agent preference: " + homeAgentPreference);
      require(
          homeAgentLifetimeSeconds >= 0 && homeAgentLifetimeSeconds <= 0xffff,
          "home agent lifetime: " + homeAgentLifetimeSeconds);
      require(linkMtu == 0 || linkMtu >= 1280 && linkMtu <= 65535, "link MTU: " + linkMtu);
    }
  }
}
