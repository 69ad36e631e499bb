package org.kagemusha.core.ipsec.engine;

import java.util.Arrays;

/**
 * Nonce and associated data of the combined-mode transforms, which are the same for AES-GCM (RFC
 * 4106 §4, §5) and ChaCha20-Poly1305 (RFC 7634 §2, §2.1). The arrays are reused from packet to
 * packet.
 */
final class AeadFraming {

  /** Octets of the salt at the end of the key material, RFC 4106 §8.1. */
  static final int SALT_OCTETS = 4;

  /** Octets of the nonce: the salt, and the IV. */
  static final int NONCE_OCTETS = SALT_OCTETS + 8;

  /** Octets of the ICV. */
  static final int ICV_OCTETS = 16;

  /** The index of the ciphertext: behind the ESP header and the 8-octet IV. */
  static final int BODY = EspTransform.HEADER_OCTETS + 8;

  private static final int SPI_OCTETS = 4;

  private final boolean extended;
  private final byte[] nonce = new byte[NONCE_OCTETS];
  private final byte[] associated;

  AeadFraming(byte[] keyMaterial, boolean extended) {
    this.extended = extended;
    associated = new byte[extended ? 12 : 8];
    System.arraycopy(keyMaterial, keyMaterial.length - SALT_OCTETS, nonce, 0, SALT_OCTETS);
  }

  /** Overwrites the salt. */
  void destroy() {
    Arrays.fill(nonce, (byte) 0);
  }

  /** The nonce of an ESP packet at index 0: salt, then IV. */
  byte[] nonce(byte[] esp) {
    System.arraycopy(
        esp, EspTransform.HEADER_OCTETS, nonce, SALT_OCTETS, BODY - EspTransform.HEADER_OCTETS);
    return nonce;
  }

  /** The associated data of an ESP packet at index 0: its header, widened to a whole ESN. */
  byte[] associated(byte[] esp, long sequence) {
    if (!extended) {
      System.arraycopy(esp, 0, associated, 0, EspTransform.HEADER_OCTETS);
      return associated;
    }
    // RFC 4106 §5: SPI, upper half, lower half.
    System.arraycopy(esp, 0, associated, 0, SPI_OCTETS);
    for (int i = 0; i < Long.BYTES; i++) {
      associated[SPI_OCTETS + i] = (byte) (sequence >>> 56 - 8 * i);
    }
    return associated;
  }
}
