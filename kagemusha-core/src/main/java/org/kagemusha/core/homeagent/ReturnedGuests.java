package org.kagemusha.core.homeagent;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.kagemusha.core.handover.HandoverSecret;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.tunnel.TunnelContext;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The home link as the new place of a VM that returned (RFC 5568, as RFC 5949 has it): a host there
 * needs no address that the old host could reach, so the home agent asks for the packets that went
 * to the old host, and puts them on the home link.
 */
final class ReturnedGuests {

  /** RFC 5568 §6.2.1.1: "100 milliseconds if RTT is not known", doubled each time. */
  static final long RESEND_NS = 100_000_000L;

  /** HI_RETRIES, RFC 5568 §9. */
  static final int RETRIES = 3;

  /** How long forwarded packets are taken. */
  static final long TAKEN_NS = 6_000_000_000L;

  /**
   * How often it is looked whether the guest's MAC address is known, and for how long: what comes
   * before would have to wait in the neighbour cache, which has little room.
   */
  static final long LOOK_NS = 2_000_000L;

  static final long LOOKED_NS = 1_000_000_000L;

  /** Bounds memory; beyond, a guest returns without. */
  static final int MOST = 256;

  private static final Logger LOG = LoggerFactory.getLogger(HomeAgent.class);
  private static final int LEAST_SPI = 256;
  private static final int MOST_SPI = 0x0fff_ffff;
  private static final MacAddress UNKNOWN = MacAddress.parse("00:00:00:00:00:00");

  /** One home address. */
  private static final class Fetch {
    private final Ipv6Address homeAddress;
    private final Ipv6Address from;
    private final HandoverSecret secret;
    private HandoverMessage initiate;
    private InboundSecurityAssociation inbound;
    private Tunnel tunnel;
    private int sent;
    private long resendNs;
    private long endNs;
    private int received;

    Fetch(Ipv6Address homeAddress, Ipv6Address from, byte[] key) {
      this.homeAddress = homeAddress;
      this.from = from;
      this.secret = new HandoverSecret(key);
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
  private int sequence;

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
   */
  void fetch(Ipv6Address homeAddress, Ipv6Address from, byte[] key, boolean clear, long nowNs) {
    Fetch fetch = new Fetch(homeAddress, from, key);
    boolean known = active.size() >= MOST;
    for (Fetch each : active) {
      known |= each.secret.index() == fetch.secret.index();
    }
    if (known) {
      fetch.secret.destroy();
      return;
    }
    byte[] nonce = new byte[HandoverMessage.NONCE_OCTETS];
    random.nextBytes(nonce);
    fetch.initiate =
        fetch.secret.sign(
            HandoverMessage.initiate(
                number(), homeAddress, UNKNOWN, nonce, clear ? 0 : spi(),
                fetch.secret.index()),
            homeAgent, from);
    if (!clear) {
      fetch.inbound = fetch.secret.inbound(fetch.initiate, from, homeAgent);
      fetch.inbound.owner(fetch);
      associations.add(fetch.inbound);
    }
    fetch.tunnel = new Tunnel(tunnels);
    fetch.endNs = nowNs + TAKEN_NS;
    active.add(fetch);
    proceed(fetch, nowNs);
  }

  private void proceed(Fetch fetch, long nowNs) {
    if (fetch.sent > 0) {
      send(fetch, nowNs);
    } else if (neighbors.macOf(fetch.homeAddress) == null
        && nowNs < fetch.endNs - TAKEN_NS + LOOKED_NS) {
      fetch.resendNs = nowNs + LOOK_NS;
    } else {
      LOG.info("handover asked hoa={} from={} to=home", fetch.homeAddress, fetch.from);
      send(fetch, nowNs);
    }
  }

  /** As Binding Updates are numbered, so that this is ahead of what came before a restart. */
  private int number() {
    int clock = (int) (wallClockMs.getAsLong() / 250) & 0xffff;
    int next = sequence + 1 & 0xffff;
    sequence = (short) (clock - next) > 0 || sequence == 0 ? clock : next;
    return sequence;
  }

  private int spi() {
    int spi;
    do {
      spi = random.nextInt(LEAST_SPI, MOST_SPI + 1);
    } while (associations.inbound(spi) != null);
    return spi;
  }

  private void send(Fetch fetch, long nowNs) {
    underlay.sendOwn(
        SignallingWriter.build(homeAgent, fetch.from, null, null, fetch.initiate, null));
    counters.add(Counter.HANDOVER_INITIATES_SENT);
    fetch.resendNs = nowNs + (RESEND_NS << fetch.sent);
    fetch.sent++;
  }

  /** A message of RFC 5568: of interest is the old host's answer. */
  void onMessage(SignallingPacket packet) {
    HandoverMessage answer = (HandoverMessage) packet.message();
    Fetch fetch = null;
    for (Fetch each : active) {
      if (each.secret.index() == answer.keyIndex() && each.from.equals(packet.source())) {
        fetch = each;
      }
    }
    if (fetch == null
        || answer.type() != HandoverMessage.ACKNOWLEDGE
        || answer.sequence() != fetch.initiate.sequence()
        || !Arrays.equals(answer.nonce(), fetch.initiate.nonce())) {
      counters.drop(DropReason.HANDOVER_UNMATCHED);
    } else if (!fetch.secret.verifies(answer, packet.source(), packet.destination())) {
      counters.drop(DropReason.HANDOVER_UNAUTHENTIC);
    } else {
      LOG.info(
          "handover answered hoa={} by={} code={}",
          fetch.homeAddress, packet.source(), answer.code());
      fetch.resendNs = NodeEngine.NEVER;
      if (answer.code() >= HandoverMessage.REFUSED) {
        end(fetch);
      }
    }
  }

  /** Whether an old host sends what may be a forwarded packet; before any cryptography. */
  boolean isFromOldPlace(PacketBuffer packet) {
    for (int i = 0; i < active.size(); i++) {
      if (active.get(i).from.matches(packet.bytes(), packet.offset() + Ipv6Header.SOURCE)) {
        return true;
      }
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
      if (fetch.inbound == reader.association()
          && fetch.from.matches(outer.bytes(), outer.offset() + Ipv6Header.SOURCE)
          && fetch.homeAddress.matches(
              outer.bytes(), reader.innerOffset() + Ipv6Header.DESTINATION)) {
        take(fetch, outer, reader.innerOffset(), nowNs);
        return true;
      }
    }
    return false;
  }

  private void take(Fetch fetch, PacketBuffer outer, int inner, long nowNs) {
    int source = inner + Ipv6Header.SOURCE;
    if (fetch.from.matches(outer.bytes(), source)
        && Ipv6Header.nextHeader(outer.bytes(), inner) == Protocol.NO_NEXT_HEADER) {
      return;
    }
    long high = outer.bytes().getLong(source);
    DropReason refused =
        !AddressScope.isRoutable(high, outer.bytes().getLong(source + 8))
                || fetch.homeAddress.matches(outer.bytes(), source)
            ? DropReason.INNER_SOURCE_SPOOFED
            : fetch.tunnel.receive(outer, inner, nowNs);
    if (refused != null) {
      counters.drop(refused);
      return;
    }
    fetch.received++;
    counters.add(Counter.HANDOVER_PACKETS_RECEIVED);
    forwarding.send(outer, nowNs);
  }

  private void end(Fetch fetch) {
    active.remove(fetch);
    if (fetch.inbound != null) {
      associations.remove(fetch.inbound.spi());
      fetch.inbound.destroy();
    }
    fetch.secret.destroy();
    LOG.info(
        "handover ended hoa={} from={} packets={}",
        fetch.homeAddress, fetch.from, fetch.received);
  }

  void onDeadline(long nowNs) {
    for (int i = active.size() - 1; i >= 0; i--) {
      Fetch fetch = active.get(i);
      if (fetch.endNs <= nowNs) {
        end(fetch);
      } else if (fetch.resendNs <= nowNs && fetch.sent <= RETRIES) {
        proceed(fetch, nowNs);
      } else if (fetch.resendNs <= nowNs) {
        LOG.warn("handover not answered hoa={} by={}", fetch.homeAddress, fetch.from);
        end(fetch);
      }
    }
  }

  long nextDeadlineNs() {
    long next = NodeEngine.NEVER;
    for (int i = 0; i < active.size(); i++) {
      next = Math.min(next, Math.min(active.get(i).resendNs, active.get(i).endNs));
    }
    return next;
  }
}
