package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.kagemusha.core.provisioning.KeysFixture.GRACE_NS;
import static org.kagemusha.core.provisioning.KeysFixture.HOME;
import static org.kagemusha.core.provisioning.KeysFixture.HOST_A;
import static org.kagemusha.core.provisioning.KeysFixture.OTHER_HOME;
import static org.kagemusha.core.provisioning.KeysFixture.VM1;
import static org.kagemusha.core.provisioning.KeysFixture.WALL_MS;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * RFC 6618 §5.8: from the first message to a packet each way under the keys that were agreed on.
 */
class ProvisioningEndToEndTest {

  private final KeysFixture home = new KeysFixture().settings(VM1);
  private final SecurityAssociationDatabase database = new SecurityAssociationDatabase();
  private final ProvisionedKeys node =
      new ProvisionedKeys(database, GRACE_NS, (reason, nowNs) -> { });

  /** Both ends' sessions, joined without TLS. */
  private MobileNodeExchange.Step exchange(ProvisioningRequest request) {
    MobileNodeExchange asking = new MobileNodeExchange(request, new SecureRandom());
    ControllerExchange answering =
        new ControllerExchange(HOST_A, new SecureRandom(), () -> WALL_MS);
    byte[] toController = asking.start();
    while (true) {
      ControllerExchange.Step step = answering.onOctets(ByteBuffer.wrap(toController));
      byte[] answer =
          step instanceof ControllerExchange.Step.Decide decide
              ? answering.answer(home.decide(HOST_A, decide.request()))
              : assertInstanceOf(ControllerExchange.Step.Send.class, step).octets();
      MobileNodeExchange.Step next = asking.onOctets(ByteBuffer.wrap(answer));
      if (!(next instanceof MobileNodeExchange.Step.Send send)) {
        return next;
      }
      toController = send.octets();
    }
  }

  private Grant granted(ProvisioningRequest request) {
    return assertInstanceOf(MobileNodeExchange.Step.Granted.class, exchange(request)).grant();
  }

  private static void assertPasses(SecurityAssociationPair from, SecurityAssociationPair to) {
    byte[] payload = {1, 2, 3, 4, 5};
    PacketBuffer packet = PacketBuffer.copyOf(payload);
    assertNull(from.outbound().seal(packet, Protocol.IPV6));
    assertNull(to.inbound().open(packet));
    assertArrayEquals(payload, packet.toBytes());
    assertEquals(Protocol.IPV6, to.inbound().nextHeader());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rfc6618_s5_8_theKeysOfAnExchangeProtectAPacketEachWay(boolean payloadProtected) {
    Grant grant = granted(KeysFixture.request(payloadProtected, HOME));
    assertEquals(payloadProtected, grant.payloadProtected());
    assertEquals(KeysFixture.VALID_SECONDS, grant.validitySeconds());
    assertEquals(ProvisionedKeys.Installed.OK, node.install(grant, home.nowNs));
    SecurityAssociationPair there = home.pair(grant);
    SecurityAssociationPair here = node.associations(HOME, Purpose.SIGNALLING);
    assertNotNull(there);
    assertPasses(here, there);
    assertSame(there, home.keys.accepting(HOME, Purpose.SIGNALLING, there.inbound()));
    home.keys.inForce(HOME, there, home.nowNs);
    assertPasses(home.keys.associations(HOME, Purpose.SIGNALLING), here);
    node.inForce(HOME, here, home.nowNs);
    assertEquals(payloadProtected, node.associations(HOME, Purpose.PAYLOAD) != null);
    assertEquals(payloadProtected, home.keys.associations(HOME, Purpose.PAYLOAD) != null);
    assertEquals(!payloadProtected, node.allowsClear(HOME, Purpose.PAYLOAD));
    assertEquals(!payloadProtected, home.keys.allowsClear(HOME, Purpose.PAYLOAD));
  }

  @Test
  void rfc6618_s5_8_aSecondExchangeGivesOtherKeys() {
    Grant first = granted(KeysFixture.request(true, HOME));
    byte[] key = first.keyToHomeAgent().clone();
    node.install(first, home.nowNs);
    Grant second = granted(KeysFixture.request(true, HOME));
    assertFalse(Arrays.equals(key, second.keyToHomeAgent()));
    node.install(second, home.nowNs);
    assertEquals(1, database.size());
    assertPasses(node.associations(HOME, Purpose.PAYLOAD), home.pair(second));
    assertPasses(home.pair(second), node.associations(HOME, Purpose.PAYLOAD));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2001:db8:2000::20", "2001:db8:2000::99"})
  void rfc6618_s5_5_4_aRefusalIsUnderstood(String address) {
    Ipv6Address homeAddress = Ipv6Address.parse(address);
    home.settings(VM1, KeysFixture.VM2);
    MobileNodeExchange.Step.Failed failed =
        assertInstanceOf(
            MobileNodeExchange.Step.Failed.class,
            exchange(KeysFixture.request(true, homeAddress)));
    assertEquals(StatusCode.UNAUTHORIZED, failed.status());
    assertEquals(1, home.refused.size());
    assertNull(home.keys.associations(OTHER_HOME, Purpose.SIGNALLING));
    assertEquals(0, home.database.size());
  }
}
