package org.kagemusha.core.provisioning;

import java.security.SecureRandom;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The keys of a home agent: what its controller granted, to whom, and which are in force for each
 * home address.
 */
public final class GrantedKeys implements KeySource, Controller {

  /** Hears of what an auditor wants to know, and of home addresses that lose their keys. */
  public interface Listener {
    /** Keys were made and may be handed out. */
    void onGranted(HeldGrant grant, PeerIdentity peer, ProvisioningRequest request);

    /** A request was refused. */
    void onRefused(PeerIdentity peer, ProvisioningRequest request, String reason);

    /**
     * Keys ended.
     *
     * @param reason {@code replaced}, {@code expired}, {@code revoked} or {@code withdrawn}
     * @param bound the home addresses that were bound under it and have no keys now: their bindings
     *     must end
     */
    void onEnded(HeldGrant grant, PeerIdentity peer, String reason, List<Ipv6Address> bound);
  }

  /**
   * Without settings, and so refusing everybody, at first.
   *
   * @param database where inbound associations are found
   * @param random makes keys and SPIs
   * @param wallMs milliseconds since 1970, for the end of certificates
   */
  public GrantedKeys(
      SecurityAssociationDatabase database,
      SecureRandom random,
      LongSupplier wallMs,
      Listener listener) {
    throw new IllegalStateException("skeleton");
  }

  /** Applies settings; what they no longer allow ends at once. */
  public void settings(ControllerSettings settings, long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** Ends at once what was granted to peers whose certificate is revoked. */
  public void revoke(Predicate<PeerIdentity> revoked, long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** Says whether a home address belongs to a node that gets its keys here. */
  public boolean manages(Ipv6Address homeAddress) {
    throw new IllegalStateException("skeleton");
  }

  /** All grants that are held. */
  public List<HeldGrant> held(long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** Ends all keys. */
  public void destroy() {
    throw new IllegalStateException("skeleton");
  }

  @Override
  public ControllerDecision decide(PeerIdentity peer, ProvisioningRequest request, long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    throw new IllegalStateException("skeleton");
  }
}
