package org.kagemusha.core.message;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/**
 * Finds the upper layer of an IPv6 packet behind its extension headers, RFC 8200 §4. Packed into a
 * {@code long}, so that the search allocates nothing.
 */
final class ExtensionHeaders {

  /** The chain is cut off or too long. */
  static final long NONE = -1;

  private static final int LONGEST_CHAIN = 8;
  private static final long FRAGMENTED = 1L << 40;
  private static final long LATER_FRAGMENT = 1L << 41;

  private ExtensionHeaders() {}

  /**
   * Walks the chain.
   *
   * @param at the absolute index of the IPv6 header
   * @param length octets received
   * @return to be taken apart by the other methods, or {@link #NONE}
   */
  static long upperLayer(ByteBuffer bytes, int at, int length) {
    if (length < Ipv6Header.BYTES) {
      return NONE;
    }
    int next = Ipv6Header.nextHeader(bytes, at);
    int offset = Ipv6Header.BYTES;
    long fragmented = 0;
    for (int i = 0; i < LONGEST_CHAIN; i++) {
      boolean fragment = next == Protocol.FRAGMENT;
      if (!fragment && !isOptionsOrRouting(next)) {
        return fragmented | (long) next << 32 | offset;
      }
      if (length - offset < 8) {
        return NONE;
      }
      int header = at + offset;
      next = bytes.get(header) & 0xff;
      if (fragment) {
        fragmented |= FRAGMENTED;
        offset += 8;
        if ((bytes.getShort(header + 2) & 0xfff8) != 0) {
          return fragmented | LATER_FRAGMENT | (long) next << 32 | offset;
        }
      } else {
        offset += 8 * ((bytes.get(header + 1) & 0xff) + 1);
      }
    }
    return NONE;
  }

  private static boolean isOptionsOrRouting(int next) {
    return next == Protocol.HOP_BY_HOP
        || next == Protocol.DESTINATION_OPTIONS
        || next == Protocol.ROUTING;
  }

  /** The upper-layer protocol; of a later fragment, what its Fragment header says. */
  static int protocol(long found) {
    return (int) (found >>> 32) & 0xff;
  }

  /** Where it begins, from the IPv6 header; may lie beyond the octets received. */
  static int offset(long found) {
    return (int) found;
  }

  /** Says whether there is a Fragment header. */
  static boolean isFragmented(long found) {
    return (found & FRAGMENTED) != 0;
  }

  /**
   * Says whether it is a fragment other than the first, which does not hold the upper layer's
   * start.
   */
  static boolean isLaterFragment(long found) {
    return (found & LATER_FRAGMENT) != 0;
  }
}
