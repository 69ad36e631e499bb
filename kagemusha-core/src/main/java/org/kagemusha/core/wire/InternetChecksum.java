package org.kagemusha.core.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * The Internet checksum (RFC 1071) over buffers in network order. A partial sum is a {@code long}
 * of 16-bit words that are not folded yet; sums of parts that begin at even offsets may be added.
 */
public final class InternetChecksum {

  private static final VarHandle WORDS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private InternetChecksum() {}

  /**
   * The partial sum of octets; an odd last octet counts as if a zero followed.
   *
   * @param index the absolute index of the first octet
   * @param length how many octets, at most 2^31 / 65535 of them without folding in between
   */
  public static long sum(ByteBuffer buffer, int index, int length) {
    int at = index;
    int end = index + length;
    int last = end - Long.BYTES;
    // RFC 1071 §2(B): the sum does not depend on the byte order, so it is taken in the machine's.
    // The sum of the lower halves is what the sum of the upper ones leaves of the whole: this plain
    // loop of three operations is what the compiler unrolls best.
    long whole = 0;
    long upper = 0;
    for (; at <= last; at += Long.BYTES) {
      long word = (long) WORDS.get(buffer, at);
      whole += word;
      upper += word >>> 32;
    }
    long sum = 0;
    if (at != index) {
      sum = inNetworkOrder(upper, whole - (upper << 32));
    }
    if (end - at >= Integer.BYTES) {
      sum += buffer.getInt(at) & 0xffff_ffffL;
      at += Integer.BYTES;
    }
    if (end - at >= Short.BYTES) {
      sum += buffer.getShort(at) & 0xffff;
      at += Short.BYTES;
    }
    if (at < end) {
      sum += (buffer.get(at) & 0xff) << 8;
    }
    return sum;
  }

  /**
   * The partial sum of words of 64 bits; see {@link PacketBuffer#sum}.
   *
   * @param words in the machine's order
   * @param first the index of the first word
   * @param count how many words
   */
  static long sum(LongBuffer words, int first, int count) {
    int end = first + count;
    long whole = 0;
    long upper = 0;
    for (int i = first; i < end; i++) {
      long word = words.get(i);
      whole += word;
      upper += word >>> 32;
    }
    return inNetworkOrder(upper, whole - (upper << 32));
  }

  private static long inNetworkOrder(long upper, long lower) {
    long sum = words(upper) + words(lower);
    if (!LITTLE_ENDIAN) {
      return sum;
    }
    int folded = (int) words(words(sum));
    return Integer.reverseBytes(folded) & 0xffff_ffffL;
  }

  /**
   * The partial sum of the IPv6 pseudo-header, RFC 8200 §8.1.
   *
   * @param length the upper-layer packet length in octets
   * @param nextHeader the upper-layer protocol
   */
  public static long pseudoHeader(
      Ipv6Address source, Ipv6Address destination, int length, int nextHeader) {
    return words(source.high()) + words(source.low())
        + words(destination.high()) + words(destination.low())
        + (length & 0xffff_ffffL) + nextHeader;
  }

  /**
   * The partial sum of the pseudo-header whose addresses stand in an IPv6 header; allocates
   * nothing.
   *
   * @param header the absolute index of the IPv6 header
   */
  public static long pseudoHeader(ByteBuffer buffer, int header, int length, int nextHeader) {
    return sum(buffer, header + Ipv6Header.SOURCE, 2 * Ipv6Address.BYTES)
        + (length & 0xffff_ffffL) + nextHeader;
  }

  /** Folds a partial sum to 16 bits without complementing it. */
  public static int fold(long sum) {
    long folded = (sum >>> 32) + (sum & 0xffff_ffffL);
    folded = (folded >>> 32) + (folded & 0xffff_ffffL);
    folded = (folded >>> 16) + (folded & 0xffff);
    folded = (folded >>> 16) + (folded & 0xffff);
    folded = (folded >>> 16) + (folded & 0xffff);
    return (int) folded;
  }

  /** The checksum field for a partial sum taken with the field at zero. */
  public static int finish(long sum) {
    return ~fold(sum) & 0xffff;
  }

  /** Says whether a partial sum that includes the checksum field belongs to an intact packet. */
  public static boolean isValid(long sum) {
    return fold(sum) == 0xffff;
  }

  /**
   * The checksum after one 16-bit word changed, RFC 1624 equation 3.
   *
   * @param checksum the field as it stood
   * @param before the word as it was
   * @param after the word as it is
   */
  public static int update(int checksum, int before, int after) {
    return finish((~checksum & 0xffffL) + (~before & 0xffffL) + (after & 0xffff));
  }

  private static long words(long value) {
    return (value >>> 32) + (value & 0xffff_ffffL);
  }
}
