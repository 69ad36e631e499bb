package org.kagemusha.core.ipsec;

/**
 * How much may pass under one key in one direction (RFC 4301 §4.4.2.1, hard lifetime; RFC 8221 §3
 * on why). At the limit the association is of no use any more: both ends know it and stop there.
 *
 * @param packets at least 0
 * @param octets of payload, that is without padding and what ESP adds, at least 0
 */
public record AssociationLimits(long packets, long octets) {

  /** What static keys have: nobody would replace them. */
  public static final AssociationLimits NONE =
      new AssociationLimits(Long.MAX_VALUE, Long.MAX_VALUE);

  /**
   * @throws IllegalArgumentException if a limit is negative
   */
  public AssociationLimits {
    if (packets < 0 || octets < 0) {
      throw new IllegalArgumentException("limits of " + packets + " packets, " + octets + " octets");
    }
  }
}
