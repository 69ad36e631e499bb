package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Takes a super-packet of TCP or UDP over IPv6 apart, as a network card does with segmentation
 * offload. One thread, one packet at a time; allocates nothing.
 *
 * <p>The headers, extension headers included, are summed once for all segments, and each segment's
 * payload once. The sum of the pseudo-header is taken from the checksum field, where the sender put
 * it, so that it is right behind a Routing header and a Home Address option too (RFC 8200 §8.1).
 */
public final class Segmenter {

  /** Into more segments nothing is taken apart; TCP's smallest segments would be half as many. */
  public static final int MOST_SEGMENTS = 2048;

  private static final int LAST_ONLY = Transport.FIN | Transport.PSH;

  private PacketBuffer packet;
  private ByteBuffer source;
  private int from;
  private int headers;
  private int network;
  private int transport;
  private boolean tcp;
  private int segment;
  private int position;
  private int end;
  private long constantSum;
  private int sequence;
  private int dataOffsetAndFlags;

  /**
   * Begins with a super-packet (see {@link PacketBuffer#isSuperPacket()}): IPv6 with TCP or UDP,
   * with or without octets before it. It must not change until {@link #hasNext} says no. What
   * follows the IPv6 payload is left out.
   *
   * @param link octets before the IPv6 header that each segment gets unchanged, at least 0: 14 for
   *     Ethernet, or 40 for an outer header, whose lengths are then the caller's to adapt
   * @return false if it is not what it says, holds a TCP SYN, or would be more than {@link
   *     #MOST_SEGMENTS} segments; then nothing can be had of it
   */
  public boolean begin(PacketBuffer superPacket, int link) {
    position = 0;
    end = 0;
    ByteBuffer bytes = superPacket.bytes();
    int start = superPacket.offset();
    int ipv6 = start + link;
    if (!superPacket.isSuperPacket()
        || !Ipv6Header.isComplete(bytes, ipv6, superPacket.length() - link)) {
      return false;
    }
    int behind = ipv6 + Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, ipv6);
    int upper = superPacket.checksumStart();
    boolean isTcp = superPacket.checksumOffset() == Transport.TCP_CHECKSUM;
    if (!isTcp && superPacket.checksumOffset() != Transport.UDP_CHECKSUM
        || upper != Transport.find(bytes, ipv6, behind, isTcp ? Protocol.TCP : Protocol.UDP)) {
      return false;
    }
    int headerLength = Transport.headerLength(bytes, upper, behind, isTcp);
    if (headerLength < 0) {
      return false;
    }
    int payload = upper + headerLength;
    int size = superPacket.segmentSize();
    if (payload == behind || (behind - payload - 1) / size >= MOST_SEGMENTS) {
      return false;
    }
    if (isTcp && (bytes.get(upper + Transport.TCP_FLAGS) & Transport.SYN) != 0) {
      return false;
    }
    packet = superPacket;
    source = bytes;
    from = start;
    headers = payload - start;
    network = link;
    transport = upper - start;
    tcp = isTcp;
    segment = Math.min(size, behind - payload);
    sum(upper, headerLength, behind);
    position = payload;
    end = behind;
    return true;
  }

  /**
   * Sums what all segments have in common: the pseudo-header without its length, and the transport
   * header without what differs (TCP: sequence number and flags; UDP: length).
   */
  private void sum(int upper, int headerLength, int behind) {
    int field = source.getShort(upper + checksumOffset()) & 0xffff;
    // The field is the pseudo-header's sum with the length of the whole; subtracting is adding the
    // complement, RFC 1071 §2.
    long pseudo = field + (~(long) (behind - upper) & 0xffff);
    long header = InternetChecksum.sum(source, upper, headerLength);
    long excluded = field;
    if (tcp) {
      sequence = source.getInt(upper + Transport.TCP_SEQUENCE);
      dataOffsetAndFlags = source.getShort(upper + Transport.TCP_DATA_OFFSET) & 0xffff;
      excluded += (sequence & 0xffff_ffffL) + dataOffsetAndFlags;
    } else {
      excluded += source.getShort(upper + Transport.UDP_LENGTH) & 0xffff;
    }
    constantSum = pseudo + header + (~InternetChecksum.fold(excluded) & 0xffff);
  }

  private int checksumOffset() {
    return tcp ? Transport.TCP_CHECKSUM : Transport.UDP_CHECKSUM;
  }

  /** Octets of the largest segment, what stands before IPv6 included. */
  public int largest() {
    return headers + segment;
  }

  /** How many segments are left. */
  public int count() {
    return position < end ? (end - position - 1) / segment + 1 : 0;
  }

  /** Octets of all segments that are left, what stands before IPv6 included. */
  public int octets() {
    return count() * headers + end - position;
  }

  /** Whether segments are left. */
  public boolean hasNext() {
    return position < end;
  }

  /**
   * Makes a buffer the next segment, at {@link PacketBuffer#HEADROOM}, finished.
   *
   * @param target another buffer than the super-packet's, of at least {@link #largest()} octets
   *     behind the headroom; what it held is lost
   * @throws IllegalStateException if no segment is left
   */
  public void next(PacketBuffer target) {
    if (position >= end) {
      throw new IllegalStateException("no segment is left");
    }
    int count = Math.min(segment, end - position);
    int at = PacketBuffer.HEADROOM;
    ByteBuffer bytes = target.bytes();
    target.finished().set(at, headers + count);
    bytes.put(at, source, from, headers);
    bytes.put(at + headers, source, position, count);
    int upperLength = headers - transport + count;
    int payloadLength = upperLength + transport - network - Ipv6Header.BYTES;
    bytes.putShort(at + network + Ipv6Header.PAYLOAD_LENGTH, (short) payloadLength);
    long sum = constantSum + upperLength + packet.sum(position, count);
    int upper = at + transport;
    if (tcp) {
      int done = position - from - headers;
      int number = sequence + done;
      int flags = dataOffsetAndFlags;
      // RFC 3168 §6.1.2: CWR is for the first segment only.
      if (done > 0) {
        flags &= ~Transport.CWR;
      }
      if (position + count < end) {
        flags &= ~LAST_ONLY;
      }
      bytes.putInt(upper + Transport.TCP_SEQUENCE, number);
      bytes.put(upper + Transport.TCP_FLAGS, (byte) flags);
      sum += (number & 0xffff_ffffL) + flags;
    } else {
      bytes.putShort(upper + Transport.UDP_LENGTH, (short) upperLength);
      sum += upperLength;
    }
    int checksum = UnfinishedChecksum.field(InternetChecksum.finish(sum), !tcp);
    bytes.putShort(upper + checksumOffset(), (short) checksum);
    position += count;
  }
}
