package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/**
 * Flow labels of outer packets: a hash of the inner flow, so that routers inside the tunnel can
 * spread flows over several paths and keep each in order, RFC 6438 §3. Allocates nothing.
 */
final class FlowLabels {

  private static final int MASK = 0xf_ffff;

  private final KeyedHash hash;

  FlowLabels(KeyedHash hash) {
    this.hash = hash;
  }

  /**
   * The label of the flow to which an inner packet belongs: of addresses and inner flow label where
   * there is one, else of addresses, protocol and ports, which fragments lack (RFC 6437 §3).
   *
   * @param at the absolute index of the inner header
   * @param end the absolute index behind the inner packet
   * @return 1 to 2^20 - 1: zero would say that there is no label
   */
  int of(ByteBuffer bytes, int at, int end, InnerHeaders headers) {
    long flow = Ipv6Header.flowLabel(bytes, at);
    if (flow == 0) {
      flow = 1L << 63 | (headers.protocol() & 0xffL) << 32;
      int ports = headers.upperAt();
      if (!headers.isFragment() && hasPorts(headers.protocol()) && end - ports >= 4) {
        flow |= bytes.getInt(ports) & 0xffff_ffffL;
      }
    }
    long label =
        hash.hash(
            bytes.getLong(at + Ipv6Header.SOURCE),
            bytes.getLong(at + Ipv6Header.SOURCE + 8),
            bytes.getLong(at + Ipv6Header.DESTINATION),
            bytes.getLong(at + Ipv6Header.DESTINATION + 8),
            flow) & MASK;
    return label == 0 ? 1 : (int) label;
  }

  private static boolean hasPorts(int protocol) {
    return protocol == Protocol.TCP || protocol == Protocol.UDP;
  }
}
