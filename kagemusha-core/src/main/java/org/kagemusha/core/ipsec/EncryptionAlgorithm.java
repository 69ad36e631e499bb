package org.kagemusha.core.ipsec;

import java.util.Optional;

/** Encryption algorithms of ESP; the combined-mode ones authenticate as well. RFC 8221 §5, §6. */
public enum EncryptionAlgorithm {
  /** No encryption, for debugging, RFC 2410. */
  NULL("null", 0, 0, 0, 4, 0),
  /** AES-CBC with a 128-bit key, RFC 3602. */
  AES_CBC_128("aes-cbc-128", 16, 0, 16, 16, 0),
  /** AES-CBC with a 256-bit key, RFC 3602. */
  AES_CBC_256("aes-cbc-256", 32, 0, 16, 16, 0),
  /** AES-GCM with a 128-bit key and 16-octet ICV, RFC 4106. */
  AES_GCM_16_128("aes-gcm-128", 16, 4, 8, 4, 16),
  /** AES-GCM with a 256-bit key and 16-octet ICV, RFC 4106. */
  AES_GCM_16_256("aes-gcm-256", 32, 4, 8, 4, 16),
  /** ChaCha20-Poly1305, RFC 7634. */
  CHACHA20_POLY1305("chacha20-poly1305", 32, 4, 8, 4, 16);

  private final String configurationName;
  private final int cipherKeyOctets;
  private final int saltOctets;
  private final int ivOctets;
  private final int blockOctets;
  private final int icvOctets;

  EncryptionAlgorithm(
      String configurationName,
      int cipherKeyOctets,
      int saltOctets,
      int ivOctets,
      int blockOctets,
      int icvOctets) {
    this.configurationName = configurationName;
    this.cipherKeyOctets = cipherKeyOctets;
    this.saltOctets = saltOctets;
    this.ivOctets = ivOctets;
    this.blockOctets = blockOctets;
    this.icvOctets = icvOctets;
  }

  /** The algorithm that a configuration names so. */
  public static Optional<EncryptionAlgorithm> named(String configurationName) {
    for (EncryptionAlgorithm algorithm : values()) {
      if (algorithm.configurationName.equals(configurationName)) {
        return Optional.of(algorithm);
      }
    }
    return Optional.empty();
  }

  /** The name in configurations, such as {@code aes-cbc-128}. */
  public String configurationName() {
    return configurationName;
  }

  /** Octets of key material: the cipher's key, and the salt behind it (RFC 4106 §8.1). */
  public int keyOctets() {
    return cipherKeyOctets + saltOctets;
  }

  /** Octets of the salt at the end of the key material, or 0. */
  public int saltOctets() {
    return saltOctets;
  }

  /** Octets of the IV in each packet. */
  public int ivOctets() {
    return ivOctets;
  }

  /** What the length of the ciphertext is a multiple of, at least 4 octets (RFC 4303 §2.4). */
  public int blockOctets() {
    return blockOctets;
  }

  /** Octets of the ICV of a combined-mode algorithm, else 0. */
  public int icvOctets() {
    return icvOctets;
  }

  /** Whether it authenticates as well, so that no integrity algorithm goes with it. */
  public boolean combinedMode() {
    return icvOctets > 0;
  }

  /**
   * Whether a key may be used again after a restart. With a combined-mode algorithm one nonce used
   * twice gives away plaintext and authentication key: RFC 4106 §2, RFC 8221 §3.
   */
  public boolean staticKeysAllowed() {
    return !combinedMode();
  }
}
