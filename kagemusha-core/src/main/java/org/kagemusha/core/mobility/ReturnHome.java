package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * What returning home takes besides the Binding Update itself (RFC 6275 §11.5.5): the home agent's
 * link-layer address before it, and the guest's advertisements after its acknowledgement.
 *
 * <p>The address comes from the Router Advertisement that carries the home agent's own address in a
 * Prefix Information option (R bit, §7.2), from the home agent's defence of the home address, or
 * from resolving the home agent's address as the tap's own station; it is kept.
 */
final class ReturnHome {

  /** MAX_NEIGHBOR_ADVERTISEMENT, RFC 4861 §10. */
  static final int ANNOUNCE_TIMES = 3;

  /** RetransTimer, RFC 4861 §10. */
  static final long ANNOUNCE_INTERVAL_NS = 1_000_000_000L;

  private final HomeLinkFrames frames;
  private final Map<Ipv6Address, MacAddress> linkLayers = new HashMap<>();
  private final List<Announcement> announcements = new ArrayList<>();
  private List<Ipv6Address> homeAgents = List.of();
  private MacAddress defender;
  private MacAddress proxy;

  private static final class Announcement {
    private final Ipv6Address address;
    private int left = ANNOUNCE_TIMES;
    private long nextNs;

    Announcement(Ipv6Address address, long nextNs) {
      this.address = address;
      this.nextNs = nextNs;
    }
  }

  ReturnHome(HomeLinkFrames frames) {
    this.frames = frames;
  }

  /** The home agents whose link-layer addresses are of interest. */
  void homeAgents(Collection<Ipv6Address> addresses) {
    homeAgents = List.copyOf(addresses);
    linkLayers.keySet().retainAll(homeAgents);
  }

  /**
   * A valid Router Advertisement of the home link.
   *
   * @param station the frame's Ethernet source
   * @return true if a home agent's link-layer address is news
   */
  boolean onRouterAdvertisement(RouterAdvertisement advertisement, MacAddress station) {
    MacAddress given = advertisement.sourceLinkLayerAddress();
    boolean news = false;
    for (PrefixInformation prefix : advertisement.prefixes()) {
      if (prefix.has(PrefixInformation.ROUTER_ADDRESS)) {
        news |= learn(prefix.prefixOrRouterAddress(), given == null ? station : given);
      }
    }
    return news;
  }

  /**
   * A Neighbor Advertisement of the home agent for its own address.
   *
   * @return true if its link-layer address is news
   */
  boolean onHomeAgentAdvertisement(NeighborAdvertisement advertisement, MacAddress station) {
    MacAddress given = advertisement.targetLinkLayerAddress();
    return learn(advertisement.target(), given == null ? station : given);
  }

  /**
   * A Neighbor Advertisement of another station for a home address: the home agent defends it.
   *
   * @return true if that is news
   */
  boolean onDefence(MacAddress station) {
    boolean news = !station.isGroup() && !station.equals(defender);
    if (news) {
      defender = station;
    }
    return news;
  }

  /**
   * A station advertised a home address while the guest is elsewhere: it is who will ask where the
   * guest is when it returns, by another address perhaps than the home agent's own.
   */
  void onProxied(MacAddress station) {
    if (!station.isGroup()) {
      proxy = station;
    }
  }

  private boolean learn(Ipv6Address homeAgent, MacAddress mac) {
    return homeAgents.contains(homeAgent)
        && !mac.isGroup()
        && !mac.equals(linkLayers.put(homeAgent, mac));
  }

  /**
   * Sends a Binding Update to the home agent's link-layer address. Where that is not known, it is
   * asked for and the update is lost; where an earlier update went unanswered, it is asked for
   * again.
   *
   * @return true if the update was sent
   */
  boolean send(HomeRegistration registration, PacketBuffer update) {
    MacAddress mac = linkLayers.getOrDefault(registration.homeAgent(), defender);
    if (mac != null) {
      frames.send(update, mac);
      frames.answerBeforehand(
          registration.homeAddress(), registration.homeAgent(), proxy == null ? mac : proxy);
    }
    if (mac == null || registration.retransmissions() > 0) {
      frames.solicitDefender(registration.homeAddress());
      frames.resolve(registration.homeAgent());
    }
    return mac != null;
  }

  /** Announces an address of the guest on the home link from now on. */
  void announce(Ipv6Address address, long nowNs) {
    for (Announcement announcement : announcements) {
      if (announcement.address.equals(address)) {
        announcement.left = ANNOUNCE_TIMES;
        announcement.nextNs = nowNs;
        return;
      }
    }
    announcements.add(new Announcement(address, nowNs));
  }

  /** Sends the announcements that are due. */
  void onDeadline(long nowNs) {
    Iterator<Announcement> all = announcements.iterator();
    while (all.hasNext()) {
      Announcement announcement = all.next();
      if (announcement.nextNs <= nowNs) {
        frames.announceGuest(announcement.address);
        announcement.nextNs = nowNs + ANNOUNCE_INTERVAL_NS;
        if (--announcement.left == 0) {
          all.remove();
        }
      }
    }
  }

  /** When {@link #onDeadline} wants to be called. */
  long nextDeadlineNs() {
    long next = NodeEngine.NEVER;
    for (int i = 0; i < announcements.size(); i++) {
      next = Math.min(next, announcements.get(i).nextNs);
    }
    return next;
  }

  /** Falls silent; link-layer addresses stay known, but not who answered the last return. */
  void stop() {
    announcements.clear();
    defender = null;
  }
}
