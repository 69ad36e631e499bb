package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.neighbor.DuplicateAddressDetection;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.neighbor.ProxyNeighborDiscovery;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.tunnel.OffloadState;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A home agent (RFC 6275 §10): composes its parts and follows the packet's way. From the home link
 * {@link #onHomeFrame}: Neighbor Discovery is answered for the home addresses in the {@link
 * BindingCache}, data for them goes into their tunnels. From the routed network {@link
 * #onUnderlayPacket}: Binding Updates are tested and acknowledged, tunnelled packets go out on the
 * home link.
 */
public final class HomeAgent implements NodeEngine {

  private final Counters counters;
  private final KeySource keys;
  private final SecurityAssociationDatabase associations;
  private final BindingCache cache = new BindingCache();
  private final SignallingReader reader;
  private final TunnelContext tunnels;
  private final NeighborCache neighbors;
  private final ProxyNeighborDiscovery proxy;
  private final DuplicateAddressDetection detection;
  private final Forwarding forwarding;
  private final Interception interception;
  private final HomeRegistration registration;
  private final InterceptedPackets intercepted;
  private final LostBindings lost;
  private final ReverseTunnel reverseTunnel;
  private final HomeLinkNeighborDiscovery neighborDiscovery;
  private final ErrorAnswers errors;
  private final RouterAdvertiser advertiser;
  private final ReturnedGuests returned;
  private final HomeLinkBacklog backlog;
  private final OffloadState offload = new OffloadState();
  private final long tapMacBits;
  private HomeAgentSettings settings;
  private boolean started;
  private boolean stopped;

  /**
   * Makes a home agent; it begins to work with the first call that says what time it is.
   *
   * @param settings the operator's
   * @param homeLink takes Ethernet frames for the home link
   * @param underlay takes IPv6 packets for the routed network, and Router Advertisements
   * @param keys the associations in force for each home address
   * @param associations the same, by SPI, for what comes in
   * @param random spreads advertisements and salts hashes
   * @param wallClockMs milliseconds since 1970
   * @param counters takes what is done and dropped
   */
  public HomeAgent(
      HomeAgentSettings settings,
      HomeLink homeLink,
      Underlay underlay,
      KeySource keys,
      SecurityAssociationDatabase associations,
      RandomGenerator random,
      LongSupplier wallClockMs,
      Counters counters) {
    this.settings = settings;
    this.counters = counters;
    this.keys = keys;
    this.associations = associations;
    this.tapMacBits = settings.tapMac().bits();
    Ipv6Address address = settings.address();
    CountedUnderlay routed = new CountedUnderlay(underlay, counters);
    HomeLink link =
        frame -> {
          counters.add(Counter.HOME_FRAMES_SENT);
          homeLink.send(frame);
        };
    Ipv6Address linkLocal = Ipv6Address.linkLocalOf(settings.tapMac());
    List<Ipv6Prefix> onLink = List.of(settings.homePrefix());
    this.reader = new SignallingReader(associations);
    this.tunnels = new TunnelContext(settings.tunnel(), counters, address);
    this.neighbors =
        new NeighborCache(
            settings.tapMac(), linkLocal, onLink, settings.gatewayMac(), link, counters);
    this.proxy = new ProxyNeighborDiscovery(settings.tapMac(), link, counters);
    this.forwarding = new Forwarding(cache, keys, neighbors, routed, counters);
    this.backlog = new HomeLinkBacklog(forwarding);
    this.interception =
        new Interception(address, cache, proxy, neighbors, forwarding, tunnels, backlog);
    reader.takeHandovers();
    this.returned =
        new ReturnedGuests(
            address, routed, forwarding, neighbors, tunnels, associations, wallClockMs,
            counters);
    this.registration =
        new HomeRegistration(
            cache,
            keys,
            new BindingUpdateValidation(keys, cache),
            new AcknowledgementSender(address, routed, neighbors, random, counters),
            interception,
            returned,
            counters);
    this.detection =
        new DuplicateAddressDetection(
            settings.tapMac(), link, registration, random, counters);
    this.interception.testWith(detection);
    this.errors = new ErrorAnswers(address, routed, forwarding, random, counters);
    // RFC 4861 §7.2.2: "The sender MUST return ICMP destination unreachable indications with code
    // 3".
    this.neighbors.failureListener(errors::unreachable);
    this.lost = new LostBindings(cache, keys, associations, errors, random);
    this.intercepted =
        new InterceptedPackets(cache, forwarding, backlog, returned, errors, counters);
    this.reverseTunnel = new ReverseTunnel(cache, forwarding, lost, counters);
    this.advertiser = new RouterAdvertiser(routed, random, counters);
    this.neighborDiscovery =
        new HomeLinkNeighborDiscovery(
            linkLocal, detection, proxy, neighbors, advertiser, counters);
  }

  /**
   * Applies changed settings without losing bindings; bindings that are no longer allowed end, and
   * none lasts longer than it would if it were granted now.
   *
   * @throws IllegalArgumentException if the home agent's address, the tap's or the gateway's MAC
   *     address or the home prefix changed: that takes another home agent
   */
  public void settings(HomeAgentSettings changed, long nowNs) {
    if (!changed.address().equals(settings.address())
        || !changed.tapMac().equals(settings.tapMac())
        || !changed.gatewayMac().equals(settings.gatewayMac())
        || !changed.homePrefix().equals(settings.homePrefix())) {
      throw new IllegalArgumentException(
          "the home agent's address, MAC addresses and home prefix cannot change while it runs");
    }
    settings = changed;
    started = true;
    forwarding.at(nowNs);
    tunnels.settings(changed.tunnel());
    reader.encapsulationPort(changed.encapsulationPort());
    forwarding.encapsulationPort(changed.encapsulationPort());
    errors.encapsulationPort(changed.encapsulationPort());
    registration.settings(changed, nowNs);
    lost.settings(changed);
    advertiser.settings(changed, nowNs);
  }

  /**
   * Ends the binding of a home address at once, if there is one: what was granted to its mobile
   * node was taken back. Nothing is sent; the mobile node's next packets are of nobody's.
   *
   * @param reason one word for the log
   */
  public void withdraw(Ipv6Address homeAddress, String reason, long nowNs) {
    start(nowNs);
    registration.withdraw(homeAddress, reason, nowNs);
  }

  /** Sets the MTU of the interfaces towards the mobile nodes, octets, at least 1280. */
  public void linkMtu(int octets, long nowNs) {
    interception.linkMtu(octets, nowNs);
  }

  /** How many bindings are in force; unlike {@link #status}, whatever their number. */
  public int bindings() {
    return cache.bound();
  }

  /** The stations on the home link that are known or being resolved, for the status command. */
  public List<NeighborCache.Neighbor> neighbors() {
    return neighbors.neighbors();
  }

  /** A snapshot for the status command, in the order of home addresses. */
  public HomeAgentStatus status(long nowNs) {
    List<HomeAgentStatus.Entry> entries = new ArrayList<>(cache.size());
    for (BindingCacheEntry entry : cache.entries()) {
      entries.add(
          new HomeAgentStatus.Entry(
              entry.homeAddress,
              entry.careOf,
              entry.authorisation.name(),
              entry.state.toString(),
              entry.sequence,
              remainingSeconds(entry, nowNs),
              keys.associations(entry.homeAddress, KeySource.Purpose.PAYLOAD) != null,
              entry.encapsulation()));
    }
    entries.sort(Comparator.comparing(HomeAgentStatus.Entry::homeAddress));
    return new HomeAgentStatus(cache.bound(), List.copyOf(entries));
  }

  private static long remainingSeconds(BindingCacheEntry entry, long nowNs) {
    return entry.deadlineNs == NEVER
        ? 4L * entry.lifetimeUnits
        : Math.max(0, entry.deadlineNs - nowNs) / 1_000_000_000L;
  }

  /**
   * Stops in order: the last Router Advertisement says that the router is none any more, if there
   * were others. Nothing is sent afterwards.
   */
  public void stop(long nowNs) {
    if (!stopped) {
      advertiser.stop();
      stopped = true;
    }
  }

  @Override
  public void onHomeFrame(PacketBuffer frame, long nowNs) {
    start(nowNs);
    counters.add(Counter.HOME_FRAMES_RECEIVED);
    DropReason reason = stopped ? DropReason.TUNNEL_NOT_UP : unusable(frame);
    if (reason == null) {
      reason = OffloadState.finish(frame, EthernetHeader.BYTES + Ipv6Header.BYTES);
    }
    if (reason != null) {
      counters.drop(reason);
      return;
    }
    ByteBuffer bytes = frame.bytes();
    int at = frame.offset() + EthernetHeader.BYTES;
    int length = Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at);
    if (NeighborDiscovery.isNeighborDiscovery(bytes, at, length)) {
      neighborDiscovery.onFrame(frame, nowNs);
    } else if (NeighborDiscovery.isFragmented(bytes, at, length)) {
      // RFC 6980 §5: nodes "MUST silently ignore" fragmented Neighbor Discovery.
      counters.drop(DropReason.ND_FRAGMENTED);
    } else {
      long station = EthernetHeader.sourceBits(bytes, frame.offset());
      frame.set(at, length);
      onHomePacket(frame, station, nowNs);
    }
  }

  private void onHomePacket(PacketBuffer packet, long station, long nowNs) {
    int at = packet.offset();
    if (!settings.address().matches(packet.bytes(), at + Ipv6Header.DESTINATION)) {
      intercepted.onPacket(packet, station, nowNs);
    } else if (isMobileIp(Ipv6Header.nextHeader(packet.bytes(), at))) {
      // RFC 6275 §11.5.5: a mobile node back at home takes our defence of its home address for the
      // home agent's link-layer address, and sends its Binding Update there.
      onRoutedPacket(packet, nowNs);
    } else {
      // Meant for the kernel that has the address.
      forwarding.send(packet, nowNs);
    }
  }

  private static boolean isMobileIp(int nextHeader) {
    return switch (nextHeader) {
      case Protocol.IPV6, Protocol.ROUTING, Protocol.ESP, Protocol.DESTINATION_OPTIONS,
          Protocol.MOBILITY -> true;
      default -> false;
    };
  }

  private DropReason unusable(PacketBuffer frame) {
    ByteBuffer bytes = frame.bytes();
    int at = frame.offset();
    if (frame.length() < EthernetHeader.BYTES) {
      return DropReason.FRAME_TRUNCATED;
    }
    if (EthernetHeader.type(bytes, at) != EthernetHeader.TYPE_IPV6) {
      return DropReason.FRAME_TYPE_NOT_CARRIED;
    }
    long destination = EthernetHeader.destinationBits(bytes, at);
    boolean group = (destination >>> 40 & 1) != 0;
    if (!group && destination != tapMacBits || EthernetHeader.sourceBits(bytes, at) == tapMacBits) {
      return DropReason.FRAME_NOT_FOR_US;
    }
    int ipv6 = at + EthernetHeader.BYTES;
    if (!Ipv6Header.isComplete(bytes, ipv6, frame.length() - EthernetHeader.BYTES)) {
      return DropReason.IPV6_MALFORMED;
    }
    return frame.isSuperPacket() && !offload.isSegmentable(frame, ipv6)
        ? DropReason.OFFLOAD_INVALID
        : null;
  }

  @Override
  public void onUnderlayPacket(PacketBuffer packet, long nowNs) {
    start(nowNs);
    counters.add(Counter.UNDERLAY_PACKETS_RECEIVED, OffloadState.segments(packet));
    if (stopped) {
      counters.drop(DropReason.TUNNEL_NOT_UP);
    } else {
      onRoutedPacket(packet, nowNs);
    }
  }

  @Override
  public void onEspArrival(PacketBuffer packet, int esp) {
    // Strangers' packets are opened only as far as there is a limit for them.
    if (!stopped && (packet.offset() == esp
        || reverseTunnel.isFromCareOf(packet)
        || returned.isFromOldPlace(packet))) {
      associations.prepare(packet, esp);
    }
  }

  @Override
  public void onUnderlayRefused(PacketBuffer outer, Underlay.Sent why, long nowNs) {
    if (why == Underlay.Sent.TOO_BIG) {
      forwarding.tooBig(outer, nowNs);
    }
  }

  private void onRoutedPacket(PacketBuffer packet, long nowNs) {
    DropReason reason = unacceptable(packet, nowNs);
    if (reason != null) {
      counters.drop(reason);
      return;
    }
    switch (reader.read(packet, nowNs)) {
      case TUNNEL -> {
        if (!returned.takes(packet, reader, nowNs)) {
          reverseTunnel.onPacket(packet, reader, nowNs);
        }
      }
      case SIGNALLING -> onSignalling(nowNs);
      case ICMPV6 -> onIcmpv6(packet, nowNs);
      // RFC 6275 §6.4: the home agent is no mobile node.
      case ROUTED_TO_HOME_ADDRESS -> counters.drop(DropReason.ROUTING_HEADER_INVALID);
      case DROPPED -> onDropped(packet, nowNs);
    }
  }

  private void onDropped(PacketBuffer packet, long nowNs) {
    boolean unknownBinding =
        reader.answer() == SignallingReader.Answer.BINDING_ERROR_UNKNOWN_BINDING;
    if (unknownBinding && reverseTunnel.isBound(packet, reader.homeAddressOption())) {
      reverseTunnel.onHomeAddressOption(packet, reader, nowNs);
    } else {
      counters.drop(reader.dropReason());
      if (reader.dropReason() == DropReason.ESP_NO_ASSOCIATION) {
        lost.onUnknownAssociation(packet, reader, nowNs);
      } else {
        errors.answer(reader, packet, nowNs);
      }
    }
  }

  /**
   * What can be told before any cryptography; a few strangers' packets are opened nevertheless. So
   * is all that may be a Binding Update, which comes from elsewhere by its nature: behind a Home
   * Address option, or in UDP, where the option is inside.
   */
  private DropReason unacceptable(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    if (!Ipv6Header.isComplete(bytes, at, packet.length())) {
      return DropReason.IPV6_MALFORMED;
    }
    if (!settings.address().matches(bytes, at + Ipv6Header.DESTINATION)) {
      return DropReason.OUTER_DESTINATION_WRONG;
    }
    int next = Ipv6Header.nextHeader(bytes, at);
    if (next != Protocol.IPV6 && next != Protocol.ESP
        || reverseTunnel.isFromCareOf(packet)
        || returned.isFromOldPlace(packet)) {
      return null;
    }
    if (next == Protocol.ESP && packet.length() >= Ipv6Header.BYTES + Integer.BYTES) {
      InboundSecurityAssociation association =
          associations.inbound(bytes.getInt(at + Ipv6Header.BYTES));
      // An unknown SPI costs nothing, and its sender may be due an answer. A mobile node at home
      // sends its Binding Update in ESP from the home address itself.
      if (association == null
          || keys.accepting(
                  Ipv6Header.source(bytes, at), KeySource.Purpose.SIGNALLING, association)
              != null) {
        return null;
      }
    }
    return lost.mayOpen(packet, nowNs) ? null : DropReason.OUTER_SOURCE_WRONG;
  }

  private void onSignalling(long nowNs) {
    if (reader.signalling().message() instanceof BindingUpdate update) {
      registration.onBindingUpdate(reader.signalling(), update, nowNs);
    } else if (reader.signalling().message() instanceof HandoverMessage) {
      returned.onMessage(reader.signalling(), nowNs);
    } else {
      counters.drop(DropReason.MOBILITY_NOT_FOR_ROLE);
    }
  }

  private void onIcmpv6(PacketBuffer packet, long nowNs) {
    // RFC 4443 §2.1: error messages have "a zero in the high-order bit". The rest is the kernel's.
    if (packet.end() > reader.innerOffset() && packet.bytes().get(reader.innerOffset()) >= 0) {
      reverseTunnel.onIcmpv6(packet, nowNs);
    } else {
      counters.drop(DropReason.PROTOCOL_NOT_TAKEN);
    }
  }

  @Override
  public void onDeadline(long nowNs) {
    start(nowNs);
    if (stopped) {
      return;
    }
    keys.onDeadline(nowNs);
    registration.onDeadline(nowNs);
    returned.onDeadline(nowNs);
    backlog.onDeadline(nowNs);
    detection.onDeadline(nowNs);
    proxy.onDeadline(nowNs);
    neighbors.onDeadline(nowNs);
    advertiser.onDeadline(nowNs);
  }

  /** When {@link #onDeadline} is due; 0, which is at once, before the first call. */
  @Override
  public long nextDeadlineNs() {
    if (!started) {
      return 0;
    }
    if (stopped) {
      return NEVER;
    }
    long next = Math.min(cache.nextDeadlineNs(), detection.nextDeadlineNs());
    next = Math.min(next, Math.min(proxy.nextDeadlineNs(), neighbors.nextDeadlineNs()));
    next = Math.min(next, Math.min(keys.nextDeadlineNs(), returned.nextDeadlineNs()));
    return Math.min(next, Math.min(advertiser.nextDeadlineNs(), backlog.nextDeadlineNs()));
  }

  private void start(long nowNs) {
    forwarding.at(nowNs);
    if (!started) {
      settings(settings, nowNs);
    }
  }
}
