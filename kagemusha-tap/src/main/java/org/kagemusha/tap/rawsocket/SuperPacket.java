package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * Finishes what offloads left undone in an IPv6-in-IPv6 packet: the inner TCP or UDP checksum, and
 * the division of joined TCP segments.
 *
 * <p>The mark of an unfinished packet is a checksum field that holds the folded sum of the
 * pseudo-header, not complemented, and nothing of the payload. A finished packet bears that value
 * by chance once in 65,535 times; finishing it then gives the same value again.
 *
 * <p>The kernel does not tell a raw socket how long the segments were before they were joined. They
 * are divided into such that no router behind us can find too big: by default 1280 octets, which
 * every link carries (RFC 8200 §5). Joined UDP datagrams had boundaries that cannot be restored, so
 * such a packet is dropped; the kernel only makes them where an application on this host sends with
 * {@code UDP_SEGMENT} or an administrator turned {@code rx-udp-gro-forwarding} on.
 */
final class SuperPacket {

  /** What a packet is. */
  enum Kind {
    /** Whole, its checksum finished now if it was not before. */
    COMPLETE,
    /** Joined TCP segments. */
    SUPER,
    /** Joined, and not divisible. */
    UNFINISHED
  }

  private static final int OUTER = Ipv6Header.BYTES;
  private static final int INNER_HEADERS = OUTER + Ipv6Header.BYTES;
  private static final int TCP_HEADER = 20;
  private static final int TCP_SEQUENCE = 4;
  private static final int TCP_DATA_OFFSET = 12;
  private static final int TCP_FLAGS = 13;
  private static final int TCP_CHECKSUM = 16;
  private static final int UDP_HEADER = 8;
  private static final int UDP_CHECKSUM = 6;
  /** Up to this length a UDP packet is taken for one that was never joined. */
  private static final int ORDINARY_DATAGRAM = 1500;
  private static final int FIN_AND_PSH = 0x09;
  private static final int CWR = 0x80;

  private final int segmentOctets;
  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(NativeMemory.LARGEST_PACKET);
  private int length;
  private int headers;
  private int position;

  /**
   * @param segmentOctets the longest inner packet that a division gives
   */
  SuperPacket(int segmentOctets) {
    this.segmentOctets = segmentOctets;
  }

  /** Judges a packet that has its outer header, and finishes its checksum where that is enough. */
  Kind inspect(PacketBuffer packet) {
    ByteBuffer octets = packet.bytes();
    int inner = packet.offset() + OUTER;
    int innerLength = packet.length() - OUTER;
    if (!Ipv6Header.isComplete(octets, inner, innerLength)) {
      return Kind.COMPLETE;
    }
    int payload = Ipv6Header.payloadLength(octets, inner);
    int transport = inner + Ipv6Header.BYTES;
    int protocol = Ipv6Header.nextHeader(octets, inner);
    boolean isTcp = protocol == Protocol.TCP && payload >= TCP_HEADER;
    boolean isUdp = protocol == Protocol.UDP && payload >= UDP_HEADER;
    if (!isTcp && !isUdp) {
      return Kind.COMPLETE;
    }
    int field = transport + (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM);
    int pseudo =
        InternetChecksum.fold(InternetChecksum.pseudoHeader(octets, inner, payload, protocol));
    if ((octets.getShort(field) & 0xffff) != pseudo) {
      return Kind.COMPLETE;
    }
    int most = isTcp ? segmentOctets : Math.max(segmentOctets, ORDINARY_DATAGRAM);
    if (Ipv6Header.BYTES + payload <= most) {
      finish(octets, inner, payload, field);
      return Kind.COMPLETE;
    }
    int tcpHeader = isTcp ? dataOffset(octets, transport) : 0;
    return isTcp && tcpHeader >= TCP_HEADER && tcpHeader <= payload ? Kind.SUPER : Kind.UNFINISHED;
  }

  /** Takes a {@link Kind#SUPER} packet over, and puts its first segment into its place. */
  int begin(PacketBuffer packet) {
    length = OUTER + Ipv6Header.BYTES
        + Ipv6Header.payloadLength(packet.bytes(), packet.offset() + OUTER);
    bytes.put(0, packet.bytes(), packet.offset(), length);
    headers = INNER_HEADERS + dataOffset(bytes, INNER_HEADERS);
    position = headers;
    return next(packet);
  }

  /** Says whether segments are left. */
  boolean pending() {
    return position < length;
  }

  /** Makes a packet the next segment and gives its length. */
  int next(PacketBuffer packet) {
    int room = segmentOctets - (headers - OUTER);
    int count = Math.min(room, length - position);
    ByteBuffer target = packet.bytes();
    int at = PacketBuffer.HEADROOM;
    target.put(at, bytes, 0, headers);
    target.put(at + headers, bytes, position, count);
    int inner = at + OUTER;
    int transport = at + INNER_HEADERS;
    int payload = headers - INNER_HEADERS + count;
    target.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) (Ipv6Header.BYTES + payload));
    target.putShort(inner + Ipv6Header.PAYLOAD_LENGTH, (short) payload);
    int sequence = bytes.getInt(INNER_HEADERS + TCP_SEQUENCE) + (position - headers);
    target.putInt(transport + TCP_SEQUENCE, sequence);
    int flags = bytes.get(INNER_HEADERS + TCP_FLAGS);
    if (position > headers) {
      flags &= ~CWR;
    }
    if (position + count < length) {
      flags &= ~FIN_AND_PSH;
    }
    target.put(transport + TCP_FLAGS, (byte) flags);
    finish(target, inner, payload, transport + TCP_CHECKSUM);
    position += count;
    packet.set(at, headers + count);
    return packet.length();
  }

  private static int dataOffset(ByteBuffer octets, int tcp) {
    return (octets.get(tcp + TCP_DATA_OFFSET) & 0xf0) >>> 2;
  }

  /** Computes a checksum from nothing: over the pseudo-header and the payload, RFC 8200 §8.1. */
  private static void finish(ByteBuffer octets, int inner, int payload, int field) {
    octets.putShort(field, (short) 0);
    int protocol = Ipv6Header.nextHeader(octets, inner);
    long sum =
        InternetChecksum.pseudoHeader(octets, inner, payload, protocol)
            + InternetChecksum.sum(octets, inner + Ipv6Header.BYTES, payload);
    int checksum = InternetChecksum.finish(sum);
    // RFC 8200 §8.1: a UDP checksum that computes to zero is sent as ones.
    octets.putShort(field, (short) (checksum == 0 ? 0xffff : checksum));
  }
}
