package org.kagemusha.tap.careof;

import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * How a care-of address is found.
 *
 * @param policy which kind
 * @param explicit the address, for {@link Policy#EXPLICIT} and only for it
 * @param homeAddress the home address that the care-of address will serve
 * @param homeAgent the home agent, so that a unique local address is preferred for a home agent
 *     with such an address, and a global one else
 * @param secret the host's secret or stable identifier, so that two hosts with the same home
 *     address in one prefix choose different addresses, and each the same again after a restart
 */
public record CareOfSettings(
    Policy policy,
    Optional<Ipv6Address> explicit,
    Ipv6Address homeAddress,
    Ipv6Address homeAgent,
    byte[] secret) {

  /** Which kind of care-of address. */
  public enum Policy {
    /** One that the daemon adds for this VM alone, out of the interface's /64. */
    OWN,
    /** The host's own address, shared with everything on the host. */
    HOST,
    /** One that the configuration names. */
    EXPLICIT
  }

  /**
   * @throws IllegalArgumentException if the explicit address is missing or superfluous, or cannot
   *     be a care-of address (RFC 6275 §6.1.7: a unicast routable address)
   */
  public CareOfSettings {
    if (explicit.isPresent() != (policy == Policy.EXPLICIT)) {
      throw new IllegalArgumentException("an explicit address goes with the explicit policy");
    }
    if (explicit.isPresent() && !explicit.get().isRoutableUnicast()) {
      throw new IllegalArgumentException(explicit.get() + " cannot be a care-of address");
    }
    secret = secret.clone();
  }

  /** A copy of the secret. */
  @Override
  public byte[] secret() {
    return secret.clone();
  }
}
