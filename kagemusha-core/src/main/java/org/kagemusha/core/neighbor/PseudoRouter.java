package org.kagemusha.core.neighbor;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;

/**
 * The Router Advertisements of the home router, repeated to the guest (RFC 4861 §6.2): as an
 * answer, and periodically so that nothing that the guest learned at home runs out. Every frame
 * goes to the guest's own MAC, whatever the IPv6 destination (RFC 6085 §3), so no other station
 * hears it.
 */
final class PseudoRouter {

  /** MIN_DELAY_BETWEEN_RAS, RFC 4861 §10. */
  static final long MIN_DELAY_BETWEEN_RAS_NS = 3_000_000_000L;

  /** MAX_INITIAL_RTR_ADVERT_INTERVAL, RFC 4861 §10. */
  static final long MAX_INITIAL_INTERVAL_NS = 16_000_000_000L;

  private static final int MAX_INITIAL_ADVERTISEMENTS = 3;
  private static final long LONGEST_INTERVAL_SECONDS = 600;
  private static final long SHORTEST_INTERVAL_SECONDS = 4;
  private static final long NS_PER_SECOND = 1_000_000_000L;
  private static final int SOLICITED_PER_SECOND = 1;
  private static final int SOLICITED_AT_ONCE = 3;
  private static final int FIXED_OCTETS = Ipv6Header.BYTES + 16 + 8;
  private static final int PREFIX_OCTETS = 32;

  private final HomeRouterKnowledge knowledge;
  private final MacAddress guestMac;
  private final NeighborFrames frames;
  private final RandomGenerator random;
  private final Counters counters;
  private final TokenBucket solicited = new TokenBucket(SOLICITED_PER_SECOND, SOLICITED_AT_ONCE);
  private boolean running;
  private boolean sent;
  private long sentNs;
  private long latestNs;
  private int initialLeft;
  private long nextNs = NodeEngine.NEVER;

  PseudoRouter(
      HomeRouterKnowledge knowledge,
      MacAddress guestMac,
      NeighborFrames frames,
      RandomGenerator random,
      Counters counters) {
    this.knowledge = knowledge;
    this.guestMac = guestMac;
    this.frames = frames;
    this.random = random;
    this.counters = counters;
  }

  /** Begins to advertise, with the first advertisement at once, unless that goes on already. */
  void start(long nowNs) {
    sent &= running;
    running = true;
    routerChanged(nowNs);
    onDeadline(nowNs);
  }

  void stop() {
    running = false;
    nextNs = NodeEngine.NEVER;
  }

  /** As {@link #routerChanged(long)}, at a time that is not told: the latest known will do. */
  void routerChanged() {
    routerChanged(latestNs);
  }

  /** What the router is has changed, or became known: due at once, as after a start (§6.2.4). */
  void routerChanged(long nowNs) {
    initialLeft = MAX_INITIAL_ADVERTISEMENTS;
    scheduleSoon(nowNs);
  }

  private void scheduleSoon(long nowNs) {
    latestNs = nowNs;
    if (running && knowledge.router() != null) {
      // RFC 4861 §6.2.6: "consecutive Router Advertisements sent to the all-nodes multicast address
      // MUST be rate limited to no more than one advertisement every MIN_DELAY_BETWEEN_RAS
      // seconds."
      long earliestNs = sent ? Math.max(nowNs, sentNs + MIN_DELAY_BETWEEN_RAS_NS) : nowNs;
      nextNs = Math.min(nextNs, earliestNs);
    }
  }

  /**
   * RFC 4861 §6.2.6. The random delay is left out: nobody else answers, and only one host hears.
   */
  void onSolicitation(RouterSolicitation solicitation, long nowNs) {
    if (!running || knowledge.router() == null) {
      counters.drop(DropReason.ND_NOT_OURS);
    } else if (solicitation.source().isUnspecified()) {
      scheduleSoon(nowNs);
      onDeadline(nowNs);
    } else if (solicited.tryTake(nowNs)) {
      // "A router MAY choose to unicast the response directly to the soliciting host's address".
      send(solicitation.source(), nowNs);
    } else {
      counters.drop(DropReason.ND_RATE_LIMITED);
    }
  }

  void onDeadline(long nowNs) {
    latestNs = nowNs;
    if (nowNs < nextNs) {
      return;
    }
    if (knowledge.router() == null) {
      nextNs = NodeEngine.NEVER;
      return;
    }
    send(Ipv6Address.ALL_NODES, nowNs);
    sent = true;
    sentNs = nowNs;
    nextNs = nowNs + intervalNs(nowNs);
  }

  long nextDeadlineNs() {
    return nextNs;
  }

  /**
   * RFC 4861 §6.2.4: "a uniformly distributed random value between the interface's configured
   * MinRtrAdvInterval and MaxRtrAdvInterval", here a third of the shortest lifetime, so that two
   * lost advertisements do no harm, and at most 600 s; MinRtrAdvInterval is 0.33 of it (§6.2.1).
   */
  private long intervalNs(long nowNs) {
    long third = knowledge.shortestLifetimeSeconds(nowNs) / 3;
    long maximum = Math.max(SHORTEST_INTERVAL_SECONDS, Math.min(third, LONGEST_INTERVAL_SECONDS));
    long maximumNs = maximum * NS_PER_SECOND;
    long minimumNs = Math.max(MIN_DELAY_BETWEEN_RAS_NS, maximumNs * 33 / 100);
    long intervalNs = minimumNs + random.nextLong(maximumNs - minimumNs);
    if (initialLeft > 0 && --initialLeft > 0) {
      return Math.min(intervalNs, MAX_INITIAL_INTERVAL_NS);
    }
    return intervalNs;
  }

  private void send(Ipv6Address destination, long nowNs) {
    HomeRouter router = knowledge.router();
    List<PrefixInformation> prefixes = new ArrayList<>();
    int octets = FIXED_OCTETS;
    for (PrefixInformation prefix : knowledge.advertisedPrefixes(nowNs)) {
      if (octets + PREFIX_OCTETS <= Ipv6Header.MINIMUM_MTU) {
        prefixes.add(prefix);
        octets += PREFIX_OCTETS;
      }
    }
    List<byte[]> options = new ArrayList<>();
    for (byte[] option : router.rawOptions()) {
      if (octets + option.length <= Ipv6Header.MINIMUM_MTU) {
        options.add(option);
        octets += option.length;
      }
    }
    frames.send(
        new RouterAdvertisement(
            router.linkLocal(),
            destination,
            router.currentHopLimit(),
            router.flags(),
            router.routerLifetimeSeconds(),
            router.reachableTimeMs(),
            router.retransTimerMs(),
            // Left out where it is not known: a wrong one would stay in the guest's cache (§4.2).
            router.mac(),
            0,
            prefixes,
            null,
            0,
            options),
        guestMac,
        knowledge.mac());
    counters.add(Counter.ROUTER_ADVERTISEMENTS_SENT);
  }
}
