package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * Lowers the maximum segment size that a TCP SYN announces (RFC 9293 §3.7.1) to what goes through
 * the tunnel in one piece, so that sessions that begin abroad need no Packet Too Big. Allocates
 * nothing.
 */
final class MssClamp {

  /** Octets of an IPv6 and a TCP header without extensions and options. */
  static final int HEADERS = 60;

  private static final int TCP_HEADER = 20;
  private static final int DATA_OFFSET = 12;
  private static final int FLAGS = 13;
  private static final int CHECKSUM = 16;
  private static final int SYN = 2;
  private static final int OPTION_END = 0;
  private static final int OPTION_NOP = 1;
  private static final int OPTION_MSS = 2;

  private MssClamp() {}

  /** The segment size for a tunnel MTU, never under what every IPv6 path carries. */
  static int segmentSize(int tunnelMtu) {
    return Math.max(tunnelMtu, Ipv6Header.MINIMUM_MTU) - HEADERS;
  }

  /**
   * Lowers the maximum segment size of a SYN or SYN-ACK; leaves everything else alone.
   *
   * @param inner the inner packet, from its IPv6 header to its end
   * @param headers what was read of it
   * @return whether the packet was changed
   */
  static boolean clamp(PacketBuffer inner, InnerHeaders headers, int tunnelMtu) {
    ByteBuffer bytes = inner.bytes();
    int end = inner.end();
    int tcp = headers.upperAt();
    if (headers.protocol() != Protocol.TCP
        || end - tcp < TCP_HEADER
        || (bytes.get(tcp + FLAGS) & SYN) == 0) {
      return false;
    }
    int headerLength = (bytes.get(tcp + DATA_OFFSET) >>> 4 & 0xf) * 4;
    if (headerLength < TCP_HEADER || end - tcp < headerLength) {
      return false;
    }
    boolean changed = false;
    int limit = tcp + headerLength;
    int option = tcp + TCP_HEADER;
    while (limit - option >= 2) {
      int kind = bytes.get(option) & 0xff;
      if (kind == OPTION_END) {
        break;
      }
      if (kind == OPTION_NOP) {
        option++;
        continue;
      }
      int length = bytes.get(option + 1) & 0xff;
      if (length < 2 || limit - option < length) {
        break;
      }
      if (kind == OPTION_MSS && length == 4) {
        changed |= lower(inner, tcp, option + 2, segmentSize(tunnelMtu), headers);
      }
      option += length;
    }
    return changed;
  }

  private static boolean lower(
      PacketBuffer inner, int tcp, int field, int most, InnerHeaders headers) {
    ByteBuffer bytes = inner.bytes();
    int announced = bytes.getShort(field) & 0xffff;
    if (announced <= most) {
      return false;
    }
    boolean unfinished =
        inner.isUnfinished()
            || !headers.isFragment() && isUnfinished(bytes, inner.offset(), inner.end(), tcp);
    bytes.putShort(field, (short) most);
    if (!unfinished) {
      // A word at an odd offset adds to the sum with its octets exchanged, RFC 1071 §2(B).
      boolean odd = (field - tcp & 1) != 0;
      int before = odd ? exchange(announced) : announced;
      int after = odd ? exchange(most) : most;
      int checksum = bytes.getShort(tcp + CHECKSUM) & 0xffff;
      bytes.putShort(
          tcp + CHECKSUM, (short) InternetChecksum.update(checksum, before, after));
    }
    return true;
  }

  /**
   * Whether the field holds only the sum of the pseudo-header, as a kernel leaves it to hardware
   * that never came: then whoever finishes the checksum will sum up the changed option as well.
   */
  private static boolean isUnfinished(ByteBuffer bytes, int at, int end, int tcp) {
    long pseudo = InternetChecksum.pseudoHeader(bytes, at, end - tcp, Protocol.TCP);
    int checksum = bytes.getShort(tcp + CHECKSUM) & 0xffff;
    return checksum == InternetChecksum.fold(pseudo)
        && !InternetChecksum.isValid(pseudo + InternetChecksum.sum(bytes, tcp, end - tcp));
  }

  private static int exchange(int word) {
    return word >>> 8 | (word & 0xff) << 8;
  }
}
