package org.kagemusha.daemon.provision;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * Where a connection comes from, as far as one who connects cannot choose it freely: the /64 of an
 * IPv6 address (one host has a whole one, RFC 7934), the whole of an IPv4 address.
 *
 * @param ipv4 whether it is an IPv4 address
 * @param value the first 64 bits, or the 32 bits of the IPv4 address
 */
record SourceNetwork(boolean ipv4, long value) {

  static SourceNetwork of(InetAddress address) {
    ByteBuffer octets = ByteBuffer.wrap(address.getAddress());
    return address instanceof Inet4Address
        ? new SourceNetwork(true, octets.getInt() & 0xffff_ffffL)
        : new SourceNetwork(false, octets.getLong());
  }
}
