package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.message.Redirect;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/** Tells by fixed offsets what an IPv6 packet of a guest is; allocates nothing. */
final class GuestFrameClassifier {

  /** What has to be looked at before a packet may pass as data. */
  enum Kind {
    /** Nothing special. */
    OTHER,
    /** A Router Solicitation, Neighbor Solicitation or Neighbor Advertisement. */
    NEIGHBOR_DISCOVERY,
    /** A Router Advertisement or Redirect. */
    ROUTER_MESSAGE,
    /** Neighbor Discovery with a Fragment header, RFC 6980 §5. */
    FRAGMENTED_NEIGHBOR_DISCOVERY,
    /** Neighbor Discovery behind other extension headers. */
    HIDDEN_NEIGHBOR_DISCOVERY,
    /** Multicast Listener Discovery, RFC 3810 and RFC 2710. */
    MULTICAST_LISTENER_DISCOVERY,
    /** An Echo Request without extension headers. */
    ECHO_REQUEST,
    /** A chain of extension headers that is cut off or too long. */
    MALFORMED
  }

  private static final int LONGEST_CHAIN = 8;
  private static final int MLD_QUERY = 130;
  private static final int MLD_DONE = 132;
  private static final int MLD2_REPORT = 143;

  private GuestFrameClassifier() {}

  /**
   * Classifies a packet that is complete.
   *
   * @param at the absolute index of the IPv6 header
   */
  static Kind classify(ByteBuffer bytes, int at) {
    int next = Ipv6Header.nextHeader(bytes, at);
    // The shortcut that TCP and UDP take.
    if (next == Protocol.TCP || next == Protocol.UDP) {
      return Kind.OTHER;
    }
    int end = Ipv6Header.BYTES + Ipv6Header.payloadLength(bytes, at);
    int offset = Ipv6Header.BYTES;
    boolean fragment = false;
    for (int i = 0; i <= LONGEST_CHAIN; i++) {
      if (next == Protocol.ICMPV6) {
        return end - offset < 1
            ? Kind.MALFORMED
            : icmp(bytes.get(at + offset) & 0xff, offset, fragment);
      }
      boolean isFragment = next == Protocol.FRAGMENT;
      if (!isFragment && !isOptionsOrRouting(next)) {
        return Kind.OTHER;
      }
      if (end - offset < 8) {
        return Kind.MALFORMED;
      }
      int header = at + offset;
      next = bytes.get(header) & 0xff;
      if (isFragment) {
        if ((bytes.getShort(header + 2) & 0xfff8) != 0) {
          return Kind.OTHER;
        }
        fragment = true;
        offset += 8;
      } else {
        offset += 8 * ((bytes.get(header + 1) & 0xff) + 1);
      }
    }
    return Kind.MALFORMED;
  }

  private static Kind icmp(int type, int offset, boolean fragment) {
    switch (type) {
      case RouterSolicitation.TYPE, NeighborSolicitation.TYPE, NeighborAdvertisement.TYPE:
        return fragment
            ? Kind.FRAGMENTED_NEIGHBOR_DISCOVERY
            : offset == Ipv6Header.BYTES
                ? Kind.NEIGHBOR_DISCOVERY
                : Kind.HIDDEN_NEIGHBOR_DISCOVERY;
      case RouterAdvertisement.TYPE, Redirect.TYPE:
        return fragment ? Kind.FRAGMENTED_NEIGHBOR_DISCOVERY : Kind.ROUTER_MESSAGE;
      case Icmpv6.ECHO_REQUEST:
        return offset == Ipv6Header.BYTES ? Kind.ECHO_REQUEST : Kind.OTHER;
      default:
        return type >= MLD_QUERY && type <= MLD_DONE || type == MLD2_REPORT
            ? Kind.MULTICAST_LISTENER_DISCOVERY
            : Kind.OTHER;
    }
  }

  private static boolean isOptionsOrRouting(int next) {
    return next == Protocol.HOP_BY_HOP
        || next == Protocol.DESTINATION_OPTIONS
        || next == Protocol.ROUTING;
  }
}
