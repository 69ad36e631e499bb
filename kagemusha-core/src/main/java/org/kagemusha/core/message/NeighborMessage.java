package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * A Neighbor Discovery message (RFC 4861 §4) with the addresses of the IPv6 header it came in. Its
 * hop limit is 255 and its code 0 by definition, so neither is kept.
 */
public sealed interface NeighborMessage
    permits NeighborSolicitation,
        NeighborAdvertisement,
        RouterSolicitation,
        RouterAdvertisement,
        Redirect {

  /** The source address of the IPv6 header. */
  Ipv6Address source();

  /** The destination address of the IPv6 header. */
  Ipv6Address destination();
}
