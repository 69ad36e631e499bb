package org.kagemusha.core.ipsec;

/**
 * Two associations, one each way.
 *
 * @param outbound seals what this node sends
 * @param inbound opens what this node receives
 */
public record SecurityAssociationPair(
    OutboundSecurityAssociation outbound, InboundSecurityAssociation inbound) {}
