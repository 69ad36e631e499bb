package org.kagemusha.core.tunnel;

import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.wire.Ipv6Header;

/**
 * What one tunnel knows of its path MTU, and the tunnel MTU that follows from it (RFC 2473 §6.7,
 * RFC 8201). All sizes are octets of IPv6 packets.
 */
final class TunnelMtu {

  /** How long a lowered path MTU is kept, RFC 8201 §4 and §5.3. */
  static final long AGE_NS = 600_000_000_000L;

  /** The largest packet without a jumbo payload. */
  static final int LARGEST = Ipv6Header.BYTES + 65535;

  /** Sizes that links are known to have, to be tried in turn where nobody tells. */
  private static final int[] PLATEAUS = {
    32_000, 17_914, 9_000, 8_166, 4_352, 2_002, 1_500, 1_492, 1_480, 1_460, 1_400
  };

  private int link = 1500;
  private int path = link;
  private long loweredNs;

  private int cachedPath;
  private int cachedExtensions;
  private OutboundSecurityAssociation cachedAssociation;
  private int cachedPayload;

  /** Sets the MTU of the first link; if it changed, the path is learned again (RFC 8201 §5.2). */
  void link(int octets) {
    int bounded = bound(octets);
    if (bounded != link) {
      link = bounded;
      path = bounded;
    }
  }

  /** Forgets what was learned of the path. */
  void forget() {
    path = link;
  }

  /** The path MTU, 1280 to {@link #LARGEST}. */
  int path(long nowNs) {
    // RFC 8201 §5.3: "When a PMTU value has not been decreased for a while (on the order of 10
    // minutes), it should probe to find if a larger PMTU is supported."
    if (path < link && nowNs - loweredNs >= AGE_NS) {
      path = link;
    }
    return path;
  }

  /** Lowers the path MTU, never under 1280, and never raises it (RFC 8201 §4). */
  void lower(int octets, long nowNs) {
    int bounded = bound(octets);
    if (bounded < path(nowNs)) {
      path = bounded;
      loweredNs = nowNs;
    }
  }

  /** Sets the path MTU that probing found (RFC 8899 §5.3.2), at most the link's. */
  void probed(int octets, long nowNs) {
    path = Math.min(bound(octets), link);
    loweredNs = nowNs;
  }

  /**
   * Lowers the path MTU below a size that did not go out, to the next size that links have.
   *
   * @return false if it was at its least already
   */
  boolean lowerBelow(int octets, long nowNs) {
    if (path(nowNs) <= Ipv6Header.MINIMUM_MTU) {
      return false;
    }
    int most = Math.min(octets, path);
    int plateau = Ipv6Header.MINIMUM_MTU;
    for (int candidate : PLATEAUS) {
      if (candidate < most) {
        plateau = candidate;
        break;
      }
    }
    lower(plateau, nowNs);
    return true;
  }

  /**
   * The largest inner packet whose outer packet is no larger than the path MTU.
   *
   * @param extensions octets of extension headers between outer header and ESP or inner packet
   * @param association what seals the inner packet, or null
   */
  int payload(int extensions, OutboundSecurityAssociation association, long nowNs) {
    int now = path(nowNs);
    if (now != cachedPath || extensions != cachedExtensions || association != cachedAssociation) {
      int room = now - Ipv6Header.BYTES - extensions;
      cachedPayload = association == null ? room : association.largestPayload(room);
      cachedPath = now;
      cachedExtensions = extensions;
      cachedAssociation = association;
    }
    return cachedPayload;
  }

  private static int bound(int octets) {
    return Math.max(Ipv6Header.MINIMUM_MTU, Math.min(octets, LARGEST));
  }
}
