package org.kagemusha.core.ipsec;

import java.util.Locale;
import java.util.Objects;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;

/**
 * Associations whose keys stand in the configuration and are used again after a restart. Therefore
 * takes no algorithm that a repeated nonce would break (RFC 4106 §2, RFC 8221 §3). For one thread.
 */
public final class StaticKeySource implements KeySource {

  private final Ipv6Map<SecurityAssociationPair> signalling = new Ipv6Map<>();
  private final Ipv6Map<SecurityAssociationPair> payload = new Ipv6Map<>();

  /**
   * Says whether an algorithm can be used with static keys.
   *
   * @throws IllegalArgumentException if it must not be
   */
  public static void requireStaticKeysAllowed(EncryptionAlgorithm encryption) {
    if (!encryption.staticKeysAllowed()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must not be used with static keys (RFC 8221 section 3), use aes-cbc-128 or"
                  + " aes-cbc-256 with an integrity algorithm",
              encryption.configurationName()));
    }
  }

  /**
   * Adds or replaces the pair of a home address.
   *
   * @throws IllegalArgumentException if an algorithm must not be used with static keys
   */
  public StaticKeySource put(
      Ipv6Address homeAddress, Purpose purpose, SecurityAssociationPair pair) {
    Objects.requireNonNull(homeAddress, "homeAddress");
    requireStaticKeysAllowed(pair.outbound().encryption());
    requireStaticKeysAllowed(pair.inbound().encryption());
    pairs(purpose).put(homeAddress, pair);
    return this;
  }

  /** Removes the pair of a home address, if there is one. */
  public void remove(Ipv6Address homeAddress, Purpose purpose) {
    pairs(purpose).remove(homeAddress);
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    return pairs(purpose).get(homeAddress);
  }

  private Ipv6Map<SecurityAssociationPair> pairs(Purpose purpose) {
    return purpose == Purpose.SIGNALLING ? signalling : payload;
  }
}
