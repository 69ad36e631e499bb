package org.kagemusha.daemon.config;

import java.util.LinkedHashMap;
import java.util.Map;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;

/** The algorithms by the words of the configuration. */
final class Algorithms {

  private Algorithms() {}

  static Map<String, EncryptionAlgorithm> encryption() {
    Map<String, EncryptionAlgorithm> words = new LinkedHashMap<>();
    for (EncryptionAlgorithm algorithm : EncryptionAlgorithm.values()) {
      words.put(algorithm.configurationName(), algorithm);
    }
    return words;
  }

  /** Those that go with a cipher that does not authenticate by itself. */
  static Map<String, IntegrityAlgorithm> integrity() {
    return Choices.of(
        IntegrityAlgorithm.HMAC_SHA2_256_128.configurationName(),
        IntegrityAlgorithm.HMAC_SHA2_256_128,
        IntegrityAlgorithm.HMAC_SHA1_96.configurationName(),
        IntegrityAlgorithm.HMAC_SHA1_96);
  }
}
