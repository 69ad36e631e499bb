package org.kagemusha.core.signalling;

/** The headers by which a packet names a home address beside the care-of address. */
final class MobileHeaders {

  /** Octets of a Destination Options header that holds a Home Address option alone. */
  static final int HOME_ADDRESS_HEADER = 24;

  /** Octets of a type 2 routing header, RFC 6275 §6.4.1. */
  static final int TYPE_2_HEADER = 24;

  /** Where the home address stands in either header. */
  static final int HOME_ADDRESS = 8;

  /** Routing Type of the type 2 routing header. */
  static final int ROUTING_TYPE = 2;

  /** Hdr Ext Len of either header: 24 octets in units of 8, not counting the first. */
  static final int LENGTH = 2;

  /** Option Type Pad1, RFC 8200 §4.2. */
  static final int OPTION_PAD1 = 0;

  /** Option Type PadN, RFC 8200 §4.2. */
  static final int OPTION_PADN = 1;

  /** Option Type of the Tunnel Encapsulation Limit, RFC 2473 §4.1.1. */
  static final int OPTION_ENCAPSULATION_LIMIT = 4;

  /** Option Type of the Home Address option, RFC 6275 §6.3. */
  static final int OPTION_HOME_ADDRESS = 201;

  private MobileHeaders() {}
}
