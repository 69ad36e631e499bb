package org.kagemusha.core.mobility;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.handover.HandoverRequest;
import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.handover.PacketHold;
import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.InnerErrors;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;

/**
 * The host where a VM arrives, RFC 5568 §4's new access router: when the home agent has
 * acknowledged the binding and named the place before, it asks that host for the packets that went
 * there, and holds what the home agent sends here until those are there, so that the order within a
 * flow stays. The wait is short, and ends at once if the other host says no.
 */
final class NewPlace {

  /** How long forwarded packets are taken. */
  static final long TAKEN_NS = OldPlace.GRACE_NS + 1_000_000_000L;

  /** Room for packets that are held, octets; when it is used up, none is held any more. */
  private static final int HELD_OCTETS = 1 << 22;

  /** One home address. */
  private static final class Fetch {
    private final HandoverRequest request;
    private boolean over;
    private long endNs;
    private PacketHold hold;
    private int received;

    Fetch(Ipv6Address homeAddress, HandoverKeys keys, Ipv6Address to) {
      this.request =
          new HandoverRequest(homeAddress, keys.previousCareOf(), to, keys.previousKey());
    }

    long releaseNs() {
      return hold == null ? NodeEngine.NEVER : hold.untilNs();
    }
  }

  private final Underlay underlay;
  private final SecurityAssociationDatabase associations;
  private final GuestTraffic traffic;
  private final HandoverRecorder recorder;
  private final InnerErrors out;
  private final Counters counters;
  private final Logger log;
  private final SecureRandom random = new SecureRandom();
  private final BindingUpdateSequence sequence = new BindingUpdateSequence();
  private final Ipv6Map<Fetch> fetches = new Ipv6Map<>();
  private final List<Fetch> active = new ArrayList<>();
  private PacketBuffer scratch;
  private String vm;
  private MacAddress guest;
  private Ipv6Address peer;

  /**
   * @param out takes packets for the guest that need not be held
   */
  NewPlace(
      Underlay underlay,
      SecurityAssociationDatabase associations,
      GuestTraffic traffic,
      HandoverRecorder recorder,
      InnerErrors out,
      Counters counters,
      Logger log) {
    this.underlay = underlay;
    this.associations = associations;
    this.traffic = traffic;
    this.recorder = recorder;
    this.out = out;
    this.counters = counters;
    this.log = log;
  }

  void settings(String name, MacAddress guestMac) {
    vm = name;
    guest = guestMac;
  }

  /** The home agent has acknowledged a binding; asks the place before, unless it was asked. */
  void fetch(
      Ipv6Address homeAddress, HandoverKeys keys, Ipv6Address careOf, long wallMs, long nowNs) {
    if (keys.previousCareOf() == null || keys.previousCareOf().equals(careOf)) {
      return;
    }
    Fetch before = fetches.get(homeAddress);
    Fetch fetch = new Fetch(homeAddress, keys, careOf);
    if (before != null && before.request.keyIndex() == fetch.request.keyIndex()) {
      fetch.request.end(associations);
      return;
    }
    if (before != null) {
      end(before);
    }
    fetches.put(homeAddress, fetch);
    active.add(fetch);
    peer = fetch.request.from();
    fetch.request.begin(
        sequence.next(wallMs), guest, traffic.allowsClear(homeAddress), associations, random);
    send(fetch, nowNs);
    fetch.request.listen(fetch, associations);
    fetch.hold = new PacketHold(HELD_OCTETS, nowNs);
    fetch.endNs = nowNs + TAKEN_NS;
    log.info("handover asked vm={} hoa={} from={} to={}", vm, homeAddress, peer, careOf);
  }

  private void send(Fetch fetch, long nowNs) {
    underlay.send(
        SignallingWriter.build(
            fetch.request.to(), fetch.request.from(), null, null, fetch.request.initiate(), null));
    underlay.transmit();
    counters.add(Counter.HANDOVER_INITIATES_SENT);
    fetch.request.sent(nowNs);
  }

  /** A Handover Acknowledge. */
  void onAcknowledge(
      HandoverMessage answer, Ipv6Address source, Ipv6Address destination, long nowNs) {
    Fetch fetch = fetches.get(answer.homeAddress());
    DropReason refused =
        fetch == null || fetch.over
            ? DropReason.HANDOVER_UNMATCHED
            : fetch.request.judge(answer, source, destination);
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    log.info(
        "handover answered vm={} hoa={} by={} code={}",
        vm, answer.homeAddress(), source, answer.code());
    if (answer.code() < HandoverMessage.REFUSED) {
      accepted(fetch, nowNs);
    } else {
      end(fetch);
    }
  }

  private void accepted(Fetch fetch, long nowNs) {
    fetch.request.answered();
    if (fetch.hold != null) {
      fetch.hold.onSign(nowNs);
    }
  }

  /**
   * Holds a packet that came from the home agent, if those of the old place are waited for.
   *
   * @param packet from its inner IPv6 header on
   */
  boolean holds(PacketBuffer packet) {
    if (active.isEmpty()) {
      return false;
    }
    Fetch fetch = of(packet, packet.offset() + Ipv6Header.DESTINATION);
    if (fetch == null || fetch.hold == null) {
      return false;
    }
    if (!fetch.hold.offer(packet)) {
      release(fetch);
      return false;
    }
    counters.add(Counter.HANDOVER_PACKETS_HELD);
    return true;
  }

  private Fetch of(PacketBuffer packet, int destination) {
    Fetch fetch =
        fetches.get(
            packet.bytes().getLong(destination), packet.bytes().getLong(destination + 8));
    return fetch == null || fetch.over ? null : fetch;
  }

  /**
   * Takes a tunnelled packet that the reader has just opened, if an old place sent it.
   *
   * @return false if it is none of those
   */
  boolean takes(PacketBuffer outer, SignallingReader reader, long nowNs) {
    if (active.isEmpty()) {
      return false;
    }
    int at = outer.offset();
    int inner = reader.innerOffset();
    Fetch fetch;
    if (reader.association() != null) {
      if (!(reader.association().owner() instanceof Fetch owner)) {
        return false;
      }
      fetch = owner;
    } else {
      fetch = of(outer, inner + Ipv6Header.DESTINATION);
      if (fetch == null
          || fetch.request.inbound() != null
          || !fetch.request.from().matches(outer.bytes(), at + Ipv6Header.SOURCE)) {
        return false;
      }
    }
    DropReason refused = judge(fetch, outer, inner);
    if (refused == null && Mark.isFrom(fetch.request.from(), outer.bytes(), inner)) {
      accepted(fetch, nowNs);
      release(fetch);
      return true;
    }
    HomeAddressPath path = refused == null ? traffic.path(fetch.request.homeAddress()) : null;
    if (refused == null) {
      refused =
          path == null
              ? DropReason.INNER_DESTINATION_WRONG
              : GuestTraffic.checkSource(path, outer.bytes(), inner + Ipv6Header.SOURCE);
    }
    if (refused == null) {
      refused = path.tunnel().receive(outer, inner, out, nowNs);
    }
    if (refused != null) {
      counters.drop(refused);
      return true;
    }
    accepted(fetch, nowNs);
    fetch.received++;
    counters.add(Counter.HANDOVER_PACKETS_RECEIVED);
    recorder.downlink(nowNs);
    out.send(outer);
    return true;
  }

  private static DropReason judge(Fetch fetch, PacketBuffer outer, int inner) {
    int at = outer.offset();
    if (!fetch.request.from().matches(outer.bytes(), at + Ipv6Header.SOURCE)) {
      return DropReason.OUTER_SOURCE_WRONG;
    }
    if (!fetch.request.to().matches(outer.bytes(), at + Ipv6Header.DESTINATION)) {
      return DropReason.OUTER_DESTINATION_WRONG;
    }
    return fetch.request.homeAddress().matches(outer.bytes(), inner + Ipv6Header.DESTINATION)
        ? null
        : DropReason.INNER_DESTINATION_WRONG;
  }

  /** Gives the guest what was held. */
  private void release(Fetch fetch) {
    PacketHold held = fetch.hold;
    fetch.hold = null;
    if (held == null) {
      return;
    }
    if (scratch == null) {
      scratch = PacketRing.scratch();
    }
    while (held.poll(scratch)) {
      out.send(scratch);
    }
  }

  /** The VM stops here: what is held goes where its packets go now. */
  void release() {
    for (int i = 0; i < active.size(); i++) {
      release(active.get(i));
    }
  }

  /** Ends all. */
  void stop() {
    while (!active.isEmpty()) {
      end(active.get(active.size() - 1));
    }
  }

  private void end(Fetch fetch) {
    if (fetch.over) {
      return;
    }
    fetch.over = true;
    active.remove(fetch);
    release(fetch);
    fetch.request.end(associations);
    log.info(
        "handover ended vm={} hoa={} from={} packets={}",
        vm, fetch.request.homeAddress(), fetch.request.from(), fetch.received);
    if (active.isEmpty()) {
      scratch = null;
    }
  }

  void onDeadline(long nowNs) {
    for (int i = active.size() - 1; i >= 0; i--) {
      Fetch fetch = active.get(i);
      if (fetch.releaseNs() <= nowNs) {
        release(fetch);
      }
      if (fetch.endNs <= nowNs) {
        end(fetch);
      } else if (fetch.request.dueNs() <= nowNs) {
        onUnanswered(fetch, nowNs);
      }
    }
  }

  private void onUnanswered(Fetch fetch, long nowNs) {
    if (fetch.request.isExhausted()) {
      log.warn(
          "handover not answered vm={} hoa={} by={}",
          vm, fetch.request.homeAddress(), fetch.request.from());
      end(fetch);
    } else {
      send(fetch, nowNs);
    }
  }

  long nextDeadlineNs() {
    long next = NodeEngine.NEVER;
    for (int i = 0; i < active.size(); i++) {
      Fetch fetch = active.get(i);
      next =
          Math.min(
              next, Math.min(fetch.releaseNs(), Math.min(fetch.request.dueNs(), fetch.endNs)));
    }
    return next;
  }

  boolean isFetching() {
    return !active.isEmpty();
  }

  Ipv6Address peer() {
    return peer;
  }

  int waiting() {
    int count = 0;
    for (Fetch fetch : active) {
      count += fetch.hold == null ? 0 : fetch.hold.size();
    }
    return count;
  }

  int waitingOctets() {
    int count = 0;
    for (Fetch fetch : active) {
      count += fetch.hold == null ? 0 : fetch.hold.octets();
    }
    return count;
  }
}
