package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Finds what offloads left undone in an IPv6-in-IPv6 packet, and notes it in the buffer: that the
 * inner TCP or UDP checksum is unfinished, and that TCP segments were joined. Whoever hands the
 * packet on leaves that to the next hardware, or does it.
 *
 * <p>The mark of an unfinished packet is a checksum field that holds the folded sum of the
 * pseudo-header, not complemented, and nothing of the payload. A finished packet bears that value
 * by chance once in 65,535 times; finishing it then gives the same value again.
 *
 * <p>The kernel does not tell a raw socket how long the segments were before they were joined. They
 * are to be divided into such that no router behind us can find too big: by default 1280 octets,
 * which every link carries (RFC 8200 §5). Joined UDP datagrams had boundaries that cannot be
 * restored, so such a packet is dropped; the kernel only makes them where an application on this
 * host sends with {@code UDP_SEGMENT} or an administrator turned {@code rx-udp-gro-forwarding} on.
 *
 * <p>What may well have come as it is stays one packet, though a division would make shorter ones:
 * a sender that leaves checksums to hardware that never comes does so with every segment.
 */
final class ReceiveOffload {

  /** What a packet is. */
  enum Kind {
    /** One packet; the buffer says so now if its checksum is unfinished. */
    ORDINARY,
    /** Joined TCP segments; the buffer says so now. */
    SUPER,
    /** Joined, and not divisible. */
    INDIVISIBLE
  }

  private static final int OUTER = Ipv6Header.BYTES;
  private static final int TCP_HEADER = 20;
  private static final int TCP_DATA_OFFSET = 12;
  private static final int TCP_CHECKSUM = 16;
  private static final int UDP_HEADER = 8;
  private static final int UDP_CHECKSUM = 6;
  /** Up to this length a UDP packet is taken for one that was never joined. */
  private static final int ORDINARY_DATAGRAM = 1500;

  private final int segmentOctets;
  private final int ordinaryOctets;

  /**
   * @param segmentOctets the longest inner packet that a division gives
   * @param ordinaryOctets up to this length an inner packet is not divided
   */
  ReceiveOffload(int segmentOctets, int ordinaryOctets) {
    this.segmentOctets = segmentOctets;
    this.ordinaryOctets = ordinaryOctets;
  }

  /** Judges a packet that has its outer header; its octets stay as they are. */
  Kind inspect(PacketBuffer packet) {
    ByteBuffer octets = packet.bytes();
    int inner = packet.offset() + OUTER;
    int innerLength = packet.length() - OUTER;
    if (!Ipv6Header.isComplete(octets, inner, innerLength)) {
      return Kind.ORDINARY;
    }
    int payload = Ipv6Header.payloadLength(octets, inner);
    int transport = inner + Ipv6Header.BYTES;
    int protocol = Ipv6Header.nextHeader(octets, inner);
    boolean isTcp = protocol == Protocol.TCP && payload >= TCP_HEADER;
    boolean isUdp = protocol == Protocol.UDP && payload >= UDP_HEADER;
    if (!isTcp && !isUdp) {
      return Kind.ORDINARY;
    }
    int field = isTcp ? TCP_CHECKSUM : UDP_CHECKSUM;
    int pseudo =
        InternetChecksum.fold(InternetChecksum.pseudoHeader(octets, inner, payload, protocol));
    if ((octets.getShort(transport + field) & 0xffff) != pseudo) {
      return Kind.ORDINARY;
    }
    int most = isTcp ? ordinaryOctets : Math.max(segmentOctets, ORDINARY_DATAGRAM);
    if (Ipv6Header.BYTES + payload <= most) {
      packet.unfinished(transport, field, 0);
      return Kind.ORDINARY;
    }
    int tcpHeader = isTcp ? dataOffset(octets, transport) : 0;
    if (!isTcp || tcpHeader < TCP_HEADER || tcpHeader >= payload) {
      return Kind.INDIVISIBLE;
    }
    packet.unfinished(transport, field, segmentOctets - Ipv6Header.BYTES - tcpHeader);
    return Kind.SUPER;
  }

  private static int dataOffset(ByteBuffer octets, int tcp) {
    return (octets.get(tcp + TCP_DATA_OFFSET) & 0xf0) >>> 2;
  }
}
