package org.kagemusha.core.mobility;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Keys that are granted while the node runs: the newest is sent with, older ones are believed until
 * the home agent has acknowledged under a newer one and a grace longer, or until their end.
 */
final class FreshKeys implements KeySource {

  static final long GRACE_NS = 5_000_000_000L;

  /** One grant at the mobile node's end. */
  static final class Granted {
    private final SecurityAssociationPair pair;
    private final boolean payloadProtected;
    private long endsNs;

    private Granted(SecurityAssociationPair pair, boolean payloadProtected, long endsNs) {
      this.pair = pair;
      this.payloadProtected = payloadProtected;
      this.endsNs = endsNs;
    }
  }

  final List<String> told = new ArrayList<>();
  private final List<Granted> grants = new ArrayList<>();
  private final SecurityAssociationDatabase here;
  private final SecurityAssociationDatabase there;
  private int nextSpi = 0x1000;
  private boolean garbage = true;

  /**
   * @param here the mobile node's inbound associations
   * @param there the home agent's
   */
  FreshKeys(SecurityAssociationDatabase here, SecurityAssociationDatabase there) {
    this.here = here;
    this.there = there;
  }

  /** Makes another pair and sends with it; returns the home agent's end. */
  SecurityAssociationPair grant(boolean payloadProtected, long validNs, long nowNs) {
    int spi = nextSpi++;
    SecurityAssociationPair homeAgent = pair(spi, 2, 1);
    there.add(homeAgent.inbound());
    SecurityAssociationPair own = pair(spi, 1, 2);
    here.add(own.inbound());
    grants.add(0, new Granted(own, payloadProtected, nowNs + validNs));
    return homeAgent;
  }

  /** Takes an algorithm that the JDK does not allocate for, in place of AES-GCM. */
  FreshKeys withoutGarbage() {
    garbage = false;
    return this;
  }

  private SecurityAssociationPair pair(int spi, int out, int in) {
    return new SecurityAssociationPair(
        OutboundSecurityAssociation.of(parameters(spi, out), new CountingSequence()),
        InboundSecurityAssociation.of(parameters(spi, in)));
  }

  private SecurityAssociationParameters parameters(int spi, int direction) {
    if (!garbage) {
      return new SecurityAssociationParameters(
          spi, EncryptionAlgorithm.NULL, IntegrityAlgorithm.HMAC_SHA2_256_128, new byte[0],
          new byte[32], true, 64);
    }
    byte[] key = new byte[EncryptionAlgorithm.AES_GCM_16_128.keyOctets()];
    Arrays.fill(key, (byte) (7 * spi + direction));
    return new SecurityAssociationParameters(
        spi, EncryptionAlgorithm.AES_GCM_16_128, IntegrityAlgorithm.NONE, key, new byte[0], true,
        64);
  }

  private Granted newest() {
    return grants.isEmpty() ? null : grants.get(0);
  }

  int live() {
    return grants.size();
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    Granted newest = newest();
    if (newest == null || purpose == Purpose.PAYLOAD && !newest.payloadProtected) {
      return null;
    }
    return newest.pair;
  }

  @Override
  public SecurityAssociationPair accepting(
      Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
    for (int i = 0; i < grants.size(); i++) {
      Granted grant = grants.get(i);
      if (grant.pair.inbound() == opened
          && (purpose == Purpose.SIGNALLING || grant.payloadProtected)) {
        return grant.pair;
      }
    }
    return null;
  }

  @Override
  public boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
    Granted newest = newest();
    return purpose == Purpose.PAYLOAD && newest != null && !newest.payloadProtected;
  }

  @Override
  public void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {
    told.add("in-force " + Integer.toHexString(pair.inbound().spi()));
    boolean older = false;
    for (Granted grant : grants) {
      if (older) {
        grant.endsNs = Math.min(grant.endsNs, nowNs + GRACE_NS);
      }
      older |= grant.pair == pair;
    }
  }

  @Override
  public void inDoubt(Ipv6Address homeAddress, long nowNs) {
    told.add("in-doubt");
  }

  @Override
  public void abandoned(long nowNs) {
    told.add("abandoned");
    for (Granted grant : List.copyOf(grants)) {
      if (grant.pair.outbound().packets() > 0) {
        end(grant);
      }
    }
  }

  @Override
  public void onDeadline(long nowNs) {
    for (Granted grant : List.copyOf(grants)) {
      if (grant.endsNs <= nowNs) {
        end(grant);
      }
    }
  }

  private void end(Granted grant) {
    grants.remove(grant);
    here.remove(grant.pair.inbound().spi());
  }

  @Override
  public long nextDeadlineNs() {
    long next = NodeEngine.NEVER;
    for (int i = 0; i < grants.size(); i++) {
      Granted grant = grants.get(i);
      next = Math.min(next, grant.endsNs);
    }
    return next;
  }
}
