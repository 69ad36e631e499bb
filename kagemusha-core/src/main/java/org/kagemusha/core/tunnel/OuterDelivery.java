package org.kagemusha.core.tunnel;

import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Gives outer packets to the routed network, whole or as fragments, and learns from what it does
 * not take. Allocates nothing.
 */
final class OuterDelivery {

  private final OuterFragments fragments;
  private final Counters counters;

  OuterDelivery(OuterFragments fragments, Counters counters) {
    this.fragments = fragments;
    this.counters = counters;
  }

  /**
   * Sends one outer packet and counts it if it is taken. Where it proves too big, the tunnel's path
   * MTU is lowered; an inner packet of at most 1280 octets then goes in smaller fragments (RFC 2473
   * §7.1(b)).
   *
   * @param innerLength octets of the inner packet
   * @return null, or why it was dropped (not yet counted); {@link DropReason#TOO_BIG} alone is due
   *     an answer
   */
  DropReason send(
      Tunnel tunnel, PacketBuffer outer, int innerLength, Underlay underlay, long nowNs) {
    while (true) {
      int path = tunnel.pathMtu(nowNs);
      boolean fits = outer.length() <= path;
      if (!fits && innerLength > Ipv6Header.MINIMUM_MTU) {
        return DropReason.TOO_BIG;
      }
      Underlay.Sent sent =
          fits ? underlay.send(outer) : fragments.send(outer, path, underlay, counters);
      if (sent == Underlay.Sent.OK) {
        counters.add(Counter.TUNNEL_PACKETS_SENT);
        counters.add(Counter.TUNNEL_OCTETS_SENT, innerLength);
        return null;
      }
      if (sent != Underlay.Sent.TOO_BIG || !tunnel.lowerPathMtuBelow(outer.length(), nowNs)) {
        return reasonOf(sent);
      }
    }
  }

  private static DropReason reasonOf(Underlay.Sent sent) {
    return switch (sent) {
      case UNREACHABLE -> DropReason.SEND_UNREACHABLE;
      case CONGESTED -> DropReason.QUEUE_FULL;
      case NOT_SEALED -> DropReason.CIPHER_FAILED;
      default -> DropReason.SEND_FAILED;
    };
  }
}
