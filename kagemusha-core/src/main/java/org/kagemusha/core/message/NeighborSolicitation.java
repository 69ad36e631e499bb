package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * A Neighbor Solicitation, RFC 4861 §4.3.
 *
 * @param source of the IPv6 header; {@code ::} where an address is being tested (RFC 4862 §5.4.2)
 * @param destination of the IPv6 header: the solicited-node address, or the target itself
 * @param target the address asked for, never multicast
 * @param sourceLinkLayerAddress the Source Link-Layer Address option, or null
 */
public record NeighborSolicitation(
    Ipv6Address source,
    Ipv6Address destination,
    Ipv6Address target,
    MacAddress sourceLinkLayerAddress)
    implements NeighborMessage {

  /** The ICMPv6 type. */
  public static final int TYPE = 135;
}
