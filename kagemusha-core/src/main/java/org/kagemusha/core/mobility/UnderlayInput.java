package org.kagemusha.core.mobility;

import java.nio.ByteBuffer;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.tunnel.OffloadState;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.slf4j.Logger;

/** What comes from the routed network: tunnelled packets, signalling, and ICMPv6 about either. */
final class UnderlayInput {

  private final GuestMobility mobility;
  private final GuestTraffic traffic;
  private final SignallingInput signalling;
  private final SignallingReader reader;
  private final Handover handover;
  private final ErrorAnswers errors;
  private final Counters counters;
  private final DropAlarm errorAlarm;
  private String vm;

  UnderlayInput(
      GuestMobility mobility,
      GuestTraffic traffic,
      SignallingInput signalling,
      SignallingReader reader,
      Handover handover,
      ErrorAnswers errors,
      Counters counters,
      Logger log) {
    this.mobility = mobility;
    this.traffic = traffic;
    this.signalling = signalling;
    this.reader = reader;
    this.handover = handover;
    reader.takeHandovers();
    this.errors = errors;
    this.counters = counters;
    this.errorAlarm = new DropAlarm(log);
  }

  /** The VM's name in log lines. */
  void vm(String name) {
    vm = name;
  }

  /** A packet from the routed network. */
  void onPacket(PacketBuffer packet, long nowNs) {
    counters.add(Counter.UNDERLAY_PACKETS_RECEIVED, OffloadState.segments(packet));
    switch (reader.read(packet, nowNs)) {
      case TUNNEL -> {
        if (!handover.takes(packet, reader)) {
          traffic.downlink(packet, reader, nowNs);
        }
      }
      case SIGNALLING -> onSignalling(nowNs);
      case ROUTED_TO_HOME_ADDRESS -> traffic.routed(packet, reader, nowNs);
      case ICMPV6 -> onIcmpv6(packet, nowNs);
      default -> onDropped(packet, nowNs);
    }
  }

  /** The kernel did not take a packet. */
  void onRefused(PacketBuffer outer, Underlay.Sent why, long nowNs) {
    if (why == Underlay.Sent.TOO_BIG) {
      traffic.tooBig(outer, nowNs);
      handover.tooBig(outer);
      mobility.foreignStay().probe().onRefused(outer);
    }
  }

  private void onDropped(PacketBuffer packet, long nowNs) {
    if (reader.invalidSpi() != 0) {
      signalling.onInvalidSpi(packet, reader.invalidSpi(), mobility.careOf(), nowNs);
      return;
    }
    counters.drop(reader.dropReason());
    // A fenced node is silent: no ICMPv6, no Binding Error.
    errors.answer(packet, reader, traffic.isOpen() ? mobility.careOf() : null, nowNs);
  }

  private void onSignalling(long nowNs) {
    if (mobility.careOf() == null) {
      counters.drop(DropReason.OUTER_DESTINATION_WRONG);
    } else if (reader.signalling().message() instanceof HandoverMessage) {
      handover.onMessage(
          reader.signalling(), mobility.careOf(), () -> mobility.arrival().moved(nowNs));
    } else {
      signalling.receive(reader.signalling(), mobility.careOf(), nowNs);
    }
  }

  /**
   * An ICMPv6 message from the routed network. RFC 6275 §11.3.5: Parameter Problem of a node that
   * does not know the Mobility Header (code 1) or the Home Address option (code 2) is logged; it
   * never ends a home registration. The rest may be about the tunnel.
   */
  private void onIcmpv6(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset() + Ipv6Header.BYTES;
    if (!Icmpv6.isValid(bytes, packet.offset(), packet.length())) {
      counters.drop(DropReason.IPV6_MALFORMED);
      return;
    }
    int type = bytes.get(at) & 0xff;
    if (type >= Icmpv6.ECHO_REQUEST) {
      if (!mobility.foreignStay().probe().onEchoReply(packet, nowNs)) {
        counters.drop(DropReason.PROTOCOL_NOT_TAKEN);
      }
      return;
    }
    if (isAboutSignalling(packet)) {
      errorAlarm.raise(
          vm,
          DropReason.ICMP_ERROR_UNMATCHED,
          Ipv6Header.source(bytes, packet.offset())
              + " icmpv6=" + type + "/" + (bytes.get(at + 1) & 0xff),
          nowNs);
      counters.drop(DropReason.ICMP_ERROR_UNMATCHED);
      return;
    }
    traffic.icmpError(packet, nowNs);
  }

  private static boolean isAboutSignalling(PacketBuffer error) {
    int quoted = error.offset() + Ipv6Header.BYTES + 8;
    if (quoted + Ipv6Header.BYTES > error.end()) {
      return false;
    }
    int options = quoted + Ipv6Header.BYTES;
    return switch (Ipv6Header.nextHeader(error.bytes(), quoted)) {
      case Protocol.MOBILITY -> true;
      // RFC 6275 §6.3 pads the Home Address option to 24 octets; the Tunnel Encapsulation Limit
      // (RFC 2473 §5.1), which stands in front of data, has a header of 8.
      case Protocol.DESTINATION_OPTIONS ->
          options + 2 <= error.end() && error.bytes().get(options + 1) != 0;
      default -> false;
    };
  }
}
