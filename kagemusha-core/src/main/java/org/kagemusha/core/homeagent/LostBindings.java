package org.kagemusha.core.homeagent;

import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.InvalidSpi;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Tells mobile nodes of bindings that this home agent does not have: after a restart it knows of
 * none, while every mobile node still tunnels to it and believes in its own until the next refresh,
 * minutes later. RFC 6275 has the Binding Error with status 1 for that, §9.3.3, and §11.3.6: "If
 * the Binding Error Message was sent by the home agent, the mobile node SHOULD send a Binding
 * Update to the home agent".
 *
 * <p>An address that is bound to another care-of address is not lost: its mobile node has moved,
 * and what still comes from the old place is only late.
 */
final class LostBindings {

  /** An IPv6 header and a Binding Error, RFC 6275 §6.1.9. */
  private static final int BINDING_ERROR_PACKET = Ipv6Header.BYTES + 24;

  private static final int INVALID_SPI_PACKET =
      Ipv6Header.BYTES + UdpEncapsulation.HEADER_OCTETS + InvalidSpi.OCTETS;

  private final BindingCache cache;
  private final KeySource keys;
  private final SecurityAssociationDatabase associations;
  private final ErrorAnswers errors;

  /** Protected packets of senders without a binding that are opened; the rest cost nothing. */
  private final AnswerLimit opened;

  private Authorisation authorisation;

  LostBindings(
      BindingCache cache,
      KeySource keys,
      SecurityAssociationDatabase associations,
      ErrorAnswers errors,
      RandomGenerator random) {
    this.cache = cache;
    this.keys = keys;
    this.associations = associations;
    this.errors = errors;
    this.opened = new AnswerLimit(2, 5, 200, random);
  }

  void settings(HomeAgentSettings settings) {
    authorisation = new Authorisation(settings.mobileNodes());
  }

  /**
   * A tunnelled or protected packet that comes from no care-of address of a binding. What is not
   * protected is answered here.
   *
   * @return whether it may be opened: its association is that of no home address in the cache, so
   *     that nobody can use up a bound node's sequence numbers from elsewhere
   */
  boolean mayOpen(PacketBuffer packet, long nowNs) {
    ByteBuffer bytes = packet.bytes();
    int payload = packet.offset() + Ipv6Header.BYTES;
    if (Ipv6Header.nextHeader(bytes, packet.offset()) == Protocol.ESP) {
      return packet.length() >= Ipv6Header.BYTES + Integer.BYTES
          && isUnused(associations.inbound(bytes.getInt(payload)))
          && opened.tryTake(Ipv6Header.source(bytes, packet.offset()), nowNs);
    }
    if (Ipv6Header.isComplete(bytes, payload, packet.length() - Ipv6Header.BYTES)
        && cache.get(
                bytes.getLong(payload + Ipv6Header.SOURCE),
                bytes.getLong(payload + Ipv6Header.SOURCE + 8))
            == null) {
      onPacket(packet, payload, null, nowNs);
    }
    return false;
  }

  /** An association of ours that no binding in force uses. */
  private boolean isUnused(InboundSecurityAssociation association) {
    return association != null && !cache.isProtecting(association);
  }

  /**
   * An inner packet whose source has no entry in the binding cache. Answered only if a Binding
   * Update from there could be accepted, and if the packet is protected where payload must be.
   *
   * @param inner index of the inner header
   * @param association what opened it, or null
   */
  void onPacket(
      PacketBuffer packet, int inner, InboundSecurityAssociation association, long nowNs) {
    Ipv6Address homeAddress = Ipv6Header.source(packet.bytes(), inner);
    MobileNodeAuthorisation node = authorisation.of(homeAddress);
    Ipv6Address careOf = Ipv6Header.source(packet.bytes(), packet.offset());
    if (node == null || !Authorisation.allowsCareOf(node, careOf)) {
      return;
    }
    boolean believable =
        association == null
            ? !node.requirePayloadProtection()
                && keys.associations(homeAddress, KeySource.Purpose.PAYLOAD) == null
            : keys.accepting(homeAddress, KeySource.Purpose.PAYLOAD, association) != null;
    if (believable) {
      errors.unknownBinding(careOf, homeAddress, nowNs);
    }
  }

  /**
   * A packet in ESP, native or in UDP, with an SPI that is not known: its sender has keys that this
   * home agent lost when it was started anew. It is told so, though it cannot be told in a way that
   * it can trust: that is for the sender to consider. Only care-of addresses are answered where a
   * mobile node may be, and never by more octets than came. What came in UDP is answered in UDP,
   * since nothing else may get through from there.
   *
   * @param reader dropped the packet
   */
  void onUnknownAssociation(PacketBuffer packet, SignallingReader reader, long nowNs) {
    Ipv6Address careOf = Ipv6Header.source(packet.bytes(), packet.offset());
    Ipv6Address homeAddress = reader.homeAddressOption();
    boolean udp = reader.udpPort() != 0;
    if (packet.length() < (udp ? INVALID_SPI_PACKET : BINDING_ERROR_PACKET)
        || authorisation.of(careOf) != null) {
      return;
    }
    if (udp) {
      if (authorisation.allowsCareOf(careOf)) {
        errors.invalidSpi(careOf, reader.udpPort(), reader.unknownSpi(), nowNs);
      }
      return;
    }
    MobileNodeAuthorisation node = homeAddress == null ? null : authorisation.of(homeAddress);
    if (homeAddress == null
        ? authorisation.allowsCareOf(careOf)
        : node != null && Authorisation.allowsCareOf(node, careOf)) {
      errors.unknownAssociation(
          careOf, homeAddress == null ? Ipv6Address.UNSPECIFIED : homeAddress, nowNs);
    }
  }
}
