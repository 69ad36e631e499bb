package org.kagemusha.core.ipsec;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * ESP in UDP, RFC 3948, over IPv6: the header of 8 octets between the IPv6 header and ESP, and what
 * else comes to its port. Allocates nothing.
 */
public final class UdpEncapsulation {

  /** Octets of the UDP header. */
  public static final int HEADER_OCTETS = 8;

  /** The port of ESP in UDP, shared with IKE (RFC 3948 §2.1, RFC 7296 §2.23). */
  public static final int DEFAULT_PORT = 4500;

  /** What a datagram to the port of the encapsulation holds. */
  public enum Content {
    /** An ESP packet, RFC 3948 §2.1, of at least 8 octets. */
    ESP,
    /** A NAT-keepalive, RFC 3948 §2.3: ignored. */
    KEEPALIVE,
    /** The non-ESP marker, RFC 3948 §2.2: IKE. */
    NON_ESP,
    /** Less than its headers say, too short for any of these, or without a source port. */
    MALFORMED
  }

  private static final int LENGTH = 4;
  private static final int CHECKSUM = 6;
  private static final int ESP_HEADER = 8;
  private static final byte KEEPALIVE_OCTET = (byte) 0xff;
  private static final int MARKER_OCTETS = 4;
  private static final int LARGEST_PORT = 0xffff;

  private UdpEncapsulation() {}

  /**
   * Puts the UDP header in front of a sealed ESP packet (or a keepalive). Its checksum is computed:
   * a zero (RFC 6935 §5) is taken only by receivers that were told of the tunnel, while others,
   * firewalls and address translators among them, must drop it (RFC 8200 §8.1).
   *
   * @param packet needs 8 octets of headroom; at most 65,527 octets
   * @param localPort the source port, 1 to 65535
   * @param remotePort the destination port, 1 to 65535
   * @param source of the IPv6 header that will precede
   * @param destination of that header
   * @throws IllegalArgumentException if a port or the length is out of its range
   * @throws IndexOutOfBoundsException if headroom is missing
   */
  public static void prepend(
      PacketBuffer packet,
      int localPort,
      int remotePort,
      Ipv6Address source,
      Ipv6Address destination) {
    prepend(packet, localPort, remotePort);
    int length = packet.length();
    writeChecksum(
        packet.bytes(),
        packet.offset(),
        InternetChecksum.pseudoHeader(source, destination, length, Protocol.UDP));
  }

  /**
   * Puts the UDP header in front of a packet that is sealed later, with the checksum zero: {@link
   * #restoreChecksum} or the kernel computes it.
   *
   * @throws IllegalArgumentException if a port or the length is out of its range
   * @throws IndexOutOfBoundsException if headroom is missing
   */
  public static void prepend(PacketBuffer packet, int localPort, int remotePort) {
    int length = HEADER_OCTETS + packet.length();
    if (!isPort(localPort) || !isPort(remotePort) || length > 0xffff) {
      throw new IllegalArgumentException(
          "no UDP datagram: ports " + localPort + ", " + remotePort + ", length " + length);
    }
    int at = packet.prepend(HEADER_OCTETS).offset();
    packet
        .bytes()
        .putLong(at, (long) localPort << 48 | (long) remotePort << 32 | (long) length << 16);
  }

  /**
   * Computes the checksum that the kernel verified and did not hand over, so that a captured packet
   * looks as it did on the wire; leaves alone what is not UDP right behind the IPv6 header, or has
   * a checksum.
   *
   * @param packet a whole IPv6 packet
   */
  public static void restoreChecksum(PacketBuffer packet) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset() + Ipv6Header.BYTES;
    if (packet.end() - at >= HEADER_OCTETS
        && Ipv6Header.nextHeader(bytes, packet.offset()) == Protocol.UDP
        && bytes.getShort(at + CHECKSUM) == 0
        && length(bytes, at) >= HEADER_OCTETS
        && length(bytes, at) <= packet.end() - at) {
      writeChecksum(
          bytes,
          at,
          InternetChecksum.pseudoHeader(
              bytes, packet.offset(), length(bytes, at), Protocol.UDP));
    }
  }

  private static void writeChecksum(ByteBuffer bytes, int at, long pseudoHeader) {
    int checksum =
        InternetChecksum.finish(
            pseudoHeader + InternetChecksum.sum(bytes, at, length(bytes, at)));
    // RFC 8200 §8.1: "if that computation yields a result of zero, it must be changed to hex FFFF"
    bytes.putShort(at + CHECKSUM, (short) (checksum == 0 ? 0xffff : checksum));
  }

  /**
   * Tells what a datagram holds. Its checksum is not looked at: the kernel has verified it, and ESP
   * is authenticated by better means.
   *
   * @param at the absolute index of the UDP header
   * @param end the absolute index behind the packet; octets behind the UDP length are allowed
   */
  public static Content classify(ByteBuffer bytes, int at, int end) {
    if (end - at < HEADER_OCTETS || sourcePort(bytes, at) == 0) {
      return Content.MALFORMED;
    }
    int length = length(bytes, at) - HEADER_OCTETS;
    if (length <= 0 || length > end - at - HEADER_OCTETS) {
      return Content.MALFORMED;
    }
    int payload = at + HEADER_OCTETS;
    if (length == 1 && bytes.get(payload) == KEEPALIVE_OCTET) {
      return Content.KEEPALIVE;
    }
    if (length >= MARKER_OCTETS && bytes.getInt(payload) == 0) {
      return Content.NON_ESP;
    }
    return length < ESP_HEADER ? Content.MALFORMED : Content.ESP;
  }

  /** Makes the packet's octets a NAT-keepalive without its UDP header: one octet 0xff. */
  public static void keepalive(PacketBuffer packet) {
    packet.resize(1);
    packet.bytes().put(packet.offset(), KEEPALIVE_OCTET);
  }

  /** The source port, 0 to 65535, of the UDP header at an absolute index. */
  public static int sourcePort(ByteBuffer bytes, int at) {
    return bytes.getShort(at) & 0xffff;
  }

  /** The destination port, 0 to 65535, of the UDP header at an absolute index. */
  public static int destinationPort(ByteBuffer bytes, int at) {
    return bytes.getShort(at + 2) & 0xffff;
  }

  /** The length in octets, header included, that the UDP header at an absolute index names. */
  public static int length(ByteBuffer bytes, int at) {
    return bytes.getShort(at + LENGTH) & 0xffff;
  }

  /**
   * Whether these ports mean an encapsulation.
   *
   * @return true if both are set, false if both are 0
   * @throws IllegalArgumentException if one alone is set, or is beyond 65535
   */
  public static boolean isEncapsulated(int localPort, int remotePort) {
    if (localPort == 0 && remotePort == 0) {
      return false;
    }
    if (!isPort(localPort) || !isPort(remotePort)) {
      throw new IllegalArgumentException("UDP ports " + localPort + " and " + remotePort);
    }
    return true;
  }

  private static boolean isPort(int port) {
    return port > 0 && port <= LARGEST_PORT;
  }
}
