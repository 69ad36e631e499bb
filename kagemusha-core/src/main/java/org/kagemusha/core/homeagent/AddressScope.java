package org.kagemusha.core.homeagent;

/** Kinds of addresses given as two words in network order, for the data path (RFC 4291 §2.4). */
final class AddressScope {

  private AddressScope() {}

  /** {@code ff00::/8}. */
  static boolean isMulticast(long high) {
    return high >>> 56 == 0xff;
  }

  /** {@code fe80::/10}. */
  static boolean isLinkLocal(long high) {
    return high >>> 54 == 0xfe80 >>> 6;
  }

  /** Neither multicast, link-local, unspecified nor loopback. */
  static boolean isRoutable(long high, long low) {
    return !isMulticast(high) && !isLinkLocal(high) && (high != 0 || low >>> 1 != 0);
  }
}
