package org.kagemusha.core.provisioning;

import java.util.LinkedHashSet;
import java.util.Set;
import org.kagemusha.core.ipsec.AssociationLimits;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A grant and the associations made of it, at one of both ends. The inbound association's owner is
 * this, so that a packet leads to its grant.
 */
final class InstalledGrant {

  private static final int REPLAY_WINDOW = 1024;
  private static final long SECOND_NS = 1_000_000_000L;
  private static final byte[] NO_KEY = {};

  final Grant grant;
  final SecurityAssociationPair pair;

  /** What holds it. */
  final Object holder;

  /** The node's name, the host's and the peer; null at the mobile node. */
  final String node;

  final CertificateRule host;
  final PeerIdentity peer;
  final ProvisioningRequest request;

  /** When it ends hard. */
  private final long endsNs;

  /** When it ends because it is replaced. */
  private long replacedNs = Long.MAX_VALUE;

  /** The home addresses that it is in force for, at the home agent. */
  final Set<Ipv6Address> bound = new LinkedHashSet<>();

  /** Whether a Binding Update or Acknowledgement was accepted under it. */
  boolean confirmed;

  private boolean alive = true;

  InstalledGrant(
      Grant grant,
      boolean atHomeAgent,
      Object holder,
      String node,
      CertificateRule host,
      PeerIdentity peer,
      ProvisioningRequest request,
      long nowNs) {
    this.grant = grant;
    this.holder = holder;
    this.node = node;
    this.host = host;
    this.peer = peer;
    this.request = request;
    endsNs = nowNs + grant.validitySeconds() * SECOND_NS;
    AssociationLimits limits =
        new AssociationLimits(grant.maximumPackets(), grant.maximumOctets());
    SecurityAssociationParameters out =
        parameters(atHomeAgent ? grant.keyToMobileNode() : grant.keyToHomeAgent());
    SecurityAssociationParameters in =
        parameters(atHomeAgent ? grant.keyToHomeAgent() : grant.keyToMobileNode());
    pair =
        new SecurityAssociationPair(
            OutboundSecurityAssociation.fresh(out, limits),
            InboundSecurityAssociation.fresh(in, limits));
    out.destroy();
    in.destroy();
    pair.inbound().owner(this);
  }

  private SecurityAssociationParameters parameters(byte[] key) {
    return new SecurityAssociationParameters(
        grant.spi(), grant.suite().encryption(), IntegrityAlgorithm.NONE, key, NO_KEY, true,
        REPLAY_WINDOW);
  }

  /** The grant that an association was made of, or null if it is another holder's or ended. */
  static InstalledGrant of(InboundSecurityAssociation association, Object holder) {
    return association != null
            && association.owner() instanceof InstalledGrant installed
            && installed.holder == holder
            && installed.alive
        ? installed
        : null;
  }

  boolean isAlive() {
    return alive;
  }

  /** Another one has taken its place, and this one is believed until a time. */
  void replaced(long untilNs) {
    replacedNs = Math.min(replacedNs, untilNs);
  }

  /** It is in force again: the VM has come back before it ended. */
  void restored() {
    replacedNs = Long.MAX_VALUE;
  }

  boolean isReplaced() {
    return replacedNs != Long.MAX_VALUE;
  }

  /** When it ends, as far as is known now. */
  long deadlineNs() {
    return Math.min(endsNs, replacedNs);
  }

  /** Whether a fraction of what may pass under one key has passed, in either direction. */
  boolean isNearLimit() {
    long packets = Math.max(pair.outbound().packets(), pair.inbound().packets());
    long octets = Math.max(pair.outbound().octets(), pair.inbound().octets());
    return packets >= grant.maximumPackets() - grant.maximumPackets() / 4
        || octets >= grant.maximumOctets() - grant.maximumOctets() / 4;
  }

  /** Forgets the keys; nothing is sealed or opened any more. */
  void end() {
    alive = false;
    pair.destroy();
    grant.destroy();
  }

  /** The state in reports. */
  String state() {
    return isReplaced() ? "ending" : confirmed || pair.used() ? "in-force" : "standby";
  }

  long remainingSeconds(long nowNs) {
    return Math.max(0, deadlineNs() - nowNs) / SECOND_NS;
  }
}
