package org.kagemusha.core.homeagent;

import java.util.List;
import java.util.random.RandomGenerator;
import org.kagemusha.core.homeagent.HomeAgentSettings.Advertisement;
import org.kagemusha.core.message.HomeAgentInformation;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Sends Router Advertisements for the kernel's router on the home link: RFC 4861 §6.2 with the
 * extensions of RFC 6275 §7.
 */
final class RouterAdvertiser {

  /** RFC 4861 §10, MAX_INITIAL_RTR_ADVERTISEMENTS. */
  static final int INITIAL_ADVERTISEMENTS = 3;

  /** RFC 4861 §10, MAX_INITIAL_RTR_ADVERT_INTERVAL. */
  static final long INITIAL_INTERVAL_NS = 16_000_000_000L;

  /** RFC 4861 §10, MAX_RA_DELAY_TIME. */
  static final long ANSWER_DELAY_NS = 500_000_000L;

  /** RFC 4861 §10, MIN_DELAY_BETWEEN_RAS; RFC 6275 §12 lets it be smaller where intervals are. */
  static final long DELAY_BETWEEN_NS = 3_000_000_000L;

  private static final long MS = 1_000_000L;

  private final CountedUnderlay underlay;
  private final RandomGenerator random;
  private final Counters counters;
  private HomeAgentSettings settings;
  private Advertisement advertisement;
  private int initialLeft;
  private boolean sentOne;
  private long lastNs;
  private long nextNs = NodeEngine.NEVER;

  RouterAdvertiser(CountedUnderlay underlay, RandomGenerator random, Counters counters) {
    this.underlay = underlay;
    this.random = random;
    this.counters = counters;
  }

  /** Begins to advertise, or follows changed settings: what changed is advertised soon. */
  void settings(HomeAgentSettings changed, long nowNs) {
    if (advertisement != null && changed.advertisement() == null) {
      stop();
    }
    settings = changed;
    advertisement = changed.advertisement();
    if (advertisement == null) {
      nextNs = NodeEngine.NEVER;
      return;
    }
    // RFC 4861 §6.2.4: "whenever any of the information [...] changes [...] the router MAY transmit
    // up to MAX_INITIAL_RTR_ADVERTISEMENTS unsolicited advertisements".
    initialLeft = INITIAL_ADVERTISEMENTS;
    nextNs = sentOne ? Math.max(nowNs, lastNs + delayBetweenNs()) : nowNs;
  }

  /** A valid Router Solicitation was heard. */
  void onSolicitation(long nowNs) {
    if (advertisement == null) {
      return;
    }
    // RFC 4861 §6.2.6: "a router MUST delay a response to a Router Solicitation by a random time
    // between 0 and MAX_RA_DELAY_TIME seconds. [...] consecutive Router Advertisements sent to the
    // all-nodes multicast address MUST be rate limited to no more than one advertisement every
    // MIN_DELAY_BETWEEN_RAS seconds."
    long answerNs = nowNs + random.nextLong(ANSWER_DELAY_NS + 1);
    if (sentOne) {
      answerNs = Math.max(answerNs, lastNs + delayBetweenNs());
    }
    nextNs = Math.min(nextNs, answerNs);
  }

  long nextDeadlineNs() {
    return nextNs;
  }

  void onDeadline(long nowNs) {
    if (nextNs > nowNs) {
      return;
    }
    send(message(false));
    sentOne = true;
    lastNs = nowNs;
    nextNs = nowNs + intervalNs();
  }

  /** The last one: RFC 4861 §6.2.5, "with a Router Lifetime field of zero". */
  void stop() {
    if (advertisement != null) {
      send(message(true));
      advertisement = null;
      nextNs = NodeEngine.NEVER;
    }
  }

  private long intervalNs() {
    // RFC 4861 §6.2.4: "uniformly distributed between the interface's configured MinRtrAdvInterval
    // and MaxRtrAdvInterval".
    long minimum = advertisement.minimumIntervalMs() * MS;
    long maximum = advertisement.maximumIntervalMs() * MS;
    long interval = minimum + random.nextLong(maximum - minimum + 1);
    if (initialLeft > 0 && --initialLeft > 0) {
      // "if the randomly chosen interval is greater than MAX_INITIAL_RTR_ADVERT_INTERVAL, the timer
      // SHOULD be set to MAX_INITIAL_RTR_ADVERT_INTERVAL instead."
      interval = Math.min(interval, INITIAL_INTERVAL_NS);
    }
    return interval;
  }

  private long delayBetweenNs() {
    return Math.min(DELAY_BETWEEN_NS, advertisement.minimumIntervalMs() * MS);
  }

  private void send(RouterAdvertisement message) {
    counters.add(Counter.ROUTER_ADVERTISEMENTS_SENT);
    underlay.sendOwn(PacketBuffer.copyOf(NeighborDiscovery.build(message)));
  }

  private RouterAdvertisement message(boolean last) {
    return new RouterAdvertisement(
        settings.kernelLinkLocal(),
        Ipv6Address.ALL_NODES,
        advertisement.currentHopLimit(),
        last ? 0 : RouterAdvertisement.HOME_AGENT,
        last ? 0 : advertisement.routerLifetimeSeconds(),
        0,
        0,
        // RFC 6275 §7.5: "Home agents MUST include the Source Link-Layer Address option in all
        // Router Advertisements they send."
        settings.gatewayMac(),
        advertisement.linkMtu(),
        List.of(prefix()),
        last ? null : homeAgentInformation(),
        advertisedIntervalMs(),
        List.of());
  }

  private PrefixInformation prefix() {
    // RFC 6275 §7.2: "a home agent MUST [...] include at least one Prefix Information option with
    // the Router Address (R) bit set": the field then holds the whole address.
    return new PrefixInformation(
        settings.address(),
        settings.homePrefix().length(),
        PrefixInformation.ON_LINK | PrefixInformation.AUTONOMOUS | PrefixInformation.ROUTER_ADDRESS,
        settings.prefixValidSeconds(),
        settings.prefixPreferredSeconds());
  }

  private int advertisedIntervalMs() {
    // RFC 6275 §7.3: "this field MUST be equal to the value MaxRtrAdvInterval, expressed in
    // milliseconds"; §7.5: "Routers SHOULD add 20 ms to any Advertisement Intervals sent in RAs
    // that are below 200 ms".
    int interval = advertisement.maximumIntervalMs();
    return interval < 200 ? interval + 20 : interval;
  }

  private HomeAgentInformation homeAgentInformation() {
    int lifetime = advertisement.homeAgentLifetimeSeconds();
    if (lifetime == 0) {
      lifetime = advertisement.routerLifetimeSeconds();
    }
    // RFC 6275 §7.4: "If both the Home Agent Preference and Home Agent Lifetime are set to their
    // default values specified above, this option SHOULD NOT be included"; of the lifetime, "A
    // value of 0 MUST NOT be used."
    boolean isDefault =
        advertisement.homeAgentPreference() == 0
            && lifetime == advertisement.routerLifetimeSeconds();
    return isDefault || lifetime == 0
        ? null
        : new HomeAgentInformation(advertisement.homeAgentPreference(), lifetime);
  }
}
