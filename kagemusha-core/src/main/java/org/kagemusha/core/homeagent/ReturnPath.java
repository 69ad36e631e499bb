package org.kagemusha.core.homeagent;

import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The way a Binding Update came, which its acknowledgement goes back.
 *
 * @param address the source address of the packet
 * @param pair the associations of which one opened it, or null if it came in clear
 * @param udpPort the source port if it came in UDP (RFC 3948), else 0
 */
record ReturnPath(Ipv6Address address, SecurityAssociationPair pair, int udpPort) {}
