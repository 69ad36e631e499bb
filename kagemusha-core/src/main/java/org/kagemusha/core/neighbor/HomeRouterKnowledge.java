package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of the home link's routers: from the configuration, from Router Advertisements
 * heard at home, and from the guest itself, which still probes the router it had.
 */
final class HomeRouterKnowledge {

  private static final Logger log = LoggerFactory.getLogger(HomeRouterKnowledge.class);

  /** AdvDefaultLifetime for the default MaxRtrAdvInterval, RFC 4861 §6.2.1. */
  private static final int DEFAULT_ROUTER_LIFETIME_SECONDS = 1800;

  /** AdvValidLifetime and AdvPreferredLifetime, RFC 4861 §6.2.1. */
  private static final long DEFAULT_VALID_SECONDS = 2_592_000;

  private static final long DEFAULT_PREFERRED_SECONDS = 604_800;

  private static final int OFF_LINK_MACS = 4;
  private static final int OTHER_ROUTERS = 4;
  private static final long NS_PER_SECOND = 1_000_000_000L;
  private static final long AGEING_TOLERANCE_SECONDS = 2;

  private final Ipv6Prefix[] homePrefixes;
  private final MacAddress guestMac;
  private final MacAddress pseudoMac;
  private final long[] offLinkMacs = new long[OFF_LINK_MACS];
  private final Ipv6Map<Ipv6Address> otherRouters = new Ipv6Map<>();
  private HomeRouter router;
  private Ipv6Prefix[] onLink;
  private boolean heard;
  private boolean ageing;
  private long heardNs;

  HomeRouterKnowledge(
      Ipv6Prefix[] homePrefixes, MacAddress guestMac, MacAddress pseudoMac, HomeRouter router) {
    this.homePrefixes = homePrefixes;
    this.guestMac = guestMac;
    this.pseudoMac = pseudoMac;
    set(router);
  }

  /** What is known now, lifetimes as they were given; or null. */
  HomeRouter router() {
    return router;
  }

  /** Replaces what is known; the lifetimes given are constant. */
  void router(HomeRouter given) {
    set(given);
    heard = false;
    ageing = false;
  }

  /** The router's MAC, or the one that stands for everybody. */
  MacAddress mac() {
    return router == null || router.mac() == null ? pseudoMac : router.mac();
  }

  /** Says whether an address lies in one of the prefixes in which the guest has addresses. */
  boolean isOnHomePrefix(long high, long low) {
    for (int i = 0; i < homePrefixes.length; i++) {
      if (homePrefixes[i].contains(high, low)) {
        return true;
      }
    }
    return false;
  }

  /** Says whether the guest takes an address to be on the link; allocates nothing. */
  boolean isOnLink(long high, long low) {
    for (int i = 0; i < onLink.length; i++) {
      if (onLink[i].contains(high, low)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Notes the MAC to which the guest sends what leaves the link: that of a router. Allocates
   * nothing.
   */
  void noteOffLink(long macBits) {
    if (offLinkMacs[0] == macBits || (macBits >>> 40 & 1) != 0 || macBits == pseudoMac.bits()) {
      return;
    }
    int at = 1;
    while (at < OFF_LINK_MACS - 1 && offLinkMacs[at] != macBits) {
      at++;
    }
    System.arraycopy(offLinkMacs, 0, offLinkMacs, 1, at);
    offLinkMacs[0] = macBits;
  }

  /** Says whether a link-local address is known to be a router's. */
  boolean isRouterLinkLocal(Ipv6Address address) {
    return router != null && router.linkLocal().equals(address)
        || otherRouters.get(address) != null;
  }

  /** Says whether an address is one that a router told us to be its own, RFC 6275 §7.2. */
  boolean isRouterAddress(Ipv6Address address) {
    if (isRouterLinkLocal(address)) {
      return true;
    }
    if (router != null) {
      for (HomeRouter.PrefixInformation prefix : router.prefixes()) {
        if (address.equals(prefix.routerAddress())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Says whether the guest uses a MAC as that of a router. */
  boolean isRouterMac(MacAddress mac) {
    if (router != null && mac.equals(router.mac())) {
      return true;
    }
    for (long bits : offLinkMacs) {
      if (bits != 0 && bits == mac.bits()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes what a unicast solicitation tells: the guest has this link-local address in its cache
   * with this MAC, to which it sends what leaves the link.
   *
   * @param autonomous says of a prefix whether the guest forms addresses in it by itself
   * @return true if the router was not known before
   */
  boolean learnFromGuest(
      Ipv6Address linkLocal,
      MacAddress mac,
      Predicate<Ipv6Prefix> autonomous) {
    if (router == null) {
      List<HomeRouter.PrefixInformation> prefixes = new ArrayList<>();
      for (Ipv6Prefix prefix : homePrefixes) {
        int flags =
            PrefixInformation.ON_LINK
                | (autonomous.test(prefix) ? PrefixInformation.AUTONOMOUS : 0);
        prefixes.add(
            new HomeRouter.PrefixInformation(
                prefix, flags, DEFAULT_VALID_SECONDS, DEFAULT_PREFERRED_SECONDS));
      }
      set(
          new HomeRouter(
              linkLocal, mac, 0, 0, DEFAULT_ROUTER_LIFETIME_SECONDS, 0, 0, prefixes, List.of()));
      log.warn(
          "home router learned from the guest, without flags and options linklocal={} mac={}"
              + " lifetime={}s",
          linkLocal, mac, DEFAULT_ROUTER_LIFETIME_SECONDS);
      return true;
    }
    if (router.linkLocal().equals(linkLocal)) {
      if (!mac.equals(router.mac()) && !mac.equals(pseudoMac)) {
        log.info("home router linklocal={} mac={} as the guest has it", linkLocal, mac);
        set(router.withMac(mac));
      }
    } else if (otherRouters.get(linkLocal) == null && otherRouters.size() < OTHER_ROUTERS) {
      otherRouters.put(linkLocal, linkLocal);
      log.info("further home router learned from the guest linklocal={} mac={}", linkLocal, mac);
    }
    return false;
  }

  /**
   * Takes an advertisement heard at home.
   *
   * @param station the Ethernet source of its frame
   * @return false if it is not the home router's
   */
  boolean learnAtHome(RouterAdvertisement advertisement, MacAddress station, long nowNs) {
    if (station.equals(guestMac)
        || !NeighborFrames.isStation(station)
        || !carriesHomePrefix(advertisement)
        || !isPreferred(advertisement, nowNs)) {
      return false;
    }
    HomeRouter before = router;
    HomeRouter next = of(advertisement, station);
    if (heard && before.linkLocal().equals(next.linkLocal())) {
      ageing = isAgeing(before, next, (nowNs - heardNs) / NS_PER_SECOND);
    } else {
      ageing = false;
      log.info(
          "home router heard linklocal={} mac={} lifetime={}s",
          next.linkLocal(), next.mac(), next.routerLifetimeSeconds());
    }
    set(next);
    heard = true;
    heardNs = nowNs;
    return true;
  }

  /**
   * What a pseudo-advertisement says of the prefixes now. Lifetimes are constant, as most routers
   * have them; but "fixed lifetimes" and lifetimes that "decrement in real time" are both allowed
   * (RFC 4861 §6.2.1), and if they ran down at home, they go on to do so here.
   */
  List<PrefixInformation> advertisedPrefixes(long nowNs) {
    long elapsed = ageing ? Math.max(0, nowNs - heardNs) / NS_PER_SECOND : 0;
    List<PrefixInformation> prefixes = new ArrayList<>();
    for (HomeRouter.PrefixInformation prefix : router.prefixes()) {
      long valid = aged(prefix.validSeconds(), elapsed);
      long preferred = Math.min(aged(prefix.preferredSeconds(), elapsed), valid);
      boolean whole = prefix.routerAddress() != null;
      prefixes.add(
          new PrefixInformation(
              whole ? prefix.routerAddress() : prefix.prefix().address(),
              prefix.prefix().length(),
              prefix.flags(),
              valid,
              preferred));
    }
    return prefixes;
  }

  /** The valid lifetime of an autonomous prefix that holds an address, or infinity. */
  long validSeconds(Ipv6Address address, long nowNs) {
    if (router != null) {
      for (PrefixInformation prefix : advertisedPrefixes(nowNs)) {
        if (prefix.has(PrefixInformation.AUTONOMOUS) && prefix.prefix().contains(address)) {
          return prefix.validSeconds();
        }
      }
    }
    return PrefixInformation.INFINITE;
  }

  private static long aged(long seconds, long elapsed) {
    return seconds == PrefixInformation.INFINITE ? seconds : Math.max(0, seconds - elapsed);
  }

  private static boolean isAgeing(HomeRouter before, HomeRouter after, long elapsed) {
    if (elapsed <= AGEING_TOLERANCE_SECONDS) {
      return false;
    }
    for (HomeRouter.PrefixInformation old : before.prefixes()) {
      for (HomeRouter.PrefixInformation prefix : after.prefixes()) {
        if (old.prefix().equals(prefix.prefix())
            && prefix.validSeconds() != PrefixInformation.INFINITE
            && Math.abs(old.validSeconds() - elapsed - prefix.validSeconds())
                <= AGEING_TOLERANCE_SECONDS) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean carriesHomePrefix(RouterAdvertisement advertisement) {
    for (PrefixInformation prefix : advertisement.prefixes()) {
      for (Ipv6Prefix home : homePrefixes) {
        if (prefix.prefix().equals(home)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Chooses between routers: the one in use stays until its lifetime ran out, unless another is a
   * default router and it is not, or another has the higher preference (RFC 4191 §2.1).
   */
  private boolean isPreferred(RouterAdvertisement advertisement, long nowNs) {
    if (router == null || !heard || router.linkLocal().equals(advertisement.source())) {
      return true;
    }
    boolean isDefault = advertisement.routerLifetimeSeconds() > 0;
    boolean wasDefault =
        router.routerLifetimeSeconds() > 0
            && nowNs - heardNs <= router.routerLifetimeSeconds() * NS_PER_SECOND;
    if (isDefault != wasDefault) {
      return isDefault;
    }
    return preference(advertisement.flags()) > preference(router.flags());
  }

  /** RFC 4191 §2.2: two bits, signed; 10 is reserved and counts as medium. */
  private static int preference(int flags) {
    return switch (flags >> 3 & 3) {
      case 1 -> 1;
      case 3 -> -1;
      default -> 0;
    };
  }

  private static HomeRouter of(RouterAdvertisement advertisement, MacAddress station) {
    List<HomeRouter.PrefixInformation> prefixes = new ArrayList<>();
    for (PrefixInformation prefix : advertisement.prefixes()) {
      prefixes.add(
          new HomeRouter.PrefixInformation(
              prefix.prefix(),
              prefix.flags(),
              prefix.validSeconds(),
              prefix.preferredSeconds(),
              prefix.has(PrefixInformation.ROUTER_ADDRESS)
                  ? prefix.prefixOrRouterAddress()
                  : null));
    }
    MacAddress given = advertisement.sourceLinkLayerAddress();
    return new HomeRouter(
        advertisement.source(),
        given != null && NeighborFrames.isStation(given) ? given : station,
        advertisement.currentHopLimit(),
        advertisement.flags(),
        advertisement.routerLifetimeSeconds(),
        advertisement.reachableTimeMs(),
        advertisement.retransTimerMs(),
        prefixes,
        advertisement.otherOptions());
  }

  private void set(HomeRouter next) {
    router = next;
    List<Ipv6Prefix> prefixes = new ArrayList<>(List.of(homePrefixes));
    if (next != null) {
      for (HomeRouter.PrefixInformation prefix : next.prefixes()) {
        if ((prefix.flags() & PrefixInformation.ON_LINK) != 0
            && !prefixes.contains(prefix.prefix())) {
          prefixes.add(prefix.prefix());
        }
      }
    }
    onLink = prefixes.toArray(new Ipv6Prefix[0]);
  }

  /** The shortest lifetime that is advertised and does run out, in seconds; or NEVER. */
  long shortestLifetimeSeconds(long nowNs) {
    long shortest = NodeEngine.NEVER;
    if (router.routerLifetimeSeconds() > 0) {
      shortest = router.routerLifetimeSeconds();
    }
    for (PrefixInformation prefix : advertisedPrefixes(nowNs)) {
      shortest = Math.min(shortest, finite(prefix.validSeconds()));
      shortest = Math.min(shortest, finite(prefix.preferredSeconds()));
    }
    for (byte[] option : router.rawOptions()) {
      int type = option[0] & 0xff;
      // RFC 4191 §2.3 route information, RFC 8106 §5.1 RDNSS, §5.2 DNSSL: the lifetime is at 4.
      if (type == 24 || type == 25 || type == 31) {
        shortest = Math.min(shortest, finite(ByteBuffer.wrap(option).getInt(4)));
      }
    }
    return shortest;
  }

  private static long finite(long seconds) {
    long unsigned = seconds & 0xffff_ffffL;
    return unsigned == 0 || unsigned == PrefixInformation.INFINITE ? NodeEngine.NEVER : unsigned;
  }
}
