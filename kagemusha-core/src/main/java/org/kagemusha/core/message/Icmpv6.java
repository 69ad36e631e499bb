package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/**
 * ICMPv6 (RFC 4443): error messages and echo replies as whole IPv6 packets, and errors read back.
 * It keeps no rate limit (§2.4(f)); that is the sender's.
 */
public final class Icmpv6 {

  /** Destination Unreachable, §3.1. */
  public static final int DESTINATION_UNREACHABLE = 1;

  /** Destination Unreachable: no route to destination. */
  public static final int NO_ROUTE = 0;

  /** Destination Unreachable: communication administratively prohibited. */
  public static final int ADMINISTRATIVELY_PROHIBITED = 1;

  /** Destination Unreachable: address unreachable. */
  public static final int ADDRESS_UNREACHABLE = 3;

  /** Packet Too Big, §3.2. */
  public static final int PACKET_TOO_BIG = 2;

  /** Time Exceeded, §3.3; code 0 is the hop limit. */
  public static final int TIME_EXCEEDED = 3;

  /** Parameter Problem, §3.4. */
  public static final int PARAMETER_PROBLEM = 4;

  /** Parameter Problem: erroneous header field. */
  public static final int ERRONEOUS_HEADER_FIELD = 0;

  /** Parameter Problem: unrecognised Next Header. */
  public static final int UNRECOGNIZED_NEXT_HEADER = 1;

  /** Parameter Problem: unrecognised option. */
  public static final int UNRECOGNIZED_OPTION = 2;

  /** Echo Request, §4.1. */
  public static final int ECHO_REQUEST = 128;

  /** Echo Reply, §4.2. */
  public static final int ECHO_REPLY = 129;

  private static final int HOP_LIMIT = 64;
  private static final int HEADER = 8;
  private static final int CHECKSUM = 2;
  private static final int PARAMETER = 4;

  private Icmpv6() {}

  /**
   * Destination Unreachable, §3.1.
   *
   * @param source the address of this node
   * @param at the absolute index of the invoking packet's IPv6 header
   * @return the whole IPv6 packet, or null where §2.4(e) forbids an answer
   */
  public static byte[] destinationUnreachable(
      Ipv6Address source, int code, ByteBuffer bytes, int at, int length) {
    return error(source, DESTINATION_UNREACHABLE, code, 0, bytes, at, length);
  }

  /**
   * Packet Too Big, §3.2.
   *
   * @param source the address of this node
   * @param mtu octets that go through
   * @param at the absolute index of the invoking packet's IPv6 header
   * @return the whole IPv6 packet, or null where §2.4(e) forbids an answer
   */
  public static byte[] packetTooBig(
      Ipv6Address source, int mtu, ByteBuffer bytes, int at, int length) {
    return error(source, PACKET_TOO_BIG, 0, mtu, bytes, at, length);
  }

  /**
   * Time Exceeded, hop limit, §3.3.
   *
   * @param source the address of this node
   * @param at the absolute index of the invoking packet's IPv6 header
   * @return the whole IPv6 packet, or null where §2.4(e) forbids an answer
   */
  public static byte[] hopLimitExceeded(Ipv6Address source, ByteBuffer bytes, int at, int length) {
    return error(source, TIME_EXCEEDED, 0, 0, bytes, at, length);
  }

  /**
   * Parameter Problem, §3.4.
   *
   * @param source the address of this node
   * @param pointer the offset in the invoking packet where the error is
   * @param at the absolute index of the invoking packet's IPv6 header
   * @return the whole IPv6 packet, or null where §2.4(e) forbids an answer
   */
  public static byte[] parameterProblem(
      Ipv6Address source, int code, int pointer, ByteBuffer bytes, int at, int length) {
    return error(source, PARAMETER_PROBLEM, code, pointer, bytes, at, length);
  }

  private static byte[] error(
      Ipv6Address source, int type, int code, int parameter, ByteBuffer bytes, int at, int length) {
    if (!mayAnswer(type, code, parameter, bytes, at, length)) {
      return null;
    }
    // §2.4(c): "as much of the IPv6 offending (invoking) packet [...] as possible without making
    // the error message packet exceed the minimum IPv6 MTU".
    int quoted = Math.min(length, Ipv6Header.MINIMUM_MTU - Ipv6Header.BYTES - HEADER);
    ByteBuffer packet = ByteBuffer.allocate(Ipv6Header.BYTES + HEADER + quoted);
    packet.put(Ipv6Header.BYTES, (byte) type);
    packet.put(Ipv6Header.BYTES + 1, (byte) code);
    packet.putInt(Ipv6Header.BYTES + PARAMETER, parameter);
    packet.put(Ipv6Header.BYTES + HEADER, bytes, at, quoted);
    return finish(packet, source, Ipv6Header.source(bytes, at));
  }

  private static byte[] finish(ByteBuffer packet, Ipv6Address source, Ipv6Address destination) {
    int payload = packet.capacity() - Ipv6Header.BYTES;
    Ipv6Header.write(
        packet, 0, 0, 0, payload, Protocol.ICMPV6, HOP_LIMIT, source, destination);
    packet.putShort(Ipv6Header.BYTES + CHECKSUM, (short) 0);
    long sum =
        InternetChecksum.pseudoHeader(packet, 0, payload, Protocol.ICMPV6)
            + InternetChecksum.sum(packet, Ipv6Header.BYTES, payload);
    packet.putShort(Ipv6Header.BYTES + CHECKSUM, (short) InternetChecksum.finish(sum));
    return packet.array();
  }

  /**
   * Says whether RFC 4443 §2.4(e) lets an error be sent in answer to a packet. A multicast
   * destination is answered by Packet Too Big, and by code 2 of Parameter Problem where the
   * option's two highest bits are 10; nothing else is.
   *
   * @param pointer of a Parameter Problem, otherwise not looked at
   * @param at the absolute index of the invoking packet's IPv6 header
   */
  public static boolean mayAnswer(
      int type, int code, int pointer, ByteBuffer bytes, int at, int length) {
    if (length < Ipv6Header.BYTES || Ipv6Header.version(bytes, at) != 6) {
      return false;
    }
    // (e.6): a source that "does not uniquely identify a single node".
    Ipv6Address invoker = Ipv6Header.source(bytes, at);
    if (invoker.isUnspecified() || invoker.isMulticast() || invoker.isLoopback()) {
      return false;
    }
    if ((bytes.get(at + Ipv6Header.DESTINATION) & 0xff) == 0xff
        && type != PACKET_TOO_BIG
        && !(type == PARAMETER_PROBLEM
            && code == UNRECOGNIZED_OPTION
            && pointer >= 0
            && pointer < length
            && (bytes.get(at + pointer) & 0xc0) == 0x80)) {
      return false;
    }
    long found = ExtensionHeaders.upperLayer(bytes, at, length);
    if (found == ExtensionHeaders.NONE
        || ExtensionHeaders.protocol(found) != Protocol.ICMPV6
        || ExtensionHeaders.isLaterFragment(found)) {
      return true;
    }
    // (e.1) and (e.2): never for an ICMPv6 error or a Redirect; one that cannot be told is spared.
    int offset = ExtensionHeaders.offset(found);
    if (offset >= length) {
      return false;
    }
    int invokingType = bytes.get(at + offset) & 0xff;
    return invokingType >= ECHO_REQUEST && invokingType != Redirect.TYPE;
  }

  /**
   * The answer to an Echo Request, §4.2, that stands directly behind the IPv6 header.
   *
   * @param source the address of this node; for a unicast request the destination it went to
   * @param at the absolute index of the request's IPv6 header
   * @return the whole IPv6 packet, or null if it is no valid Echo Request from a single node
   */
  public static byte[] echoReply(Ipv6Address source, ByteBuffer bytes, int at, int length) {
    if (!isValid(bytes, at, length)
        || (bytes.getShort(at + Ipv6Header.BYTES) & 0xffff) != ECHO_REQUEST << 8) {
      return null;
    }
    Ipv6Address requester = Ipv6Header.source(bytes, at);
    if (requester.isUnspecified() || requester.isMulticast()) {
      return null;
    }
    byte[] octets = new byte[Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at)];
    bytes.get(at, octets);
    ByteBuffer packet = ByteBuffer.wrap(octets);
    packet.put(Ipv6Header.BYTES, (byte) ECHO_REPLY);
    return finish(packet, source, requester);
  }

  /**
   * Says whether a packet is complete and carries, directly behind the IPv6 header, an ICMPv6
   * message of at least eight octets with the right checksum (§2.3). Allocates nothing.
   *
   * @param at the absolute index of the IPv6 header
   */
  public static boolean isValid(ByteBuffer bytes, int at, int length) {
    if (!Ipv6Header.isComplete(bytes, at, length)
        || Ipv6Header.nextHeader(bytes, at) != Protocol.ICMPV6) {
      return false;
    }
    int payload = Ipv6Header.payloadLength(bytes, at);
    return payload >= HEADER
        && InternetChecksum.isValid(
            InternetChecksum.pseudoHeader(bytes, at, payload, Protocol.ICMPV6)
                + InternetChecksum.sum(bytes, at + Ipv6Header.BYTES, payload));
  }

  /**
   * Reads an error message that stands directly behind the IPv6 header.
   *
   * @param at the absolute index of the IPv6 header
   * @return the error, or null if it is not one, is incomplete, or its checksum is wrong
   */
  public static Icmpv6Error parseError(ByteBuffer bytes, int at, int length) {
    if (!isValid(bytes, at, length)) {
      return null;
    }
    int message = at + Ipv6Header.BYTES;
    // §2.1: error messages are identified "by a zero in the high-order bit".
    int type = bytes.get(message) & 0xff;
    if (type >= ECHO_REQUEST) {
      return null;
    }
    byte[] invokingPacket = new byte[Ipv6Header.payloadLength(bytes, at) - HEADER];
    bytes.get(message + HEADER, invokingPacket);
    return new Icmpv6Error(
        Ipv6Header.source(bytes, at),
        Ipv6Header.destination(bytes, at),
        type,
        bytes.get(message + 1) & 0xff,
        bytes.getInt(message + PARAMETER) & 0xffff_ffffL,
        invokingPacket);
  }
}
