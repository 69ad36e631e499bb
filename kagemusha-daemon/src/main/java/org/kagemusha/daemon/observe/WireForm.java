package org.kagemusha.daemon.observe;

import java.nio.ByteBuffer;
import org.kagemusha.core.offload.Segmenter;
import org.kagemusha.core.offload.UnfinishedChecksum;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * What a packet that leaves checksums or segmentation to hardware is on the wire: the packets that
 * a network card would make of it. The packet itself stays as it is.
 */
final class WireForm {

  private static final int LARGEST = 65_536 + 18;
  private static final int EXTENSION_UNIT = 8;

  private final Segmenter segmenter = new Segmenter();
  private final PacketBuffer piece = PacketBuffer.allocate(LARGEST);
  private PacketBuffer packet;
  private int outerOctets;
  private boolean segments;
  private boolean whole;

  /**
   * Begins with a packet.
   *
   * @param unfinished what it is about; must not change until {@link #next} has given null
   * @param ethernet whether it begins with an Ethernet header, else with an IPv6 header
   */
  void begin(PacketBuffer unfinished, boolean ethernet) {
    packet = unfinished;
    outerOctets = ethernet ? 0 : innerHeader(packet) - packet.offset();
    segments =
        packet.isSuperPacket()
            && outerOctets >= 0
            && segmenter.begin(packet, ethernet ? EthernetHeader.BYTES : outerOctets);
    whole = !segments;
  }

  /** The next packet on the wire, or null. It is good until the next call. */
  PacketBuffer next() {
    if (segments && segmenter.hasNext()) {
      segmenter.next(piece);
      if (outerOctets > 0) {
        // The headers of the tunnel are the same for all but for the length, RFC 2473 §5.
        piece.bytes()
            .putShort(
                piece.offset() + Ipv6Header.PAYLOAD_LENGTH,
                (short) (piece.length() - Ipv6Header.BYTES));
      }
      return piece;
    }
    if (whole) {
      whole = false;
      piece.copyFrom(packet);
      if (piece.isUnfinished() && !piece.isSuperPacket()) {
        UnfinishedChecksum.finish(piece);
      }
      return piece;
    }
    return null;
  }

  /** The index of the IPv6 header that is not that of a tunnel, or one before the packet. */
  private static int innerHeader(PacketBuffer packet) {
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    int transport = packet.checksumStart();
    int header = at;
    int next = Protocol.IPV6;
    while (at + Ipv6Header.BYTES <= transport && next == Protocol.IPV6) {
      header = at;
      next = Ipv6Header.nextHeader(bytes, at);
      at += Ipv6Header.BYTES;
      while (at + EXTENSION_UNIT <= transport && isExtension(next)) {
        next = bytes.get(at) & 0xff;
        at += EXTENSION_UNIT * (1 + (bytes.get(at + 1) & 0xff));
      }
    }
    return at == transport ? header : packet.offset() - 1;
  }

  private static boolean isExtension(int next) {
    return next == Protocol.DESTINATION_OPTIONS
        || next == Protocol.ROUTING
        || next == Protocol.HOP_BY_HOP;
  }
}
