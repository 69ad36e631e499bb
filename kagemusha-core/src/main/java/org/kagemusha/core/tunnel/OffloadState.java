package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Judges what a sender left to hardware (see {@link PacketBuffer#isUnfinished()}) against the
 * packet itself: a guest may say anything. For one thread; allocates nothing.
 */
public final class OffloadState {

  private static final int TCP_CHECKSUM = 16;
  private static final int TCP_DATA_OFFSET = 12;
  private static final int TCP_HEADER = 20;
  private static final int UDP_CHECKSUM = 6;
  private static final int UDP_HEADER = 8;

  private final InnerHeaders headers = new InnerHeaders();

  /**
   * Finishes an ordinary packet, so that whoever looks at it sees what a wire would carry; leaves
   * super-packets, and what is finished, alone.
   *
   * @param packet with or without its Ethernet header
   * @param headers octets at its front of which none is the checksum's or under it: whoever has
   *     read a length there may rely on it afterwards
   * @return null, or {@link DropReason#OFFLOAD_INVALID} if the checksum would lie outside
   */
  public static DropReason finish(PacketBuffer packet, int headers) {
    if (!packet.isUnfinished() || packet.isSuperPacket()) {
      return null;
    }
    if (!isInside(packet, packet.offset() + headers)) {
      return DropReason.OFFLOAD_INVALID;
    }
    UnfinishedChecksum.finish(packet);
    return null;
  }

  /**
   * Says whether a super-packet is what alone is taken as one: TCP or UDP data in IPv6, not a
   * fragment, whose chain of headers leads to where its state says that the sum begins.
   *
   * @param at the absolute index of the IPv6 header; the packet is complete
   */
  public boolean isSegmentable(PacketBuffer packet, int at) {
    ByteBuffer bytes = packet.bytes();
    int end = at + Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at);
    headers.read(bytes, at, end);
    int upper = headers.upperAt();
    if (upper != packet.checksumStart() || headers.isFragment()) {
      return false;
    }
    boolean known =
        headers.protocol() == Protocol.TCP
            ? packet.checksumOffset() == TCP_CHECKSUM
            : headers.protocol() == Protocol.UDP && packet.checksumOffset() == UDP_CHECKSUM;
    return known && transportHeader(packet, end) > 0;
  }

  /**
   * Says whether what is left to do lies inside a packet.
   *
   * @param packet one that is unfinished, from its IPv6 header to its end
   */
  boolean isConsistent(PacketBuffer packet) {
    return packet.isSuperPacket()
        ? isSegmentable(packet, packet.offset())
        : isInside(packet, packet.offset() + Ipv6Header.BYTES);
  }

  private static boolean isInside(PacketBuffer packet, int from) {
    return packet.checksumStart() >= from
        && packet.end() - packet.checksumStart() - Short.BYTES >= packet.checksumOffset();
  }

  /** How many packets on a wire a packet stands for: 1 unless it is a super-packet. */
  public static int segments(PacketBuffer packet) {
    int header = packet.isSuperPacket() ? transportHeader(packet, packet.end()) : 0;
    if (header == 0) {
      return 1;
    }
    int payload = packet.end() - packet.checksumStart() - header;
    return (payload + packet.segmentSize() - 1) / packet.segmentSize();
  }

  /** The octets of these packets, from where this one begins; each has the headers anew. */
  static long octets(PacketBuffer packet, int segments) {
    if (segments == 1) {
      return packet.length();
    }
    int headers =
        packet.checksumStart() - packet.offset() + transportHeader(packet, packet.end());
    return packet.length() + (segments - 1L) * headers;
  }

  /** Octets of the TCP or UDP header of a super-packet that has data behind it, else 0. */
  private static int transportHeader(PacketBuffer packet, int end) {
    int start = packet.checksumStart();
    int header = UDP_HEADER;
    if (packet.checksumOffset() == TCP_CHECKSUM) {
      if (end - start < TCP_HEADER) {
        return 0;
      }
      header = (packet.bytes().get(start + TCP_DATA_OFFSET) >>> 4 & 0xf) * 4;
      if (header < TCP_HEADER) {
        return 0;
      }
    }
    return end - start > header ? header : 0;
  }
}
