package org.kagemusha.core.neighbor;

import java.nio.ByteBuffer;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/**
 * Asks the guest for its multicast listener reports (RFC 3810), so that bridges on its way which
 * forward by them learn where it is now and keep knowing it.
 */
final class PseudoMulticastQuerier {

  /** Query Interval, RFC 3810 §9.2. */
  static final long QUERY_INTERVAL_NS = 125_000_000_000L;

  /** Startup Query Interval, RFC 3810 §9.6: a quarter of the Query Interval. */
  static final long STARTUP_QUERY_INTERVAL_NS = QUERY_INTERVAL_NS / 4;

  /** Startup Query Count, RFC 3810 §9.7: the Robustness Variable. */
  private static final int STARTUP_QUERIES = 2;

  private static final int QUERY = 130;
  private static final int QUERY_OCTETS = 28;
  private static final int HOP_BY_HOP_OCTETS = 8;
  private static final int MAXIMUM_RESPONSE_MS = 10_000;
  private static final int ROBUSTNESS = 2;
  private static final int QUERY_INTERVAL_CODE = 125;

  private final MacAddress guestMac;
  private final NeighborFrames frames;
  private int startupLeft;
  private long nextNs = NodeEngine.NEVER;

  PseudoMulticastQuerier(MacAddress guestMac, NeighborFrames frames) {
    this.guestMac = guestMac;
    this.frames = frames;
  }

  void start(long nowNs) {
    startupLeft = STARTUP_QUERIES;
    nextNs = nowNs;
  }

  void stop() {
    nextNs = NodeEngine.NEVER;
  }

  long nextDeadlineNs() {
    return nextNs;
  }

  /**
   * Sends a query if one is due.
   *
   * @param source link-local: "the querier's link-local address" (RFC 3810 §5.1.14)
   * @param sourceMac its MAC
   */
  void onDeadline(Ipv6Address source, MacAddress sourceMac, long nowNs) {
    if (nowNs < nextNs) {
      return;
    }
    frames.send(generalQuery(source), guestMac, sourceMac);
    nextNs = nowNs + (--startupLeft > 0 ? STARTUP_QUERY_INTERVAL_NS : QUERY_INTERVAL_NS);
    startupLeft = Math.max(startupLeft, 0);
  }

  /** A General Query, RFC 3810 §5.1: hop limit 1, Router Alert, to all nodes. */
  static byte[] generalQuery(Ipv6Address source) {
    byte[] octets = new byte[Ipv6Header.BYTES + HOP_BY_HOP_OCTETS + QUERY_OCTETS];
    ByteBuffer packet = ByteBuffer.wrap(octets);
    Ipv6Header.write(
        packet,
        0,
        0,
        0,
        HOP_BY_HOP_OCTETS + QUERY_OCTETS,
        Protocol.HOP_BY_HOP,
        1,
        source,
        Ipv6Address.ALL_NODES);
    // RFC 2711 §2.1: Router Alert with value 0, MLD; two octets of padding.
    packet.putLong(Ipv6Header.BYTES, (long) Protocol.ICMPV6 << 56 | 0x0000_0502_0000_0100L);
    int message = Ipv6Header.BYTES + HOP_BY_HOP_OCTETS;
    packet.put(message, (byte) QUERY);
    packet.putShort(message + 4, (short) MAXIMUM_RESPONSE_MS);
    packet.put(message + 24, (byte) ROBUSTNESS);
    packet.put(message + 25, (byte) QUERY_INTERVAL_CODE);
    long sum =
        InternetChecksum.pseudoHeader(packet, 0, QUERY_OCTETS, Protocol.ICMPV6)
            + InternetChecksum.sum(packet, message, QUERY_OCTETS);
    packet.putShort(message + 2, (short) InternetChecksum.finish(sum));
    return octets;
  }
}
