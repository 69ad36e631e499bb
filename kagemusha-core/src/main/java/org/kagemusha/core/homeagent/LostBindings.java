package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Mobile nodes that go on tunnelling to a home agent that knows nothing of their bindings, because
 * it started again: they are told by a Binding Error of status 1, and register at once instead of
 * at their next refresh. A home address with an entry, in whatever state, is not lost.
 */
final class LostBindings {

  private static final int SPI_OCTETS = 4;

  private final BindingCache cache;
  private final SecurityAssociationDatabase associations;
  private final ErrorAnswers errors;
  private Ipv6Prefix homePrefix;

  LostBindings(
      BindingCache cache, SecurityAssociationDatabase associations, ErrorAnswers errors) {
    this.cache = cache;
    this.associations = associations;
    this.errors = errors;
  }

  void homePrefix(Ipv6Prefix prefix) {
    homePrefix = prefix;
  }

  /**
   * A complete packet whose source is no care-of address: of ESP, no more than the SPI is looked
   * at.
   */
  void onStranger(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int payload = at + Ipv6Header.BYTES;
    int length = Ipv6Header.payloadLength(bytes, at);
    int next = Ipv6Header.nextHeader(bytes, at);
    if (next == Protocol.IPV6 && length >= Ipv6Header.BYTES) {
      onUnbound(packet, payload, nowNs);
    } else if (next == Protocol.ESP && length >= SPI_OCTETS) {
      InboundSecurityAssociation association = associations.inbound(bytes.getInt(payload));
      if (association != null && association.owner() instanceof Ipv6Address homeAddress) {
        tell(homeAddress, packet, nowNs);
      }
    }
  }

  /**
   * A packet with an inner one whose source has no entry.
   *
   * @param inner the absolute index of the inner IPv6 header
   */
  void onUnbound(PacketBuffer packet, int inner, long nowNs) {
    tell(Ipv6Header.source(packet.bytes(), inner), packet, nowNs);
  }

  private void tell(Ipv6Address homeAddress, PacketBuffer packet, long nowNs) {
    if (homePrefix.contains(homeAddress) && cache.get(homeAddress) == null) {
      errors.unknownBinding(homeAddress, packet, nowNs);
    }
  }
}
