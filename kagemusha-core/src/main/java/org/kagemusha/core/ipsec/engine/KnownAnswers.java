package org.kagemusha.core.ipsec.engine;

import java.util.Arrays;
import java.util.HexFormat;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * The self-test of an engine: one packet per transform, computed by another implementation, must
 * come out octet for octet, open again, and be rejected when a bit of it is wrong.
 */
final class KnownAnswers {

  private static final long SEQUENCE = 0x5_0000_0006L;
  private static final int PLAINTEXT_OCTETS = 32;
  private static final InitialisationVectors IVS =
      (into, at) -> System.arraycopy(counting(0xa0, 16), 0, into, at, 16);

  private KnownAnswers() {}

  /** Whether the engine gives the right answers; does not throw. */
  static boolean passes(CipherEngine engine, EspTransform transform) {
    try {
      byte[] answer = HexFormat.of().parseHex(answer(transform));
      return seals(engine, transform, answer) && opens(engine, transform, answer);
    } catch (RuntimeException | LinkageError e) {
      return false;
    }
  }

  private static boolean seals(CipherEngine engine, EspTransform transform, byte[] answer) {
    EspCipher cipher =
        engine.sealing(transform, encryptionKey(transform), integrityKey(transform), true, IVS);
    PacketBuffer packet = null;
    // The packet before must leave no trace in the one that is compared.
    for (long number = SEQUENCE - 1; number <= SEQUENCE; number++) {
      packet = PacketBuffer.copyOf(new byte[transform.framing() + PLAINTEXT_OCTETS]);
      packet.bytes().put(packet.offset(), answer, 0, EspTransform.HEADER_OCTETS);
      packet.bytes().putInt(packet.offset() + Integer.BYTES, (int) number);
      int body = packet.offset() + EspTransform.HEADER_OCTETS + transform.ivOctets();
      packet.bytes().put(body, counting(0, PLAINTEXT_OCTETS));
      cipher.seal(packet, number);
    }
    cipher.destroy();
    return Arrays.equals(answer, packet.toBytes());
  }

  private static boolean opens(CipherEngine engine, EspTransform transform, byte[] answer) {
    EspCipher cipher =
        engine.opening(transform, encryptionKey(transform), integrityKey(transform), true);
    boolean right = opensThisAlone(cipher, transform, answer);
    cipher.destroy();
    return right;
  }

  private static boolean opensThisAlone(
      EspCipher cipher, EspTransform transform, byte[] answer) {
    for (int octet = 0; octet < answer.length; octet++) {
      byte[] forged = answer.clone();
      forged[octet] ^= 1;
      PacketBuffer packet = PacketBuffer.copyOf(forged);
      // The lower half of the sequence number given is the header's.
      boolean inSequence = octet >= 4 && octet < EspTransform.HEADER_OCTETS;
      long sequence = inSequence ? SEQUENCE ^ 1L << 8 * (7 - octet) : SEQUENCE;
      if (cipher.open(packet, sequence) || !Arrays.equals(forged, packet.toBytes())) {
        return false;
      }
    }
    return !cipher.open(PacketBuffer.copyOf(answer), SEQUENCE + (1L << 32))
        && opensTo(cipher, answer, transform)
        && opensTo(cipher, answer, transform);
  }

  private static boolean opensTo(EspCipher cipher, byte[] answer, EspTransform transform) {
    PacketBuffer packet = PacketBuffer.copyOf(answer);
    boolean authentic = cipher.open(packet, SEQUENCE);
    packet.trimFront(EspTransform.HEADER_OCTETS + transform.ivOctets()).resize(PLAINTEXT_OCTETS);
    return authentic && Arrays.equals(counting(0, PLAINTEXT_OCTETS), packet.toBytes());
  }

  private static byte[] encryptionKey(EspTransform transform) {
    return switch (transform) {
      case NULL_HMAC_SHA1_96, NULL_HMAC_SHA2_256_128 -> new byte[0];
      case AES_CBC_HMAC_SHA1_96, AES_CBC_HMAC_SHA2_256_128 -> counting(0, 16);
      case AES_GCM_16 -> counting(0, 20);
      case CHACHA20_POLY1305 -> counting(0, 36);
    };
  }

  private static byte[] integrityKey(EspTransform transform) {
    return switch (transform) {
      case NULL_HMAC_SHA1_96, AES_CBC_HMAC_SHA1_96 -> counting(0x40, 20);
      case NULL_HMAC_SHA2_256_128, AES_CBC_HMAC_SHA2_256_128 -> counting(0x40, 32);
      case AES_GCM_16, CHACHA20_POLY1305 -> new byte[0];
    };
  }

  private static byte[] counting(int first, int count) {
    byte[] octets = new byte[count];
    for (int i = 0; i < count; i++) {
      octets[i] = (byte) (first + i);
    }
    return octets;
  }

  private static String answer(EspTransform transform) {
    return switch (transform) {
      case NULL_HMAC_SHA1_96 ->
          "0102030400000006"
              + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
              + "bffaaea4efa71b128067af2a";
      case NULL_HMAC_SHA2_256_128 ->
          "0102030400000006"
              + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
              + "ec66f8bcd7178481c428274376b61f0b";
      case AES_CBC_HMAC_SHA1_96 ->
          "0102030400000006a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
              + "fef1a8b625f0c43a7108b623a6fb90ca81be93897d16fa4aa347f381e169776a"
              + "95750fb6b0967057a9861f38";
      case AES_CBC_HMAC_SHA2_256_128 ->
          "0102030400000006a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
              + "fef1a8b625f0c43a7108b623a6fb90ca81be93897d16fa4aa347f381e169776a"
              + "11e9c186a7aadbe861399ffa32fcfd61";
      case AES_GCM_16 ->
          "01020304000000060000000500000006"
              + "2bbbdd5622d1a3757b93e59fbe6477ffa4161c51e8d097ba7cd1b55b03cd921f"
              + "dade229912bdcd73cba24f85a1c7adb5";
      case CHACHA20_POLY1305 ->
          "01020304000000060000000500000006"
              + "fe6dffd48416076989f388d78231153ecef36b690b497610cb664cb04e6a3e9d"
              + "c46686e2d5be4792f72072237f9d5c45";
    };
  }
}
