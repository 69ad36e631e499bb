package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.KeysFixture.GRACE_NS;
import static org.kagemusha.core.provisioning.KeysFixture.HOME;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_A;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_B;
import static org.kagemusha.core.provisioning.KeysFixture.OTHER_HOME;
import static org.kagemusha.core.provisioning.KeysFixture.RULE_A;
import static org.kagemusha.core.provisioning.KeysFixture.RULE_B;
import static org.kagemusha.core.provisioning.KeysFixture.SECOND_HOME;
import static org.kagemusha.core.provisioning.KeysFixture.SECOND_NS;
import static org.kagemusha.core.provisioning.KeysFixture.VALID_SECONDS;
import static org.kagemusha.core.provisioning.KeysFixture.VM1;
import static org.kagemusha.core.provisioning.KeysFixture.VM2;
import static org.kagemusha.core.provisioning.KeysFixture.node;
import static org.kagemusha.core.provisioning.KeysFixture.peer;
import static org.kagemusha.core.provisioning.KeysFixture.request;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.StaticKeySource;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.provisioning.KeysFixture.Ended;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/** What becomes of keys that a home agent granted. */
class GrantedKeysTest {

  private final KeysFixture home = new KeysFixture().settings(VM1, VM2);
  private final GrantedKeys keys = home.keys;

  private SecurityAssociationPair sending(Ipv6Address address) {
    return keys.associations(address, Purpose.SIGNALLING);
  }

  private boolean lives(Grant grant) {
    return home.pair(grant) != null;
  }

  private void assertOver(Ipv6Address address) {
    assertNull(sending(address));
    assertNull(keys.associations(address, Purpose.PAYLOAD));
    assertFalse(keys.allowsClear(address, Purpose.PAYLOAD));
    assertFalse(keys.allowsClear(address, Purpose.SIGNALLING));
  }

  private void assertEndedOnce(Grant grant, String reason, Ipv6Address... bound) {
    List<Ended> of = home.ended.stream().filter(one -> one.spi() == grant.spi()).toList();
    assertEquals(List.of(new Ended(grant.spi(), reason, List.of(bound))), of);
  }

  @Test
  void aGrantIsBelievedAtOnceAndSentWithOnceABindingUpdateWasAccepted() {
    Grant grant = home.grant(HOST_A, HOME);
    assertOver(HOME);
    SecurityAssociationPair pair = home.pair(grant);
    assertSame(pair, keys.accepting(HOME, Purpose.SIGNALLING, pair.inbound()));
    assertSame(pair, keys.accepting(HOME, Purpose.PAYLOAD, pair.inbound()));
    home.bind(grant, HOME);
    assertSame(pair, sending(HOME));
    assertSame(pair, keys.associations(HOME, Purpose.PAYLOAD));
    assertNull(sending(SECOND_HOME), "each home address has its own binding");
  }

  @Test
  void aGrantCoversAllHomeAddressesOfItsNodeAndNoOthers() {
    Grant grant = home.grant(HOST_B, HOME);
    SecurityAssociationPair pair = home.pair(grant);
    assertSame(pair, keys.accepting(SECOND_HOME, Purpose.SIGNALLING, pair.inbound()));
    assertNull(keys.accepting(OTHER_HOME, Purpose.SIGNALLING, pair.inbound()));
    assertNull(keys.accepting(OTHER_HOME, Purpose.PAYLOAD, pair.inbound()));
    assertNull(
        keys.accepting(
            Ipv6Address.parse("2001:db8:2000::99"), Purpose.SIGNALLING, pair.inbound()));
    assertNull(keys.accepting(HOME, Purpose.SIGNALLING, null));
  }

  @Test
  void rfc6618_s5_6_4_scopeZeroProtectsSignallingOnly() {
    Grant grant = home.grant(HOST_A, request(false, HOME));
    SecurityAssociationPair pair = home.pair(grant);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD), "not before it is in force");
    home.bind(grant, HOME);
    assertSame(pair, sending(HOME));
    assertNull(keys.associations(HOME, Purpose.PAYLOAD));
    assertNull(keys.accepting(HOME, Purpose.PAYLOAD, pair.inbound()));
    assertTrue(keys.allowsClear(HOME, Purpose.PAYLOAD));
    assertFalse(keys.allowsClear(HOME, Purpose.SIGNALLING));
    assertFalse(keys.allowsClear(SECOND_HOME, Purpose.PAYLOAD));
    home.advance(VALID_SECONDS * SECOND_NS);
    assertOver(HOME);
  }

  @Test
  void scopeZeroEndsWhenAPairOfScopeOneIsInForce() {
    home.bind(home.grant(HOST_A, request(false, HOME)), HOME);
    home.bind(home.grant(HOST_B, HOME), HOME);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
    assertNotNull(keys.associations(HOME, Purpose.PAYLOAD));
  }

  @Test
  void theFormerPlacesPairLivesForTheGraceOnly() {
    Grant a = home.grant(HOST_A, HOME);
    Grant b = home.grant(HOST_B, HOME);
    home.bind(a, HOME);
    SecurityAssociationPair former = home.pair(a);
    home.bind(b, HOME);
    assertSame(home.pair(b), sending(HOME));
    home.advance(GRACE_NS - 1);
    assertSame(former, keys.accepting(HOME, Purpose.PAYLOAD, former.inbound()));
    assertEquals(home.nowNs + 1, keys.nextDeadlineNs());
    home.advance(1);
    assertFalse(lives(a));
    assertNull(keys.accepting(HOME, Purpose.PAYLOAD, former.inbound()));
    // The binding has gone over to the other keys: nothing is lost with these.
    assertEndedOnce(a, "replaced");
    assertSame(home.pair(b), sending(HOME));
  }

  @Test
  void aStandbyOfAnotherHostStaysWhenTheVmMoves() {
    Grant a = home.grant(HOST_A, HOME);
    Grant b = home.grant(HOST_B, HOME);
    home.bind(a, HOME);
    home.advance(2 * GRACE_NS);
    assertTrue(lives(b));
    home.advance((VALID_SECONDS - 10) * SECOND_NS - 1);
    assertTrue(lives(b));
    home.advance(1);
    assertFalse(lives(b));
    assertEndedOnce(b, "expired");
  }

  @Test
  void aVmThatComesBackBeforeTheGraceEndsHasItsKeysAgain() {
    Grant a = home.grant(HOST_A, HOME);
    Grant b = home.grant(HOST_B, HOME);
    home.bind(a, HOME);
    home.bind(b, HOME);
    home.advance(GRACE_NS / 2);
    home.bind(a, HOME);
    home.advance(GRACE_NS);
    assertTrue(lives(a));
    assertSame(home.pair(a), sending(HOME));
    assertFalse(lives(b));
    assertEndedOnce(b, "replaced");
    home.advance(VALID_SECONDS * SECOND_NS);
    assertEndedOnce(a, "expired", HOME);
    assertOver(HOME);
  }

  @Test
  void bothHomeAddressesFollowOneAfterTheOther() {
    Grant a = home.grant(HOST_A, HOME, SECOND_HOME);
    Grant b = home.grant(HOST_B, HOME, SECOND_HOME);
    home.bind(a, HOME);
    home.bind(a, SECOND_HOME);
    home.bind(b, HOME);
    assertSame(home.pair(a), sending(SECOND_HOME));
    home.advance(GRACE_NS);
    assertEndedOnce(a, "replaced", SECOND_HOME);
    assertOver(SECOND_HOME);
    assertSame(home.pair(b), sending(HOME));
  }

  @Test
  void sameHostsUnusedGrantIsReplacedAtOnce() {
    Grant first = home.grant(HOST_A, HOME);
    Grant other = home.grant(HOST_B, HOME);
    Grant second = home.grant(HOST_A, HOME);
    assertFalse(lives(first));
    assertEndedOnce(first, "replaced");
    assertTrue(lives(other));
    assertTrue(lives(second));
  }

  @Test
  void sameHostsGrantInForceStaysUntilTheNextOneIs() {
    Grant first = home.grant(HOST_A, HOME);
    home.bind(first, HOME);
    Grant second = home.grant(HOST_A, HOME);
    assertSame(home.pair(first), sending(HOME));
    home.advance(100 * SECOND_NS);
    assertSame(home.pair(first), sending(HOME));
    home.bind(second, HOME);
    home.advance(GRACE_NS);
    assertFalse(lives(first));
    assertEndedOnce(first, "replaced");
  }

  @Test
  void aNodeHasEightPairsAtMost() {
    List<CertificateRule> rules = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      rules.add(new CertificateRule("h" + i, "CN=h" + i, null, null));
    }
    home.settings(node("vm1", PayloadProtection.OPPORTUNISTIC, rules, HOME));
    List<Grant> grants = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      grants.add(home.grant(peer("CN=h" + i, "dns:h" + i), HOME));
      if (i == 0) {
        home.bind(grants.get(0), HOME);
      }
      assertTrue(home.database.size() <= GrantedKeys.MOST_GRANTS);
    }
    assertEquals(GrantedKeys.MOST_GRANTS, home.database.size());
    assertSame(home.pair(grants.get(0)), sending(HOME), "what is in force stays");
    assertFalse(lives(grants.get(1)), "the oldest standby goes");
    assertFalse(lives(grants.get(2)));
    assertTrue(lives(grants.get(3)));
    assertTrue(lives(grants.get(9)));
  }

  @Test
  void pairsInTheirGraceMakeRoom() {
    List<CertificateRule> rules = new ArrayList<>();
    Ipv6Address[] homes = new Ipv6Address[9];
    for (int i = 0; i < 9; i++) {
      rules.add(new CertificateRule("h" + i, "CN=h" + i, null, null));
      homes[i] = new Ipv6Address(HOME.high(), 0x100 + i);
    }
    home.settings(node("vm1", PayloadProtection.REQUIRED, rules, homes));
    Grant last = null;
    for (int i = 0; i < 8; i++) {
      last = home.grant(peer("CN=h" + i, "dns:h"), homes);
      home.bind(last, homes[i]);
    }
    Grant ninth = home.grant(peer("CN=h8", "dns:h"), homes);
    assertTrue(lives(ninth));
    assertTrue(lives(last));
    assertEquals(GrantedKeys.MOST_GRANTS, home.database.size());
  }

  @Test
  void expiryIsHardAtItsTimeAndTellsOnceWhatWasBound() {
    Grant grant = home.grant(HOST_A, HOME, SECOND_HOME);
    home.bind(grant, HOME);
    home.bind(grant, SECOND_HOME);
    home.bind(grant, HOME);
    home.advance(VALID_SECONDS * SECOND_NS - 1);
    assertNotNull(sending(HOME));
    assertEquals(home.nowNs + 1, keys.nextDeadlineNs());
    Grant held = keys.held(home.nowNs).get(0).grant();
    home.advance(1);
    assertOver(HOME);
    assertOver(SECOND_HOME);
    assertEquals(0, home.database.size());
    assertEquals(NodeEngine.NEVER, keys.nextDeadlineNs());
    assertEquals(1, home.ended.size());
    assertEquals("expired", home.ended.get(0).reason());
    assertEquals(List.of(SECOND_HOME, HOME), home.ended.get(0).bound());
    assertEquals(0, held.keyToHomeAgent()[0] | held.keyToMobileNode()[31]);
    home.advance(10 * SECOND_NS);
    assertEquals(1, home.ended.size());
  }

  @Test
  void aRevokedHostsKeysEndAtOnce() {
    Grant a = home.grant(HOST_A, HOME);
    Grant b = home.grant(HOST_B, OTHER_HOME);
    home.bind(a, HOME);
    home.bind(b, OTHER_HOME);
    keys.revoke(peer -> peer.subject().equals("CN=hv-a"), home.nowNs);
    assertOver(HOME);
    assertEndedOnce(a, "revoked", HOME);
    assertTrue(lives(b));
    keys.revoke(peer -> peer.subject().equals("CN=hv-a"), home.nowNs);
    assertEquals(1, home.ended.size());
  }

  @Test
  void anUnchangedConfigurationWithdrawsNothing() {
    Grant grant = home.grant(HOST_A, HOME);
    home.bind(grant, HOME);
    home.settings(VM2, VM1);
    assertTrue(lives(grant));
    assertTrue(home.ended.isEmpty());
  }

  private void assertWithdrawnBy(ProvisionedNode... changed) {
    Grant grant = home.grant(HOST_A, request(false, HOME));
    home.bind(grant, HOME);
    home.settings(changed);
    assertOver(HOME);
    assertFalse(lives(grant));
    assertEndedOnce(grant, "withdrawn", HOME);
  }

  @Test
  void aHostWhoseLineIsRemovedLosesItsKeysAtOnce() {
    assertWithdrawnBy(node("vm1", PayloadProtection.OPPORTUNISTIC, List.of(RULE_B), HOME));
  }

  @Test
  void aNodeThatIsRemovedLosesItsKeysAtOnce() {
    assertWithdrawnBy(VM2);
    assertFalse(keys.manages(HOME));
  }

  @Test
  void aHomeAddressThatAnotherNodeHasNowIsLost() {
    assertWithdrawnBy(
        node("vm1", PayloadProtection.OPPORTUNISTIC, List.of(RULE_A), SECOND_HOME),
        node("vm3", PayloadProtection.OPPORTUNISTIC, List.of(RULE_A), HOME));
  }

  @Test
  void aPlaceThatIsNotAllowedAnyMoreLosesItsKeysAtOnce() {
    assertWithdrawnBy(
        new ProvisionedNode(
            "vm1", VM1.homeAddresses(), List.of(Ipv6Prefix.parse("2001:db8:b::/48")),
            VM1.payload(), VM1.hosts()));
  }

  @Test
  void clearPayloadEndsAtOnceWhereItIsProtectedFromNowOn() {
    assertWithdrawnBy(node("vm1", PayloadProtection.REQUIRED, VM1.hosts(), HOME));
  }

  @Test
  void protectedPayloadStaysWhereItIsRequiredFromNowOn() {
    Grant grant = home.grant(HOST_A, HOME);
    home.bind(grant, HOME);
    home.settings(node("vm1", PayloadProtection.REQUIRED, VM1.hosts(), HOME));
    assertTrue(lives(grant));
    assertNotNull(sending(HOME));
  }

  @Test
  void anAddressThatWasBoundButNotNamedIsWithdrawnWithItsNode() {
    Grant grant = home.grant(HOST_A, HOME);
    home.bind(grant, SECOND_HOME);
    home.settings(node("vm1", PayloadProtection.OPPORTUNISTIC, VM1.hosts(), HOME));
    assertOver(SECOND_HOME);
    assertEndedOnce(grant, "withdrawn", SECOND_HOME);
  }

  /** A host may ask for keys every second for a week: what has ended must not be kept. */
  @Test
  void nothingIsLeftOfGrantsThatHaveEnded() {
    for (int i = 0; i < 100; i++) {
      home.grant(HOST_A, HOME);
      home.advance(SECOND_NS);
    }
    assertEquals(1, home.database.size());
    keys.revoke(peer -> true, home.nowNs);
    assertEquals(NodeEngine.NEVER, keys.nextDeadlineNs());
  }

  @Test
  void destroyedAllEndsAndNobodyIsTold() {
    Grant grant = home.grant(HOST_A, HOME);
    home.bind(grant, HOME);
    home.grant(HOST_B, OTHER_HOME);
    keys.destroy();
    assertOver(HOME);
    assertEquals(0, home.database.size());
    assertTrue(home.ended.isEmpty());
    assertEquals(NodeEngine.NEVER, keys.nextDeadlineNs());
  }

  @Test
  void strangersAssociationsAreNotPutInForce() {
    KeysFixture other = new KeysFixture().settings(VM1);
    Grant foreign = other.grant(HOST_A, HOME);
    keys.inForce(HOME, other.pair(foreign), home.nowNs);
    assertOver(HOME);
    Grant ended = home.grant(HOST_A, HOME);
    SecurityAssociationPair pair = home.pair(ended);
    keys.revoke(peer -> true, home.nowNs);
    keys.inForce(HOME, pair, home.nowNs);
    assertOver(HOME);
  }

  @Test
  void whatIsHeldIsReported() {
    Grant grant = home.grant(HOST_A, HOME);
    HeldGrant standby = keys.held(home.nowNs).get(0);
    assertEquals("standby", standby.state());
    assertEquals(List.of(), standby.homeAddresses());
    home.bind(grant, HOME);
    home.advance(SECOND_NS);
    HeldGrant held = keys.held(home.nowNs).get(0);
    assertEquals("in-force", held.state());
    assertEquals("vm1", held.node());
    assertEquals("hv-a", held.host());
    assertEquals(VALID_SECONDS - 1, held.remainingSeconds());
    assertEquals(List.of(HOME), held.homeAddresses());
    home.bind(home.grant(HOST_B, HOME), HOME);
    assertEquals(
        List.of("ending", "in-force"),
        keys.held(home.nowNs).stream().map(HeldGrant::state).toList());
  }

  @Test
  void staticKeysServeWhatIsNotManaged() {
    Ipv6Address other = Ipv6Address.parse("2001:db8:2000::99");
    CombinedKeySource both = new CombinedKeySource(keys, new StaticKeySource());
    assertTrue(both.allowsClear(other, Purpose.PAYLOAD));
    assertFalse(both.allowsClear(HOME, Purpose.PAYLOAD));
    assertFalse(both.allowsClear(HOME, Purpose.SIGNALLING));
    Grant grant = home.grant(HOST_A, HOME);
    SecurityAssociationPair pair = home.pair(grant);
    assertSame(pair, both.accepting(HOME, Purpose.SIGNALLING, pair.inbound()));
    assertNull(both.accepting(other, Purpose.SIGNALLING, pair.inbound()));
    both.inForce(HOME, pair, home.nowNs);
    assertSame(pair, both.associations(HOME, Purpose.PAYLOAD));
    assertNull(both.associations(other, Purpose.PAYLOAD));
    assertEquals(keys.nextDeadlineNs(), both.nextDeadlineNs());
    both.onDeadline(both.nextDeadlineNs());
    assertEndedOnce(grant, "expired", HOME);
  }
}
