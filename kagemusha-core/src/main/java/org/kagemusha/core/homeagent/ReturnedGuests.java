package org.kagemusha.core.homeagent;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.kagemusha.core.handover.HandoverRequest;
import org.kagemusha.core.handover.Mark;
import org.kagemusha.core.handover.PacketHold;
import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The home link as the new place of a VM that returned (RFC 5568, as RFC 5949 has it): a host there
 * needs no address that the old host could reach, so the home agent asks for the packets that went
 * to the old host, and puts them on the home link. What is still sent to the home agent waits for
 * them, and so does the acknowledgement of the deregistration, since all others on the link send to
 * the guest itself once the mobile node has heard of it (RFC 6275 §11.5.5).
 */
final class ReturnedGuests {

  /** How long forwarded packets are taken. */
  static final long TAKEN_NS = 6_000_000_000L;

  /**
   * How often it is looked whether the guest's MAC address is known, and for how long: what comes
   * before waits here, since the neighbour cache has little room.
   */
  static final long LOOK_NS = 500_000L;

  static final long LOOKED_NS = 1_000_000_000L;

  /** Bounds memory; beyond, a guest returns without. */
  static final int MOST = 256;

  /** Room for what waits for the old host's packets, octets. */
  private static final int HELD_OCTETS = 1 << 18;

  /** Room for what waits for the guest's MAC address, octets; the oldest give way. */
  private static final int EARLY_OCTETS = 1 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(HomeAgent.class);
  private static final MacAddress UNKNOWN = MacAddress.parse("00:00:00:00:00:00");

  /** One home address. */
  private static final class Fetch {
    private final HandoverRequest request;
    private final LongConsumer whenThere;
    private PacketHold hold;
    private PacketRing early;
    private long lookNs = NodeEngine.NEVER;
    private boolean marked;
    private Tunnel tunnel;
    private long endNs;
    private int received;

    Fetch(HandoverRequest request, LongConsumer whenThere) {
      this.request = request;
      this.whenThere = whenThere;
    }

    long releaseNs() {
      return hold == null ? NodeEngine.NEVER : hold.untilNs();
    }
  }

  private final Ipv6Address homeAgent;
  private final CountedUnderlay underlay;
  private final Forwarding forwarding;
  private final NeighborCache neighbors;
  private final TunnelContext tunnels;
  private final SecurityAssociationDatabase associations;
  private final LongSupplier wallClockMs;
  private final Counters counters;
  private final SecureRandom random = new SecureRandom();
  private final List<Fetch> active = new ArrayList<>();
  private final BindingUpdateSequence sequence = new BindingUpdateSequence();
  private PacketBuffer scratch;

  ReturnedGuests(
      Ipv6Address homeAgent,
      CountedUnderlay underlay,
      Forwarding forwarding,
      NeighborCache neighbors,
      TunnelContext tunnels,
      SecurityAssociationDatabase associations,
      LongSupplier wallClockMs,
      Counters counters) {
    this.homeAgent = homeAgent;
    this.underlay = underlay;
    this.forwarding = forwarding;
    this.neighbors = neighbors;
    this.tunnels = tunnels;
    this.associations = associations;
    this.wallClockMs = wallClockMs;
    this.counters = counters;
  }

  /**
   * A VM has returned.
   *
   * @param from where it was
   * @param key that place's
   * @param clear whether its packets were in clear there
   * @param whenThere is told the time when the packets are there, or are not waited for any more
   * @return false if that place was asked already, or cannot be; then nothing is told
   */
  boolean fetch(
      Ipv6Address homeAddress,
      Ipv6Address from,
      byte[] key,
      boolean clear,
      LongConsumer whenThere,
      long nowNs) {
    Fetch fetch = new Fetch(new HandoverRequest(homeAddress, from, homeAgent, key), whenThere);
    boolean known = active.size() >= MOST;
    for (Fetch each : active) {
      known |= each.request.keyIndex() == fetch.request.keyIndex();
    }
    if (known) {
      fetch.request.end(associations);
      return false;
    }
    fetch.request.begin(
        sequence.next(wallClockMs.getAsLong()), UNKNOWN, clear, associations, random);
    send(fetch, nowNs);
    fetch.request.listen(fetch, associations);
    fetch.tunnel = new Tunnel(tunnels);
    fetch.endNs = nowNs + TAKEN_NS;
    fetch.hold = new PacketHold(HELD_OCTETS, nowNs);
    active.add(fetch);
    if (neighbors.macOf(homeAddress) == null) {
      neighbors.resolve(homeAddress, nowNs);
      fetch.early = new PacketRing(EARLY_OCTETS);
      fetch.lookNs = nowNs + LOOK_NS;
    }
    LOG.info("handover asked hoa={} from={} to=home", homeAddress, from);
    return true;
  }

  private void look(Fetch fetch, long nowNs) {
    if (neighbors.macOf(fetch.request.homeAddress()) == null
        && nowNs < fetch.endNs - TAKEN_NS + LOOKED_NS) {
      fetch.lookNs = nowNs + LOOK_NS;
    } else {
      sendEarly(fetch, nowNs);
    }
  }

  private void sendEarly(Fetch fetch, long nowNs) {
    PacketRing early = fetch.early;
    fetch.early = null;
    fetch.lookNs = NodeEngine.NEVER;
    if (early != null && !early.isEmpty()) {
      PacketBuffer packet = scratch();
      while (early.poll(packet)) {
        forwarding.send(packet, nowNs);
      }
    }
    if (fetch.marked) {
      release(fetch, nowNs);
    }
  }

  private PacketBuffer scratch() {
    if (scratch == null) {
      scratch = PacketRing.scratch();
    }
    return scratch;
  }

  private void deliver(Fetch fetch, PacketBuffer packet, long nowNs) {
    if (fetch.early == null) {
      forwarding.send(packet, nowNs);
    } else {
      counters.drop(DropReason.HANDOVER_BUFFER_FULL, fetch.early.add(packet, nowNs));
    }
  }

  private void send(Fetch fetch, long nowNs) {
    underlay.sendOwn(
        SignallingWriter.build(
            homeAgent, fetch.request.from(), null, null, fetch.request.initiate(), null));
    counters.add(Counter.HANDOVER_INITIATES_SENT);
    fetch.request.sent(nowNs);
  }

  /** A message of RFC 5568: of interest is the old host's answer. */
  void onMessage(SignallingPacket packet, long nowNs) {
    HandoverMessage answer = (HandoverMessage) packet.message();
    Fetch fetch = null;
    for (Fetch each : active) {
      if (each.request.keyIndex() == answer.keyIndex()) {
        fetch = each;
      }
    }
    DropReason refused =
        fetch == null
            ? DropReason.HANDOVER_UNMATCHED
            : fetch.request.judge(answer, packet.source(), packet.destination());
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    LOG.info(
        "handover answered hoa={} by={} code={}",
        answer.homeAddress(), packet.source(), answer.code());
    fetch.request.answered();
    if (answer.code() >= HandoverMessage.REFUSED) {
      end(fetch, nowNs);
    } else if (fetch.hold != null) {
      fetch.hold.onSign(nowNs);
    }
  }

  /** Whether an old host sends what may be a forwarded packet; before any cryptography. */
  boolean isFromOldPlace(PacketBuffer packet) {
    for (int i = 0; i < active.size(); i++) {
      Ipv6Address from = active.get(i).request.from();
      if (from.matches(packet.bytes(), packet.offset() + Ipv6Header.SOURCE)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Holds a packet for a guest at home, if those of its old place are waited for.
   *
   * @param packet a whole IPv6 packet
   */
  boolean holds(PacketBuffer packet, long nowNs) {
    int destination = packet.offset() + Ipv6Header.DESTINATION;
    for (int i = 0; i < active.size(); i++) {
      Fetch fetch = active.get(i);
      if (fetch.hold == null
          || !fetch.request.homeAddress().matches(packet.bytes(), destination)) {
        continue;
      }
      if (fetch.hold.offer(packet)) {
        counters.add(Counter.HANDOVER_PACKETS_HELD);
        return true;
      }
      release(fetch, nowNs);
    }
    return false;
  }

  /**
   * Takes an outer packet in which the reader found an inner one, if an old host forwards it.
   *
   * @return false if it is none of those
   */
  boolean takes(PacketBuffer outer, SignallingReader reader, long nowNs) {
    for (int i = 0; i < active.size(); i++) {
      Fetch fetch = active.get(i);
      if (fetch.request.inbound() == reader.association()
          && fetch.request.from().matches(outer.bytes(), outer.offset() + Ipv6Header.SOURCE)
          && fetch.request.homeAddress().matches(
              outer.bytes(), reader.innerOffset() + Ipv6Header.DESTINATION)) {
        take(fetch, outer, reader.innerOffset(), nowNs);
        return true;
      }
    }
    return false;
  }

  private void take(Fetch fetch, PacketBuffer outer, int inner, long nowNs) {
    int source = inner + Ipv6Header.SOURCE;
    if (Mark.isFrom(fetch.request.from(), outer.bytes(), inner)) {
      fetch.marked = true;
      if (fetch.early == null) {
        release(fetch, nowNs);
      }
      return;
    }
    long high = outer.bytes().getLong(source);
    DropReason refused =
        !AddressScope.isRoutable(high, outer.bytes().getLong(source + 8))
                || fetch.request.homeAddress().matches(outer.bytes(), source)
            ? DropReason.INNER_SOURCE_SPOOFED
            : fetch.tunnel.receive(outer, inner, nowNs);
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    if (fetch.hold != null) {
      fetch.hold.onSign(nowNs);
    }
    fetch.received++;
    counters.add(Counter.HANDOVER_PACKETS_RECEIVED);
    deliver(fetch, outer, nowNs);
  }

  private void release(Fetch fetch, long nowNs) {
    PacketHold held = fetch.hold;
    fetch.hold = null;
    if (held == null) {
      return;
    }
    if (held.size() > 0) {
      PacketBuffer packet = scratch();
      while (held.poll(packet)) {
        deliver(fetch, packet, nowNs);
      }
    }
    fetch.whenThere.accept(nowNs);
  }

  private void end(Fetch fetch, long nowNs) {
    active.remove(fetch);
    release(fetch, nowNs);
    sendEarly(fetch, nowNs);
    fetch.request.end(associations);
    LOG.info(
        "handover ended hoa={} from={} packets={}",
        fetch.request.homeAddress(), fetch.request.from(), fetch.received);
  }

  void onDeadline(long nowNs) {
    for (int i = active.size() - 1; i >= 0; i--) {
      Fetch fetch = active.get(i);
      if (fetch.releaseNs() <= nowNs) {
        release(fetch, nowNs);
      }
      if (fetch.lookNs <= nowNs) {
        look(fetch, nowNs);
      }
      if (fetch.endNs <= nowNs) {
        end(fetch, nowNs);
      } else if (fetch.request.dueNs() <= nowNs && !fetch.request.isExhausted()) {
        send(fetch, nowNs);
      } else if (fetch.request.dueNs() <= nowNs) {
        LOG.warn(
            "handover not answered hoa={} by={}",
            fetch.request.homeAddress(), fetch.request.from());
        end(fetch, nowNs);
      }
    }
  }

  long nextDeadlineNs() {
    long next = NodeEngine.NEVER;
    for (int i = 0; i < active.size(); i++) {
      Fetch fetch = active.get(i);
      next = Math.min(next, Math.min(fetch.request.dueNs(), fetch.endNs));
      next = Math.min(next, Math.min(fetch.releaseNs(), fetch.lookNs));
    }
    return next;
  }
}
