package org.kagemusha.core.tunnel;

import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * What goes around an inner packet, RFC 2473 §5: what all segments of a super-packet have in common
 * is found once, then each is sealed and gets its headers. Allocates nothing.
 */
final class OuterHeaders {

  private final FlowLabels flowLabels;
  private Tunnel tunnel;
  private boolean plain;
  private int hopLimit;
  private int limit;
  private int trafficClass;
  private int flowLabel;

  OuterHeaders(FlowLabels flowLabels) {
    this.flowLabels = flowLabels;
  }

  /**
   * Begins with an inner packet.
   *
   * @param headers what was read of it
   * @param limit the Tunnel Encapsulation Limit to put in front, or -1
   */
  void begin(
      Tunnel tunnel,
      PacketBuffer inner,
      InnerHeaders headers,
      TunnelSettings settings,
      int limit) {
    this.tunnel = tunnel;
    this.limit = limit;
    hopLimit = settings.hopLimit();
    int at = inner.offset();
    trafficClass =
        EcnTunnelling.outerTrafficClass(
            Ipv6Header.trafficClass(inner.bytes(), at), settings.copyDscp());
    int innerLabel = Ipv6Header.flowLabel(inner.bytes(), at);
    if (!settings.copyFlowLabel()) {
      flowLabel = 0;
    } else if (settings.innerFlowLabel()) {
      flowLabel = innerLabel;
    } else {
      flowLabel = flowLabels.of(inner.bytes(), at, inner.end(), headers);
    }
    plain =
        tunnel.association() == null
            && !tunnel.isEncapsulated()
            && limit < 0
            && flowLabel == innerLabel
            && trafficClass == Ipv6Header.trafficClass(inner.bytes(), at);
  }

  /** Whether nothing goes between the headers, and the outer one has the inner one's fields. */
  boolean isPlain() {
    return plain;
  }

  /**
   * Makes the inner packet, or a segment of it, the outer one.
   *
   * @param underlay where it will go: where that can wait, sealing is left to it
   * @return null, or why it could not be sealed
   */
  DropReason prepend(PacketBuffer packet, Underlay underlay) {
    int next = Protocol.IPV6;
    boolean encapsulated = tunnel.isEncapsulated();
    // Behind another header, the checksum of UDP could not be restored.
    boolean later = underlay.takesDeferred() && !(encapsulated && limit >= 0);
    if (tunnel.association() != null) {
      DropReason refused = tunnel.association().seal(packet, Protocol.IPV6, later);
      if (refused != null) {
        return refused;
      }
      next = Protocol.ESP;
    }
    if (encapsulated) {
      if (packet.isDeferred() || limit < 0 && underlay.completesChecksum()) {
        UdpEncapsulation.prepend(packet, tunnel.localPort(), tunnel.remotePort());
      } else {
        UdpEncapsulation.prepend(
            packet, tunnel.localPort(), tunnel.remotePort(), tunnel.local(), tunnel.remote());
      }
      next = Protocol.UDP;
    }
    if (limit >= 0) {
      EncapsulationLimit.prepend(packet, next, limit);
      next = Protocol.DESTINATION_OPTIONS;
    }
    int payload = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(),
        packet.offset(),
        trafficClass,
        flowLabel,
        payload,
        next,
        hopLimit,
        tunnel.local(),
        tunnel.remote());
    return null;
  }
}
