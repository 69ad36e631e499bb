package org.kagemusha.core.tunnel;

import org.kagemusha.core.wire.PacketBuffer;

/**
 * Takes ICMPv6 errors that go back to the source of an inner packet.
 *
 * <p>An error relayed from inside a clear tunnel quotes what a stranger may have made up: before it
 * goes out, check that the quoted inner packet, 48 octets behind the start, names an address of the
 * binding (RFC 4443 §5.2).
 */
@FunctionalInterface
public interface InnerErrors {

  /**
   * Sends a whole IPv6 packet, at most 1280 octets, towards its destination. The buffer has the
   * usual room at both ends, so that the error itself may enter a tunnel; it stays the caller's.
   */
  void send(PacketBuffer icmpv6);
}
