package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** A home agent that grants keys, hosts that may have them, and a clock that is turned by hand. */
final class KeysFixture implements GrantedKeys.Listener {

  static final long SECOND_NS = 1_000_000_000L;
  static final long GRACE_NS = 5 * SECOND_NS;
  static final int VALID_SECONDS = 3600;
  static final long WALL_MS = 1_800_000_000_000L;

  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  static final Ipv6Prefix HOME_PREFIX = Ipv6Prefix.parse("2001:db8:2000::/64");
  static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address SECOND_HOME = Ipv6Address.parse("2001:db8:2000::11");
  static final Ipv6Address OTHER_HOME = Ipv6Address.parse("2001:db8:2000::20");
  static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:a::1");

  static final CertificateRule RULE_A = new CertificateRule("hv-a", "CN=hv-a", null, null);
  static final CertificateRule RULE_B = new CertificateRule("hv-b", null, "dns:hv-b", "CN=CA");
  static final PeerIdentity HOST_A = peer("CN=hv-a", "dns:hv-a");
  static final PeerIdentity HOST_B = peer("CN=hv-b", "dns:hv-b");

  static final ProvisionedNode VM1 =
      node("vm1", PayloadProtection.OPPORTUNISTIC, List.of(RULE_A, RULE_B), HOME, SECOND_HOME);
  static final ProvisionedNode VM2 =
      node("vm2", PayloadProtection.REQUIRED, List.of(RULE_B), OTHER_HOME);

  /** Keys that ended, and what was said about it. */
  record Ended(int spi, String reason, List<Ipv6Address> bound) {}

  final SecurityAssociationDatabase database = new SecurityAssociationDatabase();
  final List<Ended> ended = new ArrayList<>();
  final List<HeldGrant> granted = new ArrayList<>();
  final List<String> refused = new ArrayList<>();
  final GrantedKeys keys;
  long nowNs = 11 * SECOND_NS;
  long maximumPackets = 1L << 32;
  long maximumOctets = 1L << 36;

  KeysFixture() {
    this(new SecureRandom());
  }

  KeysFixture(SecureRandom random) {
    keys = new GrantedKeys(database, random, () -> WALL_MS, this);
  }

  /** A certificate that is valid for a year yet. */
  static PeerIdentity peer(String subject, String alternativeName) {
    return new PeerIdentity(
        subject, List.of(alternativeName), "CN=CA", "1f", WALL_MS + 31_536_000_000L);
  }

  static ProvisionedNode node(
      String name, PayloadProtection payload, List<CertificateRule> hosts, Ipv6Address... homes) {
    List<Ipv6Prefix> prefixes = new ArrayList<>();
    for (Ipv6Address home : homes) {
      prefixes.add(new Ipv6Prefix(home, 128));
    }
    return new ProvisionedNode(name, prefixes, List.of(), payload, hosts);
  }

  KeysFixture settings(ProvisionedNode... nodes) {
    keys.settings(
        new ControllerSettings(
            HOME_AGENT, HOME_PREFIX, 4500,
            List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM), VALID_SECONDS,
            maximumPackets, maximumOctets, (int) (GRACE_NS / SECOND_NS), List.of(nodes)),
        nowNs);
    return this;
  }

  static ProvisioningRequest request(boolean payloadProtected, Ipv6Address... homes) {
    return new ProvisioningRequest(
        "vm1@hv-a", List.of(homes), CARE_OF, payloadProtected,
        List.of(Ciphersuite.AES_128_GCM, Ciphersuite.AES_256_GCM));
  }

  ControllerDecision decide(PeerIdentity peer, ProvisioningRequest request) {
    return keys.decide(peer, request, nowNs);
  }

  /** A grant whose payload is protected. */
  Grant grant(PeerIdentity peer, Ipv6Address... homes) {
    return grant(peer, request(true, homes));
  }

  Grant grant(PeerIdentity peer, ProvisioningRequest request) {
    ControllerDecision decision = decide(peer, request);
    return assertInstanceOf(ControllerDecision.Granted.class, decision, decision::toString)
        .grant();
  }

  ControllerDecision.Refused refuse(PeerIdentity peer, ProvisioningRequest request) {
    int before = granted.size();
    ControllerDecision.Refused answer =
        assertInstanceOf(ControllerDecision.Refused.class, decide(peer, request));
    assertEquals(before, granted.size());
    assertEquals(answer.reason(), refused.get(refused.size() - 1));
    return answer;
  }

  /** The home agent's pair of a grant. */
  SecurityAssociationPair pair(Grant grant) {
    InboundSecurityAssociation inbound = database.inbound(grant.spi());
    return inbound == null ? null : inbound.pair();
  }

  /** A Binding Update of a home address is accepted under a grant. */
  void bind(Grant grant, Ipv6Address home) {
    SecurityAssociationPair pair = pair(grant);
    assertNotNull(pair, "no pair of it");
    assertEquals(pair, keys.accepting(home, Purpose.SIGNALLING, pair.inbound()));
    keys.inForce(home, pair, nowNs);
  }

  void advance(long ns) {
    nowNs += ns;
    if (keys.nextDeadlineNs() <= nowNs) {
      keys.onDeadline(nowNs);
    }
  }

  /** Seals some octets. */
  static PacketBuffer sealed(SecurityAssociationPair pair, int octets) {
    PacketBuffer packet = PacketBuffer.copyOf(new byte[octets]);
    assertNull(pair.outbound().seal(packet, Protocol.IPV6));
    return packet;
  }

  /** Seals at one end and opens at the other. */
  static DropReason pass(SecurityAssociationPair from, SecurityAssociationPair to) {
    return to.inbound().open(sealed(from, 100));
  }

  @Override
  public void onGranted(HeldGrant grant, PeerIdentity peer, ProvisioningRequest request) {
    granted.add(grant);
  }

  @Override
  public void onRefused(PeerIdentity peer, ProvisioningRequest request, String reason) {
    refused.add(reason);
  }

  @Override
  public void onEnded(
      HeldGrant grant, PeerIdentity peer, String reason, List<Ipv6Address> bound) {
    ended.add(new Ended(grant.grant().spi(), reason, bound));
  }
}
