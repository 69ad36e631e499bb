package org.kagemusha.core.homeagent;

import java.util.random.RandomGenerator;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.HandoverKeys;
import org.kagemusha.core.neighbor.NeighborCache;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/** Sends Binding Acknowledgements, RFC 6275 §9.5.4 and §10.3. */
final class AcknowledgementSender {

  /** No Binding Refresh Advice option. */
  private static final int NO_ADVICE = -1;

  private final Ipv6Address homeAgent;
  private final CountedUnderlay underlay;
  private final NeighborCache neighbors;
  private final Counters counters;
  private final AnswerLimit newcomers;
  private final AnswerLimit strangers;
  private int encapsulationPort;

  AcknowledgementSender(
      Ipv6Address homeAgent,
      CountedUnderlay underlay,
      NeighborCache neighbors,
      RandomGenerator random,
      Counters counters) {
    this.homeAgent = homeAgent;
    this.underlay = underlay;
    this.neighbors = neighbors;
    this.counters = counters;
    this.newcomers = new AnswerLimit(10, 20, 20_000, random);
    this.strangers = new AnswerLimit(5, 10, 1_000, random);
  }

  /** Sets the local UDP port of ESP in UDP, RFC 3948, or 0 for none. */
  void encapsulationPort(int localPort) {
    encapsulationPort = localPort;
  }

  /**
   * Says whether a refusal of what nobody vouches for may go to a source now: anyone can use this
   * limit up.
   */
  boolean mayRefuse(Ipv6Address source, long nowNs) {
    return strangers.tryTake(source, nowNs);
  }

  /**
   * Says whether an update may be acknowledged now. A home address that has an entry has a limit of
   * its own, so that no other mobile node's updates can use it up.
   *
   * @param entry the home address' entry in any state, or null
   */
  boolean mayAnswer(Ipv6Address homeAddress, BindingCacheEntry entry, long nowNs) {
    return entry == null
        ? newcomers.tryTake(homeAddress, nowNs)
        : entry.acknowledgements.tryTake(nowNs);
  }

  /**
   * Sends one the way the Binding Update came, under the associations that protected that.
   *
   * @param lifetimeUnits in units of four seconds
   * @param handover keys that go with it, or null
   */
  void send(
      ReturnPath way,
      Ipv6Address homeAddress,
      BindingStatus status,
      int sequence,
      int lifetimeUnits,
      HandoverKeys handover,
      long nowNs) {
    // K stays clear: §10.3.1 wants associations that were established dynamically.
    BindingAcknowledgement message =
        new BindingAcknowledgement(
            status.code(), false, 0, sequence, lifetimeUnits, NO_ADVICE, handover);
    Ipv6Address destination = way.address();
    SecurityAssociationPair pair = way.pair();
    OutboundSecurityAssociation association = pair == null ? null : pair.outbound();
    boolean udp = pair != null && way.udpPort() != 0 && encapsulationPort != 0;
    // RFC 6275 §9.5.4: "If the Source Address is the home address of the mobile node, [...] then
    // the Binding Acknowledgement MUST be sent to that address and the routing header MUST NOT be
    // used. Otherwise, the Binding Acknowledgement MUST be sent using a type 2 routing header that
    // contains the mobile node's home address."
    boolean home = destination.equals(homeAddress);
    PacketBuffer packet =
        SignallingWriter.build(
            homeAgent,
            destination,
            null,
            home ? null : homeAddress,
            message,
            association,
            udp ? encapsulationPort : 0,
            udp ? way.udpPort() : 0);
    if (packet == null) {
      counters.drop(DropReason.ESP_SEQUENCE_EXHAUSTED);
      return;
    }
    counters.add(Counter.BINDING_ACKNOWLEDGEMENTS_SENT);
    if (home) {
      // RFC 6275 §10.3.2: "the home agent MUST send it to the mobile node's link-layer address
      // (retrieved either from the Binding Update or through Neighbor Solicitation)."
      neighbors.sendFirst(packet, nowNs);
    } else {
      underlay.sendOwn(packet);
    }
  }
}
