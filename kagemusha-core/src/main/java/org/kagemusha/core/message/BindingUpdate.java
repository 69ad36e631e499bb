package org.kagemusha.core.message;

import org.kagemusha.core.wire.Ipv6Address;

/**
 * A Binding Update, RFC 6275 §6.1.7.
 *
 * @param sequence the sequence number, 0 to 65535
 * @param acknowledge A: an acknowledgement is requested
 * @param homeRegistration H: the receiver shall act as home agent
 * @param linkLocalCompatibility L: the home address has the interface identifier of the link-local
 *     address
 * @param keyManagementMobility K: the IKE association survives movement
 * @param otherFlags the remaining twelve bits of the flags field as they were received, for flags
 *     of extensions (R of RFC 3963, F of RFC 5555 and others)
 * @param lifetimeUnits the lifetime in units of four seconds, 0 to 65535; 0 asks for deletion
 * @param alternateCareOf the Alternate Care-of Address option (§6.2.5), or null
 * @param wantsHandoverKeys whether {@link HandoverKeys} are wanted in the acknowledgement, by an
 *     option of our own
 */
public record BindingUpdate(
    int sequence,
    boolean acknowledge,
    boolean homeRegistration,
    boolean linkLocalCompatibility,
    boolean keyManagementMobility,
    int otherFlags,
    int lifetimeUnits,
    Ipv6Address alternateCareOf,
    boolean wantsHandoverKeys)
    implements MobilityMessage {

  /** The MH Type. */
  public static final int TYPE = 5;

  /** Seconds in a unit of the lifetime field. */
  public static final int LIFETIME_UNIT_SECONDS = 4;

  /** An update that wants no {@link HandoverKeys}. */
  public BindingUpdate(
      int sequence,
      boolean acknowledge,
      boolean homeRegistration,
      boolean linkLocalCompatibility,
      boolean keyManagementMobility,
      int otherFlags,
      int lifetimeUnits,
      Ipv6Address alternateCareOf) {
    this(
        sequence, acknowledge, homeRegistration, linkLocalCompatibility, keyManagementMobility,
        otherFlags, lifetimeUnits, alternateCareOf, false);
  }

  /** The same update, with a wish for {@link HandoverKeys}. */
  public BindingUpdate wantingHandoverKeys() {
    return new BindingUpdate(
        sequence, acknowledge, homeRegistration, linkLocalCompatibility, keyManagementMobility,
        otherFlags, lifetimeUnits, alternateCareOf, true);
  }

  @Override
  public int type() {
    return TYPE;
  }
}
