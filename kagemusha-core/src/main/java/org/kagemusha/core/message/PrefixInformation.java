package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * A Prefix Information option, RFC 4861 §4.6.2 as changed by RFC 6275 §7.2.
 *
 * @param prefixOrRouterAddress the prefix; with {@link #ROUTER_ADDRESS} a whole address of the
 *     router
 * @param prefixLength 0 to 128 bits
 * @param flags the flags octet: {@link #ON_LINK}, {@link #AUTONOMOUS}, {@link #ROUTER_ADDRESS}
 * @param validSeconds 0 to {@link #INFINITE}
 * @param preferredSeconds 0 to {@link #INFINITE}
 */
public record PrefixInformation(
    Ipv6Address prefixOrRouterAddress,
    int prefixLength,
    int flags,
    long validSeconds,
    long preferredSeconds) {

  /** L: addresses of the prefix are on the link. */
  public static final int ON_LINK = 0x80;

  /** A: the prefix serves stateless address autoconfiguration. */
  public static final int AUTONOMOUS = 0x40;

  /** R: the field holds a complete address of the router, RFC 6275 §7.2. */
  public static final int ROUTER_ADDRESS = 0x20;

  /** The lifetime that means infinity. */
  public static final long INFINITE = 0xffff_ffffL;

  /** The prefix, without the bits beyond its length. */
  public Ipv6Prefix prefix() {
    return Ipv6Prefix.of(prefixOrRouterAddress, prefixLength);
  }

  /** Says whether a flag is set. */
  public boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
