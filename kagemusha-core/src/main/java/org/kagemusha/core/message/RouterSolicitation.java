package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;

/**
 * A Router Solicitation, RFC 4861 §4.1.
 *
 * @param source of the IPv6 header, or {@code ::}
 * @param destination of the IPv6 header, usually {@code ff02::2}
 * @param sourceLinkLayerAddress the Source Link-Layer Address option, or null
 */
public record RouterSolicitation(
    Ipv6Address source, Ipv6Address destination, MacAddress sourceLinkLayerAddress)
    implements NeighborMessage {

  /** The ICMPv6 type. */
  public static final int TYPE = 133;
}
