package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.KeysFixture.GRACE_NS;
import static org.kagemusha.core.provisioning.KeysFixture.HOME;
import static org.kagemusha.core.provisioning.KeysFixture.HOME_AGENT;
import static org.kagemusha.core.provisioning.KeysFixture.HOME_PREFIX;
import static org.kagemusha.core.provisioning.KeysFixture.SECOND_NS;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.provisioning.ProvisionedKeys.Installed;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

class ProvisionedKeysTest {

  private static final int VALID = 3600;

  private final SecurityAssociationDatabase database = new SecurityAssociationDatabase();
  private final List<String> wanted = new ArrayList<>();
  private long waitNs;
  private final ProvisionedKeys keys =
      new ProvisionedKeys(database, GRACE_NS, this::onWanted);
  private long nowNs = 5 * SECOND_NS;
  private int next = 0x1000;

  private void onWanted(String reason, long wait) {
    wanted.add(reason);
    waitNs = wait;
  }

  private Grant grant(boolean payloadProtected, long packets, long octets) {
    int spi = next++;
    byte[] out = new byte[20];
    byte[] in = new byte[20];
    out[0] = 1;
    in[0] = 2;
    return new Grant(
        spi, Ciphersuite.AES_128_GCM, out, in, payloadProtected, HOME_AGENT, HOME_PREFIX,
        List.of(HOME), VALID, packets, octets, 4500);
  }

  private Grant install(boolean payloadProtected) {
    Grant grant = grant(payloadProtected, 1L << 32, 1L << 36);
    assertEquals(Installed.OK, keys.install(grant, nowNs));
    return grant;
  }

  private SecurityAssociationPair signalling() {
    return keys.associations(HOME, Purpose.SIGNALLING);
  }

  private SecurityAssociationPair payload() {
    return keys.associations(HOME, Purpose.PAYLOAD);
  }

  private void use() {
    use(signalling());
  }

  private static void use(SecurityAssociationPair pair) {
    KeysFixture.sealed(pair, 100);
  }

  private void advance(long ns) {
    nowNs += ns;
    if (keys.nextDeadlineNs() <= nowNs) {
      keys.onDeadline(nowNs);
    }
  }

  private boolean believes(Grant grant) {
    return database.inbound(grant.spi()) != null
        && keys.accepting(HOME, Purpose.SIGNALLING, database.inbound(grant.spi())) != null;
  }

  private static void assertDestroyed(Grant grant) {
    assertArrayEquals(new byte[20], grant.keyToHomeAgent());
    assertArrayEquals(new byte[20], grant.keyToMobileNode());
  }

  @Test
  void withoutKeysEverythingIsDiscarded() {
    assertNull(signalling());
    assertNull(payload());
    assertNull(keys.current());
    assertNull(keys.accepting(HOME, Purpose.PAYLOAD, null));
    assertEquals(NodeEngine.NEVER, keys.renewalNs());
    assertEquals(NodeEngine.NEVER, keys.nextDeadlineNs());
  }

  @Test
  void theNewestIsSentWithFromItsInstallationOn() {
    Grant first = install(true);
    assertSame(first, keys.current());
    SecurityAssociationPair before = signalling();
    use();
    assertSame(before, payload(), "one pair for both");
    Grant second = install(true);
    assertSame(second, keys.current());
    assertNotEquals(before, signalling());
    assertEquals(second.spi(), signalling().outbound().spi());
  }

  @Test
  void theOlderIsBelievedUntilTheNewerIsAcknowledgedAndAGraceLonger() {
    Grant first = install(true);
    use();
    keys.inForce(HOME, signalling(), nowNs);
    advance(SECOND_NS);
    Grant second = install(true);
    advance(1000 * SECOND_NS);
    assertTrue(believes(first), "nothing was acknowledged under the second yet");
    use();
    keys.inForce(HOME, signalling(), nowNs);
    advance(GRACE_NS - 1);
    assertTrue(believes(first));
    assertNotEquals(0, first.keyToHomeAgent()[0]);
    assertEquals(nowNs + 1, keys.nextDeadlineNs());
    advance(1);
    assertFalse(believes(first));
    assertNull(database.inbound(first.spi()));
    assertDestroyed(first);
    assertTrue(believes(second));
    assertTrue(wanted.isEmpty(), "nothing is wanted: " + wanted);
  }

  @Test
  void anAcknowledgementUnderTheOlderEndsNothing() {
    Grant first = install(true);
    use();
    SecurityAssociationPair older = signalling();
    Grant second = install(true);
    keys.inForce(HOME, older, nowNs);
    advance(2 * GRACE_NS);
    assertTrue(believes(first));
    assertTrue(believes(second));
    assertSame(second, keys.current());
  }

  @Test
  void theOlderEndsWithItsOwnTimeIfNothingIsAcknowledged() {
    Grant first = install(true);
    use();
    advance(100 * SECOND_NS);
    install(true);
    use();
    advance((VALID - 100) * SECOND_NS - 1);
    assertTrue(believes(first));
    advance(1);
    assertFalse(believes(first));
    assertTrue(wanted.isEmpty());
  }

  @Test
  void anUnusedStandbyIsReplacedAtOnce() {
    Grant standby = install(true);
    Grant next = install(true);
    assertFalse(believes(standby));
    assertDestroyed(standby);
    assertEquals(1, database.size());
    assertEquals(1, keys.held(nowNs).size());
    assertSame(next, keys.held(nowNs).get(0).grant());
  }

  @Test
  void noMoreAreHeldThanAHomeAgentHolds() {
    Grant first = install(true);
    use();
    for (int i = 0; i < GrantedKeys.MOST_GRANTS; i++) {
      install(true);
      use();
    }
    assertEquals(GrantedKeys.MOST_GRANTS, database.size());
    assertEquals(GrantedKeys.MOST_GRANTS, keys.held(nowNs).size());
    assertFalse(believes(first), "the oldest has ended");
    assertDestroyed(first);
  }

  @ParameterizedTest
  @ValueSource(ints = {0x100, 0x17f, 0x1ff, 0x0fff_ffff, 0x0fff_ff00})
  void theNextIsWantedBetweenSixtyAndSixtySevenPercentOfTheTime(int spi) {
    next = spi;
    install(true);
    double share = (keys.renewalNs() - nowNs) / (double) (VALID * SECOND_NS);
    assertTrue(share >= 0.6 && share <= 0.67, "at " + share);
  }

  @Test
  void rfc4301_s4_4_2_1_theSoftLimitOfPacketsAsksOnceAndTheHardOneEnds() {
    Grant grant = grant(true, 1000, 1L << 36);
    keys.install(grant, nowNs);
    for (int i = 0; i < 749; i++) {
      use();
    }
    advance(SECOND_NS);
    assertTrue(wanted.isEmpty());
    use();
    advance(SECOND_NS);
    assertEquals(1, wanted.size());
    for (int i = 0; i < 250; i++) {
      use();
      advance(SECOND_NS);
    }
    assertEquals(1, wanted.size(), "asked once: " + wanted);
    assertEquals(
        DropReason.ASSOCIATION_EXPIRED,
        payload().outbound().seal(PacketBuffer.copyOf(new byte[1]), Protocol.IPV6));
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
  }

  @Test
  void rfc4301_s4_4_2_1_theSoftLimitOfOctetsAsksOnce() {
    keys.install(grant(true, 1000, 1000), nowNs);
    for (int i = 0; i < 7; i++) {
      use();
    }
    advance(SECOND_NS);
    assertTrue(wanted.isEmpty());
    use();
    advance(SECOND_NS);
    advance(SECOND_NS);
    assertEquals(1, wanted.size());
  }

  @Test
  void whatIsReceivedCountsForTheSoftLimit() {
    KeysFixture home = new KeysFixture();
    home.maximumPackets = 8;
    home.settings(KeysFixture.VM1);
    Grant grant = home.grant(KeysFixture.HOST_A, HOME);
    keys.install(grant, nowNs);
    for (int i = 0; i < 6; i++) {
      assertTrue(wanted.isEmpty());
      assertNull(KeysFixture.pass(home.pair(grant), payload()));
      advance(SECOND_NS);
    }
    assertEquals(1, wanted.size());
  }

  /** The loop compares deadlines by difference, so one before all time would be one of never. */
  @Test
  void aLimitThatComesFastIsSeenBeforeTheSecondIsOverAndIsATimeThatHasBeen() {
    keys.install(grant(true, 1000, 1L << 36), nowNs);
    nowNs += SECOND_NS / 10;
    for (int i = 0; i < 900; i++) {
      use(payload());
    }
    assertTrue(keys.nextDeadlineNs() <= nowNs);
    assertTrue(keys.nextDeadlineNs() - nowNs <= 0);
    assertTrue(keys.nextDeadlineNs() >= 5 * SECOND_NS);
    advance(0);
    assertEquals(1, wanted.size());
    assertTrue(keys.nextDeadlineNs() > nowNs);
  }

  @Test
  void aNewGrantHasItsOwnSoftLimit() {
    for (int round = 1; round <= 2; round++) {
      keys.install(grant(true, 4, 1000), nowNs);
      use();
      use();
      use();
      advance(SECOND_NS);
      assertEquals(round, wanted.size());
    }
  }

  @Test
  void aDoubtAsksAtMostEveryTenSeconds() {
    install(true);
    for (int i = 0; i < 100; i++) {
      keys.inDoubt(HOME, nowNs);
    }
    assertEquals(1, wanted.size());
    advance(10 * SECOND_NS - 1);
    keys.inDoubt(HOME, nowNs);
    assertEquals(1, wanted.size());
    advance(1);
    keys.inDoubt(HOME, nowNs);
    keys.inDoubt(HOME, nowNs);
    assertEquals(2, wanted.size());
    assertNotNull(signalling(), "a doubt, which anybody can raise, ends nothing");
  }

  @Test
  void anAbandonedVmsKeysEndAndOthersAreWanted() {
    Grant used = install(true);
    use();
    SecurityAssociationPair pair = signalling();
    keys.abandoned(nowNs);
    assertNull(payload());
    assertNull(keys.current());
    assertEquals(0, database.size());
    assertDestroyed(used);
    assertEquals(
        DropReason.ASSOCIATION_EXPIRED,
        pair.outbound().seal(PacketBuffer.copyOf(new byte[1]), Protocol.IPV6));
    assertEquals(1, wanted.size());
    assertEquals(ProvisionedKeys.CALM_NS, waitNs, "the move comes first");
    keys.abandoned(nowNs);
    assertEquals(1, wanted.size(), "there was nothing left to abandon");
    assertNull(signalling());
  }

  @Test
  void aVmThatIsBackBeforeKeysWereAskedForNeedsThemNow() {
    install(true);
    use();
    keys.departed(nowNs);
    assertEquals(ProvisionedKeys.CALM_NS, waitNs);
    assertNull(payload());
    assertEquals(1, wanted.size(), "packets that are still under way need none");
    assertNull(signalling());
    assertEquals(2, wanted.size());
    assertEquals(0, waitNs);
    assertNull(signalling());
    assertEquals(2, wanted.size(), "once");
  }

  @Test
  void keysThatEndedOtherwiseAreWantedAtOnceAndOnce() {
    install(true);
    advance(VALID * SECOND_NS);
    assertEquals(List.of("expired"), wanted);
    assertEquals(0, waitNs);
    assertNull(signalling());
    assertEquals(1, wanted.size());
  }

  @Test
  void anAbandonedVmLeavesTheUnusedStandby() {
    Grant used = install(true);
    use();
    Grant standby = install(true);
    keys.abandoned(nowNs);
    assertFalse(believes(used));
    assertTrue(believes(standby));
    assertSame(standby, keys.current());
    assertTrue(wanted.isEmpty());
  }

  @Test
  void rfc4301_s4_4_2_1_expiryIsHardAtItsTimeWithoutAnyPacket() {
    Grant grant = install(true);
    SecurityAssociationPair pair = signalling();
    use();
    while (nowNs < 5 * SECOND_NS + VALID * SECOND_NS - 1) {
      advance(Math.min(keys.nextDeadlineNs(), 5 * SECOND_NS + VALID * SECOND_NS - 1) - nowNs);
    }
    assertSame(pair, signalling());
    assertEquals(nowNs + 1, keys.nextDeadlineNs());
    advance(1);
    assertNull(signalling());
    assertNull(payload());
    assertDestroyed(grant);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
    assertFalse(keys.allowsClear(HOME, Purpose.SIGNALLING));
    assertEquals(List.of("expired"), wanted);
    assertEquals(NodeEngine.NEVER, keys.nextDeadlineNs());
    assertEquals(NodeEngine.NEVER, keys.renewalNs());
  }

  @ParameterizedTest
  @CsvSource({
    "DISABLED, false, true", "OPPORTUNISTIC, false, true", "DISABLED, true, false",
    "OPPORTUNISTIC, true, false", "REQUIRED, true, false"
  })
  void rfc6618_s5_6_4_theControllersWordDecidesWhetherPayloadIsClear(
      PayloadProtection policy, boolean payloadProtected, boolean clear) {
    keys.policy(policy);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD), "not before it has said so");
    install(payloadProtected);
    assertEquals(clear, keys.allowsClear(HOME, Purpose.PAYLOAD));
    assertEquals(!clear, payload() != null);
    assertFalse(keys.allowsClear(HOME, Purpose.SIGNALLING));
    assertNotNull(signalling());
    assertEquals(
        !clear, keys.accepting(HOME, Purpose.PAYLOAD, signalling().inbound()) != null);
    keys.policy(PayloadProtection.REQUIRED);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
    keys.policy(policy);
    advance(VALID * SECOND_NS);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD), "not after it has expired");
    assertFalse(keys.allowsClear(HOME, Purpose.SIGNALLING));
  }

  @ParameterizedTest
  @EnumSource(PayloadProtection.class)
  void clearPayloadEndsWithAbandonedKeys(PayloadProtection policy) {
    keys.policy(policy);
    keys.install(grant(policy == PayloadProtection.REQUIRED, 10, 1000), nowNs);
    use();
    keys.abandoned(nowNs);
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
  }

  @Test
  void aGrantWithoutProtectionIsRefusedWhereItIsRequired() {
    keys.policy(PayloadProtection.REQUIRED);
    Grant held = install(true);
    Grant grant = grant(false, 10, 1000);
    assertEquals(Installed.SCOPE_REFUSED, keys.install(grant, nowNs));
    assertSame(held, keys.current());
    assertEquals(1, database.size());
    assertNotEquals(0, grant.keyToHomeAgent()[0], "it stays the caller's");
    assertFalse(Installed.SCOPE_REFUSED.reason().isEmpty());
  }

  @Test
  void anSpiThatIsInUseIsRefused() {
    Grant held = install(true);
    next = held.spi();
    assertEquals(Installed.SPI_IN_USE, keys.install(grant(true, 10, 1000), nowNs));
    assertSame(held, keys.current());
    assertTrue(believes(held));
  }

  @Test
  void strangersAssociationsAreNotBelieved() {
    install(true);
    KeysFixture home = new KeysFixture().settings(KeysFixture.VM1);
    Grant other = home.grant(KeysFixture.HOST_A, HOME);
    assertNull(keys.accepting(HOME, Purpose.SIGNALLING, home.pair(other).inbound()));
    keys.inForce(HOME, home.pair(other), nowNs);
    assertNotNull(signalling());
  }

  @Test
  void destroyedAllEndsAndNothingIsWanted() {
    Grant first = install(true);
    use();
    Grant second = install(false);
    keys.destroy();
    assertDestroyed(first);
    assertDestroyed(second);
    assertEquals(0, database.size());
    assertTrue(wanted.isEmpty());
    assertFalse(keys.allowsClear(HOME, Purpose.PAYLOAD));
  }

  @Test
  void whatIsHeldIsReported() {
    install(true);
    assertEquals("standby", keys.held(nowNs).get(0).state());
    use();
    assertEquals("in-force", keys.held(nowNs).get(0).state());
    advance(SECOND_NS);
    install(true);
    List<HeldGrant> held = keys.held(nowNs);
    assertEquals("standby", held.get(0).state());
    assertEquals(VALID, held.get(0).remainingSeconds());
    assertEquals("ending", held.get(1).state());
    assertEquals(VALID - 1, held.get(1).remainingSeconds());
    assertEquals(List.of(HOME), held.get(1).homeAddresses());
  }
}
