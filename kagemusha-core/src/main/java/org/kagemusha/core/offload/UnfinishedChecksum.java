package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.PacketBuffer;

/** Computes the transport checksum that a sender left to hardware. */
public final class UnfinishedChecksum {

  private UnfinishedChecksum() {}

  /**
   * Computes the checksum of an ordinary packet in one pass from where the sum begins to the
   * packet's end, and notes that nothing is left to do. A finished packet stays as it is, and so
   * does the field of one that has been cut before it.
   *
   * @throws IllegalArgumentException if it is a super-packet: each of its segments needs its own
   */
  public static void finish(PacketBuffer packet) {
    if (!packet.isUnfinished()) {
      return;
    }
    if (packet.isSuperPacket()) {
      throw new IllegalArgumentException("a super-packet has no checksum of its own");
    }
    int start = packet.checksumStart();
    int field = start + packet.checksumOffset();
    int end = packet.end();
    if (end - field >= Short.BYTES) {
      ByteBuffer bytes = packet.bytes();
      // The field holds the pseudo-header's sum, so it takes part as it is.
      int checksum = InternetChecksum.finish(packet.sum(start, end - start));
      boolean udp = packet.checksumOffset() == Transport.UDP_CHECKSUM;
      bytes.putShort(field, (short) field(checksum, udp));
    }
    packet.finished();
  }

  /** The field's value: RFC 8200 §8.1, a UDP checksum that computes to zero is sent as ones. */
  static int field(int checksum, boolean udp) {
    return udp && checksum == 0 ? 0xffff : checksum;
  }
}
