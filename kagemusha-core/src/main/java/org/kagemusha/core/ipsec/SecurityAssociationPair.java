package org.kagemusha.core.ipsec;

import java.util.Objects;

/** Two associations of one agreement, one each way. */
public final class SecurityAssociationPair {

  private final OutboundSecurityAssociation outbound;
  private final InboundSecurityAssociation inbound;

  /**
   * Joins two associations for good; {@link InboundSecurityAssociation#pair()} leads back.
   *
   * @param outbound seals what this node sends
   * @param inbound opens what this node receives; part of no other pair
   * @throws IllegalStateException if the inbound association is part of a pair already
   */
  public SecurityAssociationPair(
      OutboundSecurityAssociation outbound, InboundSecurityAssociation inbound) {
    this.outbound = Objects.requireNonNull(outbound, "outbound");
    this.inbound = Objects.requireNonNull(inbound, "inbound");
    inbound.join(this);
  }

  /** Whether a packet was sealed or opened. */
  public boolean used() {
    return outbound.packets() > 0 || inbound.packets() > 0;
  }

  /**
   * Overwrites the keys of both as far as Java allows; whoever still holds the pair gets {@link
   * org.kagemusha.core.node.DropReason#ASSOCIATION_EXPIRED} from it. May be called again.
   */
  public void destroy() {
    outbound.destroy();
    inbound.destroy();
  }

  /** Seals what this node sends. */
  public OutboundSecurityAssociation outbound() {
    return outbound;
  }

  /** Opens what this node receives. */
  public InboundSecurityAssociation inbound() {
    return inbound;
  }
}
