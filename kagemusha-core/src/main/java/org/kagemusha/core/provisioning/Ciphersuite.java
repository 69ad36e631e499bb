package org.kagemusha.core.provisioning;

import java.util.Optional;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;

/**
 * What protects the traffic between mobile node and home agent, RFC 6618 §5.6.5. That section
 * borrows TLS 1.2 numbers and has no combined-mode algorithm; these are the numbers of TLS 1.3 (RFC
 * 8446 §B.4) for the algorithms that RFC 8221 §5 recommends.
 */
public enum Ciphersuite {
  /** AES-GCM with a 128-bit key, RFC 4106. */
  AES_128_GCM(0x13, 0x01, EncryptionAlgorithm.AES_GCM_16_128),
  /** AES-GCM with a 256-bit key, RFC 4106. */
  AES_256_GCM(0x13, 0x02, EncryptionAlgorithm.AES_GCM_16_256),
  /** ChaCha20-Poly1305, RFC 7634. */
  CHACHA20_POLY1305(0x13, 0x03, EncryptionAlgorithm.CHACHA20_POLY1305);

  private final int first;
  private final int second;
  private final EncryptionAlgorithm encryption;

  Ciphersuite(int first, int second, EncryptionAlgorithm encryption) {
    this.first = first;
    this.second = second;
    this.encryption = encryption;
  }

  /** The suite with these two octets. */
  public static Optional<Ciphersuite> of(int first, int second) {
    for (Ciphersuite suite : values()) {
      if (suite.first == first && suite.second == second) {
        return Optional.of(suite);
      }
    }
    return Optional.empty();
  }

  /** The first octet of its number. */
  public int first() {
    return first;
  }

  /** The second octet of its number. */
  public int second() {
    return second;
  }

  /** The ESP algorithm. */
  public EncryptionAlgorithm encryption() {
    return encryption;
  }
}
