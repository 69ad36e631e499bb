package org.kagemusha.core.wire;

import java.nio.ByteBuffer;

/**
 * The IPv6 header (RFC 8200 §3) as offsets and accessors over a buffer in network order. {@code at}
 * is the absolute index of the header's first octet everywhere.
 */
public final class Ipv6Header {

  /** Octets of the header. */
  public static final int BYTES = 40;

  /** Offset of the Payload Length. */
  public static final int PAYLOAD_LENGTH = 4;

  /** Offset of the Next Header. */
  public static final int NEXT_HEADER = 6;

  /** Offset of the Hop Limit. */
  public static final int HOP_LIMIT = 7;

  /** Offset of the Source Address. */
  public static final int SOURCE = 8;

  /** Offset of the Destination Address. */
  public static final int DESTINATION = 24;

  /** The smallest link MTU that IPv6 allows, RFC 8200 §5. */
  public static final int MINIMUM_MTU = 1280;

  private Ipv6Header() {}

  /** Writes a whole header. */
  public static void write(
      ByteBuffer buffer,
      int at,
      int trafficClass,
      int flowLabel,
      int payloadLength,
      int nextHeader,
      int hopLimit,
      Ipv6Address source,
      Ipv6Address destination) {
    buffer.putInt(at, 6 << 28 | (trafficClass & 0xff) << 20 | flowLabel & 0xf_ffff);
    buffer.putShort(at + PAYLOAD_LENGTH, (short) payloadLength);
    buffer.put(at + NEXT_HEADER, (byte) nextHeader);
    buffer.put(at + HOP_LIMIT, (byte) hopLimit);
    source.write(buffer, at + SOURCE);
    destination.write(buffer, at + DESTINATION);
  }

  /**
   * Says whether the octets are an IPv6 packet that is complete: the header is there, the version
   * is 6 and the payload length does not go beyond what was received.
   */
  public static boolean isComplete(ByteBuffer buffer, int at, int length) {
    return length >= BYTES && version(buffer, at) == 6 && BYTES + payloadLength(buffer, at) <= length;
  }

  /** The version field. */
  public static int version(ByteBuffer buffer, int at) {
    return buffer.get(at) >>> 4 & 0xf;
  }

  /** The traffic class: six bits DSCP, two bits ECN (RFC 2474, RFC 3168). */
  public static int trafficClass(ByteBuffer buffer, int at) {
    return buffer.getShort(at) >>> 4 & 0xff;
  }

  /** Sets the traffic class. */
  public static void trafficClass(ByteBuffer buffer, int at, int value) {
    buffer.putShort(at, (short) (buffer.getShort(at) & 0xf00f | (value & 0xff) << 4));
  }

  /** The flow label, RFC 6437. */
  public static int flowLabel(ByteBuffer buffer, int at) {
    return buffer.getInt(at) & 0xf_ffff;
  }

  /** The payload length in octets. */
  public static int payloadLength(ByteBuffer buffer, int at) {
    return buffer.getShort(at + PAYLOAD_LENGTH) & 0xffff;
  }

  /** The next header. */
  public static int nextHeader(ByteBuffer buffer, int at) {
    return buffer.get(at + NEXT_HEADER) & 0xff;
  }

  /** The hop limit. */
  public static int hopLimit(ByteBuffer buffer, int at) {
    return buffer.get(at + HOP_LIMIT) & 0xff;
  }

  /** Sets the hop limit. */
  public static void hopLimit(ByteBuffer buffer, int at, int value) {
    buffer.put(at + HOP_LIMIT, (byte) value);
  }

  /** The source address. */
  public static Ipv6Address source(ByteBuffer buffer, int at) {
    return Ipv6Address.read(buffer, at + SOURCE);
  }

  /** The destination address. */
  public static Ipv6Address destination(ByteBuffer buffer, int at) {
    return Ipv6Address.read(buffer, at + DESTINATION);
  }
}
