package org.kagemusha.core.wire;

/**
 * An IPv6 address prefix (RFC 4291 §2.3); the bits beyond its length are zero.
 *
 * @param address the first address of the prefix
 * @param length the prefix length in bits, 0 to 128
 */
public record Ipv6Prefix(Ipv6Address address, int length) {

  /**
   * @throws IllegalArgumentException if the length is out of range or a bit beyond it is set
   */
  public Ipv6Prefix {
    if (length < 0 || length > 128) {
      throw new IllegalArgumentException("a prefix length is 0 to 128, not " + length);
    }
    if (!mask(address, length).equals(address)) {
      throw new IllegalArgumentException(
          address + "/" + length + " has bits set beyond its length: "
              + mask(address, length) + "/" + length + " is the prefix");
    }
  }

  /**
   * Reads {@code address/length}.
   *
   * @throws IllegalArgumentException if it is not of that form, or a bit beyond the length is set
   */
  public static Ipv6Prefix parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("not a prefix (address/length): " + text);
    }
    int length;
    try {
      length = Integer.parseInt(text.substring(slash + 1));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a prefix (address/length): " + text, e);
    }
    return new Ipv6Prefix(Ipv6Address.parse(text.substring(0, slash)), length);
  }

  /** The prefix of a given length that holds an address. */
  public static Ipv6Prefix of(Ipv6Address address, int length) {
    return new Ipv6Prefix(mask(address, length), length);
  }

  /** Says whether an address lies in the prefix. */
  public boolean contains(Ipv6Address candidate) {
    return contains(candidate.high(), candidate.low());
  }

  /** Says whether an address, given as two words in network order, lies in the prefix. */
  public boolean contains(long high, long low) {
    return ((high ^ address.high()) & highMask(length)) == 0
        && ((low ^ address.low()) & lowMask(length)) == 0;
  }

  private static Ipv6Address mask(Ipv6Address address, int length) {
    return new Ipv6Address(address.high() & highMask(length), address.low() & lowMask(length));
  }

  private static long highMask(int length) {
    return length >= 64 ? -1L : length == 0 ? 0 : -1L << (64 - length);
  }

  private static long lowMask(int length) {
    return length <= 64 ? 0 : -1L << (128 - length);
  }

  // Written out for the reason that it is in Ipv6Address.

  @Override
  public boolean equals(Object other) {
    return other instanceof Ipv6Prefix that && length == that.length && address.equals(that.address);
  }

  @Override
  public int hashCode() {
    return 31 * address.hashCode() + length;
  }

  @Override
  public String toString() {
    return address + "/" + length;
  }
}
