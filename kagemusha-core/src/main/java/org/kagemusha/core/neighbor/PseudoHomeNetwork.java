package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.random.RandomGenerator;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The home link as a guest sees it that was moved in mid-life and still has its old router and
 * neighbours in its caches. Takes every frame of the guest, whatever its destination MAC; answers
 * Neighbor and Router Discovery in the place of those at home, learns which addresses the guest
 * has, and says of the rest whether it may enter the tunnel. Everything it sends goes to the
 * guest's MAC.
 *
 * <p>A packet that is data allocates nothing here.
 */
public final class PseudoHomeNetwork {

  /** What became of a guest frame. */
  public enum Verdict {
    /** Dealt with (answered, learned or dropped and counted). */
    CONSUMED,
    /**
     * An IPv6 packet for the tunnel: neither link-local nor link-scope. Whether its source is
     * registered is the caller's to check.
     */
    DATA
  }

  /** What is learned of the guest; may call back. */
  public interface GuestListener {
    /**
     * The guest has (DAD, NA, or use as a source) an address on the home prefix or link-local that
     * was not known before.
     */
    void onGuestAddress(Ipv6Address address, long nowNs);

    /** The guest announced itself (RARP is the caller's): unsolicited NA, answer to a probe. */
    void onGuestAnnouncement(long nowNs);
  }

  /**
   * What is known beforehand.
   *
   * @param guestMac the guest's MAC
   * @param homePrefixes on-link prefixes of the home link
   * @param homeAgent defended, resolvable address of the home agent
   * @param router configured or learned; may be null (see {@link #router()})
   * @param pseudoMac the MAC for everybody whose real one is not known; it should be the same on
   *     every host, best that of the home agent's station at home, so that what the guest learns
   *     while abroad still leads somewhere after its return
   */
  public record Settings(
      MacAddress guestMac,
      Collection<Ipv6Prefix> homePrefixes,
      Ipv6Address homeAgent,
      HomeRouter router,
      MacAddress pseudoMac) {

    /**
     * Copies the prefixes.
     *
     * @throws IllegalArgumentException if a MAC is a group's
     */
    public Settings {
      homePrefixes = List.copyOf(homePrefixes);
      if (!NeighborFrames.isStation(guestMac) || !NeighborFrames.isStation(pseudoMac)) {
        throw new IllegalArgumentException("not the MAC address of a station");
      }
    }
  }

  private static final Logger log = LoggerFactory.getLogger(PseudoHomeNetwork.class);
  private static final int GLOBAL_SCOPE = 0xe;
  private static final int ECHO_REPLIES_PER_SECOND = 100;

  private final Settings settings;
  private final GuestListener listener;
  private final Counters counters;
  private final NeighborFrames frames;
  private final GuestAddresses guest = new GuestAddresses();
  private final HomeRouterKnowledge knowledge;
  private final PseudoNeighbors neighbors;
  private final PseudoRouter advertiser;
  private final PseudoMulticastQuerier querier;
  private final PseudoDhcpServer dhcp;
  private final TokenBucket echoReplies =
      new TokenBucket(ECHO_REPLIES_PER_SECOND, ECHO_REPLIES_PER_SECOND);
  private boolean running;

  /** One thread; sends by guestLink; silent until {@link #start}. */
  public PseudoHomeNetwork(
      Settings settings,
      HomeLink guestLink,
      GuestListener listener,
      RandomGenerator random,
      Counters counters) {
    this.settings = settings;
    this.listener = listener;
    this.counters = counters;
    this.frames = new NeighborFrames(guestLink);
    this.knowledge =
        new HomeRouterKnowledge(
            settings.homePrefixes().toArray(new Ipv6Prefix[0]),
            settings.guestMac(),
            settings.pseudoMac(),
            settings.router());
    this.neighbors = new PseudoNeighbors(settings, knowledge, guest, frames, counters);
    this.advertiser =
        new PseudoRouter(knowledge, settings.guestMac(), frames, random, counters);
    this.querier = new PseudoMulticastQuerier(settings.guestMac(), frames);
    this.dhcp = new PseudoDhcpServer(settings, knowledge, neighbors, frames, counters);
  }

  /** Begins to play the home link (foreign state): the first RA and MLD query leave at once. */
  public void start(long nowNs) {
    running = true;
    advertiser.start(nowNs);
    querier.start(nowNs);
    onDeadline(nowNs);
  }

  /** Falls silent (home state, VM left); goes on learning from what it is given. */
  public void stop() {
    running = false;
    advertiser.stop();
    querier.stop();
  }

  /**
   * Takes a frame from the guest's MAC, of EtherType IPv6, that the caller has found complete, with
   * a finished checksum, or a super-frame of TCP or UDP. A verdict of {@link Verdict#DATA} leaves
   * the frame as it was.
   */
  public Verdict onGuestFrame(PacketBuffer frame, long nowNs) {
    ByteBuffer bytes = frame.bytes();
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    if (length < Ipv6Header.BYTES) {
      return drop(DropReason.FRAME_TRUNCATED);
    }
    if (!Ipv6Header.isComplete(bytes, at, length)) {
      return drop(DropReason.IPV6_MALFORMED);
    }
    return switch (GuestFrameClassifier.classify(bytes, at)) {
      case OTHER -> onPacket(frame, at, nowNs);
      case NEIGHBOR_DISCOVERY -> onNeighborDiscovery(frame, nowNs);
      case ROUTER_MESSAGE -> drop(DropReason.ND_FROM_GUEST_NOT_ALLOWED);
      case FRAGMENTED_NEIGHBOR_DISCOVERY -> drop(DropReason.ND_FRAGMENTED);
      case HIDDEN_NEIGHBOR_DISCOVERY -> drop(DropReason.ND_INVALID);
      case MULTICAST_LISTENER_DISCOVERY -> onListenerReport(bytes, at, nowNs);
      case ECHO_REQUEST -> onEchoRequest(frame, at, nowNs);
      case MALFORMED -> drop(DropReason.IPV6_MALFORMED);
    };
  }

  /**
   * An RA heard on the home link while at home (whole frame): learns the router. Taken only with an
   * Ethernet group destination, because pseudo-advertisements never have one.
   */
  public void onHomeRouterAdvertisement(PacketBuffer frame, long nowNs) {
    ByteBuffer bytes = frame.bytes();
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = frame.length() - EthernetHeader.BYTES;
    if (length < Ipv6Header.BYTES) {
      counters.drop(DropReason.FRAME_TRUNCATED);
    } else if (NeighborDiscovery.isFragmented(bytes, at, length)) {
      counters.drop(DropReason.ND_FRAGMENTED);
    } else if (!(NeighborFrames.parse(frame) instanceof RouterAdvertisement advertisement)) {
      counters.drop(DropReason.ND_INVALID);
    } else if ((bytes.get(frame.offset()) & 1) == 0
        || !knowledge.learnAtHome(advertisement, NeighborFrames.stationOf(frame), nowNs)) {
      counters.drop(DropReason.ND_NOT_OURS);
    }
  }

  /** The home router as known now, for saving; null if nothing is known. */
  public HomeRouter router() {
    return knowledge.router();
  }

  /**
   * Replaces what is known of the home router (configuration, state file), and tells the guest at
   * the next deadline if the home link is being played. The lifetimes are advertised as they are,
   * until an RA is heard at home. Null forgets the router.
   */
  public void router(HomeRouter router) {
    knowledge.router(router);
    advertiser.routerChanged();
  }

  /**
   * Sets the Ethernet source of every frame that is sent. Unless it is set, that is the MAC of the
   * station that is played, so that a bridge learns the way to it; which is right while one guest
   * of the home link is on a bridge. Where there are several, each with a node of its own beside
   * it, the bridge would take the home router to be behind the node that spoke last, and the
   * others' frames for it would go astray: then this must be a MAC of this node alone, and the
   * bridge floods frames for the router to all nodes, of which the right one takes them.
   *
   * @param mac a MAC of this node alone, or null
   */
  public void ethernetSource(MacAddress mac) {
    frames.station(mac);
  }

  /**
   * From now on defends an address against the guest's DAD (home agent said 134), and objects once
   * at once, in case the guest's own DAD (1 s) is not over. At most 256 addresses.
   */
  public void defend(Ipv6Address address) {
    guest.remove(address);
    if (neighbors.defend(address) && running) {
      neighbors.objectTo(address);
    }
  }

  /** Takes back {@link #defend}. */
  public void undefend(Ipv6Address address) {
    neighbors.undefend(address);
  }

  /**
   * Declares an address to be the guest's own (a configured home address): never answered for, even
   * before it is seen.
   */
  public void declareGuestAddress(Ipv6Address address) {
    neighbors.undefend(address);
    guest.declare(address);
  }

  /** Forgets an address of the guest, so that its next use is reported again. */
  public void forgetGuestAddress(Ipv6Address address) {
    guest.remove(address);
  }

  /**
   * Sends unicast NS to the guest (RFC 4861 §7.3) to learn whether it is there: for the link-local
   * and the other address that it used last.
   */
  public void probeGuest(long nowNs) {
    Ipv6Address linkLocal = guest.mostRecent(true);
    probe(linkLocal == null ? Ipv6Address.linkLocalOf(settings.guestMac()) : linkLocal);
    Ipv6Address global = guest.mostRecent(false);
    Ipv6Address other = global == null ? guest.anyDeclared() : global;
    if (other != null) {
      probe(other);
    }
  }

  /**
   * Sends an IPv6 packet (ICMPv6 error, decapsulated data) to the guest: the Ethernet header is put
   * into its headroom, and stays there. Allocates nothing.
   */
  public void deliver(PacketBuffer ipv6) {
    frames.send(ipv6, settings.guestMac(), knowledge.mac());
  }

  /** The guest's addresses seen so far. */
  public Collection<Ipv6Address> guestAddresses() {
    return guest.all();
  }

  /**
   * Says whether an address, given as two words in network order, was seen with the guest or was
   * declared to be its own. Allocates nothing.
   */
  public boolean isGuestAddress(long high, long low) {
    return guest.contains(high, low);
  }

  /**
   * How long an address that the guest makes itself out of a home prefix (RFC 4862 §5.5.3) is
   * valid, in seconds: as the home router said; 4294967295 is for ever, or not known.
   */
  public long validSeconds(Ipv6Address address, long nowNs) {
    return knowledge.validSeconds(address, nowNs);
  }

  /** Says whether an address, given as two words, is on a home prefix. Allocates nothing. */
  public boolean isOnHomePrefix(long high, long low) {
    return knowledge.isOnHomePrefix(high, low);
  }

  /** Sends the RA and the MLD query that are due. */
  public void onDeadline(long nowNs) {
    advertiser.onDeadline(nowNs);
    querier.onDeadline(neighbors.speaker(), knowledge.mac(), nowNs);
  }

  /** When {@link #onDeadline} is due, or {@link org.kagemusha.core.node.NodeEngine#NEVER}. */
  public long nextDeadlineNs() {
    return Math.min(advertiser.nextDeadlineNs(), querier.nextDeadlineNs());
  }

  private Verdict onPacket(PacketBuffer frame, int at, long nowNs) {
    ByteBuffer bytes = frame.bytes();
    long sourceHigh = bytes.getLong(at + Ipv6Header.SOURCE);
    long sourceLow = bytes.getLong(at + Ipv6Header.SOURCE + 8);
    long high = bytes.getLong(at + Ipv6Header.DESTINATION);
    long low = bytes.getLong(at + Ipv6Header.DESTINATION + 8);
    boolean fromLinkLocal = isLinkLocal(sourceHigh);
    learnSource(sourceHigh, sourceLow, nowNs);
    if (isMulticast(high)) {
      if (running && !frame.isSuperPacket() && PseudoDhcpServer.isForServers(bytes, at)) {
        DropReason refused = dhcp.onMessage(bytes, at, nowNs);
        return refused == null ? Verdict.CONSUMED : drop(refused);
      }
      return onMulticast(high, fromLinkLocal);
    }
    // RFC 4291 §2.5.6: "Routers must not forward any packets with Link-Local source or destination
    // addresses to other links." RFC 6275 §10.4.2 says the same of the tunnel.
    if (fromLinkLocal || isLinkLocal(high)) {
      return drop(DropReason.LINK_LOCAL_NOT_TUNNELLED);
    }
    if (isMulticast(sourceHigh) || sourceHigh == 0 && sourceLow >>> 1 == 0) {
      return drop(DropReason.INNER_SOURCE_SPOOFED);
    }
    if (high == 0 && low >>> 1 == 0) {
      return drop(DropReason.IPV6_MALFORMED);
    }
    if (knowledge.isOnLink(high, low)) {
      if (guest.contains(high, low)) {
        return drop(DropReason.TUNNEL_LOOP);
      }
    } else {
      knowledge.noteOffLink(EthernetHeader.destinationBits(bytes, frame.offset()));
    }
    return Verdict.DATA;
  }

  /** Of multicast, what may leave the link is of global scope; the rest means the home site. */
  private Verdict onMulticast(long high, boolean fromLinkLocal) {
    if ((high >>> 48 & 0xf) != GLOBAL_SCOPE) {
      return drop(DropReason.MULTICAST_NOT_TUNNELLED);
    }
    // RFC 6275 §11.3.4: "a mobile node that tunnels a multicast packet to its home agent MUST use
    // its home address as the IPv6 Source Address of the inner multicast packet."
    return fromLinkLocal ? drop(DropReason.LINK_LOCAL_NOT_TUNNELLED) : Verdict.DATA;
  }

  private Verdict onListenerReport(ByteBuffer bytes, int at, long nowNs) {
    learnSource(
        bytes.getLong(at + Ipv6Header.SOURCE), bytes.getLong(at + Ipv6Header.SOURCE + 8), nowNs);
    return drop(DropReason.MLD_CONSUMED);
  }

  /** The router's link-local address is pinged by the guest's monitoring; others are data. */
  private Verdict onEchoRequest(PacketBuffer frame, int at, long nowNs) {
    ByteBuffer bytes = frame.bytes();
    if (!running || !isLinkLocal(bytes.getLong(at + Ipv6Header.DESTINATION))) {
      return onPacket(frame, at, nowNs);
    }
    Ipv6Address destination = Ipv6Header.destination(bytes, at);
    if (!knowledge.isRouterLinkLocal(destination) && !destination.equals(neighbors.speaker())) {
      return onPacket(frame, at, nowNs);
    }
    learnSource(
        bytes.getLong(at + Ipv6Header.SOURCE), bytes.getLong(at + Ipv6Header.SOURCE + 8), nowNs);
    int length = frame.length() - EthernetHeader.BYTES;
    if (!Icmpv6.isValid(bytes, at, length)) {
      return drop(DropReason.IPV6_MALFORMED);
    }
    if (!echoReplies.tryTake(nowNs)) {
      return drop(DropReason.ICMP_RATE_LIMITED);
    }
    byte[] reply = Icmpv6.echoReply(destination, bytes, at, length);
    if (reply == null) {
      return drop(DropReason.IPV6_MALFORMED);
    }
    frames.send(reply, settings.guestMac(), knowledge.mac());
    counters.add(Counter.ECHO_REPLIES_SENT);
    return Verdict.CONSUMED;
  }

  private Verdict onNeighborDiscovery(PacketBuffer frame, long nowNs) {
    NeighborMessage message = NeighborFrames.parse(frame);
    if (message == null || message.source().isMulticast()) {
      return drop(DropReason.ND_INVALID);
    }
    Ipv6Address source = message.source();
    if (message instanceof NeighborSolicitation solicitation && source.isUnspecified()) {
      onAddressTest(solicitation, nowNs);
      return Verdict.CONSUMED;
    }
    learnSource(source.high(), source.low(), nowNs);
    if (message instanceof NeighborAdvertisement advertisement) {
      onAdvertisement(advertisement, nowNs);
    } else if (!running) {
      return drop(DropReason.ND_NOT_OURS);
    } else if (message instanceof NeighborSolicitation solicitation) {
      onSolicitation(solicitation, frame, nowNs);
    } else if (message instanceof RouterSolicitation solicitation) {
      advertiser.onSolicitation(solicitation, nowNs);
    }
    return Verdict.CONSUMED;
  }

  /** RFC 4862 §5.4: the guest is about to take an address. */
  private void onAddressTest(NeighborSolicitation solicitation, long nowNs) {
    Ipv6Address target = solicitation.target();
    if (guest.contains(target)) {
      // An answer would take the guest's own address away (§5.4.5): it is only noted.
      learn(target, nowNs);
    } else if (neighbors.isDefended(target)) {
      if (running) {
        neighbors.onAddressTest(solicitation, nowNs);
      } else {
        counters.drop(DropReason.ND_NOT_OURS);
      }
    } else if (!learn(target, nowNs)) {
      counters.drop(DropReason.ND_NOT_OURS);
    }
  }

  private void onSolicitation(NeighborSolicitation solicitation, PacketBuffer frame, long nowNs) {
    MacAddress destination = MacAddress.read(frame.bytes(), frame.offset());
    MacAddress probed = NeighborFrames.isStation(destination) ? destination : null;
    if (neighbors.onSolicitation(solicitation, probed, this::isAutoconfigured, nowNs)) {
      advertiser.routerChanged(nowNs);
    }
  }

  /** RFC 4861 §7.2.6: after a resume, a guest lists its addresses. */
  private void onAdvertisement(NeighborAdvertisement advertisement, long nowNs) {
    Ipv6Address target = advertisement.target();
    if (!guest.contains(target) && neighbors.isDefended(target) || !learn(target, nowNs)) {
      counters.drop(DropReason.ND_NOT_OURS);
      return;
    }
    listener.onGuestAnnouncement(nowNs);
  }

  /** Says whether the guest has, in a prefix, the address that its MAC gives (RFC 4862 §5.5.3). */
  private boolean isAutoconfigured(Ipv6Prefix prefix) {
    return prefix.length() == 64
        && guest.contains(prefix.address().high(), settings.guestMac().modifiedEui64());
  }

  private void learnSource(long high, long low, long nowNs) {
    if (!guest.touch(high, low, nowNs) && isLearnable(high, low)) {
      Ipv6Address source = new Ipv6Address(high, low);
      if (guest.contains(high, low) || !neighbors.isDefended(source)) {
        learn(source, nowNs);
      }
    }
  }

  private boolean isLearnable(long high, long low) {
    return isLinkLocal(high) || !isMulticast(high) && knowledge.isOnHomePrefix(high, low);
  }

  /** Learns an address of the guest; false if it is none that a guest of the home link can have. */
  private boolean learn(Ipv6Address address, long nowNs) {
    if (guest.touch(address.high(), address.low(), nowNs)) {
      return true;
    }
    if (!isLearnable(address.high(), address.low())) {
      return false;
    }
    if (guest.add(address, nowNs)) {
      log.info("guest address seen mac={} address={}", settings.guestMac(), address);
      listener.onGuestAddress(address, nowNs);
    }
    return true;
  }

  private void probe(Ipv6Address target) {
    MacAddress mac = knowledge.mac();
    frames.send(
        new NeighborSolicitation(neighbors.speaker(), target, target, mac),
        settings.guestMac(),
        mac);
    counters.add(Counter.NEIGHBOR_SOLICITATIONS_SENT);
  }

  private static boolean isLinkLocal(long high) {
    return high >>> 54 == 0xfe80 >>> 6;
  }

  private static boolean isMulticast(long high) {
    return high >>> 56 == 0xff;
  }

  private Verdict drop(DropReason reason) {
    counters.drop(reason);
    return Verdict.CONSUMED;
  }
}
