package org.kagemusha.tap.careof;

import java.util.List;
import java.util.Optional;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * What follows from an interface's addresses. Carry out {@code remove}, then {@code add}, and
 * decide again at the next event.
 *
 * @param careOf the care-of address to register now, absent where there is none to use
 * @param add an address to give to the interface, with duplicate address detection
 * @param remove addresses of ours that are of no use any more; an old care-of address may stay
 *     until the new one is registered
 * @param state why
 */
public record CareOfDecision(
    Optional<Ipv6Address> careOf,
    Optional<Ipv6Address> add,
    List<Ipv6Address> remove,
    State state) {

  /** Why a decision is as it is. */
  public enum State {
    /** The care-of address is the one that the policy wants. */
    READY,
    /** The interface has no address that could serve, or give the prefix. */
    WAITING_FOR_ADDRESS,
    /** Duplicate address detection runs for the wanted address. */
    WAITING_FOR_DETECTION,
    /** The host's address serves because the prefix is no /64. */
    HOST_BECAUSE_OF_PREFIX,
    /** The host's address serves because every address of our own was a duplicate. */
    HOST_BECAUSE_OF_DUPLICATES,
    /** The explicit address belongs to another node. */
    DUPLICATE
  }
}
