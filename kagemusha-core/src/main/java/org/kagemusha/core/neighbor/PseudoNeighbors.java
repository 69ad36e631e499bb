package org.kagemusha.core.neighbor;

import java.util.function.Predicate;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;

/**
 * The neighbours of the home link, played to a guest that still has them in its cache: which
 * solicitation is answered, and with which flags and link-layer address.
 *
 * <p>All answers have Override at zero: they come from a proxy (RFC 4861 §7.2.8), and must not put
 * a link-layer address in place of a real one that the guest will need again at home.
 */
final class PseudoNeighbors {

  private static final int ANSWERS_PER_SECOND = 200;
  private static final int MAXIMUM_DEFENDED = 256;

  private final HomeRouterKnowledge knowledge;
  private final GuestAddresses guestAddresses;
  private final Ipv6Address homeAgent;
  private final MacAddress guestMac;
  private final MacAddress pseudoMac;
  private final Ipv6Address stationLinkLocal;
  private final NeighborFrames frames;
  private final Counters counters;
  private final Ipv6Map<Ipv6Address> defended = new Ipv6Map<>();
  private final TokenBucket answers = new TokenBucket(ANSWERS_PER_SECOND, ANSWERS_PER_SECOND);

  PseudoNeighbors(
      PseudoHomeNetwork.Settings settings,
      HomeRouterKnowledge knowledge,
      GuestAddresses guestAddresses,
      NeighborFrames frames,
      Counters counters) {
    this.knowledge = knowledge;
    this.guestAddresses = guestAddresses;
    this.homeAgent = settings.homeAgent();
    this.guestMac = settings.guestMac();
    this.pseudoMac = settings.pseudoMac();
    this.stationLinkLocal = Ipv6Address.linkLocalOf(pseudoMac);
    this.frames = frames;
    this.counters = counters;
  }

  /** The link-local address from which we speak: the router's, or one of our own. */
  Ipv6Address speaker() {
    HomeRouter router = knowledge.router();
    return router == null ? stationLinkLocal : router.linkLocal();
  }

  /** Says whether the guest must not have an address. */
  boolean isDefended(Ipv6Address address) {
    return address.equals(homeAgent)
        || address.equals(stationLinkLocal)
        || knowledge.isRouterAddress(address)
        || defended.get(address) != null;
  }

  /** Adds an address to those that are defended; false if there are too many. */
  boolean defend(Ipv6Address address) {
    if (defended.get(address) == null && defended.size() >= MAXIMUM_DEFENDED) {
      return false;
    }
    defended.put(address, address);
    return true;
  }

  void undefend(Ipv6Address address) {
    defended.remove(address);
  }

  /** Tells the guest that somebody else has an address, RFC 4862 §5.4.4. */
  void objectTo(Ipv6Address address) {
    advertise(address, Ipv6Address.ALL_NODES, false, macOf(address));
  }

  /**
   * A solicitation from the unspecified address for an address that is defended. RFC 4861 §7.2.4:
   * "If the source of the solicitation is the unspecified address, the node MUST set the Solicited
   * flag to zero and multicast the advertisement to the all-nodes address."
   */
  void onAddressTest(NeighborSolicitation solicitation, long nowNs) {
    if (mayAnswer(nowNs)) {
      objectTo(solicitation.target());
    }
  }

  /**
   * A solicitation from one of the guest's addresses.
   *
   * @param probed the Ethernet destination, or null where that is a group
   * @param autonomous says of a prefix whether the guest forms addresses in it by itself
   * @return true if the guest's probe made a router known
   */
  boolean onSolicitation(
      NeighborSolicitation solicitation,
      MacAddress probed,
      Predicate<Ipv6Prefix> autonomous,
      long nowNs) {
    Ipv6Address target = solicitation.target();
    if (guestAddresses.contains(target) || target.isUnspecified() || target.isLoopback()) {
      counters.drop(DropReason.ND_NOT_OURS);
      return false;
    }
    boolean learned = false;
    if (probed != null && target.isLinkLocal() && isRouterProbe(target, probed)) {
      learned = knowledge.learnFromGuest(target, probed, autonomous);
    }
    MacAddress answer = probed == null ? resolved(target) : confirmed(target, probed);
    if (answer == null) {
      counters.drop(DropReason.ND_NOT_OURS);
    } else if (mayAnswer(nowNs)) {
      advertise(target, solicitation.source(), true, answer);
    }
    return learned;
  }

  /** A probe of the router: by its address, or by the MAC to which off-link traffic goes. */
  private boolean isRouterProbe(Ipv6Address target, MacAddress probed) {
    return knowledge.isRouterLinkLocal(target)
        || !target.equals(stationLinkLocal) && knowledge.isRouterMac(probed);
  }

  /**
   * Neighbour unreachability detection: the guest has the neighbour in its cache. It is confirmed
   * as it stands there, so that the entry is right again at home. A neighbour's link-local address
   * is not: nothing sent to it could be carried, and the guest had better know.
   */
  private MacAddress confirmed(Ipv6Address target, MacAddress probed) {
    boolean reachable =
        !target.isLinkLocal()
            || target.equals(stationLinkLocal)
            || knowledge.isRouterLinkLocal(target);
    return reachable ? probed : null;
  }

  /** Address resolution: the guest does not know the neighbour (any more). */
  private MacAddress resolved(Ipv6Address target) {
    if (target.isLinkLocal()) {
      return target.equals(stationLinkLocal) || knowledge.isRouterLinkLocal(target)
          ? macOf(target)
          : null;
    }
    return knowledge.isOnLink(target.high(), target.low()) || target.equals(homeAgent)
        ? macOf(target)
        : null;
  }

  private MacAddress macOf(Ipv6Address address) {
    return knowledge.isRouterAddress(address) ? knowledge.mac() : pseudoMac;
  }

  private boolean mayAnswer(long nowNs) {
    if (answers.tryTake(nowNs)) {
      return true;
    }
    counters.drop(DropReason.ND_RATE_LIMITED);
    return false;
  }

  private void advertise(
      Ipv6Address target, Ipv6Address destination, boolean solicited, MacAddress mac) {
    // RFC 4861 §7.2.5: a Router flag that changes to zero makes the guest "remove that router from
    // the Default Router List". The home agent is a router as well (RFC 6275 §7).
    boolean router =
        knowledge.isRouterAddress(target)
            || target.equals(homeAgent)
            || !mac.equals(pseudoMac) && knowledge.isRouterMac(mac);
    frames.send(
        new NeighborAdvertisement(target, destination, target, router, solicited, false, mac),
        guestMac,
        mac);
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }
}
