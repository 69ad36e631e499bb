package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Consecutive packets of one TCP or UDP flow, joined as far as they have come: the headers of the
 * first, and behind them the payload of all. The rules are those of a system that has to be able to
 * part them again into what they were.
 */
final class HeldFlow {

  /** What became of a packet that was offered. */
  enum Joined {
    /** It cannot be joined to what is held. */
    NO,
    /** It is part of what is held, and more may follow. */
    YES,
    /** It is part of what is held, and the last. */
    LAST
  }

  /** The longest IPv6 packet that is made, header included; a device's buffers end there. */
  static final int LARGEST_PACKET = 65_535;

  /** The most segments that are joined. */
  static final int MOST_SEGMENTS = 64;

  private static final int NOT_SUMMED = -1;

  private static final int MAY_DIFFER = Transport.PSH << 16;

  private final PacketBuffer buffer;
  private final int link;
  private final int transport;
  private final int most;
  private long sourceHigh;
  private long sourceLow;
  private long destinationHigh;
  private long destinationLow;
  private int ports;
  private boolean tcp;
  private int headers;
  private int segment;
  private int segments;
  private int nextSequence;
  private boolean joined;
  private boolean verified;
  private long addresses;

  /**
   * @param buffer the memory; what it takes behind the headroom limits what is joined
   * @param link octets before the IPv6 header
   */
  HeldFlow(PacketBuffer buffer, int link) {
    this.buffer = buffer;
    this.link = link;
    transport = PacketBuffer.HEADROOM + link + Ipv6Header.BYTES;
    most = Math.min(LARGEST_PACKET + link, buffer.bytes().capacity() - PacketBuffer.HEADROOM);
  }

  /** The longest packet that may be held, what stands before the IPv6 header included. */
  int most() {
    return most;
  }

  /**
   * Holds a first packet: TCP or UDP without extension headers, not longer than {@link #most}.
   *
   * @param segmentOctets of its payload, or of each of its segments' if it is a super-packet
   */
  void hold(PacketBuffer packet, boolean isTcp, int headerLength, int segmentOctets) {
    buffer.copyFrom(packet);
    ByteBuffer bytes = buffer.bytes();
    int ipv6 = PacketBuffer.HEADROOM + link;
    sourceHigh = bytes.getLong(ipv6 + Ipv6Header.SOURCE);
    sourceLow = bytes.getLong(ipv6 + Ipv6Header.SOURCE + 8);
    destinationHigh = bytes.getLong(ipv6 + Ipv6Header.DESTINATION);
    destinationLow = bytes.getLong(ipv6 + Ipv6Header.DESTINATION + 8);
    ports = bytes.getInt(transport);
    tcp = isTcp;
    headers = headerLength;
    segment = segmentOctets;
    int payload = buffer.end() - transport - headerLength;
    segments = segments(packet, payload);
    if (tcp) {
      nextSequence = bytes.getInt(transport + Transport.TCP_SEQUENCE) + payload;
    }
    joined = false;
    verified = buffer.isUnfinished();
    addresses = NOT_SUMMED;
  }

  /** Says whether a packet goes from the same address to the same. */
  boolean hasAddresses(ByteBuffer bytes, int ipv6) {
    return bytes.getLong(ipv6 + Ipv6Header.SOURCE + 8) == sourceLow
        && bytes.getLong(ipv6 + Ipv6Header.DESTINATION + 8) == destinationLow
        && bytes.getLong(ipv6 + Ipv6Header.SOURCE) == sourceHigh
        && bytes.getLong(ipv6 + Ipv6Header.DESTINATION) == destinationHigh;
  }

  /** Says whether a packet of TCP or UDP, without extension headers, is of this flow. */
  boolean isOf(ByteBuffer bytes, int ipv6, boolean isTcp) {
    return bytes.getInt(ipv6 + Ipv6Header.BYTES) == ports
        && tcp == isTcp
        && hasAddresses(bytes, ipv6);
  }

  /**
   * Joins the flow's next packet, if it is that and may be joined; its own checksum and that of the
   * first are verified before.
   *
   * @param headerLength octets of its transport header
   * @param payload octets of its transport payload, at least 1
   * @param segmentOctets of its payload, or of each of its segments' if it is a super-packet
   */
  Joined join(PacketBuffer packet, int headerLength, int payload, int segmentOctets) {
    ByteBuffer bytes = packet.bytes();
    int upper = packet.offset() + link + Ipv6Header.BYTES;
    // A super-packet's segments must be as long as ours; a single packet may be shorter, as the
    // last.
    if (headerLength != headers
        || segmentOctets > segment
        || packet.isSuperPacket() && segmentOctets != segment
        || buffer.length() + payload > most
        || !hasSameHeaders(bytes, packet.offset())
        || tcp && !isNextSegment(bytes, upper)
        || !areIntact(packet, upper, headerLength + payload)) {
      return Joined.NO;
    }
    buffer.bytes().put(buffer.end(), bytes, upper + headerLength, payload);
    buffer.resize(buffer.length() + payload);
    joined = true;
    segments += segments(packet, payload);
    nextSequence += payload;
    boolean pushed = false;
    if (tcp && (bytes.get(upper + Transport.TCP_FLAGS) & Transport.PSH) != 0) {
      pushed = true;
      int flags = buffer.bytes().get(transport + Transport.TCP_FLAGS) | Transport.PSH;
      buffer.bytes().put(transport + Transport.TCP_FLAGS, (byte) flags);
    }
    boolean full = segments >= MOST_SEGMENTS || buffer.length() + segment > most;
    return pushed || full || endsShort(packet, payload, segment) ? Joined.LAST : Joined.YES;
  }

  /** Whether a packet's last or only segment is shorter than a flow's segments. */
  static boolean endsShort(PacketBuffer packet, int payload, int segment) {
    return packet.isSuperPacket() ? payload % segment != 0 : payload < segment;
  }

  private static int segments(PacketBuffer packet, int payload) {
    return packet.isSuperPacket() ? (payload - 1) / packet.segmentSize() + 1 : 1;
  }

  /** Link header, version, traffic class with ECN, flow label, next header and hop limit. */
  private boolean hasSameHeaders(ByteBuffer bytes, int at) {
    ByteBuffer held = buffer.bytes();
    int mine = PacketBuffer.HEADROOM;
    if (link == EthernetHeader.BYTES) {
      if (bytes.getLong(at) != held.getLong(mine)
          || bytes.getInt(at + 8) != held.getInt(mine + 8)
          || bytes.getShort(at + 12) != held.getShort(mine + 12)) {
        return false;
      }
    } else if (!areEqual(bytes, at, held, mine, link)) {
      return false;
    }
    return bytes.getInt(at + link) == held.getInt(mine + link)
        && bytes.getShort(at + link + Ipv6Header.NEXT_HEADER)
            == held.getShort(mine + link + Ipv6Header.NEXT_HEADER);
  }

  /**
   * The next sequence number; acknowledgment, window, flags but PSH, urgent pointer and options as
   * in the first.
   */
  private boolean isNextSegment(ByteBuffer bytes, int upper) {
    ByteBuffer held = buffer.bytes();
    int flagsAndWindow =
        bytes.getInt(upper + Transport.TCP_DATA_OFFSET)
            ^ held.getInt(transport + Transport.TCP_DATA_OFFSET);
    return bytes.getInt(upper + Transport.TCP_SEQUENCE) == nextSequence
        && (flagsAndWindow & ~MAY_DIFFER) == 0
        && bytes.getInt(upper + Transport.TCP_ACKNOWLEDGMENT)
            == held.getInt(transport + Transport.TCP_ACKNOWLEDGMENT)
        && bytes.getShort(upper + Transport.TCP_URGENT_POINTER)
            == held.getShort(transport + Transport.TCP_URGENT_POINTER)
        && areEqual(
            bytes,
            upper + Transport.TCP_HEADER,
            held,
            transport + Transport.TCP_HEADER,
            headers - Transport.TCP_HEADER);
  }

  /** Both checksums; the first packet's only when it is first asked for, for it may stay alone. */
  private boolean areIntact(PacketBuffer packet, int upper, int length) {
    if (!verified) {
      int firstLength = buffer.end() - transport;
      if (!isIntact(buffer, transport, firstLength)) {
        return false;
      }
      verified = true;
    }
    return packet.isUnfinished() || isIntact(packet, upper, length);
  }

  private boolean isIntact(PacketBuffer packet, int upper, int length) {
    return InternetChecksum.isValid(pseudoHeader(length) + packet.sum(upper, length));
  }

  /** The sum of the pseudo-header, RFC 8200 §8.1; the addresses are summed once for all. */
  private long pseudoHeader(int length) {
    if (addresses == NOT_SUMMED) {
      addresses =
          InternetChecksum.sum(
              buffer.bytes(),
              PacketBuffer.HEADROOM + link + Ipv6Header.SOURCE,
              2 * Ipv6Address.BYTES);
    }
    return addresses + length + (tcp ? Protocol.TCP : Protocol.UDP);
  }

  private static boolean areEqual(ByteBuffer a, int atA, ByteBuffer b, int atB, int count) {
    int i = 0;
    for (; count - i >= Integer.BYTES; i += Integer.BYTES) {
      if (a.getInt(atA + i) != b.getInt(atB + i)) {
        return false;
      }
    }
    for (; i < count; i++) {
      if (a.get(atA + i) != b.get(atB + i)) {
        return false;
      }
    }
    return true;
  }

  /** What is held: a single packet as it came, several as an unfinished super-packet. */
  PacketBuffer take() {
    if (joined) {
      ByteBuffer bytes = buffer.bytes();
      int length = buffer.end() - transport;
      bytes.putShort(
          PacketBuffer.HEADROOM + link + Ipv6Header.PAYLOAD_LENGTH, (short) length);
      if (!tcp) {
        bytes.putShort(transport + Transport.UDP_LENGTH, (short) length);
      }
      int offset = tcp ? Transport.TCP_CHECKSUM : Transport.UDP_CHECKSUM;
      int pseudo = InternetChecksum.fold(pseudoHeader(length));
      bytes.putShort(transport + offset, (short) pseudo);
      buffer.unfinished(transport, offset, segment);
    }
    return buffer;
  }
}
