package org.kagemusha.core.simulation;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.homeagent.HomeAgentSettings.Advertisement;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.ClockedSequenceNumbers;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource.Purpose;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.StaticKeySource;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeSettings;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * The whole journey without a kernel:
 *
 * <pre>
 *   guest ── bridge of A ┐                               ┌ bridge of B ── guest
 *            node A ─────┤ home link   routed network    ├──── node B
 *   correspondent ───────┤                 │             │
 *   home agent's tap ────┘ kernel ─────────┴─────────────┘
 * </pre>
 */
final class World {

  static final long MS = 1_000_000L;
  static final long SECOND = 1_000_000_000L;
  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address CORRESPONDENT = Ipv6Address.parse("2001:db8:2000::2");
  static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  static final Ipv6Address KERNEL = Ipv6Address.parse("fe80::5054:ff:fe20:1");
  static final Ipv6Prefix HOME_PREFIX = Ipv6Prefix.parse("2001:db8:2000::/64");
  static final MacAddress KERNEL_MAC = MacAddress.parse("52:54:00:20:00:01");
  static final MacAddress TAP_MAC = MacAddress.parse("52:54:00:20:00:99");
  static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:12:34:10");
  static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("52:54:00:00:00:02");
  static final MacAddress NODE_A_MAC = MacAddress.parse("02:00:00:00:00:0a");
  static final MacAddress NODE_B_MAC = MacAddress.parse("02:00:00:00:00:0b");

  private static final long WIRE_NS = 500_000L;
  private static final long BRIDGE_NS = 10_000L;
  private static final long WALL_MS = 1_790_000_000_000L;

  final Schedule schedule = new Schedule();
  final LearningBridge homeLink = new LearningBridge(schedule, BRIDGE_NS);
  final LearningBridge foreignBridge = new LearningBridge(schedule, BRIDGE_NS);
  final Station guest = new Station(schedule, GUEST_MAC, HOME_ADDRESS);
  final Station correspondent = new Station(schedule, CORRESPONDENT_MAC, CORRESPONDENT);
  final Counters homeAgentCounters = new Counters();
  final Counters nodeACounters = new Counters();
  final Counters nodeBCounters = new Counters();
  final HomeAgent homeAgent;
  final MobileNode nodeA;
  final MobileNode nodeB;

  private final Random random;
  private final Map<Ipv6Address, Consumer<byte[]>> routes = new HashMap<>();
  private final HomeRouterKernel kernel;

  /** The share of packets that the routed network loses, and by how much it delays others. */
  double loss;

  long jitterNs;

  World(Dad dad, boolean protectedSignalling, boolean protectedPayload, long seed) {
    random = new Random(seed);
    StaticKeySource homeKeys = new StaticKeySource();
    SecurityAssociationDatabase homeAssociations = new SecurityAssociationDatabase();
    LearningBridge.Port[] tap = new LearningBridge.Port[1];
    homeAgent =
        new HomeAgent(
            homeAgentSettings(dad, protectedSignalling, protectedPayload),
            frame -> tap[0].send(frame.toBytes()),
            this::fromHomeAgent,
            homeKeys,
            homeAssociations,
            new Random(seed + 1),
            this::wallMs,
            homeAgentCounters);
    tap[0] =
        homeLink.plug(
            frame -> homeAgent.onHomeFrame(PacketBuffer.copyOf(frame), schedule.nowNs()));
    kernel =
        new HomeRouterKernel(
            homeLink,
            KERNEL_MAC,
            HOME_AGENT,
            packet ->
                homeAgent.onUnderlayPacket(PacketBuffer.copyOf(packet), schedule.nowNs()));
    routes.put(
        HOME_AGENT,
        packet -> homeAgent.onUnderlayPacket(PacketBuffer.copyOf(packet), schedule.nowNs()));
    StaticKeySource keysA = new StaticKeySource();
    SecurityAssociationDatabase associationsA = new SecurityAssociationDatabase();
    StaticKeySource keysB = new StaticKeySource();
    SecurityAssociationDatabase associationsB = new SecurityAssociationDatabase();
    if (protectedSignalling) {
      protect(Purpose.SIGNALLING, 1000, homeKeys, homeAssociations, true);
      protect(Purpose.SIGNALLING, 1000, keysA, associationsA, false);
      protect(Purpose.SIGNALLING, 1000, keysB, associationsB, false);
    }
    if (protectedPayload) {
      protect(Purpose.PAYLOAD, 2000, homeKeys, homeAssociations, true);
      protect(Purpose.PAYLOAD, 2000, keysA, associationsA, false);
      protect(Purpose.PAYLOAD, 2000, keysB, associationsB, false);
    }
    nodeA = node(homeLink, NODE_A_MAC, keysA, associationsA, nodeACounters, protectedSignalling);
    nodeB =
        node(foreignBridge, NODE_B_MAC, keysB, associationsB, nodeBCounters, protectedSignalling);
    homeLink.watch(
        frame -> {
          if (nodeA.wantsBridgeWatch()) {
            nodeA.onBridgeFrame(PacketBuffer.copyOf(frame), schedule.nowNs());
          }
        });
    routes.put(
        CARE_OF,
        packet -> nodeB.onUnderlayPacket(PacketBuffer.copyOf(packet), schedule.nowNs()));
    correspondent.attach(homeLink);
    guest.attach(homeLink);
    schedule.engine(homeAgent);
    schedule.engine(nodeA);
    schedule.engine(nodeB);
    nodeB.careOfAddress(CARE_OF, 1500, schedule.nowNs());
    correspond();
  }

  private HomeAgentSettings homeAgentSettings(
      Dad dad, boolean protectedSignalling, boolean protectedPayload) {
    return new HomeAgentSettings(
        HOME_AGENT,
        TAP_MAC,
        KERNEL_MAC,
        KERNEL,
        HOME_PREFIX,
        86_400,
        43_200,
        dad,
        3_600,
        100,
        protectedSignalling,
        List.of(
            new MobileNodeAuthorisation(
                "vm1", List.of(Ipv6Prefix.of(HOME_ADDRESS, 128)), List.of(), protectedPayload)),
        new Advertisement(3_000, 10_000, 1_800, 64, 0, 0, 0),
        TunnelSettings.defaults());
  }

  private MobileNode node(
      LearningBridge bridge,
      MacAddress mac,
      StaticKeySource keys,
      SecurityAssociationDatabase associations,
      Counters counters,
      boolean protectedSignalling) {
    MobileNodeSettings settings =
        new MobileNodeSettings(
            "vm1",
            GUEST_MAC,
            mac,
            List.of(HOME_ADDRESS),
            List.of(HOME_PREFIX),
            List.of(HOME_AGENT),
            null,
            Location.AUTO,
            60,
            false,
            protectedSignalling,
            5,
            TunnelSettings.mobileNode());
    LearningBridge.Port[] port = new LearningBridge.Port[1];
    MobileNode node =
        new MobileNode(
            settings,
            frame -> port[0].send(frame.toBytes()),
            this::fromNode,
            keys,
            associations,
            new Random(random.nextLong()),
            this::wallMs,
            counters);
    port[0] = bridge.plug(frame -> node.onHomeFrame(PacketBuffer.copyOf(frame), schedule.nowNs()));
    return node;
  }

  private void protect(
      Purpose purpose,
      int spi,
      StaticKeySource keys,
      SecurityAssociationDatabase associations,
      boolean homeAgent) {
    InboundSecurityAssociation in =
        InboundSecurityAssociation.of(
            parameters(homeAgent ? spi : spi + 1), this::wallMs);
    associations.add(in);
    keys.put(
        HOME_ADDRESS,
        purpose,
        new SecurityAssociationPair(
            OutboundSecurityAssociation.of(
                parameters(homeAgent ? spi + 1 : spi),
                new ClockedSequenceNumbers(purpose == Purpose.PAYLOAD, this::wallMs)),
            in));
  }

  private static SecurityAssociationParameters parameters(int spi) {
    byte[] encryption = new byte[16];
    byte[] integrity = new byte[32];
    Arrays.fill(encryption, (byte) spi);
    Arrays.fill(integrity, (byte) (spi + 100));
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA2_256_128,
        encryption,
        integrity,
        spi >= 2000,
        1024);
  }

  private long wallMs() {
    return WALL_MS + schedule.nowNs() / MS;
  }

  private Underlay.Sent fromHomeAgent(PacketBuffer packet) {
    ByteBuffer bytes = packet.bytes();
    if (Ipv6Address.ALL_NODES.matches(bytes, packet.offset() + Ipv6Header.DESTINATION)) {
      kernel.send(MacAddress.multicastOf(Ipv6Address.ALL_NODES), packet.toBytes());
      return Underlay.Sent.OK;
    }
    return route(packet);
  }

  private Underlay.Sent fromNode(PacketBuffer packet) {
    return route(packet);
  }

  private Underlay.Sent route(PacketBuffer packet) {
    Ipv6Address destination = Ipv6Header.destination(packet.bytes(), packet.offset());
    Consumer<byte[]> receiver = routes.get(destination);
    if (receiver == null) {
      return Underlay.Sent.UNREACHABLE;
    }
    byte[] octets = packet.toBytes();
    if (random.nextDouble() >= loss) {
      long delay = WIRE_NS + (jitterNs == 0 ? 0 : random.nextLong(jitterNs));
      schedule.after(delay, () -> receiver.accept(octets));
    }
    return Underlay.Sent.OK;
  }

  /** Both ends send a counter every 10 ms for ever. */
  private void correspond() {
    schedule.after(
        10 * MS,
        () -> {
          guest.sendCounter(CORRESPONDENT);
          correspondent.sendCounter(HOME_ADDRESS);
          correspond();
        });
  }

  /** What was counted everywhere, for a failed assertion. */
  String describe() {
    StringBuilder text = new StringBuilder();
    for (Counters counters : List.of(homeAgentCounters, nodeACounters, nodeBCounters)) {
      text.append(System.lineSeparator()).append(' ');
      for (DropReason reason : DropReason.values()) {
        if (counters.drops(reason) > 0) {
          text.append(' ').append(reason).append('=').append(counters.drops(reason));
        }
      }
    }
    return text.toString();
  }

  void run(long ns) {
    schedule.run(ns);
  }

  /** The VM appears on the bridge of B; its hook fires at A. */
  void moveAbroad() {
    nodeA.left(schedule.nowNs());
    guest.attach(foreignBridge);
    nodeB.arrived(MobileNode.Trigger.HOOK, schedule.nowNs());
  }

  /** The VM appears on the bridge of A; B's hook tells that it has left, or does not. */
  void moveHome(boolean hook) {
    if (hook) {
      nodeB.left(schedule.nowNs());
    }
    guest.attach(homeLink);
    nodeA.arrived(MobileNode.Trigger.HOOK, schedule.nowNs());
  }
}
