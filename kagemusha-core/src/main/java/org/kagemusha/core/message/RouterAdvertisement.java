package org.kagemusha.core.message;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * A Router Advertisement, RFC 4861 §4.2, with the extensions of RFC 6275 §7.
 *
 * @param source of the IPv6 header, link-local
 * @param destination of the IPv6 header
 * @param currentHopLimit 0 to 255; 0 leaves it open
 * @param flags the flags octet: {@link #MANAGED}, {@link #OTHER}, {@link #HOME_AGENT} and others
 * @param routerLifetimeSeconds 0 to 65535; 0 says "no default router"
 * @param reachableTimeMs milliseconds, 32 bits unsigned; 0 leaves it open
 * @param retransTimerMs milliseconds, 32 bits unsigned; 0 leaves it open
 * @param sourceLinkLayerAddress the Source Link-Layer Address option, or null
 * @param mtu the MTU option in octets, or 0 where there is none
 * @param prefixes the Prefix Information options
 * @param homeAgent the Home Agent Information option, or null
 * @param advertisementIntervalMs the Advertisement Interval option in milliseconds, or 0 where
 *     there is none
 * @param otherOptions every other option as it stands on the wire, type and length included: RDNSS,
 *     DNSSL, route information
 */
public record RouterAdvertisement(
    Ipv6Address source,
    Ipv6Address destination,
    int currentHopLimit,
    int flags,
    int routerLifetimeSeconds,
    int reachableTimeMs,
    int retransTimerMs,
    MacAddress sourceLinkLayerAddress,
    int mtu,
    List<PrefixInformation> prefixes,
    HomeAgentInformation homeAgent,
    int advertisementIntervalMs,
    List<byte[]> otherOptions)
    implements NeighborMessage {

  /** The ICMPv6 type. */
  public static final int TYPE = 134;

  /** M: addresses by DHCPv6. */
  public static final int MANAGED = 0x80;

  /** O: other configuration by DHCPv6. */
  public static final int OTHER = 0x40;

  /** H: the router is a home agent on this link, RFC 6275 §7.1. */
  public static final int HOME_AGENT = 0x20;

  /** Copies the lists. */
  public RouterAdvertisement {
    prefixes = List.copyOf(prefixes);
    otherOptions = List.copyOf(otherOptions);
  }
}
