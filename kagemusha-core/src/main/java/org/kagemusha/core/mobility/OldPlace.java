package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.handover.HandoverSecret;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;

/**
 * The host that a VM leaves, RFC 5568 §4's previous access router: while the VM is paused, and for
 * a grace after it has left, it keeps what the home agent still sends here; the host where the VM
 * is now asks for it, gets what was kept, in order, and all that comes later. If the VM goes on
 * here instead, it gets what was kept itself: each packet goes one way only.
 *
 * <p>Allocates nothing for a packet once its memory is there, and nothing at all while the VM runs.
 */
final class OldPlace {

  /** How long this host goes on for a VM that is gone: since it left, or was asked for. */
  static final long GRACE_NS = 5_000_000_000L;

  /** How long the VMM may take to say when it stopped the VM, once another host has asked. */
  static final long NEWS_NS = 50_000_000L;

  /** How long copies may be under way to us of what came before the guest was heard elsewhere. */
  static final long LATE_COPIES_NS = 50_000_000L;

  private enum Mode {
    OFF,
    MIGRATING,
    PAUSED,
    LEFT,
    /** It has left, and is at another host on the home link, or at this one again. */
    ON_LINK
  }

  private final Underlay underlay;
  private final TunnelContext tunnels;
  private final HomeLinkFrames frames;
  private final GuestTraffic traffic;
  private final Counters counters;
  private final Logger log;
  private final HandoverInitiates initiates;
  private final Ipv6Map<OldAddress> addresses = new Ipv6Map<>();
  private final List<OldAddress> all = new ArrayList<>();
  private final KeptPackets packets;
  private String vm;
  private MacAddress guestMac;
  private int linkMtu;
  private Mode mode = Mode.OFF;
  private boolean home;
  private boolean back;
  private long heardNs = NodeEngine.NEVER;
  private long overNs = NodeEngine.NEVER;
  private long newsNs = NodeEngine.NEVER;
  private Ipv6Address peer;

  OldPlace(
      Underlay underlay, TunnelContext tunnels, HomeLinkFrames frames, GuestTraffic traffic,
      Counters counters, Logger log) {
    this.underlay = underlay;
    this.tunnels = tunnels;
    this.frames = frames;
    this.traffic = traffic;
    this.counters = counters;
    this.log = log;
    this.initiates = new HandoverInitiates(counters);
    this.packets = new KeptPackets(all, underlay, frames, counters);
  }

  /**
   * Sets the name in log lines and the room for packets of each home address, octets; 0 for none.
   */
  void settings(String name, MacAddress guest, int octets) {
    vm = name;
    guestMac = guest;
    packets.bound(octets);
  }

  /** The MTU of the underlay interface, octets. */
  void linkMtu(int octets) {
    linkMtu = octets;
  }

  /** The home agent gave this place another key. */
  void key(Ipv6Address homeAddress, byte[] key) {
    OldAddress address = address(homeAddress);
    address.forgetSecret();
    address.secret = new HandoverSecret(key);
  }

  private OldAddress address(Ipv6Address homeAddress) {
    OldAddress address = addresses.get(homeAddress);
    if (address == null) {
      address = new OldAddress(homeAddress);
      addresses.put(homeAddress, address);
      all.add(address);
    }
    return address;
  }

  /** Whether anybody could ask for packets. */
  boolean isReady() {
    if (packets.bound() > 0) {
      for (int i = 0; i < all.size(); i++) {
        if (all.get(i).secret != null) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * The VM may be stopped at any moment, or may not any more. It is told of the stop a little late:
   * what it is given until then is copied, so that what came after the stop can be told apart.
   *
   * @param atHome whether its packets come over the home link; then copies of them are wanted
   */
  void migrating(boolean underWay, boolean atHome) {
    if (underWay && mode == Mode.OFF && mayKeep(atHome)) {
      mode = Mode.MIGRATING;
      home = atHome;
    } else if (!underWay && mode == Mode.MIGRATING) {
      forgetCopies();
    }
  }

  private boolean mayKeep(boolean atHome) {
    return atHome ? packets.bound() > 0 : isReady();
  }

  private void forgetCopies() {
    mode = Mode.OFF;
    home = false;
    overNs = NodeEngine.NEVER;
    newsNs = NodeEngine.NEVER;
    packets.clear();
    for (OldAddress address : all) {
      address.forward = null;
      address.proxy = null;
    }
  }

  /**
   * The VM is paused: it may go on here or elsewhere.
   *
   * @param atHome whether its packets come over the home link; then copies of them are wanted
   * @param sinceNs when it was stopped, if that is known; else {@code nowNs}
   */
  void paused(boolean atHome, long sinceNs, long nowNs) {
    if (mode == Mode.MIGRATING && atHome == home) {
      packets.keepSince(sinceNs);
    } else {
      if (mode == Mode.MIGRATING) {
        forgetCopies();
      }
      if (mode != Mode.OFF || !mayKeep(atHome)) {
        return;
      }
      home = atHome;
    }
    mode = Mode.PAUSED;
    heardNs = NodeEngine.NEVER;
    newsNs = NodeEngine.NEVER;
    if (home) {
      for (HomeAddressPath path : traffic.paths()) {
        frames.sayKept(path.registration().homeAddress());
      }
    }
    for (OldAddress address : all) {
      if (address.forward != null || address.proxy != null) {
        logForwarding(address, address.kept());
      }
    }
    packets.drain(true, nowNs);
  }

  /** Whether copies are wanted of what goes to the guest over the home link. */
  boolean wantsCopies() {
    return home && mode != Mode.OFF;
  }

  /**
   * The guest is heard on the home link, and does not run here: what was kept goes to its own MAC
   * address, as soon as it is said that it has left. Others send there already.
   */
  void onGuest(long nowNs) {
    if (!home || mode != Mode.PAUSED && mode != Mode.LEFT || isForwarding()) {
      return;
    }
    heardNs = Math.min(heardNs, nowNs);
    if (mode == Mode.LEFT) {
      followOnLink(nowNs);
    }
  }

  private void followOnLink(long nowNs) {
    mode = Mode.ON_LINK;
    overNs = nowNs + LATE_COPIES_NS;
    packets.keepUntil(heardNs);
    for (OldAddress address : all) {
      if (address.hasKept()) {
        address.proxy = guestMac;
        logForwarding(address, address.kept());
      }
    }
    packets.drain(false, nowNs);
  }

  /**
   * A copy of a packet that went to the guest over the home link. Its VMM has it, too, in the queue
   * of its tap: the guest gets it from there if it goes on here.
   *
   * @param atNs when it came to the link
   */
  void onCopy(PacketBuffer packet, long atNs, long nowNs) {
    Ipv6Address destination =
        Ipv6Address.read(packet.bytes(), packet.offset() + Ipv6Header.DESTINATION);
    if (!wantsCopies() || traffic.path(destination) == null) {
      return;
    }
    if (mode == Mode.ON_LINK && atNs > heardNs) {
      return;
    }
    OldAddress address = address(destination);
    if (mode == Mode.ON_LINK && address.proxy == null) {
      address.proxy = guestMac;
      logForwarding(address, 0);
    }
    if (address.proxy != null && !address.hasKept() && isBusy()) {
      packets.pass(address, packet, nowNs);
    } else {
      keep(address, packet, atNs);
    }
  }

  /**
   * The home agent proxies a home address: the VM is registered elsewhere, and what was kept of its
   * packets goes to the home agent, which tunnels them there, and lets others wait for the second
   * mark. A busy VMM may tell of the stop only after that; what was given to the guest before it is
   * not known until then.
   */
  void onProxied(Ipv6Address homeAddress, MacAddress homeAgent, long nowNs) {
    if (!wantsCopies() || mode == Mode.ON_LINK) {
      return;
    }
    OldAddress address = address(homeAddress);
    boolean news = address.proxy == null;
    address.proxy = homeAgent;
    if (news) {
      address.drained = false;
      address.marked = false;
      overNs = nowNs + GRACE_NS;
    }
    if (isBusy()) {
      int kept = address.kept();
      packets.drain(true, nowNs);
      if (news) {
        logForwarding(address, kept);
      }
    }
  }

  private void logForwarding(OldAddress address, int kept) {
    log.info(
        "handover forwarding vm={} hoa={} from={} to={} kept={}",
        vm, address.homeAddress, home ? "home" : address.forward.local(),
        home ? address.proxy : address.forward.remote(), kept);
  }

  /**
   * The VM has left.
   *
   * @return whether this host goes on for it until {@link #isOver}
   */
  boolean left(long nowNs) {
    if (mode == Mode.MIGRATING) {
      forgetCopies();
    }
    if (mode == Mode.OFF && !isReady() || !home && !traffic.isOpen() && mode != Mode.LEFT) {
      return false;
    }
    if (mode == Mode.OFF || mode == Mode.PAUSED) {
      mode = Mode.LEFT;
      overNs = overNs == NodeEngine.NEVER ? nowNs + GRACE_NS : overNs;
      if (heardNs != NodeEngine.NEVER && !isForwarding()) {
        followOnLink(nowNs);
      }
    }
    return true;
  }

  /**
   * The VM goes on here, or is heard at home after it left: it gets what was kept. Nothing that was
   * known before counts any more.
   */
  void returned(InnerErrors guest, long nowNs) {
    if (mode == Mode.MIGRATING) {
      forgetCopies();
    }
    if (home && mode == Mode.LEFT) {
      onGuest(nowNs);
    }
    back = mode == Mode.ON_LINK;
    if (mode == Mode.OFF || back) {
      return;
    }
    mode = Mode.OFF;
    if (home) {
      packets.clear();
    }
    int count = packets.give(guest::send);
    if (count > 0) {
      log.info("handover kept packets delivered here vm={} packets={}", vm, count);
    }
    forget();
  }

  /** Ends all, at once; what nobody asked for is lost. */
  void stop() {
    mode = Mode.OFF;
    forget();
  }

  private void forget() {
    overNs = NodeEngine.NEVER;
    newsNs = NodeEngine.NEVER;
    packets.stop();
    for (OldAddress address : all) {
      if (address.forward != null) {
        address.forward = null;
        log.info(
            "handover forwarding ended vm={} hoa={} to={}",
            vm, address.homeAddress, address.lastPeer);
      }
      address.proxy = null;
      address.forgetSecret();
    }
    home = false;
    back = false;
  }

  /** Whether a migration is under way, and the VM has not been said to be stopped. */
  boolean isMigrating() {
    return mode == Mode.MIGRATING;
  }

  /** Whether a packet is on its way or kept for somebody; the daemon must not end yet. */
  boolean isBusy() {
    return mode != Mode.OFF && mode != Mode.MIGRATING;
  }

  /**
   * Takes a packet for the guest, unless the guest is to have it.
   *
   * @param packet from its inner IPv6 header on
   * @return true if the packet is taken
   */
  boolean takes(PacketBuffer packet, long nowNs) {
    if (mode == Mode.OFF || home) {
      return false;
    }
    int destination = packet.offset() + Ipv6Header.DESTINATION;
    OldAddress address =
        addresses.get(
            packet.bytes().getLong(destination), packet.bytes().getLong(destination + 8));
    if (address == null || address.secret == null) {
      if (mode == Mode.LEFT) {
        counters.drop(DropReason.HANDOVER_NOT_FETCHED);
      }
      return mode == Mode.LEFT;
    }
    if (address.forward != null && !address.hasKept() && isBusy()) {
      packets.pass(address, packet, nowNs);
      return true;
    }
    keep(address, packet, nowNs);
    return mode != Mode.MIGRATING;
  }

  private void keep(OldAddress address, PacketBuffer packet, long atNs) {
    if (mode == Mode.MIGRATING) {
      packets.copy(address, packet, atNs);
    } else {
      packets.keep(address, packet, atNs);
    }
  }

  /**
   * A Handover Initiate.
   *
   * @param careOf this place's care-of address
   * @param moved told before anything else is done if the VM was believed to be here
   */
  void onInitiate(
      HandoverMessage initiate,
      Ipv6Address source,
      Ipv6Address destination,
      Ipv6Address careOf,
      Runnable moved,
      long nowNs) {
    OldAddress address = addresses.get(initiate.homeAddress());
    switch (initiates.judge(address, initiate, source, destination, careOf, nowNs)) {
      case DECIDE -> accept(address, initiate, careOf, moved, nowNs);
      case REPEAT -> answer(address.lastAnswer, source, careOf);
      default -> { }
    }
  }

  private void accept(
      OldAddress address,
      HandoverMessage initiate,
      Ipv6Address careOf,
      Runnable moved,
      long nowNs) {
    Ipv6Address source = address.lastPeer;
    int code = decide(address, initiate);
    address.lastAnswer =
        address.secret.sign(HandoverMessage.acknowledge(code, initiate), careOf, source);
    answer(address.lastAnswer, source, careOf);
    log.info(
        "handover initiate vm={} hoa={} from={} code={}", vm, initiate.homeAddress(), source, code);
    if (code < HandoverMessage.REFUSED) {
      counters.add(Counter.HANDOVER_INITIATES_ACCEPTED);
      moved.run();
      begin(address, initiate, source, careOf, nowNs);
    }
  }

  private int decide(OldAddress address, HandoverMessage initiate) {
    if (packets.bound() == 0 || home || mode == Mode.OFF && !traffic.isOpen()) {
      return HandoverMessage.REFUSED;
    }
    // What came in ESP, or should have, goes on in ESP.
    return initiate.spi() == 0 && !traffic.allowsClear(address.homeAddress)
        ? HandoverMessage.PROHIBITED
        : HandoverMessage.ACCEPTED;
  }

  private void begin(
      OldAddress address,
      HandoverMessage initiate,
      Ipv6Address to,
      Ipv6Address careOf,
      long nowNs) {
    if (mode == Mode.MIGRATING) {
      newsNs = nowNs + NEWS_NS;
    } else {
      paused(false, nowNs, nowNs);
    }
    overNs = nowNs + GRACE_NS;
    peer = to;
    Tunnel tunnel = new Tunnel(tunnels);
    if (linkMtu > 0) {
      tunnel.linkMtu(linkMtu, nowNs);
    }
    tunnel.endpoints(careOf, to);
    if (initiate.spi() != 0) {
      tunnel.protection(address.secret.outbound(initiate, careOf, to));
    }
    address.forward = tunnel;
    address.marked = false;
    if (isBusy()) {
      int kept = address.kept();
      packets.drain(true, nowNs);
      logForwarding(address, kept);
    }
  }

  private void answer(HandoverMessage answer, Ipv6Address to, Ipv6Address careOf) {
    underlay.send(SignallingWriter.build(careOf, to, null, null, answer, null));
    underlay.transmit();
  }

  /** The path MTU towards a host is smaller than was thought. */
  void tooBig(PacketBuffer outer, long nowNs) {
    for (int i = 0; i < all.size(); i++) {
      Tunnel tunnel = all.get(i).forward;
      if (tunnel != null
          && tunnel.remote().matches(outer.bytes(), outer.offset() + Ipv6Header.DESTINATION)) {
        tunnel.onRefused(outer.length(), nowNs);
      }
    }
  }

  void onDeadline(long nowNs) {
    if (newsNs <= nowNs) {
      paused(false, newsNs - NEWS_NS, nowNs);
    }
    packets.onDeadline(nowNs);
    if (back && overNs() <= nowNs) {
      stop();
    }
  }

  /** Whether the grace of a VM that is gone has ended: the owner then calls {@link #stop}. */
  boolean isOver(long nowNs) {
    return mode != Mode.OFF && !back && overNs() <= nowNs;
  }

  private long overNs() {
    return mode == Mode.ON_LINK && !packets.isDrained() ? NodeEngine.NEVER : overNs;
  }

  long nextDeadlineNs() {
    return Math.min(newsNs, Math.min(packets.nextDeadlineNs(), overNs()));
  }

  Ipv6Address peer() {
    return peer;
  }

  boolean isForwarding() {
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).forward != null || all.get(i).proxy != null) {
        return true;
      }
    }
    return false;
  }

  int waiting() {
    return isBusy() ? packets.count() : 0;
  }

  int waitingOctets() {
    return isBusy() ? packets.octets() : 0;
  }
}
