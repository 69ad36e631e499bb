package org.kagemusha.core.ipsec;

import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Where associations come from, and what may pass without: {@link StaticKeySource} from the
 * configuration; others (RFC 6618, IKEv2) bring fresh keys while the daemon runs. So the answer is
 * asked for again whenever it matters, and may differ from the one before. For the engine's thread;
 * {@code nowNs} is monotonic.
 *
 * <p>Together the answers are a security policy (RFC 4301 §4.4.1): where there are {@link
 * #associations}, PROTECT; where there are none and {@link #allowsClear}, BYPASS; else DISCARD.
 */
public interface KeySource {
  /** What an association pair is for. */
  enum Purpose {
    /** BU and BA, transport mode between home address and home agent, RFC 3776 §3.1. */
    SIGNALLING,
    /** Tunnelled payload, RFC 3776 §3.4. */
    PAYLOAD
  }

  /**
   * The pair to send with for a home address and purpose, or null if there is none. Allocates
   * nothing.
   */
  SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose);

  /**
   * The pair of the association that opened a packet, if it may protect this traffic (RFC 4301
   * §5.2, step 4): while keys are replaced, more than one is right. Allocates nothing.
   *
   * @param opened the association that opened the packet, or null
   * @return null if the packet must not be believed
   */
  default SecurityAssociationPair accepting(
      Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
    SecurityAssociationPair pair = associations(homeAddress, purpose);
    return pair != null && pair.inbound() == opened ? pair : null;
  }

  /**
   * Whether that traffic may pass in clear, both ways. Never true where a pair protects it, nor
   * where one did and its time has run out. Allocates nothing.
   */
  default boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
    return associations(homeAddress, purpose) == null;
  }

  /**
   * The other end uses a pair: a Binding Update (at the home agent) or a Binding Acknowledgement
   * (at the mobile node) of this home address was accepted under it. Keys that it replaces end
   * soon.
   */
  default void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {}

  /**
   * The other end seems to have lost its associations: Binding Updates stay unanswered, or it said
   * so without protection. A hint that anybody can forge.
   */
  default void inDoubt(Ipv6Address homeAddress, long nowNs) {}

  /**
   * This node has stopped speaking for its VM, but still takes what comes for it: keys that were
   * used here open, and seal nothing, until {@link #abandoned}.
   */
  default void departed(long nowNs) {}

  /** This node has stopped speaking for its VM: keys that were used here end at once. */
  default void abandoned(long nowNs) {}

  /** Ends what has run out. */
  default void onDeadline(long nowNs) {}

  /** When {@link #onDeadline} wants to be called next, or {@link NodeEngine#NEVER}. */
  default long nextDeadlineNs() {
    return NodeEngine.NEVER;
  }
}
