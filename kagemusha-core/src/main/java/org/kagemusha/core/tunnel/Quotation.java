package org.kagemusha.core.tunnel;

import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * What an ICMPv6 error quotes of a packet: what its source would have put on a wire, so that the
 * source finds its own packet again (RFC 4443 §2.4(c), RFC 8201 §4). Of a super-packet that is the
 * first segment. For one thread.
 */
public final class Quotation {

  private static final int USUAL = 2048;

  private final Segmenter segmenter = new Segmenter();
  private PacketBuffer segment;

  /**
   * The packet to quote.
   *
   * @param packet from its IPv6 header on; finished here if it is an ordinary one that was not
   * @return the same, or a buffer that holds its first segment until the next call; null if its
   *     state contradicts it
   */
  public PacketBuffer of(PacketBuffer packet) {
    if (!packet.isSuperPacket()) {
      return OffloadState.finish(packet, Ipv6Header.BYTES) == null ? packet : null;
    }
    if (!segmenter.begin(packet, 0) || !segmenter.hasNext()) {
      return null;
    }
    segment = withRoom(segment, segmenter.largest());
    segmenter.next(segment);
    return segment;
  }

  /** The same buffer, or a larger one where a packet of a size does not fit. */
  static PacketBuffer withRoom(PacketBuffer buffer, int octets) {
    int needed = PacketBuffer.HEADROOM + octets + PacketBuffer.TAILROOM;
    return buffer != null && buffer.bytes().capacity() >= needed
        ? buffer
        : PacketBuffer.allocate(Math.max(octets, USUAL));
  }
}
