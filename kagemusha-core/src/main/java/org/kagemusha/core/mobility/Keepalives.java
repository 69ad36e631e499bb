package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.Tunnel;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * NAT-keepalives, RFC 3948 §2.3 and §4: whoever let the first datagram out lets answers in for a
 * while only. One for each home agent, whatever the number of home addresses: to those between it
 * is all one flow.
 */
final class Keepalives {

  /** §4: M, "a locally configurable parameter with a default value of 20 seconds". */
  static final long INTERVAL_NS = 20_000_000_000L;

  private static final int HOP_LIMIT = 64;

  private final Underlay underlay;
  private final GuestTraffic traffic;
  private final Counters counters;
  private long nextNs = NodeEngine.NEVER;

  Keepalives(Underlay underlay, GuestTraffic traffic, Counters counters) {
    this.underlay = underlay;
    this.traffic = traffic;
    this.counters = counters;
  }

  /** A binding in UDP was acknowledged. */
  void begin(long nowNs) {
    nextNs = Math.min(nextNs, nowNs + INTERVAL_NS);
  }

  /** Falls silent. */
  void stop() {
    nextNs = NodeEngine.NEVER;
  }

  /** When {@link #onDeadline} wants to be called; something may have been sent in the meantime. */
  long nextDeadlineNs() {
    return nextNs;
  }

  /** Sends what is due. */
  void onDeadline(long nowNs) {
    if (nowNs < nextNs) {
      return;
    }
    nextNs = NodeEngine.NEVER;
    for (HomeAddressPath path : traffic.paths()) {
      if (isInUse(path, nowNs)) {
        long sentNs = latestNs(path.registration().homeAgent());
        if (nowNs - sentNs >= INTERVAL_NS) {
          send(path.tunnel());
          path.usedUdp(nowNs);
          sentNs = nowNs;
        }
        nextNs = Math.min(nextNs, sentNs + INTERVAL_NS);
      }
    }
  }

  private static boolean isInUse(HomeAddressPath path, long nowNs) {
    return path.registration().isInUdp()
        && path.registration().isBound(nowNs)
        && path.tunnel().localPort() != 0
        && path.tunnel().local() != null;
  }

  private long latestNs(Ipv6Address homeAgent) {
    long latest = Long.MIN_VALUE / 2;
    for (HomeAddressPath path : traffic.paths()) {
      if (path.registration().homeAgent().equals(homeAgent)) {
        latest = Math.max(latest, path.udpSentNs());
      }
    }
    return latest;
  }

  private void send(Tunnel tunnel) {
    PacketBuffer packet = PacketBuffer.copyOf(new byte[1]);
    UdpEncapsulation.keepalive(packet);
    UdpEncapsulation.prepend(
        packet, tunnel.localPort(), tunnel.remotePort(), tunnel.local(), tunnel.remote());
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, Protocol.UDP, HOP_LIMIT, tunnel.local(),
        tunnel.remote());
    if (underlay.send(packet) != Underlay.Sent.OK) {
      counters.drop(DropReason.SEND_FAILED);
    }
  }
}
