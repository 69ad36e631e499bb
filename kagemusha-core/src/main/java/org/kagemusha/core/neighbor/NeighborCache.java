package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.neighbor.NeighborEntry.State;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Next-hop determination, address resolution and neighbour unreachability detection (RFC 4861 §5.2,
 * §7.2, §7.3) for a station on the home link: the home agent's own MAC and link-local address.
 * Solicitations are limited in number, entries and queued packets in room (RFC 6583), so that a
 * mobile node that scans its home prefix costs the link and the memory little. A packet for a
 * resolved neighbour allocates nothing.
 */
public final class NeighborCache {

  /** Takes packets whose next hop was not found. */
  @FunctionalInterface
  public interface FailureListener {
    /**
     * RFC 4861 §7.2.2: "The sender MUST return ICMP destination unreachable indications with code 3
     * (Address Unreachable) for each packet queued". The packet is an IPv6 packet without Ethernet
     * header; the receiver of this call may change it.
     */
    void onUnresolved(PacketBuffer ipv6, long nowNs);
  }

  /** Entries kept unless the constructor is told otherwise. */
  public static final int DEFAULT_ENTRIES = 4096;

  /** Octets of all packets that wait for resolution together. */
  static final int QUEUE_OCTETS = 1 << 20;

  /** RFC 4861 §10. */
  static final long REACHABLE_TIME_NS = 30_000_000_000L;

  /** DELAY_FIRST_PROBE_TIME, RFC 4861 §10. */
  static final long DELAY_FIRST_PROBE_NS = 5_000_000_000L;

  private static final int MAX_MULTICAST_SOLICIT = 3;
  private static final int MAX_UNICAST_SOLICIT = 3;
  private static final int ANSWERS_PER_SECOND = 100;

  private final MacAddress mac;
  private final Ipv6Address linkLocal;
  private final Ipv6Prefix[] onLink;
  private final MacAddress gateway;
  private final NeighborFrames frames;
  private final HomeLink link;
  private final Counters counters;
  private final int maximumEntries;
  private final Ipv6Map<NeighborEntry> entries = new Ipv6Map<>();
  private final DeadlineHeap<NeighborEntry> deadlines = new DeadlineHeap<>();
  private final ResolutionLimit resolutions = new ResolutionLimit();
  private final TokenBucket answers = new TokenBucket(ANSWERS_PER_SECOND, ANSWERS_PER_SECOND);
  private FailureListener failures = (packet, nowNs) -> {};
  private int queuedOctets;

  /**
   * @param mac own MAC
   * @param linkLocal own link-local address, source of solicitations; it is answered for and
   *     defended
   * @param onLink prefixes resolved on the link; link-local destinations always are
   * @param gateway MAC for everything else, or null if there is none
   */
  public NeighborCache(
      MacAddress mac,
      Ipv6Address linkLocal,
      Collection<Ipv6Prefix> onLink,
      MacAddress gateway,
      HomeLink link,
      Counters counters) {
    this(mac, linkLocal, onLink, gateway, link, counters, DEFAULT_ENTRIES);
  }

  /**
   * The same with a bound of its own.
   *
   * @param maximumEntries 1 or more
   */
  public NeighborCache(
      MacAddress mac,
      Ipv6Address linkLocal,
      Collection<Ipv6Prefix> onLink,
      MacAddress gateway,
      HomeLink link,
      Counters counters,
      int maximumEntries) {
    if (maximumEntries < 1) {
      throw new IllegalArgumentException("a cache has room for one entry at least");
    }
    this.mac = mac;
    this.linkLocal = linkLocal;
    this.onLink = onLink.toArray(new Ipv6Prefix[0]);
    this.gateway = gateway;
    this.link = link;
    this.frames = new NeighborFrames(link);
    this.counters = counters;
    this.maximumEntries = maximumEntries;
  }

  /** Who is told of packets whose next hop was not found; nobody unless this is called. */
  public void failureListener(FailureListener listener) {
    failures = listener;
  }

  /** How many neighbours are known or being resolved. */
  public int size() {
    return entries.size();
  }

  /**
   * One neighbour, for the status command.
   *
   * @param mac null while it is being resolved
   * @param state of RFC 4861 §7.3.2, in lower case
   * @param queued packets that wait for resolution
   */
  public record Neighbor(Ipv6Address address, MacAddress mac, String state, int queued) {}

  /** A snapshot in the order of addresses. */
  public List<Neighbor> neighbors() {
    return entries.values().stream()
        .map(
            one ->
                new Neighbor(
                    one.address, one.mac, one.state.name().toLowerCase(Locale.ROOT), one.queued))
        .sorted(Comparator.comparing(Neighbor::address))
        .toList();
  }

  /** The link-layer address of a neighbour as known now, or null. */
  public MacAddress macOf(Ipv6Address address) {
    NeighborEntry entry = entries.get(address);
    return entry == null ? null : entry.mac;
  }

  /**
   * Puts an Ethernet header on an IPv6 packet and sends it, after resolution if need be. A packet
   * that has to wait is copied; at most 64 wait per neighbour, the newest.
   */
  public void send(PacketBuffer ipv6, long nowNs) {
    ByteBuffer bytes = ipv6.bytes();
    if (ipv6.length() < Ipv6Header.BYTES) {
      counters.drop(DropReason.IPV6_MALFORMED);
      return;
    }
    long high = bytes.getLong(ipv6.offset() + Ipv6Header.DESTINATION);
    long low = bytes.getLong(ipv6.offset() + Ipv6Header.DESTINATION + 8);
    if (high >>> 56 == 0xff) {
      sendToGroup(ipv6, low);
    } else if (isOnLink(high, low)) {
      sendToNeighbor(ipv6, high, low, nowNs);
    } else if (gateway != null) {
      frames.send(ipv6, gateway, mac);
    } else {
      counters.drop(DropReason.SEND_UNREACHABLE);
    }
  }

  /**
   * Sends a packet of signalling to a neighbour on the link. As {@link #send}, but where it has to
   * wait, it waits in front and no later packet takes its place: a Binding Acknowledgement must not
   * give way to the traffic that it brings home. Nor is it counted among what traffic may begin to
   * resolve and let wait; its sender limits its number.
   */
  public void sendFirst(PacketBuffer ipv6, long nowNs) {
    Ipv6Address destination = Ipv6Header.destination(ipv6.bytes(), ipv6.offset());
    NeighborEntry entry = entries.get(destination);
    if (entry == null && isOnLink(destination.high(), destination.low())) {
      resolve(destination, nowNs);
      entry = entries.get(destination);
    }
    if (entry != null && entry.state == State.INCOMPLETE) {
      makeRoom(entry);
      entry.enqueueFirst(copyOf(ipv6));
    } else {
      send(ipv6, nowNs);
    }
  }

  /**
   * Begins to resolve an address on the link, if nothing is known of it; its sender limits that.
   */
  public void resolve(Ipv6Address address, long nowNs) {
    if (entries.get(address) == null) {
      solicit(insert(address, nowNs), nowNs);
    }
  }

  /**
   * Takes the link-layer address of a neighbour from an advertisement that came a moment before
   * there was a reason to know it: as if it came now, and an entry were there (RFC 4861 §7.2.5).
   */
  public void advertised(Ipv6Address address, MacAddress given, long nowNs) {
    NeighborEntry entry = entries.get(address);
    if (NeighborFrames.isStation(given) && isOnLink(address.high(), address.low())) {
      complete(entry == null ? insert(address, nowNs) : entry, given, false, nowNs);
    }
  }

  /** Takes a frame heard on the link; only what concerns a known neighbour or us matters. */
  public void onNeighborDiscovery(PacketBuffer frame, long nowNs) {
    int type = NeighborFrames.targetedType(frame);
    if (type < 0) {
      return;
    }
    int target = NeighborFrames.targetIndex(frame);
    boolean relevant =
        type == NeighborSolicitation.TYPE
            ? linkLocal.matches(frame.bytes(), target)
            : entries.get(frame.bytes().getLong(target), frame.bytes().getLong(target + 8)) != null;
    if (!relevant) {
      return;
    }
    NeighborMessage message = NeighborFrames.parse(frame);
    if (message == null) {
      counters.drop(DropReason.ND_INVALID);
    } else {
      onNeighborDiscovery(message, NeighborFrames.stationOf(frame), nowNs);
    }
  }

  /**
   * The same for a message that was read already.
   *
   * @param station the Ethernet source of its frame
   */
  public void onNeighborDiscovery(NeighborMessage message, MacAddress station, long nowNs) {
    if (station.equals(mac)) {
      return;
    }
    if (message instanceof NeighborAdvertisement advertisement) {
      onAdvertisement(advertisement, nowNs);
    } else if (message instanceof NeighborSolicitation solicitation
        && solicitation.target().equals(linkLocal)) {
      onSolicitation(solicitation, station, nowNs);
    }
  }

  /** Forgets an address (a mobile node registered or returned home), and what waited for it. */
  public void forget(Ipv6Address address) {
    NeighborEntry entry = entries.remove(address);
    if (entry != null) {
      deadlines.cancel(entry);
      for (int i = 0; i < entry.queued; i++) {
        counters.drop(DropReason.NEIGHBOR_UNRESOLVED);
      }
      queuedOctets -= entry.clearQueue();
    }
  }

  /** Solicits again, probes, and gives up where nobody answered. */
  public void onDeadline(long nowNs) {
    for (NeighborEntry due = deadlines.pollDue(nowNs);
        due != null;
        due = deadlines.pollDue(nowNs)) {
      switch (due.state) {
        case INCOMPLETE -> resolveFurther(due, nowNs);
        case DELAY -> {
          due.state = State.PROBE;
          due.solicitations = 0;
          probe(due, nowNs);
        }
        case PROBE -> {
          if (due.solicitations < MAX_UNICAST_SOLICIT) {
            probe(due, nowNs);
          } else {
            // RFC 4861 §7.3.3: "address resolution is performed again" for the next packet.
            entries.remove(due.address);
          }
        }
        default -> { }
      }
    }
  }

  /** When {@link #onDeadline} is due, or {@link org.kagemusha.core.node.NodeEngine#NEVER}. */
  public long nextDeadlineNs() {
    return deadlines.nextDeadlineNs();
  }

  private boolean isOnLink(long high, long low) {
    if (high >>> 54 == 0xfe80 >>> 6) {
      return true;
    }
    for (int i = 0; i < onLink.length; i++) {
      if (onLink[i].contains(high, low)) {
        return true;
      }
    }
    return false;
  }

  private void sendToGroup(PacketBuffer ipv6, long low) {
    ipv6.prepend(14);
    ByteBuffer bytes = ipv6.bytes();
    int at = ipv6.offset();
    // RFC 2464 §7: 33-33 and the last four octets of the group.
    bytes.putShort(at, (short) 0x3333);
    bytes.putInt(at + 2, (int) low);
    mac.write(bytes, at + 6);
    bytes.putShort(at + 12, (short) 0x86dd);
    link.send(ipv6);
  }

  private void sendToNeighbor(PacketBuffer ipv6, long high, long low, long nowNs) {
    NeighborEntry entry = entries.get(high, low);
    if (entry == null) {
      entry = beginResolution(ipv6, high, low, nowNs);
      if (entry == null) {
        counters.drop(DropReason.ND_RATE_LIMITED);
        return;
      }
    }
    entry.usedNs = nowNs;
    if (entry.state == State.INCOMPLETE) {
      enqueue(entry, ipv6);
      return;
    }
    use(entry, nowNs);
    frames.send(ipv6, entry.mac, mac);
  }

  /** RFC 4861 §7.3.3: what sending to an entry does to its state. */
  private void use(NeighborEntry entry, long nowNs) {
    boolean expired =
        entry.state == State.REACHABLE && nowNs - entry.confirmedNs > REACHABLE_TIME_NS;
    if (expired || entry.state == State.STALE) {
      entry.state = State.DELAY;
      deadlines.schedule(entry, nowNs + DELAY_FIRST_PROBE_NS);
    }
  }

  private NeighborEntry beginResolution(PacketBuffer ipv6, long high, long low, long nowNs) {
    int source = ipv6.offset() + Ipv6Header.SOURCE;
    ByteBuffer bytes = ipv6.bytes();
    if (!resolutions.tryTake(bytes.getLong(source), bytes.getLong(source + 8), nowNs)) {
      return null;
    }
    NeighborEntry entry = insert(new Ipv6Address(high, low), nowNs);
    solicit(entry, nowNs);
    return entry;
  }

  private NeighborEntry insert(Ipv6Address address, long nowNs) {
    if (entries.size() >= maximumEntries) {
      evict();
    }
    NeighborEntry entry = new NeighborEntry(address, nowNs);
    entries.put(address, entry);
    return entry;
  }

  /** RFC 6583 §4.3: what was never resolved goes first, then what was used longest ago. */
  private void evict() {
    NeighborEntry oldest = null;
    for (NeighborEntry entry : entries.values()) {
      if (oldest == null || entry.isWorthLessThan(oldest)) {
        oldest = entry;
      }
    }
    if (oldest != null) {
      forget(oldest.address);
    }
  }

  private void enqueue(NeighborEntry entry, PacketBuffer ipv6) {
    makeRoom(entry);
    // The second half of the room is for the first packet of each neighbour, so that who lets many
    // packets wait for many neighbours does not keep the others from reaching theirs. A few
    // super-packets would fill it; no flow begins with one.
    boolean first = entry.queued == 0 && !ipv6.isSuperPacket();
    int room = first ? QUEUE_OCTETS : QUEUE_OCTETS / 2;
    if (queuedOctets + ipv6.length() > room) {
      counters.drop(DropReason.QUEUE_FULL);
      return;
    }
    entry.enqueue(copyOf(ipv6));
  }

  private void makeRoom(NeighborEntry entry) {
    if (entry.queued == NeighborEntry.QUEUE) {
      // RFC 4861 §7.2.2: "When a queue overflows, the new arrival SHOULD replace the oldest entry."
      queuedOctets -= entry.dropOldest();
      counters.drop(DropReason.QUEUE_FULL);
    }
  }

  private PacketBuffer copyOf(PacketBuffer ipv6) {
    PacketBuffer copy =
        new PacketBuffer(
            ByteBuffer.allocate(PacketBuffer.HEADROOM + ipv6.length() + PacketBuffer.TAILROOM), 0);
    copy.copyFrom(ipv6);
    queuedOctets += copy.length();
    return copy;
  }

  private void resolveFurther(NeighborEntry entry, long nowNs) {
    if (entry.solicitations < MAX_MULTICAST_SOLICIT) {
      solicit(entry, nowNs);
      return;
    }
    entries.remove(entry.address);
    for (int i = 0; i < entry.queued; i++) {
      counters.drop(DropReason.NEIGHBOR_UNRESOLVED);
      queuedOctets -= entry.queue[i].length();
    }
    for (int i = 0; i < entry.queued; i++) {
      failures.onUnresolved(entry.queue[i], nowNs);
    }
    entry.clearQueue();
  }

  private void solicit(NeighborEntry entry, long nowNs) {
    Ipv6Address group = entry.address.solicitedNode();
    sendSolicitation(entry, group, MacAddress.multicastOf(group), nowNs);
  }

  private void probe(NeighborEntry entry, long nowNs) {
    sendSolicitation(entry, entry.address, entry.mac, nowNs);
  }

  private void sendSolicitation(
      NeighborEntry entry, Ipv6Address destination, MacAddress to, long nowNs) {
    // RFC 4861 §7.2.2: "the sender MUST include its link-layer address (if it has one) as a Source
    // Link-Layer Address option"; "at most one solicitation per neighbor every RetransTimer".
    frames.send(new NeighborSolicitation(linkLocal, destination, entry.address, mac), to, mac);
    counters.add(Counter.NEIGHBOR_SOLICITATIONS_SENT);
    entry.solicitations++;
    deadlines.schedule(entry, nowNs + NeighborFrames.RETRANS_TIMER_NS);
  }

  /** RFC 4861 §7.2.5. */
  private void onAdvertisement(NeighborAdvertisement advertisement, long nowNs) {
    // "If no entry exists, the advertisement SHOULD be silently discarded."
    NeighborEntry entry = entries.get(advertisement.target());
    if (entry == null) {
      return;
    }
    MacAddress given = advertisement.targetLinkLayerAddress();
    if (given != null && (!NeighborFrames.isStation(given) || given.equals(mac))) {
      counters.drop(DropReason.ND_INVALID);
      return;
    }
    if (entry.state == State.INCOMPLETE) {
      if (given != null) {
        complete(entry, given, advertisement.solicited(), nowNs);
      }
      return;
    }
    boolean differs = given != null && !given.equals(entry.mac);
    if (differs && !advertisement.override()) {
      // I.a. "If the state of the entry is REACHABLE, set it to STALE, but do not update the entry
      // in any other way."
      if (entry.state == State.REACHABLE) {
        entry.state = State.STALE;
      }
      return;
    }
    if (differs) {
      entry.mac = given;
    }
    if (advertisement.solicited()) {
      confirm(entry, nowNs);
    } else if (differs) {
      entry.state = State.STALE;
      deadlines.cancel(entry);
    }
  }

  private void complete(NeighborEntry entry, MacAddress given, boolean solicited, long nowNs) {
    entry.mac = given;
    if (solicited) {
      confirm(entry, nowNs);
    } else {
      entry.state = State.STALE;
      deadlines.cancel(entry);
    }
    int waiting = entry.queued;
    if (waiting > 0) {
      use(entry, nowNs);
    }
    for (int i = 0; i < waiting; i++) {
      queuedOctets -= entry.queue[i].length();
      frames.send(entry.queue[i], given, mac);
    }
    entry.clearQueue();
  }

  private void confirm(NeighborEntry entry, long nowNs) {
    entry.state = State.REACHABLE;
    entry.confirmedNs = nowNs;
    deadlines.cancel(entry);
  }

  /** RFC 4861 §7.2.3 and §7.2.4 for our own address. */
  private void onSolicitation(NeighborSolicitation solicitation, MacAddress station, long nowNs) {
    MacAddress to = NeighborFrames.answerTo(solicitation, station);
    if (to == null) {
      counters.drop(DropReason.ND_INVALID);
      return;
    }
    if (!answers.tryTake(nowNs)) {
      counters.drop(DropReason.ND_RATE_LIMITED);
      return;
    }
    boolean test = solicitation.source().isUnspecified();
    if (!test && solicitation.sourceLinkLayerAddress() != null) {
      learn(solicitation.source(), solicitation.sourceLinkLayerAddress(), nowNs);
    }
    frames.send(
        new NeighborAdvertisement(
            linkLocal,
            test ? Ipv6Address.ALL_NODES : solicitation.source(),
            linkLocal,
            false,
            !test,
            true,
            mac),
        test ? MacAddress.multicastOf(Ipv6Address.ALL_NODES) : to,
        mac);
    counters.add(Counter.NEIGHBOR_ADVERTISEMENTS_SENT);
  }

  /** RFC 4861 §7.2.3: the sender of a solicitation for us becomes known, as STALE. */
  private void learn(Ipv6Address address, MacAddress given, long nowNs) {
    NeighborEntry entry = entries.get(address);
    if (!NeighborFrames.isStation(given) || !isOnLink(address.high(), address.low())) {
      return;
    }
    if (entry == null) {
      entry = insert(address, nowNs);
    }
    if (entry.state == State.INCOMPLETE) {
      complete(entry, given, false, nowNs);
    } else if (!given.equals(entry.mac)) {
      entry.mac = given;
      entry.state = State.STALE;
      deadlines.cancel(entry);
    }
  }
}
