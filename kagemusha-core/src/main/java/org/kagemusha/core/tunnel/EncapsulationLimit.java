package org.kagemusha.core.tunnel;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.PacketBuffer;

/** The Tunnel Encapsulation Limit option in a Destination Options header of its own. */
final class EncapsulationLimit {

  /** Octets of the header, RFC 2473 §5.1. */
  static final int BYTES = 8;

  /** Option Type, RFC 2473 §4.1.1. */
  static final int OPTION_TYPE = 4;

  /** Offset of the limit in the header, RFC 2473 §5.1. */
  static final int LIMIT = 4;

  private EncapsulationLimit() {}

  /**
   * Puts the header in front of a packet, in the form that RFC 2473 §5.1 draws.
   *
   * @param nextHeader what the packet begins with
   * @param limit 0 to 255
   */
  static void prepend(PacketBuffer packet, int nextHeader, int limit) {
    packet.prepend(BYTES);
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    bytes.putInt(at, nextHeader << 24 | OPTION_TYPE << 8 | 1);
    bytes.putInt(at + LIMIT, limit << 24 | 1 << 16 | 1 << 8);
  }
}
