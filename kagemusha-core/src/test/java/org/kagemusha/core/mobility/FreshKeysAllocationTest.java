package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.BindingUpdate;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.signalling.SignallingReader;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Keys that are asked for with every packet, and ESP in UDP, leave no garbage either. */
class FreshKeysAllocationTest {

  private static final int ROUNDS = 10_000;
  private static final int PORT = 4500;
  private static final long HOUR = 3_600_000_000_000L;

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final SecurityAssociationDatabase here = new SecurityAssociationDatabase();
  private final SecurityAssociationDatabase there = new SecurityAssociationDatabase();
  private final FreshKeys keys = new FreshKeys(here, there).withoutGarbage();
  private final Counters counters = new Counters();
  private final PacketBuffer buffer = PacketBuffer.allocate(2048);
  private byte[] update;
  private long now = 1_000_000_000L;

  @ParameterizedTest
  @EnumSource(names = {"NONE", "UDP"})
  void dataPassesBothWaysWithoutAnAllocation(Encapsulation mode) {
    MobileNode node =
        new MobileNode(
            MobileNodeFixture.with(
                    MobileNodeFixture.settings(Location.FOREIGN), 600, false, true)
                .withEncapsulation(mode),
            frame -> { },
            packet -> {
              update = update == null ? packet.toBytes() : update;
              return Underlay.Sent.OK;
            },
            keys, here, new Random(1), () -> 0, counters);
    SecurityAssociationPair homeAgent = keys.grant(true, HOUR, now);
    node.careOfAddress(CARE_OF, 1500, now);
    node.encapsulationPorts(PORT, PORT, now);
    node.arrived(MobileNode.Trigger.HOOK, now);
    boolean inUdp = mode == Encapsulation.UDP;
    acknowledge(node, homeAgent, inUdp ? PORT : 0);
    assertEquals("registered", node.status(now).state());
    byte[] up =
        MobileNodeFixture.frame(
            udp(HOME_ADDRESS, CORRESPONDENT, 1000), MobileNodeFixture.ROUTER_MAC,
            MobileNodeFixture.GUEST_MAC);
    byte[] down = udp(CORRESPONDENT, HOME_ADDRESS, 1000);
    long allocated = 0;
    for (int i = 0; i < 3 * ROUNDS; i++) {
      if (i == 2 * ROUNDS) {
        allocated = threads.getCurrentThreadAllocatedBytes();
      }
      node.onHomeFrame(load(up), now);
      node.onUnderlayPacket(sealed(down, homeAgent, inUdp), now);
      node.nextDeadlineNs();
      now += 1000;
    }
    allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
    assertEquals(3 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(3 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertTrue(allocated < ROUNDS, allocated + " octets for " + 2 * ROUNDS + " packets");
  }

  private void acknowledge(MobileNode node, SecurityAssociationPair homeAgent, int port) {
    SignallingReader reader = new SignallingReader(there);
    reader.encapsulationPort(port);
    assertEquals(
        SignallingReader.Found.SIGNALLING, reader.read(PacketBuffer.copyOf(update), now));
    BindingUpdate asked = (BindingUpdate) reader.signalling().message();
    node.onUnderlayPacket(
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, HOME_ADDRESS,
            MobileNodeFixture.ack(0, asked.sequence(), asked.lifetimeUnits()),
            homeAgent.outbound(), port, port),
        now);
  }

  private PacketBuffer load(byte[] octets) {
    buffer.bytes().put(PacketBuffer.HEADROOM, octets);
    return buffer.set(PacketBuffer.HEADROOM, octets.length);
  }

  private PacketBuffer sealed(byte[] inner, SecurityAssociationPair homeAgent, boolean inUdp) {
    PacketBuffer packet = load(inner);
    homeAgent.outbound().seal(packet, Protocol.IPV6);
    if (inUdp) {
      UdpEncapsulation.prepend(packet, PORT, PORT, HOME_AGENT, CARE_OF);
    }
    int length = packet.length();
    packet.prepend(Ipv6Header.BYTES);
    Ipv6Header.write(
        packet.bytes(), packet.offset(), 0, 0, length, inUdp ? Protocol.UDP : Protocol.ESP, 64,
        HOME_AGENT, CARE_OF);
    return packet;
  }
}
