package org.kagemusha.core.mobility;

import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * How long the addresses of a binding are valid (RFC 6275 §11.7.1): the care-of address as the edge
 * says, the home address as the home router said.
 */
final class AddressValidity implements BindingUpdateList.Validity {

  private static final long SECOND_NS = 1_000_000_000L;

  /** The valid lifetime of a home address. */
  @FunctionalInterface
  interface HomeAddresses {
    /** In seconds; 4294967295 is for ever. */
    long validSeconds(Ipv6Address homeAddress, long nowNs);
  }

  private final HomeAddresses homeAddresses;
  private long careOfUntilNs = NodeEngine.NEVER;

  AddressValidity(HomeAddresses homeAddresses) {
    this.homeAddresses = homeAddresses;
  }

  /** For how many seconds the care-of address is valid from now on; 4294967295 is for ever. */
  void careOf(long seconds, long nowNs) {
    careOfUntilNs =
        seconds >= PrefixInformation.INFINITE
            ? NodeEngine.NEVER
            : nowNs + Math.max(0, seconds) * SECOND_NS;
  }

  @Override
  public long remainingSeconds(HomeRegistration registration, long nowNs) {
    long careOfSeconds =
        careOfUntilNs == NodeEngine.NEVER
            ? PrefixInformation.INFINITE
            : Math.max(0, careOfUntilNs - nowNs) / SECOND_NS;
    return Math.min(
        careOfSeconds, homeAddresses.validSeconds(registration.homeAddress(), nowNs));
  }
}
