package org.kagemusha.core.message;

/**
 * One record of a capture file.
 *
 * @param timestampNs nanoseconds since 1970
 * @param originalLength octets that were on the wire, of which the capture may hold fewer
 * @param octets what was captured
 */
public record CapturedPacket(long timestampNs, int originalLength, byte[] octets) {}
