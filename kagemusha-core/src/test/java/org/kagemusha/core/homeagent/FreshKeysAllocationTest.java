package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.FreshKeysFixture.HOME_AGENT_PORT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.FreshKeys.Grant;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** ESP in UDP leaves no garbage at the home agent, with new and with replaced keys. */
class FreshKeysAllocationTest {

  private static final int ROUNDS = 10_000;
  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final FreshKeysFixture fresh = new FreshKeysFixture();
  private final HomeAgentFixture home = fresh.home;
  private final PacketBuffer buffer = PacketBuffer.allocate(2048);
  private final byte[] up = FreshKeysFixture.fromMobileNode(1000);
  private final byte[] down =
      ethernet(TAP_MAC, CORRESPONDENT_MAC, FreshKeysFixture.toMobileNode(1000));

  /** The JDK's AEAD ciphers allocate when they start; what surrounds them is to be seen here. */
  private static SecurityAssociationParameters withoutEncryption(int spi, int direction) {
    byte[] key = new byte[32];
    key[0] = (byte) direction;
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.NULL,
        IntegrityAlgorithm.HMAC_SHA2_256_128,
        new byte[0],
        key,
        true,
        1024);
  }

  @Test
  void theDataPathAllocatesNothing() {
    fresh.keys.algorithms = FreshKeysAllocationTest::withoutEncryption;
    Grant a = fresh.keys.grant("vm1", 0x1a0a, true);
    Grant b = fresh.keys.grant("vm1", 0x1b0b, true);
    home.agent =
        new HomeAgent(
            home.settings(),
            frame -> { },
            packet -> Underlay.Sent.OK,
            fresh.keys,
            home.associations,
            new Random(1),
            () -> 0,
            home.counters);
    home.agent.onDeadline(home.nowNs);
    fresh.registerByUdp(a, 1, CARE_OF, HOME_AGENT_PORT);
    fresh.registerByUdp(b, 2, OTHER_CARE_OF, HOME_AGENT_PORT);
    exchange(a, b, 1);
    home.correspondentAnswers();
    exchange(a, b, 2 * ROUNDS);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    exchange(a, b, ROUNDS);
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertEquals(
        2 * (3 * ROUNDS + 1), home.counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertEquals(3 * ROUNDS + 1, home.counters.get(Counter.TUNNEL_PACKETS_SENT));
    assertTrue(allocated < ROUNDS, allocated + " octets for " + 3 * ROUNDS + " packets");
  }

  private void exchange(Grant former, Grant current, int times) {
    for (int i = 0; i < times; i++) {
      home.agent.onHomeFrame(load(down), home.nowNs);
      home.agent.onUnderlayPacket(sealed(former, CARE_OF), home.nowNs);
      home.agent.onUnderlayPacket(sealed(current, OTHER_CARE_OF), home.nowNs);
    }
  }

  private PacketBuffer sealed(Grant grant, Ipv6Address careOf) {
    grant.sealing.seal(load(up), Protocol.IPV6);
    UdpEncapsulation.prepend(buffer, HOME_AGENT_PORT, HOME_AGENT_PORT, careOf, HOME_AGENT);
    int length = buffer.length();
    buffer.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        buffer.bytes(), buffer.offset(), 0, 0, length, Protocol.UDP, 64, careOf, HOME_AGENT);
    return buffer;
  }

  private PacketBuffer load(byte[] octets) {
    buffer.bytes().put(PacketBuffer.HEADROOM, octets);
    return buffer.set(PacketBuffer.HEADROOM, octets.length);
  }
}
