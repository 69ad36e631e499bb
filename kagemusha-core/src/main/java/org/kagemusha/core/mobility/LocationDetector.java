package org.kagemusha.core.mobility;

import java.util.List;
import java.util.Locale;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Home Link Detection (RFC 6275 §11.5.2). With {@code AUTO} this place is the home link while a
 * Router Advertisement with an on-link home prefix, sent to the Ethernet multicast address by
 * another station, is younger than its router lifetime (1800 s where that is zero), or while the
 * care-of address itself lies in a home prefix. Otherwise it is a foreign network, but not before
 * {@link #FIRST_WAIT_NS} after the start: until then it is undecided, and the node keeps what it
 * has. Router Solicitations go out at the start, and again when the evidence has run out.
 *
 * <p>An advertisement to the guest's own MAC address proves nothing: pseudo home networks send
 * those.
 */
final class LocationDetector {

  /** Where this place is. */
  enum Place {
    /** Not known yet. */
    UNDECIDED,
    /** The home link. */
    HOME,
    /** A foreign network. */
    FOREIGN;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** How long the start waits for evidence of the home link. */
  static final long FIRST_WAIT_NS = 1_000_000_000L;

  /** RTR_SOLICITATION_INTERVAL, RFC 4861 §10. */
  static final long SOLICIT_INTERVAL_NS = 4_000_000_000L;

  /** MAX_RTR_SOLICITATIONS, RFC 4861 §10. */
  static final int SOLICIT_TIMES = 3;

  private static final long SECOND_NS = 1_000_000_000L;
  private static final long NONE = Long.MIN_VALUE;
  private static final long LIFETIME_OF_NO_ROUTER_SECONDS = 1800;

  private MobileNodeSettings.Location configured;
  private List<Ipv6Prefix> homePrefixes;
  private boolean saidHome;
  private boolean started;
  private Ipv6Address careOf;
  private long evidenceUntilNs = NONE;
  private long decideNs;
  private boolean decided;
  private long solicitNs = NodeEngine.NEVER;
  private int solicited;

  LocationDetector(MobileNodeSettings.Location configured, List<Ipv6Prefix> homePrefixes) {
    settings(configured, homePrefixes);
  }

  /** Applies settings; what an operator said is forgotten. */
  void settings(MobileNodeSettings.Location location, List<Ipv6Prefix> prefixes) {
    configured = location;
    homePrefixes = List.copyOf(prefixes);
    saidHome = false;
  }

  /**
   * Begins; later calls do nothing.
   *
   * @return true if this call was the first
   */
  boolean start(long nowNs) {
    if (started) {
      return false;
    }
    started = true;
    decideNs = nowNs + FIRST_WAIT_NS;
    solicitNs = nowNs;
    return true;
  }

  /** An operator or hook says that this is the home link. */
  void sayHome() {
    saidHome = true;
  }

  /** The care-of address in force, or null. */
  void careOf(Ipv6Address address) {
    careOf = address;
  }

  /**
   * A valid Router Advertisement that another station multicast on the bridge.
   *
   * @return true if it is one of the home link
   */
  boolean onRouterAdvertisement(RouterAdvertisement advertisement, long nowNs) {
    for (PrefixInformation prefix : advertisement.prefixes()) {
      if (isHomePrefix(prefix)) {
        long routerSeconds = advertisement.routerLifetimeSeconds();
        long seconds = routerSeconds > 0 ? routerSeconds : LIFETIME_OF_NO_ROUTER_SECONDS;
        seconds = Math.min(seconds, prefix.validSeconds());
        evidenceUntilNs = Math.max(evidenceUntilNs, nowNs + seconds * SECOND_NS);
        solicitNs = NodeEngine.NEVER;
        solicited = 0;
        return true;
      }
    }
    return false;
  }

  private boolean isHomePrefix(PrefixInformation information) {
    if (!information.has(PrefixInformation.ON_LINK) || information.validSeconds() == 0) {
      return false;
    }
    Ipv6Prefix advertised = information.prefix();
    for (Ipv6Prefix home : homePrefixes) {
      if (home.equals(advertised)) {
        return true;
      }
    }
    return false;
  }

  /** Where this place is now. */
  Place place(long nowNs) {
    if (saidHome || configured == MobileNodeSettings.Location.HOME) {
      return Place.HOME;
    }
    if (configured == MobileNodeSettings.Location.FOREIGN) {
      return Place.FOREIGN;
    }
    if (evidenceUntilNs != NONE && nowNs < evidenceUntilNs || isCareOfAtHome()) {
      return Place.HOME;
    }
    return decided ? Place.FOREIGN : Place.UNDECIDED;
  }

  private boolean isCareOfAtHome() {
    if (careOf != null) {
      for (Ipv6Prefix home : homePrefixes) {
        if (home.contains(careOf)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Does what is due.
   *
   * @return true if a Router Solicitation is to be sent
   */
  boolean onDeadline(long nowNs) {
    if (evidenceUntilNs != NONE && nowNs >= evidenceUntilNs) {
      evidenceUntilNs = NONE;
      solicited = 0;
      solicitNs = nowNs;
      decided = false;
      decideNs = nowNs + SOLICIT_TIMES * SOLICIT_INTERVAL_NS;
    }
    decided |= started && nowNs >= decideNs;
    if (nowNs < solicitNs || configured != MobileNodeSettings.Location.AUTO || saidHome) {
      return false;
    }
    solicited++;
    solicitNs = solicited < SOLICIT_TIMES ? nowNs + SOLICIT_INTERVAL_NS : NodeEngine.NEVER;
    return true;
  }

  /** When {@link #onDeadline} or a change of {@link #place} is due. */
  long nextDeadlineNs() {
    if (configured != MobileNodeSettings.Location.AUTO || saidHome) {
      return NodeEngine.NEVER;
    }
    long next = solicitNs;
    if (evidenceUntilNs != NONE) {
      next = Math.min(next, evidenceUntilNs);
    } else if (started && !decided) {
      next = Math.min(next, decideNs);
    }
    return next;
  }
}
