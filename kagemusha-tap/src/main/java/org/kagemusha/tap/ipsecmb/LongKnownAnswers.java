package org.kagemusha.tap.ipsecmb;

import java.util.Arrays;
import java.util.HexFormat;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * What the self-test of every engine leaves out: packets that are long enough for the library's
 * loops over many blocks, in memory with an address, for each length of key. The ICVs come from
 * another implementation.
 */
final class LongKnownAnswers {

  private static final int BODY = EspTransform.HEADER_OCTETS + 8;
  private static final int ICV_OCTETS = 16;
  private static final int PLAINTEXT_OCTETS = 1419;
  private static final int SPI = 0x01020304;
  private static final long SEQUENCE = 0x5_0000_0006L;
  private static final int[] KEY_OCTETS = {16, 24, 32};
  private static final String[] ANSWERS = {
    "81bc60a57198abc3f32c0aae88cb7913",
    "812c878e3ad1d8746744c522c8478a6a",
    "818581f68f0f620a685d98b6904ae174"
  };

  private LongKnownAnswers() {}

  /** Whether the bound functions give the right answers. */
  static boolean pass() {
    PacketBuffer packet = NativeMemory.packetBuffer(BODY + PLAINTEXT_OCTETS + ICV_OCTETS);
    for (int i = 0; i < KEY_OCTETS.length; i++) {
      byte[] keyAndSalt = new byte[KEY_OCTETS[i] + 4];
      for (int at = 0; at < keyAndSalt.length; at++) {
        keyAndSalt[at] = (byte) at;
      }
      IpsecMbAesGcm cipher = new IpsecMbAesGcm(keyAndSalt, true);
      boolean right = passes(cipher, packet, ANSWERS[i]);
      cipher.destroy();
      if (!right) {
        return false;
      }
    }
    return true;
  }

  private static boolean passes(IpsecMbAesGcm cipher, PacketBuffer packet, String answer) {
    byte[] plaintext = plaintext();
    packet.set(PacketBuffer.HEADROOM, BODY + PLAINTEXT_OCTETS + ICV_OCTETS);
    packet.bytes().putInt(packet.offset(), SPI);
    packet.bytes().putInt(packet.offset() + Integer.BYTES, (int) SEQUENCE);
    packet.bytes().put(packet.offset() + BODY, plaintext);
    cipher.seal(packet, SEQUENCE);
    byte[] sealed = packet.toBytes();
    byte[] icv = Arrays.copyOfRange(sealed, sealed.length - ICV_OCTETS, sealed.length);
    if (!Arrays.equals(HexFormat.of().parseHex(answer), icv)) {
      return false;
    }
    // Forged: rejected, and as it was; with the bit put right: opened.
    int last = packet.end() - 1;
    packet.bytes().put(last, (byte) (sealed[sealed.length - 1] ^ 1));
    if (cipher.open(packet, SEQUENCE)) {
      return false;
    }
    packet.bytes().put(last, sealed[sealed.length - 1]);
    if (!Arrays.equals(sealed, packet.toBytes()) || !cipher.open(packet, SEQUENCE)) {
      return false;
    }
    packet.trimFront(BODY).resize(PLAINTEXT_OCTETS);
    return Arrays.equals(plaintext, packet.toBytes());
  }

  private static byte[] plaintext() {
    byte[] octets = new byte[PLAINTEXT_OCTETS];
    for (int i = 0; i < octets.length; i++) {
      octets[i] = (byte) (7 * i);
    }
    return octets;
  }
}
