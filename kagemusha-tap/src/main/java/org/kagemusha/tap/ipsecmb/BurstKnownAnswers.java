package org.kagemusha.tap.ipsecmb;

import java.util.Arrays;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The self-test of a burst, against what the library's other functions say, which have passed
 * theirs: short and long packets under keys of each length, in one pass.
 */
final class BurstKnownAnswers {

  private static final int FRAMING = EspTransform.HEADER_OCTETS + 8 + 16;
  private static final int[] KEY_OCTETS = {16, 24, 32};
  private static final int[] CIPHERTEXTS = {2, 100, 1420};
  private static final long SEQUENCE = 0x5_0000_0006L;

  private BurstKnownAnswers() {}

  /** Whether a burst gives the right answers. */
  static boolean pass(GcmBurst burst, boolean encrypts) {
    int count = KEY_OCTETS.length * CIPHERTEXTS.length;
    IpsecMbAesGcm[] ciphers = new IpsecMbAesGcm[count];
    PacketBuffer[] packets = new PacketBuffer[count];
    byte[][] sealed = new byte[count][];
    byte[][] plain = new byte[count][];
    boolean right = true;
    for (int i = 0; i < count; i++) {
      byte[] keyAndSalt = new byte[KEY_OCTETS[i / CIPHERTEXTS.length] + 4];
      Arrays.fill(keyAndSalt, (byte) (i + 1));
      ciphers[i] = new IpsecMbAesGcm(keyAndSalt, i % 2 == 0);
      int length = FRAMING + CIPHERTEXTS[i % CIPHERTEXTS.length];
      PacketBuffer packet = NativeMemory.packetBuffer(length);
      packets[i] = packet.set(PacketBuffer.HEADROOM, length);
      for (int at = 0; at < length; at++) {
        packet.bytes().put(packet.offset() + at, (byte) (at * 5 + i));
      }
      ciphers[i].seal(packet, SEQUENCE);
      sealed[i] = packet.toBytes();
      right &= ciphers[i].open(packet, SEQUENCE);
      plain[i] = packet.toBytes();
      if (!encrypts) {
        packet.bytes().put(packet.offset(), sealed[i]);
      }
    }
    int[] tickets = new int[count];
    for (int i = 0; i < count; i++) {
      tickets[i] =
          encrypts
              ? ciphers[i].beginSealing(burst, packets[i], SEQUENCE)
              : ciphers[i].beginOpening(burst, packets[i], SEQUENCE);
      right &= tickets[i] != CipherWork.NOT_BEGUN;
    }
    burst.complete();
    for (int i = 0; i < count; i++) {
      right &= encrypts || ciphers[i].completeOpening(burst, packets[i], SEQUENCE, tickets[i]);
      byte[] expected = encrypts ? sealed[i] : plain[i];
      right &= Arrays.equals(expected, packets[i].toBytes());
      ciphers[i].destroy();
    }
    return right;
  }
}
