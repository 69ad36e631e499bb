package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/**
 * The chain of headers of one inner packet (RFC 8200 §4), walked once for all who ask: where the
 * upper layer is, whether this is a fragment, and the Tunnel Encapsulation Limit (RFC 2473 §4.1.1).
 * The walk goes over at most {@value #MOST_HEADERS} headers, never beyond the packet, and allocates
 * nothing. One object serves all tunnels of an engine.
 */
final class InnerHeaders {

  private static final int MOST_HEADERS = 16;
  private static final int OPTION_PAD1 = 0;

  private int protocol;
  private int upperAt;
  private boolean fragment;
  private int limitAt;

  /**
   * Walks the chain.
   *
   * @param at the absolute index of the IPv6 header, which is whole
   * @param end the absolute index behind the last octet there is
   */
  void read(ByteBuffer bytes, int at, int end) {
    protocol = -1;
    upperAt = -1;
    fragment = false;
    limitAt = -1;
    int next = Ipv6Header.nextHeader(bytes, at);
    int here = at + Ipv6Header.BYTES;
    for (int i = 0; i < MOST_HEADERS; i++) {
      boolean isFragment = next == Protocol.FRAGMENT;
      if (!isFragment
          && next != Protocol.HOP_BY_HOP
          && next != Protocol.ROUTING
          && next != Protocol.DESTINATION_OPTIONS) {
        protocol = next;
        upperAt = here;
        return;
      }
      if (end - here < 8) {
        return;
      }
      int length = isFragment ? 8 : ((bytes.get(here + 1) & 0xff) + 1) * 8;
      if (end - here < length) {
        return;
      }
      if (isFragment) {
        fragment = true;
        if ((bytes.getShort(here + 2) & 0xfff8) != 0) {
          protocol = bytes.get(here) & 0xff;
          return;
        }
      } else if (next == Protocol.DESTINATION_OPTIONS && limitAt < 0) {
        limitAt = findLimit(bytes, here + 2, here + length);
      }
      next = bytes.get(here) & 0xff;
      here += length;
    }
  }

  private static int findLimit(ByteBuffer bytes, int from, int end) {
    int at = from;
    while (end - at >= 2) {
      int type = bytes.get(at) & 0xff;
      if (type == OPTION_PAD1) {
        at++;
        continue;
      }
      int length = bytes.get(at + 1) & 0xff;
      if (end - at - 2 < length) {
        return -1;
      }
      if (type == EncapsulationLimit.OPTION_TYPE && length == 1) {
        return at + 2;
      }
      at += 2 + length;
    }
    return -1;
  }

  /**
   * The first header that is none of Hop-by-Hop Options, Routing, Fragment and Destination Options,
   * or -1 where the chain does not lead to one. In a fragment that is not the first, the Next
   * Header of the Fragment header.
   */
  int protocol() {
    return protocol;
  }

  /** The absolute index of the upper layer's header, or -1 where this packet does not hold it. */
  int upperAt() {
    return upperAt;
  }

  /** Whether there is a Fragment header. */
  boolean isFragment() {
    return fragment;
  }

  /** The absolute index of the value of the Tunnel Encapsulation Limit option, or -1. */
  int limitAt() {
    return limitAt;
  }
}
