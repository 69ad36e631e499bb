package org.kagemusha.core.tunnel;

import org.kagemusha.core.wire.Ipv6Header;

/**
 * The tunnel state variables of RFC 2473 §6 that an operator sets; shared by all tunnels of an
 * engine.
 *
 * @param hopLimit of outer packets, 1 to 255, RFC 2473 §6.3
 * @param encapsulationLimit how many further tunnels an outer packet may enter, 0 to 255, or -1 to
 *     put no Tunnel Encapsulation Limit option, RFC 2473 §6.6
 * @param clampMss whether the maximum segment size in TCP SYN segments is lowered to what fits
 * @param copyFlowLabel true: the outer flow label is a hash of the inner flow (RFC 6438 §3); false:
 *     it is zero
 * @param copyDscp true: the outer DSCP is the inner one; false: it is zero. ECN is always copied
 *     (RFC 6040 §4.1)
 * @param decrementHopLimit whether the inner hop limit is decremented at entry and at exit, as a
 *     router does: true at a home agent, false beside a VM, whose packets have not yet left their
 *     link
 * @param maximumMtu upper bound of the tunnel MTU in octets, 1280 to 65535
 * @param innerFlowLabel true: the outer flow label, where it is not zero, is the inner one as it
 *     is, so that whoever else encapsulates packets of the same flow gives them the same
 */
public record TunnelSettings(
    int hopLimit,
    int encapsulationLimit,
    boolean clampMss,
    boolean copyFlowLabel,
    boolean copyDscp,
    boolean decrementHopLimit,
    int maximumMtu,
    boolean innerFlowLabel) {

  /** Settings with a hash for a flow label. */
  public TunnelSettings(
      int hopLimit,
      int encapsulationLimit,
      boolean clampMss,
      boolean copyFlowLabel,
      boolean copyDscp,
      boolean decrementHopLimit,
      int maximumMtu) {
    this(
        hopLimit, encapsulationLimit, clampMss, copyFlowLabel, copyDscp, decrementHopLimit,
        maximumMtu, false);
  }

  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public TunnelSettings {
    check("hop limit", hopLimit, 1, 255);
    check("encapsulation limit", encapsulationLimit, -1, 255);
    check("maximum MTU", maximumMtu, Ipv6Header.MINIMUM_MTU, 65535);
  }

  /** The defaults at a home agent: hop limit 64, no encapsulation limit, all else on. */
  public static TunnelSettings defaults() {
    return new TunnelSettings(64, -1, true, true, true, true, 65535);
  }

  /** The defaults beside a VM: as {@link #defaults()}, but the inner hop limit stays. */
  public static TunnelSettings mobileNode() {
    return new TunnelSettings(64, -1, true, true, true, false, 65535);
  }

  private static void check(String what, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "the tunnel's " + what + " is " + least + " to " + most + ", not " + value);
    }
  }
}
