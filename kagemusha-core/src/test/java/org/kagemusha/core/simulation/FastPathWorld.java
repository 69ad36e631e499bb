package org.kagemusha.core.simulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeSettings;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * A mobile node that is registered with a home agent, with keys and chance as fixed as the time, so
 * that two such worlds that are told the same give the same octets. What they send is kept as a
 * wire would carry it, and goes nowhere by itself.
 */
final class FastPathWorld {

  /** The form of payload. */
  enum Form {
    CLEAR,
    ESP,
    ESP_IN_UDP
  }

  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:3000::3");
  static final Ipv6Address CORRESPONDENT = Ipv6Address.parse("2001:db8:2000::2");
  static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:12:34:10");
  static final MacAddress NODE_MAC = MacAddress.parse("02:00:00:00:00:01");
  static final MacAddress AGENT_MAC = MacAddress.parse("52:54:00:20:00:99");
  static final MacAddress ROUTER_MAC = MacAddress.parse("52:54:00:20:00:01");
  static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");

  private static final Ipv6Prefix HOME_PREFIX = Ipv6Prefix.parse("2001:db8:2000::/64");
  private static final int PORT = 4500;

  /** An underlay that has a place for packets, or not, and may find them too large. */
  static final class Network implements Underlay {
    private final List<byte[]> sent = new ArrayList<>();
    private final PacketBuffer place;
    private final PacketBuffer scratch = PacketBuffer.allocate(66_000);
    private final int members;
    private int mtu = 65_575;
    private int sentLater;

    private Network(boolean hasPlace, int members) {
      place = hasPlace ? PacketBuffer.allocate(9000) : null;
      this.members = members;
    }

    /** How many packets came unsealed. */
    int sentLater() {
      return sentLater;
    }

    @Override
    public boolean takesDeferred() {
      return members > 1;
    }

    void mtu(int octets) {
      mtu = octets;
    }

    @Override
    public Sent send(PacketBuffer packet) {
      if (packet.isUnfinished()) {
        throw new AssertionError("unfinished on the routed network");
      }
      if (packet.length() > mtu) {
        return Sent.TOO_BIG;
      }
      if (packet.isDeferred()) {
        // As the sockets do it: perhaps in another place, by any member, then the checksum.
        PacketBuffer slot = packet == place ? packet : scratch.copyFrom(packet);
        slot.perform(sentLater++ % members);
        if (!slot.isSettled()) {
          throw new AssertionError("not sealed");
        }
        UdpEncapsulation.restoreChecksum(slot);
        sent.add(slot.toBytes());
      } else {
        sent.add(packet.toBytes());
      }
      if (place != null) {
        // The next place is another one.
        for (int i = 0; i < 2048; i++) {
          place.bytes().put(i, (byte) 0xee);
        }
      }
      return Sent.OK;
    }

    @Override
    public PacketBuffer slot(int octets) {
      return place;
    }
  }

  final Counters nodeCounters = new Counters();
  final Counters agentCounters = new Counters();
  final List<byte[]> toGuest = new ArrayList<>();
  final List<byte[]> toHomeLink = new ArrayList<>();
  final Network fromNode;
  final Network fromAgent;
  final MobileNode node;
  final HomeAgent agent;
  private final int members;
  private final CipherEngines engines;
  long nowNs = 5_000_000_000L;
  int superFrames;
  int openedEarly;

  FastPathWorld(Form form, int encapsulationLimit, boolean places) {
    this(form, encapsulationLimit, places, 1);
  }

  /**
   * @param members of the teams of ciphers on both sides
   */
  FastPathWorld(Form form, int encapsulationLimit, boolean places, int members) {
    this.members = members;
    engines = CipherEngines.withAccelerators(List.of(), members);
    fromNode = new Network(places, members);
    fromAgent = new Network(places, members);
    SecurityAssociationDatabase toAgent = new SecurityAssociationDatabase();
    SecurityAssociationDatabase toNode = new SecurityAssociationDatabase();
    boolean sealed = form != Form.CLEAR;
    KeySource agentKeys = keys(sealed, 0x2002, 0x2001, toAgent);
    KeySource nodeKeys = keys(sealed, 0x2001, 0x2002, toNode);
    agent =
        new HomeAgent(
            new HomeAgentSettings(
                HOME_AGENT, AGENT_MAC, ROUTER_MAC, Ipv6Address.linkLocalOf(ROUTER_MAC),
                HOME_PREFIX, 86_400, 86_400, HomeAgentSettings.Dad.OFF, 3600, 10, false,
                List.of(
                    new MobileNodeAuthorisation(
                        "vm1", List.of(new Ipv6Prefix(HOME_ADDRESS, 128)), List.of(), sealed)),
                null,
                // The home agent's flow labels are a secret of each run.
                new TunnelSettings(64, encapsulationLimit, true, false, true, true, 65535),
                HomeAgentSettings.DEFAULT_GRACE_SECONDS, PORT),
            frame -> keep(frame, toHomeLink),
            fromAgent, agentKeys, toAgent, new Random(1), () -> nowNs / 1_000_000, agentCounters);
    MobileNodeSettings settings =
        new MobileNodeSettings(
            "vm1", GUEST_MAC, NODE_MAC, List.of(HOME_ADDRESS), List.of(HOME_PREFIX),
            List.of(HOME_AGENT), null, MobileNodeSettings.Location.FOREIGN, 600, false, false,
            3600, new TunnelSettings(64, encapsulationLimit, true, true, true, false, 65535));
    node =
        new MobileNode(
            form == Form.ESP_IN_UDP
                ? settings.withEncapsulation(MobileNodeSettings.Encapsulation.UDP)
                : settings,
            frame -> keep(frame, toGuest),
            fromNode, nodeKeys, toNode, new Random(1), () -> nowNs / 1_000_000, nodeCounters);
    register(form);
  }

  private void register(Form form) {
    agent.onDeadline(nowNs);
    if (form == Form.ESP_IN_UDP) {
      node.encapsulationPorts(PORT, PORT, nowNs);
    }
    node.careOfAddress(CARE_OF, 1500, nowNs);
    node.arrived(MobileNode.Trigger.HOOK, nowNs);
    agent.onUnderlayPacket(PacketBuffer.copyOf(fromNode.sent.get(0)), nowNs);
    node.onUnderlayPacket(PacketBuffer.copyOf(fromAgent.sent.get(0)), nowNs);
    if (!node.status(nowNs).state().equals("registered")) {
      throw new AssertionError(node.status(nowNs));
    }
    byte[] hello =
        SuperPackets.tcp(HOME_ADDRESS, CORRESPONDENT, SuperPackets.ACK, 0, new byte[4]).toBytes();
    guestSends(PacketBuffer.copyOf(hello));
    agent.onUnderlayPacket(
        PacketBuffer.copyOf(fromNode.sent.get(fromNode.sent.size() - 1)), nowNs);
    byte[] answer =
        NeighborDiscovery.build(
            new NeighborAdvertisement(
                CORRESPONDENT, Ipv6Address.linkLocalOf(AGENT_MAC), CORRESPONDENT, false, true,
                true, CORRESPONDENT_MAC));
    homeLinkSends(PacketBuffer.copyOf(answer));
    clear();
  }

  private KeySource keys(
      boolean sealed, int out, int in, SecurityAssociationDatabase inbound) {
    if (!sealed) {
      return (address, purpose) -> null;
    }
    SecurityAssociationPair payload = pair(out, in);
    SecurityAssociationPair signalling = pair(out + 16, in + 16);
    inbound.add(payload.inbound());
    inbound.add(signalling.inbound());
    return (address, purpose) -> {
      if (!address.equals(HOME_ADDRESS)) {
        return null;
      }
      return purpose == KeySource.Purpose.PAYLOAD ? payload : signalling;
    };
  }

  private SecurityAssociationPair pair(int out, int in) {
    long[] last = {0};
    return new SecurityAssociationPair(
        OutboundSecurityAssociation.of(
            parameters(out), () -> ++last[0], engines, InitialisationVectors.random()),
        InboundSecurityAssociation.of(parameters(in), () -> 0, engines));
  }

  private static SecurityAssociationParameters parameters(int spi) {
    byte[] key = new byte[20];
    Arrays.fill(key, (byte) spi);
    return new SecurityAssociationParameters(
        spi, EncryptionAlgorithm.AES_GCM_16_128, IntegrityAlgorithm.NONE, key, new byte[0], false,
        1024);
  }

  private void keep(PacketBuffer frame, List<byte[]> to) {
    superFrames += frame.isSuperPacket() ? 1 : 0;
    to.addAll(SuperPackets.onWire(frame, 14));
  }

  /** A packet of the guest, with its state, comes in a frame. */
  void guestSends(PacketBuffer packet) {
    node.onHomeFrame(
        SuperPackets.frame(packet, ROUTER_MAC.toBytes(), GUEST_MAC.toBytes()), nowNs);
  }

  /** A packet on the home link goes to the home agent's station. */
  void homeLinkSends(PacketBuffer packet) {
    agent.onHomeFrame(
        SuperPackets.frame(packet, AGENT_MAC.toBytes(), CORRESPONDENT_MAC.toBytes()), nowNs);
  }

  /** Packets arrive at an engine together, and are opened together in any order. */
  void arrive(NodeEngine engine, List<byte[]> packets) {
    List<PacketBuffer> batch = packets.stream().map(PacketBuffer::copyOf).toList();
    for (PacketBuffer packet : batch) {
      int next = packet.bytes().get(packet.offset() + Ipv6Header.NEXT_HEADER);
      int payload = packet.offset() + Ipv6Header.BYTES;
      if (next == Protocol.ESP) {
        engine.onEspArrival(packet, payload);
      } else if (next == Protocol.UDP) {
        int length = packet.length();
        int esp = payload + UdpEncapsulation.HEADER_OCTETS;
        packet.set(esp, packet.end() - esp);
        engine.onEspArrival(packet, esp);
        packet.set(payload - Ipv6Header.BYTES, length);
      }
    }
    for (int i = batch.size() - 1; i >= 0; i--) {
      batch.get(i).perform(i % members);
      openedEarly += batch.get(i).cipherJob() != null ? 1 : 0;
    }
    batch.forEach(packet -> engine.onUnderlayPacket(packet, nowNs));
  }

  List<byte[]> sentByNode() {
    return fromNode.sent;
  }

  List<byte[]> sentByAgent() {
    return fromAgent.sent;
  }

  void clear() {
    fromNode.sent.clear();
    fromAgent.sent.clear();
    toGuest.clear();
    toHomeLink.clear();
  }

  long drops() {
    long drops = 0;
    for (DropReason reason : DropReason.values()) {
      drops += nodeCounters.drops(reason) + agentCounters.drops(reason);
    }
    return drops;
  }
}
