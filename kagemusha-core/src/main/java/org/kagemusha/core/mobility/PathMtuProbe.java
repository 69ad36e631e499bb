package org.kagemusha.core.mobility;

import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Path MTU discovery between care-of address and home agent where no Packet Too Big comes back, RFC
 * 8899: Echo Requests to the home agent, padded to the size in question, are the probes, and the
 * Echo Replies confirm both directions. A home agent that answers no Echo Request teaches nothing,
 * and the path MTU stays as it was. Silent until {@link #begin}.
 */
final class PathMtuProbe {

  /**
   * PROBE_TIMER, RFC 8899 §5.1.1: "MUST NOT be smaller than 1 second and SHOULD be larger than 15
   * seconds"; in a black hole a guest's sessions stand still for three of them.
   */
  static final long PROBE_TIMER_NS = 2_000_000_000L;

  /** MAX_PROBES, §5.1.2. */
  static final int MAX_PROBES = 3;

  /** PMTU_RAISE_TIMER, §5.1.1, a little less than a lowered path MTU is kept (RFC 8201 §5.3). */
  static final long RAISE_TIMER_NS = 590_000_000_000L;

  /** BASE_PLPMTU, §5.1.2. */
  static final int BASE = Ipv6Header.MINIMUM_MTU;

  private static final int[] SIZES = {1400, 1460, 1480, 1492, 1500, 4352, 8166, 9000};
  private static final int ECHO_HEADER = 8;
  private static final int HOP_LIMIT = 64;

  /** What is known of the path, in octets. */
  interface Sizes {
    int link();

    int path(long nowNs);

    /** A size was confirmed, or is all that can be hoped for. */
    void found(int octets, long nowNs);
  }

  private enum Phase {
    IDLE,
    /** The present path MTU is tried. */
    CONFIRM,
    /** It got lost; the least MTU is tried, to tell a black hole from a silent home agent. */
    BASE,
    /** Larger sizes are tried one after another. */
    SEARCH,
    /** Nothing to do until it is time to try again. */
    COMPLETE
  }

  private final Underlay underlay;
  private final RandomGenerator random;
  private final Sizes sizes;
  private boolean enabled;
  private Phase phase = Phase.IDLE;
  private Ipv6Address careOf;
  private Ipv6Address homeAgent;
  private int identifier;
  private int sequence;
  private int size;
  private int failed;
  private int tries;
  private long nextNs = NodeEngine.NEVER;

  PathMtuProbe(Underlay underlay, RandomGenerator random, Sizes sizes) {
    this.underlay = underlay;
    this.random = random;
    this.sizes = sizes;
  }

  /** Says whether to probe at all; off at first. */
  void enabled(boolean value) {
    enabled = value;
    if (!value) {
      stop();
    }
  }

  /** Begins to probe a path; goes on where it is probed already. */
  void begin(Ipv6Address source, Ipv6Address destination, long nowNs) {
    if (!enabled) {
      return;
    }
    if (phase != Phase.IDLE && source.equals(careOf) && destination.equals(homeAgent)) {
      return;
    }
    careOf = source;
    homeAgent = destination;
    identifier = random.nextInt(1 << 16);
    confirm(nowNs);
  }

  /** Falls silent. */
  void stop() {
    phase = Phase.IDLE;
    nextNs = NodeEngine.NEVER;
  }

  long nextDeadlineNs() {
    return nextNs;
  }

  /** Sends the probe that is due. */
  void onDeadline(long nowNs) {
    if (nowNs < nextNs) {
      return;
    }
    if (phase == Phase.COMPLETE) {
      confirm(nowNs);
    } else if (tries >= MAX_PROBES) {
      onLoss(nowNs);
    } else {
      send(nowNs);
    }
  }

  private void confirm(long nowNs) {
    failed = Integer.MAX_VALUE;
    probe(Phase.CONFIRM, sizes.path(nowNs), nowNs);
  }

  private void probe(Phase next, int octets, long nowNs) {
    phase = next;
    size = octets;
    tries = 0;
    send(nowNs);
  }

  private void complete(long nowNs) {
    phase = Phase.COMPLETE;
    nextNs = nowNs + RAISE_TIMER_NS;
  }

  /** §5.1.2: "MAX_PROBES [...] consecutive failed probe attempts". */
  private void onLoss(long nowNs) {
    if (phase == Phase.CONFIRM && size > BASE) {
      failed = size;
      probe(Phase.BASE, BASE, nowNs);
    } else {
      complete(nowNs);
    }
  }

  private void onConfirmed(long nowNs) {
    // §5.3.2: a confirmed size is the new PLPMTU; the present one is confirmed to be kept.
    if (phase != Phase.CONFIRM || size < sizes.link()) {
      sizes.found(size, nowNs);
    }
    int larger = larger();
    if (larger > 0) {
      probe(Phase.SEARCH, larger, nowNs);
    } else {
      complete(nowNs);
    }
  }

  /** The next size to try: none that was lost, none beyond the link; 0 where there is none. */
  private int larger() {
    int most = Math.min(sizes.link(), failed - 1);
    for (int candidate : SIZES) {
      if (candidate > size && candidate < most) {
        return candidate;
      }
    }
    return most > size && most == sizes.link() ? most : 0;
  }

  /**
   * An ICMPv6 message from the routed network that is valid.
   *
   * @return true if it answers the probe
   */
  boolean onEchoReply(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int echo = at + Ipv6Header.BYTES;
    boolean answers =
        phase != Phase.IDLE
            && phase != Phase.COMPLETE
            && packet.length() == size
            && bytes.getShort(echo) == (short) (Icmpv6.ECHO_REPLY << 8)
            && bytes.getInt(echo + 4) == (identifier << 16 | sequence)
            && homeAgent.matches(bytes, at + Ipv6Header.SOURCE)
            && careOf.matches(bytes, at + Ipv6Header.DESTINATION);
    if (answers) {
      onConfirmed(nowNs);
    }
    return answers;
  }

  /** A packet did not go out because it is too big: if it was the probe, it is lost for certain. */
  void onRefused(PacketBuffer packet) {
    int echo = packet.offset() + Ipv6Header.BYTES;
    if (packet.length() == size
        && Ipv6Header.nextHeader(packet.bytes(), packet.offset()) == Protocol.ICMPV6
        && packet.bytes().getShort(echo) == (short) (Icmpv6.ECHO_REQUEST << 8)
        && packet.bytes().getInt(echo + 4) == (identifier << 16 | sequence)) {
      tries = MAX_PROBES;
    }
  }

  private void send(long nowNs) {
    tries++;
    sequence = sequence + 1 & 0xffff;
    nextNs = nowNs + PROBE_TIMER_NS;
    byte[] octets = new byte[size];
    ByteBuffer bytes = ByteBuffer.wrap(octets);
    int length = size - Ipv6Header.BYTES;
    Ipv6Header.write(
        bytes, 0, 0, 0, length, Protocol.ICMPV6, HOP_LIMIT, careOf, homeAgent);
    int echo = Ipv6Header.BYTES;
    bytes.putShort(echo, (short) (Icmpv6.ECHO_REQUEST << 8));
    bytes.putInt(echo + 4, identifier << 16 | sequence);
    int checksum =
        InternetChecksum.finish(
            InternetChecksum.pseudoHeader(bytes, 0, length, Protocol.ICMPV6)
                + InternetChecksum.sum(bytes, echo, ECHO_HEADER));
    bytes.putShort(echo + 2, (short) checksum);
    if (underlay.send(PacketBuffer.copyOf(octets)) == Underlay.Sent.TOO_BIG) {
      tries = MAX_PROBES;
    }
  }
}
