package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.tunnel.Tunnel;

/**
 * The way of one home address's packets: its registration, its own tunnel (payload associations go
 * by home address), and the policy of RFC 4301 §5 that is asked for every packet, because keys come
 * and go meanwhile. Allocates nothing.
 */
final class HomeAddressPath {

  private final HomeRegistration registration;
  private final Tunnel tunnel;
  private final KeySource keys;
  private final EncapsulationChoice encapsulation;
  private long uplinkNs;
  private boolean clearBefore;
  private long udpSentNs = Long.MIN_VALUE / 2;

  HomeAddressPath(
      HomeRegistration registration,
      Tunnel tunnel,
      KeySource keys,
      EncapsulationChoice encapsulation,
      long nowNs) {
    this.uplinkNs = nowNs;
    this.registration = registration;
    this.tunnel = tunnel;
    this.keys = keys;
    this.encapsulation = encapsulation;
    prepare();
  }

  /**
   * Makes the tunnel seal with the payload associations in force, and put that in UDP if the
   * binding is so.
   *
   * @return whether there are such associations
   */
  boolean prepare() {
    SecurityAssociationPair pair = payload();
    tunnel.protection(pair == null ? null : pair.outbound());
    boolean udp = registration.isInUdp() && encapsulation.mayUseUdp();
    tunnel.encapsulation(
        udp ? encapsulation.localPort() : 0, udp ? encapsulation.homeAgentPort() : 0);
    return pair != null;
  }

  private SecurityAssociationPair payload() {
    return keys.associations(registration.homeAddress(), KeySource.Purpose.PAYLOAD);
  }

  /** The VM has come back: what the host between sent must not be ahead of what is sent here. */
  void catchUp() {
    SecurityAssociationPair pair = payload();
    if (pair != null) {
      pair.outbound().catchUp();
    }
  }

  /**
   * Prepares the tunnel for a packet of the guest, RFC 4301 §5.1.
   *
   * @param protectionRequired whether nothing passes in clear, whatever the keys say
   * @return false if it must be discarded
   */
  boolean admitOutbound(boolean protectionRequired) {
    return prepare() || !protectionRequired && allowsClear();
  }

  /**
   * Judges a packet for the guest, RFC 4301 §5.2.
   *
   * @param opened the association that opened it, or null if it came in clear
   * @param protectionRequired whether nothing passes in clear, whatever the keys say
   * @param lingering whether the guest has left since {@link #linger}
   * @return null if it may pass, else why not
   */
  DropReason refuseInbound(
      InboundSecurityAssociation opened, boolean protectionRequired, boolean lingering) {
    if (opened == null) {
      return protectionRequired || !allowsClear(lingering) ? DropReason.PROTECTION_REQUIRED : null;
    }
    return keys.accepting(registration.homeAddress(), KeySource.Purpose.PAYLOAD, opened) == null
        ? DropReason.ESP_SELECTOR_MISMATCH
        : null;
  }

  /**
   * The guest leaves: what the policy says of clear packets now stays said for what still comes.
   */
  void linger() {
    clearBefore = allowsClear();
  }

  /** Whether packets may pass in clear; after the guest has left, as it was before. */
  boolean allowsClear(boolean lingering) {
    return lingering ? clearBefore : allowsClear();
  }

  private boolean allowsClear() {
    return keys.allowsClear(registration.homeAddress(), KeySource.Purpose.PAYLOAD);
  }

  /** Notes a packet of the guest. */
  void usedUplink(long nowNs) {
    uplinkNs = nowNs;
    if (tunnel.localPort() != 0) {
      udpSentNs = nowNs;
    }
  }

  /** Notes a keepalive, or an update in UDP. */
  void usedUdp(long nowNs) {
    udpSentNs = nowNs;
  }

  /** When something was sent in UDP last, monotonic ns. */
  long udpSentNs() {
    return udpSentNs;
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
