package org.kagemusha.core.homeagent;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.SequenceNumbers;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * A home agent's key source as a controller would be: a pair for every place where a mobile node
 * may be, all of them believed, one in force for each home address; a pair that is replaced lives
 * for the grace. Pairs protect signalling, and payload if they are made so.
 */
final class FreshKeys implements KeySource {

  static final long GRACE_NS = 5_000_000_000L;

  /** Parameters for an SPI and a direction: 1 towards the home agent, 2 from it. */
  interface Algorithms {
    SecurityAssociationParameters of(int spi, int direction);
  }

  /** One pair, and the mobile node's half of it. */
  static final class Grant {
    final String node;
    final boolean payload;
    final SecurityAssociationPair pair;
    final OutboundSecurityAssociation sealing;
    final InboundSecurityAssociation opening;
    long endsNs = NodeEngine.NEVER;
    boolean confirmed;
    boolean ended;

    Grant(String node, int spi, boolean payload, Algorithms parameters) {
      this.node = node;
      this.payload = payload;
      // A pair that has ended seals nothing more.
      SecurityAssociationParameters there = parameters.of(spi, 1);
      SecurityAssociationParameters back = parameters.of(spi, 2);
      this.pair =
          new SecurityAssociationPair(
              OutboundSecurityAssociation.of(back, counting()),
              InboundSecurityAssociation.of(there, () -> 0));
      long[] last = {0};
      this.sealing = OutboundSecurityAssociation.of(there, () -> ++last[0]);
      this.opening = InboundSecurityAssociation.of(back, () -> 0);
    }

    private SequenceNumbers counting() {
      long[] last = {0};
      return () -> ended ? 0 : ++last[0];
    }

    int spi() {
      return sealing.spi();
    }
  }

  private final SecurityAssociationDatabase database;
  private final Map<Ipv6Address, String> nodes = new HashMap<>();
  private final Map<Ipv6Address, Grant> inForce = new HashMap<>();
  private final List<Grant> live = new ArrayList<>();

  /** The parameters of new pairs: AES-GCM, unless others are put here. */
  Algorithms algorithms = FreshKeys::aesGcm;

  /** Every call of {@link #inForce}, as "home address SPI". */
  final List<String> confirmations = new ArrayList<>();

  FreshKeys(SecurityAssociationDatabase database) {
    this.database = database;
  }

  /** The key, with its salt, of one direction: 1 towards the home agent, 2 from it. */
  static byte[] key(int spi, int direction) {
    byte[] key = new byte[20];
    Arrays.fill(key, (byte) (spi * 7 + direction));
    return key;
  }

  static SecurityAssociationParameters aesGcm(int spi, int direction) {
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.AES_GCM_16_128,
        IntegrityAlgorithm.NONE,
        key(spi, direction),
        new byte[0],
        true,
        1024);
  }

  /** Says whose a home address is. */
  FreshKeys manage(String node, Ipv6Address homeAddress) {
    nodes.put(homeAddress, node);
    return this;
  }

  Grant grant(String node, int spi, boolean payload) {
    Grant grant = new Grant(node, spi, payload, algorithms);
    database.add(grant.pair.inbound());
    live.add(grant);
    return grant;
  }

  /** Ends a pair at once. */
  void end(Grant grant) {
    grant.ended = true;
    live.remove(grant);
    database.remove(grant.spi());
  }

  Grant inForce(Ipv6Address homeAddress) {
    return inForce.get(homeAddress);
  }

  @Override
  public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
    Grant grant = inForce.get(homeAddress);
    return grant != null && !grant.ended && (purpose == Purpose.SIGNALLING || grant.payload)
        ? grant.pair
        : null;
  }

  @Override
  public SecurityAssociationPair accepting(
      Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
    String node = nodes.get(homeAddress);
    for (int i = 0; i < live.size(); i++) {
      Grant grant = live.get(i);
      if (grant.pair.inbound() == opened
          && grant.node.equals(node)
          && (purpose == Purpose.SIGNALLING || grant.payload)) {
        return grant.pair;
      }
    }
    return null;
  }

  @Override
  public boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
    Grant grant = inForce.get(homeAddress);
    return purpose == Purpose.PAYLOAD && grant != null && !grant.ended && !grant.payload;
  }

  @Override
  public void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {
    confirmations.add(homeAddress + " " + pair.inbound().spi());
    for (Grant grant : live) {
      if (grant.pair == pair) {
        grant.confirmed = true;
        grant.endsNs = NodeEngine.NEVER;
        inForce.put(homeAddress, grant);
      } else if (grant.confirmed && grant.node.equals(nodes.get(homeAddress))) {
        grant.endsNs = Math.min(grant.endsNs, nowNs + GRACE_NS);
      }
    }
  }

  @Override
  public void onDeadline(long nowNs) {
    for (Grant grant : List.copyOf(live)) {
      if (grant.endsNs <= nowNs) {
        end(grant);
      }
    }
  }

  @Override
  public long nextDeadlineNs() {
    return live.stream().mapToLong(grant -> grant.endsNs).min().orElse(NodeEngine.NEVER);
  }
}
