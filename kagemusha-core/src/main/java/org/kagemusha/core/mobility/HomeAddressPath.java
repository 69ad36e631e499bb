package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.tunnel.Tunnel;

/**
 * The way of one home address's packets: its registration, its own tunnel (payload associations go
 * by home address) and the associations in force.
 */
final class HomeAddressPath {

  private final HomeRegistration registration;
  private final Tunnel tunnel;
  private final KeySource keys;
  private SecurityAssociationPair payload;
  private long uplinkNs;

  HomeAddressPath(HomeRegistration registration, Tunnel tunnel, KeySource keys, long nowNs) {
    this.uplinkNs = nowNs;
    this.registration = registration;
    this.tunnel = tunnel;
    this.keys = keys;
    refreshKeys();
  }

  /** Fetches the payload associations in force: they may be replaced while the node runs. */
  void refreshKeys() {
    payload = keys.associations(registration.homeAddress(), KeySource.Purpose.PAYLOAD);
    tunnel.protection(payload == null ? null : payload.outbound());
  }

  /** The VM has come back: what the host between sent must not be ahead of what is sent here. */
  void catchUp() {
    refreshKeys();
    if (payload != null) {
      payload.outbound().catchUp();
    }
  }

  /** Says whether payload is protected; looks for associations where there were none. */
  boolean isProtected() {
    if (payload == null) {
      refreshKeys();
    }
    return payload != null;
  }

  /** Says whether this opened a packet rightly: the payload association of this home address. */
  boolean isPayloadAssociation(InboundSecurityAssociation association) {
    if (association == (payload == null ? null : payload.inbound())) {
      return true;
    }
    refreshKeys();
    return association == (payload == null ? null : payload.inbound());
  }

  /** Notes a packet of the guest. */
  void usedUplink(long nowNs) {
    uplinkNs = nowNs;
  }

  /** Says whether the address was added, or the guest sent from it, at or after a time. */
  boolean isUsedSince(long sinceNs) {
    return uplinkNs >= sinceNs;
  }

  HomeRegistration registration() {
    return registration;
  }

  Tunnel tunnel() {
    return tunnel;
  }
}
