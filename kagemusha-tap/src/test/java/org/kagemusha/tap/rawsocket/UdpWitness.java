package org.kagemusha.tap.rawsocket;

import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/** Verifies the checksum of an upper-layer packet right behind an IPv6 header. */
final class UdpWitness {

  private UdpWitness() {}

  static boolean isIntact(PacketBuffer packet) {
    int payload = Ipv6Header.payloadLength(packet.bytes(), packet.offset());
    int protocol = Ipv6Header.nextHeader(packet.bytes(), packet.offset());
    return packet.length() == Ipv6Header.BYTES + payload
        && InternetChecksum.isValid(
            InternetChecksum.pseudoHeader(packet.bytes(), packet.offset(), payload, protocol)
                + InternetChecksum.sum(
                    packet.bytes(), packet.offset() + Ipv6Header.BYTES, payload));
  }
}
