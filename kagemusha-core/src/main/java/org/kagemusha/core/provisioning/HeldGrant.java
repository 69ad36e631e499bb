package org.kagemusha.core.provisioning;

import java.util.List;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * One grant that is held at either end, for reports and for {@code capture --keys}.
 *
 * @param node the mobile node's name, or null at the mobile node itself
 * @param host the host that it was granted to, or null at the mobile node itself
 * @param grant with its keys, which the holder destroys
 * @param pair the associations made of it
 * @param state {@code standby}, {@code in-force} or {@code ending}
 * @param remainingSeconds until it ends
 * @param homeAddresses those that are bound under it at the home agent; at the mobile node, all
 */
public record HeldGrant(
    String node,
    String host,
    Grant grant,
    SecurityAssociationPair pair,
    String state,
    long remainingSeconds,
    List<Ipv6Address> homeAddresses) {}
