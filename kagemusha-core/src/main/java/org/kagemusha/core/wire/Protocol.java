package org.kagemusha.core.wire;

/** Next Header values, as IANA assigned them. */
public final class Protocol {

  /** Hop-by-Hop Options, RFC 8200 §4.3. */
  public static final int HOP_BY_HOP = 0;

  /** TCP. */
  public static final int TCP = 6;

  /** UDP. */
  public static final int UDP = 17;

  /** IPv6 in IPv6, RFC 2473. */
  public static final int IPV6 = 41;

  /** Routing header, RFC 8200 §4.4; type 2 is RFC 6275 §6.4. */
  public static final int ROUTING = 43;

  /** Fragment header, RFC 8200 §4.5. */
  public static final int FRAGMENT = 44;

  /** Encapsulating Security Payload, RFC 4303. */
  public static final int ESP = 50;

  /** ICMPv6, RFC 4443. */
  public static final int ICMPV6 = 58;

  /** No Next Header, RFC 8200 §4.7. */
  public static final int NO_NEXT_HEADER = 59;

  /** Destination Options, RFC 8200 §4.6; the Home Address option is RFC 6275 §6.3. */
  public static final int DESTINATION_OPTIONS = 60;

  /** Mobility Header, RFC 6275 §6.1. */
  public static final int MOBILITY = 135;

  private Protocol() {}
}
