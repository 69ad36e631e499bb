package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * A Redirect, RFC 4861 §4.5. It is only recognised, so that it can be dropped.
 *
 * @param source of the IPv6 header, link-local
 * @param destination of the IPv6 header
 * @param target the better first hop
 * @param redirectedDestination the address that is redirected
 */
public record Redirect(
    Ipv6Address source,
    Ipv6Address destination,
    Ipv6Address target,
    Ipv6Address redirectedDestination)
    implements NeighborMessage {

  /** The ICMPv6 type. */
  public static final int TYPE = 137;
}
