package org.kagemusha.core.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.ClockedSequenceNumbers;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.ReservedSequenceNumbers;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.SequenceStore;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeSettings;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A packet of the guest, in ESP with extended sequence numbers that are reserved in a store, leaves
 * no garbage in the mobile node and none in the home agent, on its way there and on its way back.
 */
class EspAllocationTest {

  /** Those that static keys are allowed for: the JDK's AEAD ciphers allocate when they start. */
  private enum Algorithm {
    CBC_SHA1(EncryptionAlgorithm.AES_CBC_128, IntegrityAlgorithm.HMAC_SHA1_96, 16, 20),
    CBC_SHA2(EncryptionAlgorithm.AES_CBC_256, IntegrityAlgorithm.HMAC_SHA2_256_128, 32, 32),
    NULL(EncryptionAlgorithm.NULL, IntegrityAlgorithm.HMAC_SHA2_256_128, 0, 32);

    final EncryptionAlgorithm encryption;
    final IntegrityAlgorithm integrity;
    final int encryptionKey;
    final int integrityKey;

    Algorithm(
        EncryptionAlgorithm encryption,
        IntegrityAlgorithm integrity,
        int encryptionKey,
        int integrityKey) {
      this.encryption = encryption;
      this.integrity = integrity;
      this.encryptionKey = encryptionKey;
      this.integrityKey = integrityKey;
    }
  }

  private static final int ROUNDS = 10_000;
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address CORRESPONDENT = Ipv6Address.parse("2001:db8:2000::2");
  private static final Ipv6Prefix HOME_PREFIX = Ipv6Prefix.parse("2001:db8:2000::/64");
  private static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:12:34:10");
  private static final MacAddress NODE_MAC = MacAddress.parse("02:00:00:00:00:01");
  private static final MacAddress AGENT_MAC = MacAddress.parse("52:54:00:20:00:99");
  private static final MacAddress ROUTER_MAC = MacAddress.parse("52:54:00:20:00:01");
  private static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");

  private static final ThreadMXBean THREADS =
      (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** A store in memory, as quick as a file's that writes in the background. */
  private static final class Store implements SequenceStore {
    private final Map<Integer, Long> reserved = new HashMap<>();

    @Override
    public long load(int spi) {
      return reserved.getOrDefault(spi, 0L);
    }

    @Override
    public void reserve(int spi, long upTo) {
      reserved.put(spi, upTo);
    }
  }

  private final PacketBuffer wire = PacketBuffer.allocate(2048);
  private final PacketBuffer guest = PacketBuffer.allocate(2048);
  private final Counters nodeCounters = new Counters();
  private final Counters agentCounters = new Counters();
  private long nowNs = 5_000_000_000L;
  private Algorithm algorithm;
  private MobileNode node;
  private HomeAgent agent;

  private SecurityAssociationParameters parameters(int spi) {
    byte[] encryption = new byte[algorithm.encryptionKey];
    byte[] integrity = new byte[algorithm.integrityKey];
    Arrays.fill(encryption, (byte) spi);
    Arrays.fill(integrity, (byte) ~spi);
    return new SecurityAssociationParameters(
        spi, algorithm.encryption, algorithm.integrity, encryption, integrity, true, 1024);
  }

  private long wallMs() {
    return 1_800_000_000_000L + nowNs / 1_000_000;
  }

  private KeySource keys(int out, int in, SecurityAssociationDatabase inbound) {
    SecurityAssociationPair pair =
        new SecurityAssociationPair(
            OutboundSecurityAssociation.of(
                parameters(out),
                new ReservedSequenceNumbers(
                    new ClockedSequenceNumbers(true, this::wallMs),
                    new Store(),
                    out,
                    ReservedSequenceNumbers.EXTENDED_BLOCK)),
            InboundSecurityAssociation.of(parameters(in), this::wallMs));
    inbound.add(pair.inbound());
    return (address, purpose) ->
        purpose == KeySource.Purpose.PAYLOAD && address.equals(HOME_ADDRESS) ? pair : null;
  }

  private static void copy(PacketBuffer from, PacketBuffer to) {
    to.set(PacketBuffer.HEADROOM, from.length());
    to.bytes().put(PacketBuffer.HEADROOM, from.bytes(), from.offset(), from.length());
  }

  private void start() {
    SecurityAssociationDatabase toAgent = new SecurityAssociationDatabase();
    SecurityAssociationDatabase toNode = new SecurityAssociationDatabase();
    agent =
        new HomeAgent(
            new HomeAgentSettings(
                HOME_AGENT, AGENT_MAC, ROUTER_MAC, Ipv6Address.linkLocalOf(ROUTER_MAC),
                HOME_PREFIX, 86_400, 86_400, HomeAgentSettings.Dad.OFF, 3600, 10, false,
                List.of(
                    new MobileNodeAuthorisation(
                        "vm1", List.of(new Ipv6Prefix(HOME_ADDRESS, 128)), List.of(), true)),
                null, TunnelSettings.defaults()),
            frame -> { },
            packet -> {
              copy(packet, wire);
              return Underlay.Sent.OK;
            },
            keys(0x2002, 0x2001, toAgent), toAgent, new Random(1), this::wallMs, agentCounters);
    node =
        new MobileNode(
            new MobileNodeSettings(
                "vm1", GUEST_MAC, NODE_MAC, List.of(HOME_ADDRESS), List.of(HOME_PREFIX),
                List.of(HOME_AGENT), null, MobileNodeSettings.Location.FOREIGN, 600, false, false,
                3600, TunnelSettings.mobileNode()),
            frame -> copy(frame, guest),
            packet -> {
              copy(packet, wire);
              return Underlay.Sent.OK;
            },
            keys(0x2001, 0x2002, toNode), toNode, new Random(1), this::wallMs, nodeCounters);
    agent.onDeadline(nowNs);
    node.careOfAddress(CARE_OF, 1500, nowNs);
    node.arrived(MobileNode.Trigger.HOOK, nowNs);
    agent.onUnderlayPacket(wire, nowNs);
    node.onUnderlayPacket(wire, nowNs);
    assertEquals("registered", node.status(nowNs).state());
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void payloadInEspPassesBothEnginesBothWaysWithoutAnAllocation(Algorithm chosen) {
    algorithm = chosen;
    start();
    byte[] up = frame(ROUTER_MAC, GUEST_MAC, udp(HOME_ADDRESS, CORRESPONDENT));
    byte[] down = frame(AGENT_MAC, CORRESPONDENT_MAC, udp(CORRESPONDENT, HOME_ADDRESS));
    exchange(up, down, 1);
    byte[] answer =
        NeighborDiscovery.build(
            new NeighborAdvertisement(
                CORRESPONDENT, Ipv6Address.linkLocalOf(AGENT_MAC), CORRESPONDENT, false, true,
                true, CORRESPONDENT_MAC));
    agent.onHomeFrame(
        PacketBuffer.copyOf(frame(AGENT_MAC, CORRESPONDENT_MAC, answer)), nowNs);
    exchange(up, down, ROUNDS);
    exchange(up, down, ROUNDS);
    long before = THREADS.getCurrentThreadAllocatedBytes();
    exchange(up, down, ROUNDS);
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    assertEquals(3 * ROUNDS + 1, nodeCounters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertEquals(3 * ROUNDS + 1, agentCounters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertTrue(allocated < ROUNDS, allocated + " octets for " + 2 * ROUNDS + " packets");
  }

  private void exchange(byte[] up, byte[] down, int times) {
    for (int i = 0; i < times; i++) {
      nowNs += 1000;
      node.onHomeFrame(load(up), nowNs);
      agent.onUnderlayPacket(wire, nowNs);
      agent.onHomeFrame(load(down), nowNs);
      node.onUnderlayPacket(wire, nowNs);
      assertTrue(node.nextDeadlineNs() != agent.nextDeadlineNs());
    }
  }

  private PacketBuffer load(byte[] octets) {
    guest.bytes().put(PacketBuffer.HEADROOM, octets);
    return guest.set(PacketBuffer.HEADROOM, octets.length);
  }

  private static byte[] frame(MacAddress to, MacAddress from, byte[] ipv6) {
    byte[] frame = new byte[EthernetHeader.BYTES + ipv6.length];
    EthernetHeader.write(ByteBuffer.wrap(frame), 0, to, from, EthernetHeader.TYPE_IPV6);
    System.arraycopy(ipv6, 0, frame, EthernetHeader.BYTES, ipv6.length);
    return frame;
  }

  private static byte[] udp(Ipv6Address from, Ipv6Address to) {
    byte[] packet = new byte[Ipv6Header.BYTES + 1000];
    Ipv6Header.write(ByteBuffer.wrap(packet), 0, 0, 0, 1000, Protocol.UDP, 64, from, to);
    return packet;
  }
}
