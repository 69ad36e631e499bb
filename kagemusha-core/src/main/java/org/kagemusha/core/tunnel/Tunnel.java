package org.kagemusha.core.tunnel;

import java.util.Objects;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * One bidirectional IPv6 tunnel (RFC 2473 §3): between a care-of address and a home agent. It keeps
 * only what differs from tunnel to tunnel, because a home agent has 10,000; the rest is in {@link
 * TunnelContext}. For the engine's thread; {@code nowNs} is monotonic time. The data path allocates
 * nothing.
 */
public final class Tunnel {

  /** ICMPv6 errors that one tunnel may originate per second, RFC 4443 §2.4(f). */
  public static final int ERRORS_PER_SECOND = 100;

  private static final int ERRORS_BURST = 50;

  private final TunnelContext context;
  private final TunnelMtu mtu = new TunnelMtu();
  private final TokenBucket errorLimit = new TokenBucket(ERRORS_PER_SECOND, ERRORS_BURST);
  private Ipv6Address local;
  private Ipv6Address remote;
  private OutboundSecurityAssociation association;
  private int localPort;
  private int remotePort;

  /**
   * A tunnel that is not up: {@link #endpoints} makes it so.
   *
   * @param context what it shares with the engine's other tunnels
   */
  public Tunnel(TunnelContext context) {
    this.context = Objects.requireNonNull(context);
  }

  /**
   * Sets the two ends. If one changed, what was learned of the path is forgotten.
   *
   * @throws IllegalArgumentException if both are the same: RFC 2473 §4.1.2 wants "a mechanism that
   *     checks and rejects the configuration of a tunnel in which both the entry-point and
   *     exit-point node addresses belong to the same node"
   */
  public void endpoints(Ipv6Address local, Ipv6Address remote) {
    if (local.equals(remote)) {
      throw new IllegalArgumentException("both ends of a tunnel are " + local);
    }
    if (!local.equals(this.local) || !remote.equals(this.remote)) {
      this.local = local;
      this.remote = remote;
      mtu.forget();
    }
  }

  /** Sets, or with null clears, the ESP association that seals what is sent. */
  public void protection(OutboundSecurityAssociation association) {
    this.association = association;
  }

  /**
   * Sets the UDP ports between which ESP is encapsulated, RFC 3948. While they are set, nothing is
   * sent without {@link #protection}: such packets are dropped and counted.
   *
   * @param localPort 1 to 65535, or 0 with {@code remotePort} 0: no UDP, as in the beginning
   * @param remotePort the other end's
   * @throws IllegalArgumentException if a port is out of its range, or one alone is 0
   */
  public void encapsulation(int localPort, int remotePort) {
    UdpEncapsulation.isEncapsulated(localPort, remotePort);
    this.localPort = localPort;
    this.remotePort = remotePort;
  }

  /** The local UDP port of the encapsulation, or 0 where there is none. */
  public int localPort() {
    return localPort;
  }

  /** The other end's UDP port of the encapsulation, or 0 where there is none. */
  public int remotePort() {
    return remotePort;
  }

  /** The local end, or null before {@link #endpoints}. */
  public Ipv6Address local() {
    return local;
  }

  /** The remote end, or null before {@link #endpoints}. */
  public Ipv6Address remote() {
    return remote;
  }

  /**
   * Sets the MTU of the underlay interface, where the path MTU starts (RFC 8201 §5.2). A new value
   * makes the path be learned again; the same value changes nothing.
   *
   * @param octets at least 1280; less is taken for 1280. Before the first call it is 1500
   */
  public void linkMtu(int octets, long nowNs) {
    mtu.link(octets);
  }

  /** The path MTU between the two ends as far as it is known, in octets, at least 1280. */
  public int pathMtu(long nowNs) {
    return mtu.path(nowNs);
  }

  /**
   * Sets the path MTU that probing found, RFC 8899 §5.3.2: unlike an ICMPv6 message it may raise
   * it. It is kept for ten minutes.
   *
   * @param octets at least 1280, at most what the link carries; taken as the nearest of these
   */
  public void probedPathMtu(int octets, long nowNs) {
    mtu.probed(octets, nowNs);
  }

  /**
   * The tunnel MTU, RFC 2473 §6.7: the largest inner packet, in octets, that goes through in one
   * piece. May be less than 1280: up to there, outer packets are fragmented.
   */
  public int mtu(long nowNs) {
    return mtu(context.settings().encapsulationLimit() >= 0 ? EncapsulationLimit.BYTES : 0, nowNs);
  }

  int mtu(int extensions, long nowNs) {
    int headers = isEncapsulated() ? extensions + UdpEncapsulation.HEADER_OCTETS : extensions;
    return Math.min(mtu.payload(headers, association, nowNs), context.settings().maximumMtu());
  }

  /**
   * Tunnel entry point, RFC 2473 §3.1: puts the inner packet in the tunnel, or drops and counts it.
   * Checks and decrements the hop limit, obeys the Tunnel Encapsulation Limit, clamps the MSS of
   * TCP SYN segments, seals with ESP, puts that in UDP where {@link #encapsulation} says so, writes
   * the outer header with DSCP, ECN and flow label, and fragments the outer packet where the inner
   * one has at most 1280 octets. A larger one that does not fit is answered by Packet Too Big. At
   * most one error answers a packet.
   *
   * <p>A super-packet is judged as a whole, by the size of its largest segment; then its segments
   * go out one by one, each in a place that the underlay has for it ({@link Underlay#slot}). What
   * answers it quotes its first segment. A checksum that is unfinished is finished.
   *
   * @param inner a whole IPv6 packet with the usual room at both ends, octets behind its payload
   *     length are cut off; what the buffer holds afterwards is undefined
   * @param underlay takes the outer packets; what it does not take is counted here
   * @param errors takes ICMPv6 errors for the inner source; null: nobody
   */
  public void send(PacketBuffer inner, Underlay underlay, InnerErrors errors, long nowNs) {
    context.entryPoint().send(this, inner, underlay, errors, nowNs);
  }

  /**
   * Tunnel exit point without answers: as {@link #receive(PacketBuffer, int, InnerErrors, long)}
   * with nobody to take ICMPv6 errors.
   */
  public DropReason receive(PacketBuffer outer, int innerOffset, long nowNs) {
    return context.exitPoint().receive(this, outer, innerOffset, null, nowNs);
  }

  /**
   * Tunnel exit point, RFC 2473 §3.3: takes the tunnel headers off. ECN is combined by RFC 6040
   * §4.2, the inner DSCP stays, the hop limit is decremented if the settings say that this node is
   * a router, TCP SYN segments have their MSS clamped. Counts the packet if it came out. The caller
   * checks outer and inner addresses beforehand (anti-spoofing).
   *
   * <p>A super-packet in clear comes out as one, with its state ({@link
   * PacketBuffer#isUnfinished}); it counts as the packets that it was made of.
   *
   * @param outer the outer packet: its first octet is the outer IPv6 header's, of which only the
   *     traffic class is read; afterwards the inner packet, without octets behind its payload
   *     length @param innerOffset the absolute index of the inner IPv6 header in the buffer.
   *     Opening ESP leaves the inner packet alone in the buffer: set it back to begin at the outer
   *     header first
   * @param errors takes Time Exceeded for the inner source; null: nobody
   * @return null if the buffer now holds the inner packet, else why it was dropped (not yet
   *     counted)
   */
  public DropReason receive(
      PacketBuffer outer, int innerOffset, InnerErrors errors, long nowNs) {
    return context.exitPoint().receive(this, outer, innerOffset, errors, nowNs);
  }

  /**
   * A packet that {@link #send} gave to the underlay was refused afterwards as larger than the
   * interface takes: lowers the path MTU below it for ten minutes, unless that has happened
   * already, as it has when several of one size are refused together. Their sources are told when
   * they send the next.
   *
   * @param octets of the outer packet
   */
  public void onRefused(int octets, long nowNs) {
    if (octets <= mtu.path(nowNs)) {
      mtu.lowerBelow(octets, nowNs);
    }
  }

  /**
   * ICMPv6 error from inside the tunnel (RFC 2473 §8, RFC 8201 §4). Packet Too Big lowers the path
   * MTU for ten minutes. Where the quoted packet is clear, its source is told; where it is ESP, it
   * is told when it sends the next packet that is too big. At most one error answers an error.
   *
   * @param error the whole IPv6 packet of the error, ICMPv6 right behind the IPv6 header
   * @param errors takes ICMPv6 errors for the inner source; null: nobody
   * @return null if taken, else why dropped (not yet counted)
   */
  public DropReason onIcmpError(PacketBuffer error, InnerErrors errors, long nowNs) {
    return context.errors().onIcmpError(this, error, errors, nowNs);
  }

  /**
   * Finds the tunnel that an ICMPv6 error is about.
   *
   * @param error the whole IPv6 packet of the error
   * @return the absolute index of the quoted packet's Destination Address, which was the remote
   *     end; -1 if nothing is quoted
   */
  public static int quotedDestination(PacketBuffer error) {
    return TunnelErrors.quotedDestination(error);
  }

  /**
   * Finds the inner packet that an ICMPv6 error quotes, to tell which of several tunnels with the
   * same ends the error is about. Allocates nothing.
   *
   * @param error the whole IPv6 packet of the error
   * @return the absolute index of the quoted inner IPv6 header, which is whole; -1 if none is to be
   *     seen: it was sealed, or too little is quoted
   */
  public static int quotedInner(PacketBuffer error) {
    return TunnelErrors.quotedInner(error);
  }

  boolean isEncapsulated() {
    return remotePort != 0;
  }

  OutboundSecurityAssociation association() {
    return association;
  }

  void lowerPathMtu(int octets, long nowNs) {
    mtu.lower(octets, nowNs);
  }

  boolean lowerPathMtuBelow(int octets, long nowNs) {
    return mtu.lowerBelow(octets, nowNs);
  }

  boolean mayAnswer(long nowNs) {
    return errorLimit.tryTake(nowNs);
  }
}
