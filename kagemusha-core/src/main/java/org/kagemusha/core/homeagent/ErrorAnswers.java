package org.kagemusha.core.homeagent;

import java.util.random.RandomGenerator;
import org.kagemusha.core.ipsec.InvalidSpi;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.Quotation;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Answers to packets that were dropped: ICMPv6 errors (RFC 4443) and Binding Errors (RFC 6275
 * §9.3.3), limited for each source and in total. The drop itself is counted by who dropped.
 */
final class ErrorAnswers {

  /** Destination Unreachable, beyond scope of source address, RFC 4443 §3.1. */
  private static final int BEYOND_SCOPE_OF_SOURCE = 2;

  private static final int HOP_LIMIT = 64;

  private final Ipv6Address homeAgent;
  private final CountedUnderlay underlay;
  private final Forwarding forwarding;
  private final Counters counters;
  private final AnswerLimit routed;
  private final AnswerLimit inner;
  private final AnswerLimit unknown;
  private final Quotation quotation = new Quotation();
  private int encapsulationPort;

  ErrorAnswers(
      Ipv6Address homeAgent,
      CountedUnderlay underlay,
      Forwarding forwarding,
      RandomGenerator random,
      Counters counters) {
    this.homeAgent = homeAgent;
    this.underlay = underlay;
    this.forwarding = forwarding;
    this.counters = counters;
    // Apart, because sources in the routed network can be forged, and these cannot.
    this.routed = new AnswerLimit(10, 10, 500, random);
    this.inner = new AnswerLimit(10, 10, 500, random);
    this.unknown = new AnswerLimit(1, 1, 100, random);
  }

  /** Sets the local port of ESP in UDP; 0: none. */
  void encapsulationPort(int localPort) {
    encapsulationPort = localPort;
  }

  /**
   * Tells the source of a packet from the home link or a tunnel that its destination is not there.
   */
  void unreachable(PacketBuffer packet, long nowNs) {
    destinationUnreachable(packet, Icmpv6.ADDRESS_UNREACHABLE, nowNs);
  }

  /** Tells the source of a packet that its link-local address does not leave the link. */
  void beyondScope(PacketBuffer packet, long nowNs) {
    destinationUnreachable(packet, BEYOND_SCOPE_OF_SOURCE, nowNs);
  }

  private void destinationUnreachable(PacketBuffer packet, int code, long nowNs) {
    PacketBuffer quoted = quoted(inner, packet, nowNs);
    if (quoted != null) {
      byte[] error =
          Icmpv6.destinationUnreachable(
              homeAgent, code, quoted.bytes(), quoted.offset(), quoted.length());
      if (error != null) {
        forwarding.send(PacketBuffer.copyOf(error), nowNs);
      }
    }
  }

  /** Tells the source of a packet that it travelled too far. */
  void hopLimitExceeded(PacketBuffer packet, long nowNs) {
    PacketBuffer quoted = quoted(inner, packet, nowNs);
    if (quoted != null) {
      byte[] error =
          Icmpv6.hopLimitExceeded(homeAgent, quoted.bytes(), quoted.offset(), quoted.length());
      if (error != null) {
        forwarding.send(PacketBuffer.copyOf(error), nowNs);
      }
    }
  }

  /** Sends what the reader says is due for a packet from the routed network that it dropped. */
  void answer(SignallingReader reader, PacketBuffer packet, long nowNs) {
    switch (reader.answer()) {
      case PARAMETER_PROBLEM -> parameterProblem(reader, packet, nowNs);
      // RFC 6275 §9.2: "the node MUST discard the message and issue a Binding Error message [...]
      // with the Status field set to 2."
      case BINDING_ERROR_UNKNOWN_TYPE ->
          bindingError(reader, packet, BindingError.UNKNOWN_TYPE, nowNs);
      // RFC 6275 §9.3.1: "If the packet is dropped due to the above tests, the correspondent node
      // MUST send the Binding Error message [...] 1."
      case BINDING_ERROR_UNKNOWN_BINDING ->
          bindingError(reader, packet, BindingError.UNKNOWN_BINDING, nowNs);
      default -> { }
    }
  }

  private void parameterProblem(SignallingReader reader, PacketBuffer packet, long nowNs) {
    PacketBuffer quoted = quoted(routed, packet, nowNs);
    if (quoted == null) {
      return;
    }
    byte[] error =
        Icmpv6.parameterProblem(
            homeAgent,
            reader.errorCode(),
            reader.errorPointer(),
            quoted.bytes(),
            quoted.offset(),
            quoted.length());
    if (error != null) {
      // RFC 6275 §9.2: "directly to the Source Address of the packet [...]. Thus, no Binding Cache
      // information is used in sending the ICMP message."
      underlay.sendOwn(PacketBuffer.copyOf(error));
    }
  }

  private void bindingError(
      SignallingReader reader, PacketBuffer packet, int status, long nowNs) {
    Ipv6Address option = reader.homeAddressOption();
    bindingError(
        Ipv6Header.source(packet.bytes(), packet.offset()),
        option == null ? Ipv6Address.UNSPECIFIED : option,
        status,
        nowNs);
  }

  /** Tells a mobile node at a care-of address that its home address has no binding. */
  void unknownBinding(Ipv6Address careOf, Ipv6Address homeAddress, long nowNs) {
    bindingError(careOf, homeAddress, BindingError.UNKNOWN_BINDING, nowNs);
  }

  private void bindingError(
      Ipv6Address source, Ipv6Address homeAddress, int status, long nowNs) {
    // RFC 6275 §9.3.3: "If the Source Address of the received packet [...] is not a unicast
    // address, the Binding Error MUST NOT be sent."
    if (source.isRoutableUnicast() && routed.tryTake(source, nowNs)) {
      sendBindingError(source, homeAddress, status);
    }
  }

  /**
   * Tells whoever is at a care-of address that its security association is not known here. Has a
   * limit of its own, once a second, because anybody can ask for it.
   */
  void unknownAssociation(Ipv6Address careOf, Ipv6Address homeAddress, long nowNs) {
    if (mayLackAssociation(careOf, nowNs)) {
      sendBindingError(careOf, homeAddress, BindingError.UNKNOWN_BINDING);
    }
  }

  /** As {@link #unknownAssociation}, to whoever sends ESP in UDP: RFC 7296 §1.5. */
  void invalidSpi(Ipv6Address careOf, int port, int spi, long nowNs) {
    if (mayLackAssociation(careOf, nowNs)) {
      PacketBuffer notification = PacketBuffer.copyOf(new byte[InvalidSpi.OCTETS]);
      InvalidSpi.write(notification, spi);
      UdpEncapsulation.prepend(notification, encapsulationPort, port, homeAgent, careOf);
      int length = notification.length();
      notification.prepend(Ipv6Header.BYTES);
      Ipv6Header.write(
          notification.bytes(), notification.offset(), 0, 0, length, Protocol.UDP, HOP_LIMIT,
          homeAgent, careOf);
      counters.add(Counter.INVALID_SPI_SENT);
      underlay.sendOwn(notification);
    }
  }

  private boolean mayLackAssociation(Ipv6Address careOf, long nowNs) {
    return careOf.isRoutableUnicast()
        && !careOf.equals(homeAgent)
        && unknown.tryTake(careOf, nowNs);
  }

  private void sendBindingError(Ipv6Address source, Ipv6Address homeAddress, int status) {
    PacketBuffer error =
        SignallingWriter.build(
            homeAgent, source, null, null, new BindingError(status, homeAddress), null);
    counters.add(Counter.BINDING_ERRORS_SENT);
    underlay.sendOwn(error);
  }

  /** What an answer to a packet quotes, or null where none may be given. */
  private PacketBuffer quoted(AnswerLimit limit, PacketBuffer packet, long nowNs) {
    boolean mayAnswer =
        packet.length() >= Ipv6Header.BYTES
            && limit.tryTake(Ipv6Header.source(packet.bytes(), packet.offset()), nowNs);
    return mayAnswer ? quotation.of(packet) : null;
  }
}
