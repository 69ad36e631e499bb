package org.kagemusha.core.provisioning;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * What a Home Agent Controller gives a mobile node: one association pair with fresh keys (RFC 6618
 * §5.6) and what it needs to know of its home (§5.7). Holds the keys until {@link #destroy()}; they
 * are in no {@link #toString()}. Two are equal if they are the same object.
 *
 * @param spi one SPI for both directions (§5.6.1), 256 to 268435455: below 256 they are reserved
 *     (RFC 4303 §2.1)
 * @param suite the algorithm of both directions
 * @param keyToHomeAgent protects what the mobile node sends; its salt at the end
 * @param keyToMobileNode protects what the home agent sends; its salt at the end
 * @param payloadProtected the scope (§5.6.4) that the controller mandates
 * @param homeAgent the home agent's address
 * @param homePrefix the home link's prefix
 * @param homeAddresses those that the mobile node may register
 * @param validitySeconds how long the pair is valid from now on, at least 1; then it ends hard
 * @param maximumPackets how many packets may be sealed in one direction, at least 1
 * @param maximumOctets how many octets of payload may be sealed in one direction, at least 1
 * @param encapsulationPort the UDP port at which the home agent takes ESP (RFC 3948), or 0 for none
 */
public record Grant(
    int spi,
    Ciphersuite suite,
    byte[] keyToHomeAgent,
    byte[] keyToMobileNode,
    boolean payloadProtected,
    Ipv6Address homeAgent,
    Ipv6Prefix homePrefix,
    List<Ipv6Address> homeAddresses,
    long validitySeconds,
    long maximumPackets,
    long maximumOctets,
    int encapsulationPort) {

  /** The smallest SPI that is given. */
  public static final int SMALLEST_SPI = 256;

  /** The largest SPI that is given: 28 bits, RFC 6618 §5.6.1. */
  public static final int LARGEST_SPI = 0x0fff_ffff;

  /**
   * Takes the keys over and copies the list.
   *
   * @throws IllegalArgumentException if a value is out of range or a key has a wrong length
   */
  public Grant {
    homeAddresses = List.copyOf(homeAddresses);
    int octets = suite.encryption().keyOctets();
    require(spi >= SMALLEST_SPI && spi <= LARGEST_SPI, "SPI " + spi);
    require(
        keyToHomeAgent.length == octets && keyToMobileNode.length == octets,
        "keys are not of " + octets + " octets");
    require(!Arrays.equals(keyToHomeAgent, keyToMobileNode), "one key for both directions");
    require(validitySeconds >= 1, "validity " + validitySeconds + " s");
    require(maximumPackets >= 1 && maximumOctets >= 1, "limits below 1");
    require(encapsulationPort >= 0 && encapsulationPort <= 0xffff, "port " + encapsulationPort);
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** Overwrites the keys. */
  public void destroy() {
    Arrays.fill(keyToHomeAgent, (byte) 0);
    Arrays.fill(keyToMobileNode, (byte) 0);
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
        "spi=0x%x suite=%s payload=%b ha=%s prefix=%s hoa=%s valid=%ds packets=%d octets=%d port=%d",
        spi, suite, payloadProtected, homeAgent, homePrefix, homeAddresses, validitySeconds,
        maximumPackets, maximumOctets, encapsulationPort);
  }
}
