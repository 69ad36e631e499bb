package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * An ICMPv6 error message, RFC 4443 §3.
 *
 * @param source of the IPv6 header: who found the error
 * @param destination of the IPv6 header
 * @param type 1 to 127
 * @param code as the type defines it
 * @param parameter the four octets behind the checksum, unsigned: MTU, pointer, or unused
 * @param invokingPacket what is quoted of the packet that caused it
 */
public record Icmpv6Error(
    Ipv6Address source,
    Ipv6Address destination,
    int type,
    int code,
    long parameter,
    byte[] invokingPacket) {}
