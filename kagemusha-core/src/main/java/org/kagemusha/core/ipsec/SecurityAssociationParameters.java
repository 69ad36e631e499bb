package org.kagemusha.core.ipsec;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.kagemusha.core.ipsec.engine.EspTransform;

/**
 * What both ends of an ESP association agree on (RFC 4301 §4.4.2.1). Holds copies of the keys until
 * {@link #destroy()}; they are in no {@link #toString()}. Two are equal if they are the same
 * object.
 *
 * @param spi the Security Parameters Index, unsigned; 0 to 255 are reserved (RFC 4303 §2.1)
 * @param encryption the encryption algorithm
 * @param integrity {@link IntegrityAlgorithm#NONE} if and only if the encryption is combined-mode
 * @param encryptionKey as many octets as the algorithm says, its salt at the end
 * @param integrityKey as many octets as the algorithm says
 * @param extendedSequenceNumbers whether sequence numbers have 64 bits (RFC 4303 §2.2.1)
 * @param replayWindow the anti-replay window in packets, a multiple of 64 from 64 to 4096
 */
public record SecurityAssociationParameters(
    int spi,
    EncryptionAlgorithm encryption,
    IntegrityAlgorithm integrity,
    byte[] encryptionKey,
    byte[] integrityKey,
    boolean extendedSequenceNumbers,
    int replayWindow) {

  /** The smallest replay window in packets. */
  public static final int SMALLEST_WINDOW = 64;

  /** The largest replay window in packets. */
  public static final int LARGEST_WINDOW = 4096;

  private static final int LARGEST_RESERVED_SPI = 255;

  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException if a value is out of range or they do not go together
   */
  public SecurityAssociationParameters {
    Objects.requireNonNull(encryption, "encryption");
    Objects.requireNonNull(integrity, "integrity");
    // RFC 4303 §2.1: the values 1 through 255 are reserved, 0 is for local use.
    require(
        spi < 0 || spi > LARGEST_RESERVED_SPI,
        "SPI %d is reserved, use 256 to 4294967295",
        Integer.toUnsignedLong(spi));
    if (encryption.combinedMode()) {
      // RFC 8221 §4: an AEAD algorithm is used without a separate integrity algorithm.
      require(
          integrity == IntegrityAlgorithm.NONE,
          "%s authenticates by itself, use integrity none instead of %s",
          encryption.configurationName(),
          integrity.configurationName());
    } else {
      // RFC 8221 §4: encryption without authentication MUST NOT be used.
      require(
          integrity != IntegrityAlgorithm.NONE,
          "%s needs an integrity algorithm, such as hmac-sha2-256-128",
          encryption.configurationName());
    }
    encryptionKey =
        checkedCopy(encryptionKey, encryption.keyOctets(), encryption.configurationName());
    integrityKey = checkedCopy(integrityKey, integrity.keyOctets(), integrity.configurationName());
    require(
        replayWindow >= SMALLEST_WINDOW
            && replayWindow <= LARGEST_WINDOW
            && replayWindow % Long.SIZE == 0,
        "replay window %d is not a multiple of 64 from 64 to 4096",
        replayWindow);
  }

  /** A copy of the encryption key with its salt; zeros after {@link #destroy()}. */
  @Override
  public byte[] encryptionKey() {
    return encryptionKey.clone();
  }

  /** A copy of the integrity key; zeros after {@link #destroy()}. */
  @Override
  public byte[] integrityKey() {
    return integrityKey.clone();
  }

  /** Overwrites the keys held here; associations made before keep theirs. */
  public void destroy() {
    Arrays.fill(encryptionKey, (byte) 0);
    Arrays.fill(integrityKey, (byte) 0);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "spi=0x%x encryption=%s integrity=%s esn=%b window=%d",
        spi,
        encryption.configurationName(),
        integrity.configurationName(),
        extendedSequenceNumbers,
        replayWindow);
  }

  /** What an engine does for these algorithms. */
  EspTransform transform() {
    boolean sha1 = integrity == IntegrityAlgorithm.HMAC_SHA1_96;
    return switch (encryption) {
      case NULL -> sha1 ? EspTransform.NULL_HMAC_SHA1_96 : EspTransform.NULL_HMAC_SHA2_256_128;
      case AES_CBC_128, AES_CBC_256 ->
          sha1 ? EspTransform.AES_CBC_HMAC_SHA1_96 : EspTransform.AES_CBC_HMAC_SHA2_256_128;
      case AES_GCM_16_128, AES_GCM_16_256 -> EspTransform.AES_GCM_16;
      case CHACHA20_POLY1305 -> EspTransform.CHACHA20_POLY1305;
    };
  }

  private static byte[] checkedCopy(byte[] key, int octets, String algorithm) {
    int given = key == null ? 0 : key.length;
    require(given == octets, "%s takes a key of %d octets, not %d", algorithm, octets, given);
    return key == null ? new byte[0] : key.clone();
  }

  private static void require(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new IllegalArgumentException(String.format(Locale.ROOT, message, arguments));
    }
  }
}
