package org.kagemusha.core.mobility;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * What of packets between hosts is going on, for {@code status}; how much it was is in the
 * counters.
 *
 * @param state "off" (no room is configured, or the home agent gives no keys), "ready", "keeping"
 *     (for a VM that is paused or has left), "forwarding", "fetching" (this is the new host)
 * @param peer the other host's care-of address while forwarding or fetching, or of the last time
 *     when either was done; null if never
 * @param waiting packets that wait
 * @param waitingOctets the room that they take
 */
public record ForwardingStatus(String state, Ipv6Address peer, int waiting, int waitingOctets) {}
