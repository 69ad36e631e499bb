package org.kagemusha.core.signalling;

import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.message.MobilityMessage;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A received packet with a Mobility Header. Whether the association covers these addresses and this
 * message is for the receiver to judge.
 *
 * @param source of the IPv6 header: the care-of address, or the home address at home
 * @param destination of the IPv6 header
 * @param homeAddressOption the Home Address option, a routable unicast address, or null
 * @param type2HomeAddress the type 2 routing header's address, routable unicast, or null
 * @param association the ESP association that opened it, or null if it came in clear
 * @param udpPort the peer's port if it came in UDP (RFC 3948), where answers go; 0 if not
 * @param message the message
 */
public record SignallingPacket(
    Ipv6Address source,
    Ipv6Address destination,
    Ipv6Address homeAddressOption,
    Ipv6Address type2HomeAddress,
    InboundSecurityAssociation association,
    int udpPort,
    MobilityMessage message) {}
