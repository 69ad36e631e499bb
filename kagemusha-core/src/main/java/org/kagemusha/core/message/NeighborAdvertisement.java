package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * A Neighbor Advertisement, RFC 4861 §4.4.
 *
 * @param source of the IPv6 header
 * @param destination of the IPv6 header
 * @param target the address advertised, never multicast
 * @param router R: the sender is a router
 * @param solicited S: this answers a solicitation
 * @param override O: a cached link-layer address shall be replaced
 * @param targetLinkLayerAddress the Target Link-Layer Address option, or null
 */
public record NeighborAdvertisement(
    Ipv6Address source,
    Ipv6Address destination,
    Ipv6Address target,
    boolean router,
    boolean solicited,
    boolean override,
    MacAddress targetLinkLayerAddress)
    implements NeighborMessage {

  /** The ICMPv6 type. */
  public static final int TYPE = 136;
}
