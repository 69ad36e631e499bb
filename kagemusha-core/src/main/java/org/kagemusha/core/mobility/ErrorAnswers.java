package org.kagemusha.core.mobility;

import org.kagemusha.core.message.BindingError;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * What a packet with an error is answered by, RFC 6275 §9.2 and §9.3.3, RFC 8200 §4.2: an ICMPv6
 * Parameter Problem or a Binding Error, five in a second at most and one for a packet.
 */
final class ErrorAnswers {

  private static final int PER_SECOND = 5;

  private final TokenBucket limit = new TokenBucket(PER_SECOND, PER_SECOND);
  private final Underlay underlay;
  private final Counters counters;

  ErrorAnswers(Underlay underlay, Counters counters) {
    this.underlay = underlay;
    this.counters = counters;
  }

  /**
   * Answers a packet that the reader has just dropped, if an answer is due.
   *
   * @param careOf this node's address, to which the packet must have come
   */
  void answer(PacketBuffer packet, SignallingReader reader, Ipv6Address careOf, long nowNs) {
    SignallingReader.Answer answer = reader.answer();
    if (answer == SignallingReader.Answer.NONE
        || careOf == null
        || packet.length() < Ipv6Header.BYTES
        || !careOf.matches(packet.bytes(), packet.offset() + Ipv6Header.DESTINATION)) {
      return;
    }
    Ipv6Address sender = Ipv6Header.source(packet.bytes(), packet.offset());
    if (!sender.isRoutableUnicast()) {
      return;
    }
    if (!limit.tryTake(nowNs)) {
      counters.drop(DropReason.ICMP_RATE_LIMITED);
      return;
    }
    if (answer == SignallingReader.Answer.PARAMETER_PROBLEM) {
      byte[] problem =
          Icmpv6.parameterProblem(
              careOf,
              reader.errorCode(),
              reader.errorPointer(),
              packet.bytes(),
              packet.offset(),
              packet.length());
      if (problem != null) {
        underlay.send(PacketBuffer.copyOf(problem));
      }
      return;
    }
    bindingError(reader, careOf, sender);
  }

  private void bindingError(SignallingReader reader, Ipv6Address careOf, Ipv6Address sender) {
    Ipv6Address option = reader.homeAddressOption();
    int status =
        reader.answer() == SignallingReader.Answer.BINDING_ERROR_UNKNOWN_TYPE
            ? BindingError.UNKNOWN_TYPE
            : BindingError.UNKNOWN_BINDING;
    // §9.3.3: the home address of the option, or the unspecified address where there was none.
    BindingError error =
        new BindingError(status, option == null ? Ipv6Address.UNSPECIFIED : option);
    underlay.send(SignallingWriter.build(careOf, sender, null, null, error, null));
    counters.add(Counter.BINDING_ERRORS_SENT);
  }
}
