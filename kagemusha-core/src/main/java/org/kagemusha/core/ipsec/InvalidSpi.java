package org.kagemusha.core.ipsec;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * The notification INVALID_SPI, RFC 7296 §1.5, with which the receiver of ESP in UDP tells that it
 * knows no association of that SPI; without an IKE security association, so that it is "a hint that
 * something might be wrong (because it could easily be forged)". It travels on the port of ESP,
 * behind the non-ESP marker (RFC 3948 §2.2).
 */
public final class InvalidSpi {

  /** Octets of the marker, the IKE header (RFC 7296 §3.1) and the Notify payload (§3.10). */
  public static final int OCTETS = 4 + 28 + 12;

  private static final int IKE_HEADER = 4;
  private static final int NEXT_PAYLOAD = IKE_HEADER + 16;
  private static final int LENGTH = IKE_HEADER + 24;
  private static final int NOTIFY = IKE_HEADER + 28;
  private static final int NOTIFY_TYPE = NOTIFY + 4;
  private static final int NOTIFY_DATA = NOTIFY + 8;

  /** Notify (41) follows; version 2.0; INFORMATIONAL (37); the Initiator flag alone. */
  private static final int INFORMATIONAL_WITH_NOTIFY = 0x29202508;

  /** As {@link #INFORMATIONAL_WITH_NOTIFY}: minor versions and unknown flags are ignored, §2.5. */
  private static final int FORM_MASK = 0xfff0ff28;

  private static final int NOTIFY_OCTETS = 12;

  /** §3.10: no Protocol ID and no SPI of an IKE kind, notify message type 11. */
  private static final int INVALID_SPI = 11;

  private InvalidSpi() {}

  /**
   * Makes the packet's octets the notification, marker included; a UDP header goes in front.
   *
   * @param spi that of the ESP packet that could not be opened
   */
  public static void write(PacketBuffer packet, int spi) {
    packet.resize(OCTETS);
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    for (int i = 0; i < OCTETS; i += Integer.BYTES) {
      bytes.putInt(at + i, 0);
    }
    // §1.5: "there are no IKE SPI values that would be meaningful to the recipient of such a
    // notification; using zero values or random values are both acceptable [...]. The Initiator
    // flag is set to 1, the Response flag is set to 0".
    bytes.putInt(at + NEXT_PAYLOAD, INFORMATIONAL_WITH_NOTIFY);
    bytes.putInt(at + LENGTH, OCTETS - IKE_HEADER);
    bytes.putInt(at + NOTIFY, NOTIFY_OCTETS);
    bytes.putInt(at + NOTIFY_TYPE, INVALID_SPI);
    bytes.putInt(at + NOTIFY_DATA, spi);
  }

  /**
   * Reads a notification. §1.5: "the receiving node MUST NOT respond to it because doing so could
   * cause a message loop".
   *
   * @param at the absolute index of the non-ESP marker
   * @param end the absolute index behind the datagram
   * @return the SPI that is not known, or 0 if this is anything else
   */
  public static int spi(ByteBuffer bytes, int at, int end) {
    boolean is =
        end - at == OCTETS
            && bytes.getInt(at) == 0
            && (bytes.getInt(at + NEXT_PAYLOAD) & FORM_MASK)
                == (INFORMATIONAL_WITH_NOTIFY & FORM_MASK)
            && bytes.getInt(at + LENGTH) == OCTETS - IKE_HEADER
            && (bytes.getInt(at + NOTIFY) & 0xff00ffff) == NOTIFY_OCTETS
            && bytes.getInt(at + NOTIFY_TYPE) == INVALID_SPI;
    return is ? bytes.getInt(at + NOTIFY_DATA) : 0;
  }
}
