package org.kagemusha.core.neighbor;

import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Proxy Neighbor Discovery of a home agent (RFC 6275 §10.4.1): announces home addresses with its
 * own link-layer address, answers solicitations for them, and so defends them. What it costs does
 * not depend on the number of addresses.
 */
public final class ProxyNeighborDiscovery {

  /** For how long it is known who else has claimed a proxied address. */
  static final long CLAIM_NS = 100_000_000L;

  private static final long PACE_NS = 1_000_000L;
  private static final int BURST = 64;
  private static final int ANSWERS_PER_SECOND = 1000;
  private static final int MULTICAST_ANSWERS_PER_SECOND = 100;

  private static final class Proxied extends Timed {
    final Ipv6Address address;
    int announcementsLeft = NeighborFrames.MAX_NEIGHBOR_ADVERTISEMENT;
    MacAddress claimant;
    long claimedNs;

    Proxied(Ipv6Address address) {
      this.address = address;
    }
  }

  private final MacAddress mac;
  private final Ipv6Address source;
  private final NeighborFrames frames;
  private final Counters counters;
  private final Ipv6Map<Proxied> proxied = new Ipv6Map<>();
  private final DeadlineHeap<Proxied> deadlines = new DeadlineHeap<>();
  private final Pacer pacer = new Pacer(PACE_NS, BURST);
  private final TokenBucket answers = new TokenBucket(ANSWERS_PER_SECOND, ANSWERS_PER_SECOND);
  private final TokenBucket multicastAnswers =
      new TokenBucket(MULTICAST_ANSWERS_PER_SECOND, MULTICAST_ANSWERS_PER_SECOND);

  /** Speaks from the link-local address of a MAC address. */
  public ProxyNeighborDiscovery(MacAddress mac, HomeLink link, Counters counters) {
    this(mac, Ipv6Address.linkLocalOf(mac), link, counters);
  }

  /**
   * @param mac the home agent's link-layer address, put in place of the mobile nodes'
   * @param source "the home agent's IP address on the interface" (RFC 6275 §10.4.1), source of all
   *     advertisements
   */
  public ProxyNeighborDiscovery(
      MacAddress mac, Ipv6Address source, HomeLink link, Counters counters) {
    this.mac = mac;
    this.source = source;
    this.frames = new NeighborFrames(link);
    this.counters = counters;
  }

  /**
   * Begins to proxy an address and announces it, up to MAX_NEIGHBOR_ADVERTISEMENT (3) times,
   * RetransTimer (1 s) apart. Adding it again announces it again.
   */
  public void add(Ipv6Address address, long nowNs) {
    Proxied entry = proxied.get(address);
    if (entry == null) {
      entry = new Proxied(address);
      proxied.put(address, entry);
    }
    entry.announcementsLeft = NeighborFrames.MAX_NEIGHBOR_ADVERTISEMENT;
    deadlines.cancel(entry);
    announceInTurn(entry, nowNs);
  }

  /** Stops at once, announcements included; nothing happens for an address that is not proxied. */
  public void remove(Ipv6Address address) {
    Proxied entry = proxied.remove(address);
    if (entry != null) {
      deadlines.cancel(entry);
    }
  }

  /** Says whether an address is proxied. */
  public boolean isProxied(Ipv6Address address) {
    return proxied.get(address) != null;
  }

  /** How many addresses are proxied. */
  public int size() {
    return proxied.size();
  }

  /**
   * Takes a frame from the home link and answers if it is a solicitation for a proxied address.
   *
   * @return true if the target is proxied: answered, withheld by the rate limit, or invalid
   */
  public boolean onNeighborSolicitation(PacketBuffer frame, long nowNs) {
    if (NeighborFrames.targetedType(frame) != NeighborSolicitation.TYPE) {
      return false;
    }
    int target = NeighborFrames.targetIndex(frame);
    if (proxied.get(frame.bytes().getLong(target), frame.bytes().getLong(target + 8)) == null) {
      return false;
    }
    NeighborMessage message = NeighborFrames.parse(frame);
    if (message instanceof NeighborSolicitation solicitation) {
      return onNeighborSolicitation(solicitation, NeighborFrames.stationOf(frame), nowNs);
    }
    counters.drop(DropReason.ND_INVALID);
    return true;
  }

  /**
   * The same for a solicitation that was read already.
   *
   * @param station the Ethernet source of its frame
   */
  public boolean onNeighborSolicitation(
      NeighborSolicitation solicitation, MacAddress station, long nowNs) {
    if (proxied.get(solicitation.target()) == null || station.equals(mac)) {
      return false;
    }
    if (solicitation.source().isUnspecified()) {
      answerUnspecified(solicitation, nowNs);
    } else {
      answer(solicitation, station, nowNs);
    }
    return true;
  }

  /**
   * Notes who else claims a proxied address; nothing is sent for it. The mobile node that returns
   * (RFC 6275 §11.5.5) says where it is at the moment at which it deregisters, and the two may come by
   * ways of which the one is the faster.
   */
  public void onNeighborAdvertisement(NeighborAdvertisement advertisement, long nowNs) {
    Proxied entry = proxied.get(advertisement.target());
    MacAddress given = advertisement.targetLinkLayerAddress();
    if (entry != null
        && given != null
        && advertisement.override()
        && NeighborFrames.isStation(given)
        && !given.equals(mac)) {
      entry.claimant = given;
      entry.claimedNs = nowNs;
    }
  }

  /**
   * Who else has claimed a proxied address just now.
   *
   * @return a link-layer address, or null
   */
  public MacAddress claimant(Ipv6Address address, long nowNs) {
    Proxied entry = proxied.get(address);
    return entry == null || nowNs - entry.claimedNs > CLAIM_NS ? null : entry.claimant;
  }

  /** Sends the announcements that are due. */
  public void onDeadline(long nowNs) {
    for (Proxied due = deadlines.pollDue(nowNs); due != null; due = deadlines.pollDue(nowNs)) {
      announce(due, nowNs);
    }
  }

  /** When {@link #onDeadline} is due, or {@link org.kagemusha.core.node.NodeEngine#NEVER}. */
  public long nextDeadlineNs() {
    return deadlines.nextDeadlineNs();
  }

  private void announceInTurn(Proxied entry, long nowNs) {
    long slotNs = pacer.next(nowNs);
    if (slotNs <= nowNs) {
      announce(entry, nowNs);
    } else {
      deadlines.schedule(entry, slotNs);
    }
  }

  private void announce(Proxied entry, long nowNs) {
    // RFC 6275 §10.4.1: "The Router (R) bit in the Advertisement MUST be set to zero. The Solicited
    // (S) flag in the Advertisement MUST NOT be set [...] The Override (O) flag in the
    // Advertisement MUST be set".
    multicast(entry.address, true);
    // "the home agent MAY retransmit this Neighbor Advertisement message up to
    // MAX_NEIGHBOR_ADVERTISEMENT times"; RFC 4861 §7.2.6: "These advertisements MUST be separated
    // by at least RetransTimer seconds."
    if (--entry.announcementsLeft > 0) {
      deadlines.schedule(entry, nowNs + NeighborFrames.RETRANS_TIMER_NS);
    }
  }

  private void answerUnspecified(NeighborSolicitation solicitation, long nowNs) {
    if (!multicastAnswers.tryTake(nowNs)) {
      counters.drop(DropReason.ND_RATE_LIMITED);
      return;
    }
    // RFC 6275 §11.5.5, of a node returning home: "The home agent will send a multicast Neighbor
    // Advertisement back to the mobile node with the Solicited (S) flag set to zero." The same
    // frame is another node's Duplicate Address Detection, and the same answer defends the address
    // (RFC 4861 §7.2.4). §7.2.8: "All solicited proxy Neighbor Advertisement messages MUST have the
    // Override flag set to zero."
    multicast(solicitation.target(), false);
  }

  private void answer(NeighborSolicitation solicitation, MacAddress station, long nowNs) {
    MacAddress to = NeighborFrames.answerTo(solicitation, station);
    if (to == null) {
      counters.drop(DropReason.ND_INVALID);
      return;
    }
    if (!answers.tryTake(nowNs)) {
      counters.drop(DropReason.ND_RATE_LIMITED);
      return;
    }
    // RFC 4861 §7.2.4: "the node MUST set the Solicited flag to one and unicast the advertisement
    // to the Source Address of the solicitation"; §7.2.8: Override is zero, and no delay is needed
    // "where only one proxy is present". RFC 6275 §10.4.1: R is zero.
    frames.send(
        new NeighborAdvertisement(
            source, solicitation.source(), solicitation.target(), false, true, false, mac),
        to,
        mac);
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }

  private void multicast(Ipv6Address target, boolean override) {
    frames.send(
        new NeighborAdvertisement(
            source, Ipv6Address.ALL_NODES, target, false, false, override, mac),
        MacAddress.multicastOf(Ipv6Address.ALL_NODES),
        mac);
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }
}
