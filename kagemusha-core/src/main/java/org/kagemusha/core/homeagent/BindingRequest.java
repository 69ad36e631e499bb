package org.kagemusha.core.homeagent;

import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.message.BindingStatus;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A Binding Update after its validation: what it asks for, and whether it is to be dropped in
 * silence, refused with a status, or done.
 *
 * @param update the message
 * @param homeAddress the home address of the binding
 * @param careOf the care-of address of the binding: the Alternate Care-of Address where there is
 *     one
 * @param returnPath how the packet came, and the acknowledgement goes back
 * @param fromHome whether it came from the home address itself: the acknowledgement then has no
 *     routing header and goes out on the home link
 * @param authorisation who may register the home address, or null if nobody
 * @param entry the binding cache entry in any state, or null
 * @param dropReason why it is dropped in silence, or null
 * @param refusal the status with which it is refused, or null
 */
record BindingRequest(
    BindingUpdate update,
    Ipv6Address homeAddress,
    Ipv6Address careOf,
    ReturnPath returnPath,
    boolean fromHome,
    MobileNodeAuthorisation authorisation,
    BindingCacheEntry entry,
    DropReason dropReason,
    BindingStatus refusal) {

  BindingRequest dropped(DropReason reason) {
    return new BindingRequest(
        update, homeAddress, careOf, returnPath, fromHome, authorisation, entry, reason, null);
  }

  BindingRequest refused(BindingStatus status) {
    return new BindingRequest(
        update, homeAddress, careOf, returnPath, fromHome, authorisation, entry, null, status);
  }

  /** The source address of the packet. */
  Ipv6Address source() {
    return returnPath.address();
  }

  /** Says whether it asks for the end of the binding, RFC 6275 §9.5.1 and §6.1.7. */
  boolean isDeregistration() {
    return update.lifetimeUnits() == 0 || careOf.equals(homeAddress);
  }
}
