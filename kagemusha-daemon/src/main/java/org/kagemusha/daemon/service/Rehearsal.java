package org.kagemusha.daemon.service;

import java.util.ArrayDeque;
import java.util.List;
import java.util.SplittableRandom;
import org.kagemusha.core.handover.PacketRing;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.mobility.MobileNode;
import org.kagemusha.core.mobility.MobileNodeSettings;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.neighbor.HomeRouter;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.HomeLink;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.offload.Coalescer;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.daemon.config.AssociationConfig;
import org.kagemusha.daemon.observe.LogSetup;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * Moves played before the first real one, between mobile nodes and a home agent in memory: from
 * home abroad, some thousand packets each way, on to another host, and home again. A JVM runs code
 * slowly the first time, and the first time is when a VM has just arrived and waits. Half of the
 * packets come joined, and all are joined in the end, as between engine and kernel. Nothing of it
 * leaves the process; keys and addresses are made up.
 */
final class Rehearsal {

  /** Packets each way: enough for the JIT compiler, a fraction of a second. */
  private static final int PACKETS = 2000;

  private static final int BATCH = 100;

  /** Octets of a joined frame. */
  private static final int JOINED = 16 * 1024;

  private static final long STEP_NS = 1_000_000;

  /** Packets that are kept while the made-up guest is paused, and then forwarded. */
  private static final int KEPT = 300;

  private static final Ipv6Prefix PREFIX = Ipv6Prefix.parse("2001:db8:1::/64");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:1::1");
  private static final Ipv6Address HOME_ADDRESS = Ipv6Address.parse("2001:db8:1::10");
  private static final Ipv6Address CARE_OF = Ipv6Address.parse("2001:db8:2::2");
  private static final Ipv6Address NEXT_CARE_OF = Ipv6Address.parse("2001:db8:4::2");
  private static final Ipv6Address CORRESPONDENT = Ipv6Address.parse("2001:db8:3::3");
  private static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:00:00:01");
  private static final MacAddress NODE_MAC = MacAddress.parse("02:00:00:00:00:02");
  private static final MacAddress AGENT_MAC = MacAddress.parse("02:00:00:00:00:03");
  private static final MacAddress ROUTER_MAC = MacAddress.parse("02:00:00:00:00:04");

  /**
   * What came through.
   *
   * @param packets of the guest and for it, while it was at the first host
   * @param joined frames that were made of these in the end
   * @param fetched packets that a host abroad had kept
   * @param forwarded packets that any host had kept
   */
  record Played(int packets, int joined, long fetched, long forwarded) {}

  private final RehearsalFrames ofGuest =
      new RehearsalFrames(ROUTER_MAC, GUEST_MAC, HOME_ADDRESS, CORRESPONDENT);
  private final RehearsalFrames toGuest =
      new RehearsalFrames(GUEST_MAC, ROUTER_MAC, CORRESPONDENT, HOME_ADDRESS);
  private final RehearsalFrames intercepted =
      new RehearsalFrames(AGENT_MAC, ROUTER_MAC, CORRESPONDENT, HOME_ADDRESS);
  private final PacketBuffer toAgent = NativeMemory.packetBuffer(2048);
  private final PacketBuffer toNode = NativeMemory.packetBuffer(2048);
  private final Counters counters = new Counters();
  private final HomeAgent agent;
  private final MobileNode node;
  private final MobileNode next;
  private final MobileNode home;
  private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
  private final ArrayDeque<byte[]> link = new ArrayDeque<>();
  private boolean queueing;
  private long nowNs = STEP_NS;
  private final Coalescer fromGuest = coalescer(this::guestSends);
  private final Coalescer fromLink = coalescer(this::linkSends);
  private final Coalescer delivery = coalescer(this::onDelivery);
  private int delivered;
  private int joined;

  private Rehearsal(RehearsalKeys.Ends keys, boolean protectedSignalling) {
    // The same keys at all hosts, and so one count of sequence numbers.
    node = node(keys, Location.FOREIGN, protectedSignalling, this::deliver);
    next = node(keys, Location.FOREIGN, protectedSignalling, this::deliver);
    home = node(keys, Location.HOME, protectedSignalling, this::onLink);
    agent =
        new HomeAgent(
            agentSettings(protectedSignalling), this::onLink, this::agentSends,
            keys.agent(), keys.agentInbound(), new SplittableRandom(2),
            System::currentTimeMillis, counters);
  }

  private MobileNode node(
      RehearsalKeys.Ends keys, Location location, boolean protectedSignalling, HomeLink link) {
    return new MobileNode(
        nodeSettings(location, protectedSignalling), link, this::nodeSends,
        keys.node(), keys.nodeInbound(), new SplittableRandom(1),
        System::currentTimeMillis, counters);
  }

  /**
   * Plays the move.
   *
   * @param associations whose algorithms are practised; may be empty
   * @return what came through
   */
  static Played play(List<AssociationConfig> associations) {
    Played[] played = new Played[1];
    LogSetup.muted(
        () ->
            played[0] =
                new Rehearsal(
                        RehearsalKeys.fixed(associations, HOME_ADDRESS), !associations.isEmpty())
                    .play());
    return played[0];
  }

  /**
   * Plays the move with keys of a controller.
   *
   * @param suite the algorithm that is practised
   * @param payloadProtected whether payload is in ESP
   * @return what came through
   */
  static Played playProvisioned(Ciphersuite suite, boolean payloadProtected) {
    Played[] played = new Played[1];
    LogSetup.muted(
        () -> {
          RehearsalGrant grant =
              RehearsalGrant.of(
                  suite, payloadProtected, HOME_AGENT, PREFIX, HOME_ADDRESS, STEP_NS);
          played[0] = new Rehearsal(grant.ends(), true).play();
          grant.destroy();
          if (payloadProtected) {
            RehearsalBatches.play(suite);
          }
        });
    return played[0];
  }

  private Played play() {
    agent.linkMtu(1500, nowNs);
    agent.onDeadline(nowNs);
    node.onDeadline(nowNs);
    node.handoverBuffer(PacketRing.SMALLEST, nowNs);
    node.careOfAddress(CARE_OF, 1500, nowNs);
    leaveHome();
    delivered = 0;
    for (int i = 0; i < PACKETS; i++) {
      nowNs += STEP_NS;
      if (i < PACKETS / 2) {
        guestSends(ofGuest.next());
        linkSends(intercepted.next());
      } else {
        fromGuest.add(ofGuest.next());
        fromLink.add(intercepted.next());
      }
      if (i % BATCH == BATCH - 1) {
        fromGuest.flush();
        fromLink.flush();
        delivery.flush();
        node.onDeadline(nowNs);
        agent.onDeadline(nowNs);
        node.status(nowNs);
      }
    }
    final int through = delivered;
    final int together = joined;
    handOver();
    comeHome();
    return new Played(
        through,
        together,
        counters.get(Counter.HANDOVER_PACKETS_RECEIVED),
        counters.get(Counter.HANDOVER_PACKETS_FORWARDED));
  }

  /** The guest is paused at home, and what was kept there follows it abroad. */
  private void leaveHome() {
    queueing = true;
    home.onDeadline(nowNs);
    home.handoverBuffer(PacketRing.SMALLEST, nowNs);
    home.arrived(MobileNode.Trigger.HOOK, nowNs);
    pump();
    nowNs += 1000 * STEP_NS;
    home.paused(nowNs);
    for (int i = 0; i < KEPT; i++) {
      home.onGuestFrameCopy(toGuest.next(), nowNs, nowNs);
    }
    pump();
    node.arrived(MobileNode.Trigger.HOOK, nowNs);
    proceed(node);
    queueing = false;
  }

  /** The guest is paused, and goes on at the next host, which gets what was kept. */
  private void handOver() {
    queueing = true;
    node.paused(nowNs);
    keep();
    next.onDeadline(nowNs);
    next.handoverBuffer(PacketRing.SMALLEST, nowNs);
    next.careOfAddress(NEXT_CARE_OF, 1500, nowNs);
    next.arrived(MobileNode.Trigger.HOOK, nowNs);
    proceed(next);
  }

  /** The guest goes on at home, where the home agent fetches what the last host has kept. */
  private void comeHome() {
    next.paused(nowNs);
    keep();
    home.arrived(MobileNode.Trigger.HOOK, nowNs);
    proceed(home);
  }

  private void keep() {
    for (int i = 0; i < KEPT; i++) {
      linkSends(intercepted.next());
      pump();
    }
    nowNs += 1000 * STEP_NS;
  }

  private void proceed(MobileNode host) {
    for (int i = 0; i < BATCH; i++) {
      pump();
      linkSends(intercepted.next());
      nowNs += STEP_NS;
      agent.onDeadline(nowNs);
      node.onDeadline(nowNs);
      next.onDeadline(nowNs);
      home.onDeadline(nowNs);
      host.status(nowNs);
    }
    pump();
  }

  private static Coalescer coalescer(HomeLink output) {
    return new Coalescer(
        output, EthernetHeader.BYTES, true, () -> NativeMemory.packetBuffer(JOINED));
  }

  private void guestSends(PacketBuffer frame) {
    node.onHomeFrame(frame, nowNs);
  }

  private void linkSends(PacketBuffer frame) {
    agent.onHomeFrame(frame, nowNs);
  }

  private void deliver(PacketBuffer sent) {
    delivered++;
    delivery.add(sent);
  }

  private void onDelivery(PacketBuffer frame) {
    if (frame.isSuperPacket()) {
      joined++;
    }
  }

  private void onLink(PacketBuffer sent) {
    if (queueing) {
      link.add(sent.toBytes());
    } else {
      deliver(sent);
    }
  }

  private void arrive(byte[] octets) {
    PacketBuffer sent = PacketBuffer.copyOf(octets);
    long destination = EthernetHeader.destinationBits(sent.bytes(), sent.offset());
    boolean ofAgent =
        EthernetHeader.sourceBits(sent.bytes(), sent.offset()) == AGENT_MAC.bits();
    if (!ofAgent) {
      agent.onHomeFrame(sent, nowNs);
    } else if (destination == GUEST_MAC.bits()) {
      home.onBridgeFrame(sent, nowNs);
    } else {
      home.onHomeFrame(sent, nowNs);
    }
  }

  private void pump() {
    for (byte[] octets = link.poll(); octets != null; octets = link.poll()) {
      arrive(octets);
    }
    for (byte[] octets = queue.poll(); octets != null; octets = queue.poll()) {
      PacketBuffer packet = PacketBuffer.copyOf(octets);
      Ipv6Address to = Ipv6Header.destination(packet.bytes(), packet.offset());
      if (to.equals(HOME_AGENT)) {
        agent.onUnderlayPacket(packet, nowNs);
      } else if (to.equals(CARE_OF)) {
        node.onUnderlayPacket(packet, nowNs);
      } else if (to.equals(NEXT_CARE_OF)) {
        next.onUnderlayPacket(packet, nowNs);
      }
    }
  }

  private Underlay.Sent nodeSends(PacketBuffer packet) {
    if (queueing) {
      queue.add(packet.toBytes());
      return Underlay.Sent.OK;
    }
    toAgent.copyFrom(packet);
    agent.onUnderlayPacket(toAgent, nowNs);
    return Underlay.Sent.OK;
  }

  private Underlay.Sent agentSends(PacketBuffer packet) {
    if (queueing) {
      queue.add(packet.toBytes());
    } else if (CARE_OF.matches(packet.bytes(), packet.offset() + Ipv6Header.DESTINATION)) {
      toNode.copyFrom(packet);
      node.onUnderlayPacket(toNode, nowNs);
    }
    return Underlay.Sent.OK;
  }

  private static MobileNodeSettings nodeSettings(
      Location location, boolean protectedSignalling) {
    HomeRouter router =
        new HomeRouter(
            Ipv6Address.linkLocalOf(ROUTER_MAC), ROUTER_MAC, 64, 0, 1800, 0, 0,
            List.of(new HomeRouter.PrefixInformation(PREFIX, 0xc0, 86_400, 14_400)), List.of());
    return new MobileNodeSettings(
        "rehearsal", GUEST_MAC, NODE_MAC, List.of(HOME_ADDRESS), List.of(PREFIX),
        List.of(HOME_AGENT), router, location, 600, false,
        protectedSignalling, 10, TunnelSettings.mobileNode());
  }

  private static HomeAgentSettings agentSettings(boolean protectedSignalling) {
    return new HomeAgentSettings(
        HOME_AGENT, AGENT_MAC, ROUTER_MAC, Ipv6Address.linkLocalOf(ROUTER_MAC), PREFIX, 86_400,
        86_400, HomeAgentSettings.Dad.OFF, 3600, 10, protectedSignalling,
        List.of(
            new HomeAgentSettings.MobileNodeAuthorisation(
                "rehearsal", List.of(new Ipv6Prefix(HOME_ADDRESS, 128)), List.of(), false)),
        null, TunnelSettings.defaults());
  }
}
