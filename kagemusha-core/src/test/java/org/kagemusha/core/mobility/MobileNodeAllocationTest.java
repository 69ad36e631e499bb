package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.PacketBuffer;

/** The guest's packets leave no garbage on their way through the engine. */
class MobileNodeAllocationTest {

  private static final int ROUNDS = 20_000;

  private final com.sun.management.ThreadMXBean threads =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void dataPassesBothWaysWithoutAnAllocation() {
    Counters counters = new Counters();
    MobileNode node =
        new MobileNode(
            MobileNodeFixture.settings(MobileNodeSettings.Location.FOREIGN),
            frame -> {},
            packet -> Underlay.Sent.OK,
            (address, purpose) -> null,
            new SecurityAssociationDatabase(),
            new Random(1),
            () -> 0,
            counters);
    node.careOfAddress(MobileNodeFixture.CARE_OF, 1500, 1);
    byte[] up =
        MobileNodeFixture.frame(
            MobileNodeFixture.udp(
                MobileNodeFixture.HOME_ADDRESS, MobileNodeFixture.CORRESPONDENT, 1000),
            MobileNodeFixture.ROUTER_MAC,
            MobileNodeFixture.GUEST_MAC);
    byte[] down =
        MobileNodeFixture.tunnelled(
                MobileNodeFixture.HOME_AGENT,
                MobileNodeFixture.CARE_OF,
                MobileNodeFixture.udp(
                    MobileNodeFixture.CORRESPONDENT, MobileNodeFixture.HOME_ADDRESS, 1000))
            .toBytes();
    PacketBuffer buffer = PacketBuffer.allocate(2048);
    long allocated = 0;
    long now = 1;
    for (int i = 0; i < 2 * ROUNDS; i++) {
      if (i == ROUNDS) {
        allocated = threads.getCurrentThreadAllocatedBytes();
      }
      node.onHomeFrame(load(buffer, up), now);
      node.onUnderlayPacket(load(buffer, down), now);
      node.nextDeadlineNs();
      now += 1000;
    }
    long perRound = (threads.getCurrentThreadAllocatedBytes() - allocated) / ROUNDS;
    assertEquals(0, perRound);
    assertEquals(2 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(2 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
  }

  private static PacketBuffer load(PacketBuffer buffer, byte[] octets) {
    buffer.bytes().put(PacketBuffer.HEADROOM, octets);
    return buffer.set(PacketBuffer.HEADROOM, octets.length);
  }
}
