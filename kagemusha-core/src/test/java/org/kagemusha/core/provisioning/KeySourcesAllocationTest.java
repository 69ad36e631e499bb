package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.KeysFixture.GRACE_NS;
import static org.kagemusha.core.provisioning.KeysFixture.HOME;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_A;
import static org.kagemusha.core.provisioning.KeysFixture.OTHER_HOME;
import static org.kagemusha.core.provisioning.KeysFixture.VM1;
import static org.kagemusha.core.provisioning.KeysFixture.VM2;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.StaticKeySource;

/** What is asked for each packet leaves no garbage. */
class KeySourcesAllocationTest {

  private static final int ROUNDS = 10_000;
  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final KeysFixture home = new KeysFixture().settings(VM1, VM2);
  private final Grant grant = home.grant(HOST_A, HOME);
  private final InboundSecurityAssociation inbound = home.pair(grant).inbound();

  private static int ask(KeySource keys, InboundSecurityAssociation opened, int times) {
    int there = 0;
    for (int i = 0; i < times; i++) {
      there += keys.associations(HOME, Purpose.PAYLOAD) == null ? 0 : 1;
      there += keys.associations(OTHER_HOME, Purpose.SIGNALLING) == null ? 0 : 1;
      there += keys.accepting(HOME, Purpose.PAYLOAD, opened) == null ? 0 : 1;
      there += keys.accepting(HOME, Purpose.SIGNALLING, opened) == null ? 0 : 1;
      there += keys.allowsClear(HOME, Purpose.PAYLOAD) ? 1 : 0;
      there += keys.nextDeadlineNs() > 0 ? 1 : 0;
    }
    return there;
  }

  private static void assertNoGarbage(
      KeySource keys, InboundSecurityAssociation opened, int answersEach) {
    ask(keys, opened, 2 * ROUNDS);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    int answers = ask(keys, opened, ROUNDS);
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertEquals(answersEach * ROUNDS, answers);
    assertTrue(allocated < ROUNDS, allocated + " octets for " + ROUNDS + " packets");
  }

  @Test
  void theHomeAgentsLeaveNone() {
    home.bind(grant, HOME);
    assertNoGarbage(home.keys, inbound, 4);
    assertNoGarbage(new CombinedKeySource(home.keys, new StaticKeySource()), inbound, 4);
    int managed = 0;
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < ROUNDS; i++) {
      managed += home.keys.manages(HOME) ? 1 : 0;
    }
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertEquals(ROUNDS, managed);
    assertTrue(allocated < ROUNDS, allocated + " octets");
  }

  @Test
  void theMobileNodesLeaveNone() {
    SecurityAssociationDatabase database = new SecurityAssociationDatabase();
    ProvisionedKeys keys = new ProvisionedKeys(database, GRACE_NS, (reason, nowNs) -> { });
    keys.install(grant, home.nowNs);
    assertNoGarbage(keys, database.inbound(grant.spi()), 5);
  }
}
