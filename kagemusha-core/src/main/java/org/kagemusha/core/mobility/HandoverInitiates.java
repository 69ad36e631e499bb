package org.kagemusha.core.mobility;

import java.util.Arrays;
import org.kagemusha.core.message.HandoverMessage;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.TokenBucket;
import org.kagemusha.core.signalling.BindingUpdateSequence;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Which Handover Initiates (RFC 5568 §6.2.1) an old place heeds: those of a host that has the key
 * which the home agent gave this place, new or repeated, and not too many.
 */
final class HandoverInitiates {

  /** What is to be done with one. */
  enum Verdict {
    /** Nothing; it is counted. */
    DROP,
    /** The answer that was given is given again. */
    REPEAT,
    /** It is decided upon, and {@link OldAddress#lastAnswer} set. */
    DECIDE
  }

  private final Counters counters;
  private final TokenBucket rate = new TokenBucket(20, 40);

  HandoverInitiates(Counters counters) {
    this.counters = counters;
  }

  /**
   * Judges one, and remembers it if it is new.
   *
   * @param address whose packets it asks for; null if there is none
   * @param careOf this place's care-of address
   */
  Verdict judge(
      OldAddress address,
      HandoverMessage initiate,
      Ipv6Address source,
      Ipv6Address destination,
      Ipv6Address careOf,
      long nowNs) {
    if (address == null
        || address.secret == null
        || address.secret.index() != initiate.keyIndex()) {
      return drop(DropReason.HANDOVER_UNAUTHENTIC);
    }
    // Before any cryptography.
    if (!rate.tryTake(nowNs)) {
      return drop(DropReason.MOBILITY_RATE_LIMITED);
    }
    if (!destination.equals(careOf)
        || source.equals(careOf)
        || !address.secret.verifies(initiate, source, destination)) {
      return drop(DropReason.HANDOVER_UNAUTHENTIC);
    }
    if (initiate.sequence() == address.lastSequence
        && Arrays.equals(initiate.covered(), address.lastInitiate)
        && source.equals(address.lastPeer)) {
      return Verdict.REPEAT;
    }
    if (address.lastSequence >= 0
        && !BindingUpdateSequence.isAhead(initiate.sequence(), address.lastSequence)) {
      return drop(DropReason.HANDOVER_UNMATCHED);
    }
    address.lastSequence = initiate.sequence();
    address.lastInitiate = initiate.covered();
    address.lastPeer = source;
    return Verdict.DECIDE;
  }

  private Verdict drop(DropReason reason) {
    counters.drop(reason);
    return Verdict.DROP;
  }
}
