package org.kagemusha.core.ipsec;

import java.util.Optional;

/** Integrity algorithms of ESP, RFC 8221 §6. */
public enum IntegrityAlgorithm {
  /** None, since the encryption algorithm is a combined-mode one. */
  NONE("none", 0, 0),
  /** HMAC-SHA1-96, RFC 2404. */
  HMAC_SHA1_96("hmac-sha1-96", 20, 12),
  /** HMAC-SHA2-256-128, RFC 4868. */
  HMAC_SHA2_256_128("hmac-sha2-256-128", 32, 16);

  private final String configurationName;
  private final int keyOctets;
  private final int icvOctets;

  IntegrityAlgorithm(String configurationName, int keyOctets, int icvOctets) {
    this.configurationName = configurationName;
    this.keyOctets = keyOctets;
    this.icvOctets = icvOctets;
  }

  /** The algorithm that a configuration names so. */
  public static Optional<IntegrityAlgorithm> named(String configurationName) {
    for (IntegrityAlgorithm algorithm : values()) {
      if (algorithm.configurationName.equals(configurationName)) {
        return Optional.of(algorithm);
      }
    }
    return Optional.empty();
  }

  /** The name in configurations, such as {@code hmac-sha1-96}. */
  public String configurationName() {
    return configurationName;
  }

  /** Octets of the key. */
  public int keyOctets() {
    return keyOctets;
  }

  /** Octets of the ICV in each packet. */
  public int icvOctets() {
    return icvOctets;
  }
}
