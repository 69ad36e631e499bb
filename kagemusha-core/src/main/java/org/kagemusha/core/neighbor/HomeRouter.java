package org.kagemusha.core.neighbor;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

/**
 * What a guest has learned of its home router (RFC 4861 §4.2), and what the Router Advertisements
 * that it gets while abroad repeat. The MTU is not kept: a guest that takes it from an
 * advertisement does not give it back after the return.
 *
 * @param linkLocal the router's link-local address
 * @param mac the router's link-layer address, or null where it is not known
 * @param currentHopLimit Cur Hop Limit, 0 to 255; 0 leaves it open
 * @param flags the flags octet of the advertisement: M, O, H, preference
 * @param routerLifetimeSeconds 0 to 65535; 0 says "no default router"
 * @param reachableTimeMs milliseconds, 32 bits unsigned; 0 leaves it open
 * @param retransTimerMs milliseconds, 32 bits unsigned; 0 leaves it open
 * @param prefixes the Prefix Information options
 * @param rawOptions further options repeated as they were, type and length included: RDNSS, DNSSL,
 *     route information
 */
public record HomeRouter(
    Ipv6Address linkLocal,
    MacAddress mac,
    int currentHopLimit,
    int flags,
    int routerLifetimeSeconds,
    int reachableTimeMs,
    int retransTimerMs,
    List<PrefixInformation> prefixes,
    List<byte[]> rawOptions) {

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if a field is out of its range, the address is not link-local,
   *     the MAC is a group's, or an option's length field contradicts its octets
   */
  public HomeRouter {
    if (!linkLocal.isLinkLocal()) {
      throw new IllegalArgumentException("a router speaks from a link-local address: " + linkLocal);
    }
    if (mac != null && !NeighborFrames.isStation(mac)) {
      throw new IllegalArgumentException("not the MAC address of a station: " + mac);
    }
    check("hop limit", currentHopLimit, 0xff);
    check("flags", flags, 0xff);
    check("router lifetime", routerLifetimeSeconds, 0xffff);
    prefixes = List.copyOf(prefixes);
    rawOptions = List.copyOf(rawOptions);
    for (byte[] option : rawOptions) {
      if (option.length < 8 || option.length != (option[1] & 0xff) * 8) {
        throw new IllegalArgumentException("an option's length is in units of eight octets");
      }
    }
  }

  /**
   * A Prefix Information option, RFC 4861 §4.6.2 and RFC 6275 §7.2.
   *
   * @param prefix the prefix
   * @param flags the flags octet: L 0x80, A 0x40, R 0x20
   * @param validSeconds 0 to 2^32 - 1, which is infinity
   * @param preferredSeconds 0 to 2^32 - 1, which is infinity
   * @param routerAddress the router's own address where R is set, else null
   */
  public record PrefixInformation(
      Ipv6Prefix prefix,
      int flags,
      long validSeconds,
      long preferredSeconds,
      Ipv6Address routerAddress) {

    /**
     * @throws IllegalArgumentException if a field is out of its range
     */
    public PrefixInformation {
      check("flags", flags, 0xff);
      check("valid lifetime", validSeconds, 0xffff_ffffL);
      check("preferred lifetime", preferredSeconds, 0xffff_ffffL);
    }

    /** Without an address of the router. */
    public PrefixInformation(
        Ipv6Prefix prefix, int flags, long validSeconds, long preferredSeconds) {
      this(prefix, flags, validSeconds, preferredSeconds, null);
    }
  }

  /** The same router with another link-layer address. */
  HomeRouter withMac(MacAddress other) {
    return new HomeRouter(
        linkLocal,
        other,
        currentHopLimit,
        flags,
        routerLifetimeSeconds,
        reachableTimeMs,
        retransTimerMs,
        prefixes,
        rawOptions);
  }

  private static void check(String what, long value, long maximum) {
    if (value < 0 || value > maximum) {
      throw new IllegalArgumentException(what + " " + value + " is not in 0.." + maximum);
    }
  }
}
