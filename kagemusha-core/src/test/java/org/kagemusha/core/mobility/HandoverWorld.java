package org.kagemusha.core.mobility;

import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * A home agent, hosts abroad, perhaps one on the home link, and a VM that moves between them while
 * a correspondent sends it a numbered packet each millisecond; what reaches the guest, in order.
 * Packets take a millisecond, frames on the home link a tenth of one.
 */
final class HandoverWorld {

  static final MacAddress HOME_AGENT_TAP = MacAddress.parse("52:54:00:20:00:99");
  private static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");
  private static final int ROOM = 1 << 20;
  private static final long ON_LINK_NS = MS / 10;

  /** One host. */
  final class Host {
    final Ipv6Address careOf;
    final MobileNode node;
    final Counters counters = new Counters();
    final List<Integer> toGuest = new ArrayList<>();

    Host(int number, Location location) {
      careOf = new Ipv6Address(0x2001_0db8_3000_0000L + ((long) number << 16), 3);
      SecurityAssociationDatabase database = new SecurityAssociationDatabase();
      Map<KeySource.Purpose, SecurityAssociationPair> keys = keys(false, database);
      MobileNodeSettings settings =
          MobileNodeFixture.with(
              MobileNodeFixture.settings(location), 600, false, signalling);
      node =
          new MobileNode(
              payload ? MobileNodeFixture.withPayloadProtection(settings) : settings,
              this::onFrame,
              packet -> route(packet.toBytes()),
              (address, purpose) -> keys.get(purpose),
              database,
              new Random(number),
              () -> 1_700_000_000_000L + now / MS,
              counters);
      node.handoverBuffer(room, now);
      if (location == Location.FOREIGN) {
        node.careOfAddress(careOf, 1500, now);
      }
      node.onDeadline(now);
    }

    private void onFrame(PacketBuffer frame) {
      if (this == home) {
        onLink(frame.toBytes());
      } else {
        toGuest(frame.toBytes());
      }
    }

    void toGuest(byte[] octets) {
      int number = numberOf(MobileNodeFixture.ipv6Of(octets));
      if (number < 0) {
        return;
      }
      toGuest.add(number);
      if (guestAt == this && !paused) {
        received.add(number);
      } else {
        lost.add(number);
      }
    }

    void rarp() {
      byte[] rarp = new byte[60];
      EthernetHeader.write(
          ByteBuffer.wrap(rarp), 0, MacAddress.BROADCAST, GUEST_MAC, EthernetHeader.TYPE_RARP);
      if (this == home) {
        node.onBridgeFrame(PacketBuffer.copyOf(rarp), now);
      } else {
        node.onHomeFrame(PacketBuffer.copyOf(rarp), now);
      }
    }

    /** A frame on the home link, as this host's tap and its watch on the bridge see it. */
    void onLinkFrame(byte[] frame) {
      boolean group = (frame[0] & 1) != 0;
      if (group || MobileNodeFixture.isTo(frame, MobileNodeFixture.TAP_MAC)) {
        node.onHomeFrame(PacketBuffer.copyOf(frame), now);
      } else if (MobileNodeFixture.isTo(frame, GUEST_MAC)) {
        if (node.wantsGuestFrameCopies()) {
          // The watch is read later than the tap.
          long at = now;
          after(MS / 2, () -> node.onGuestFrameCopy(PacketBuffer.copyOf(frame), at, now));
        }
        node.onBridgeFrame(PacketBuffer.copyOf(frame), now);
        if (guestAt == this && paused) {
          queue.add(frame);
        } else {
          toGuest(frame);
          guestAnswers(frame);
        }
      }
    }

    private void guestAnswers(byte[] frame) {
      if (guestAt == this
          && HomeLinkFrames.parse(PacketBuffer.copyOf(frame)) instanceof NeighborSolicitation s) {
        byte[] answer =
            MobileNodeFixture.frame(
                NeighborDiscovery.build(
                    new NeighborAdvertisement(
                        HOME_ADDRESS, s.source(), HOME_ADDRESS, false, true, true, GUEST_MAC)),
                MobileNodeFixture.sourceOf(frame), GUEST_MAC);
        node.onBridgeFrame(PacketBuffer.copyOf(answer), now);
        onLink(answer);
      }
    }
  }

  private record Event(long at, int order, Runnable action) {}

  final List<Integer> received = new ArrayList<>();
  final List<Integer> lost = new ArrayList<>();
  final List<byte[]> wire = new ArrayList<>();
  final List<Host> hosts = new ArrayList<>();
  final boolean signalling;
  final boolean payload;
  int room = ROOM;
  BiPredicate<Ipv6Address, byte[]> passes = (to, packet) -> true;
  Predicate<byte[]> passesOnLink = frame -> true;
  final Counters homeAgentCounters = new Counters();
  HomeAgent homeAgent;

  /** The host on the home link, or null. */
  Host home;

  /** What the VMM at home has not read yet. */
  private final List<byte[]> queue = new ArrayList<>();

  /** Where the correspondent sends what is for the home address: its neighbour cache. */
  private MacAddress station = HOME_AGENT_TAP;

  Host guestAt;
  boolean paused;
  long now = SECOND;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Integer.compare(a.order, b.order));
  private int order;
  private int sent;
  private boolean sending;

  HandoverWorld(boolean signalling, boolean payload) {
    this.signalling = signalling;
    this.payload = payload;
  }

  HandoverWorld start(int count) {
    SecurityAssociationDatabase database = new SecurityAssociationDatabase();
    Map<KeySource.Purpose, SecurityAssociationPair> keys = keys(true, database);
    homeAgent =
        new HomeAgent(
            new HomeAgentSettings(
                HOME_AGENT, HOME_AGENT_TAP, MobileNodeFixture.ROUTER_MAC,
                MobileNodeFixture.ROUTER, MobileNodeFixture.HOME_PREFIX, 86400, 86400,
                HomeAgentSettings.Dad.OFF, 600, 10, signalling,
                List.of(
                    new HomeAgentSettings.MobileNodeAuthorisation(
                        "vm1", List.of(new Ipv6Prefix(HOME_ADDRESS, 128)), List.of(), payload)),
                null,
                TunnelSettings.defaults()),
            frame -> onLink(frame.toBytes()),
            packet -> route(packet.toBytes()),
            (address, purpose) -> keys.get(purpose),
            database,
            new Random(2),
            () -> 1_700_000_000_000L + now / MS,
            homeAgentCounters);
    homeAgent.onDeadline(now);
    after(SECOND, this::guestSpeaks);
    for (int i = 0; i < count; i++) {
      hosts.add(new Host(i, Location.FOREIGN));
    }
    return this;
  }

  /** A host on the home link, which has the guest. */
  HandoverWorld startAtHome() {
    home = new Host(9, Location.HOME);
    hosts.add(home);
    guestAt = home;
    station = GUEST_MAC;
    home.node.arrived(MobileNode.Trigger.HOOK, now);
    return this;
  }

  private void onLink(byte[] frame) {
    if (home != null && passesOnLink.test(frame)) {
      after(ON_LINK_NS, () -> onLinkArrival(frame));
    }
  }

  private void onLinkArrival(byte[] frame) {
    MacAddress source = MobileNodeFixture.sourceOf(frame);
    boolean group = (frame[0] & 1) != 0;
    if (!source.equals(HOME_AGENT_TAP)
        && (group || MobileNodeFixture.isTo(frame, HOME_AGENT_TAP))) {
      homeAgent.onHomeFrame(PacketBuffer.copyOf(frame), now);
    }
    if (!source.equals(MobileNodeFixture.TAP_MAC)
        || MobileNodeFixture.isTo(frame, GUEST_MAC)) {
      home.onLinkFrame(frame);
    }
    if (group
        && HomeLinkFrames.parse(PacketBuffer.copyOf(frame))
            instanceof NeighborAdvertisement advertisement
        && advertisement.target().equals(HOME_ADDRESS)
        && advertisement.targetLinkLayerAddress() != null) {
      station = advertisement.targetLinkLayerAddress();
    }
  }

  /** Sequence numbers come from the clock, so that the next host is ahead. */
  private SecurityAssociationPair pair(
      int out, int in, SecurityAssociationDatabase database) {
    long[] sequence = {0};
    return Associations.pair(
        out, in, () -> sequence[0] = Math.max(sequence[0] + 1, now / 10_000), database);
  }

  private Map<KeySource.Purpose, SecurityAssociationPair> keys(
      boolean ofHomeAgent, SecurityAssociationDatabase database) {
    Map<KeySource.Purpose, SecurityAssociationPair> keys = new HashMap<>();
    int up = ofHomeAgent ? 1 : 0;
    if (signalling) {
      keys.put(KeySource.Purpose.SIGNALLING, pair(0x1000 + up, 0x1001 - up, database));
    }
    if (payload) {
      keys.put(KeySource.Purpose.PAYLOAD, pair(0x2002 + up, 0x2003 - up, database));
    }
    return keys;
  }

  private Underlay.Sent route(byte[] packet) {
    wire.add(packet);
    Ipv6Address to = Ipv6Header.destination(ByteBuffer.wrap(packet), 0);
    if (passes.test(to, packet)) {
      after(MS, () -> arrive(to, packet));
    }
    return Underlay.Sent.OK;
  }

  private void arrive(Ipv6Address to, byte[] packet) {
    if (to.equals(HOME_AGENT)) {
      homeAgent.onUnderlayPacket(PacketBuffer.copyOf(packet), now);
    }
    for (Host host : hosts) {
      if (to.equals(host.careOf)) {
        host.node.onUnderlayPacket(PacketBuffer.copyOf(packet), now);
      }
    }
  }

  void after(long ns, Runnable action) {
    events.add(new Event(now + ns, order++, action));
  }

  static int numberOf(byte[] ipv6) {
    return ipv6.length == 48 + 20 && ipv6[6] == 17 ? ByteBuffer.wrap(ipv6).getInt(48) : -1;
  }

  /** A packet of the correspondent, which the home agent intercepts, or the guest gets. */
  void send() {
    byte[] packet = MobileNodeFixture.udp(CORRESPONDENT, HOME_ADDRESS, 20);
    ByteBuffer.wrap(packet).putInt(48, sent++);
    byte[] frame = MobileNodeFixture.frame(packet, station, CORRESPONDENT_MAC);
    if (home == null) {
      homeAgent.onHomeFrame(PacketBuffer.copyOf(frame), now);
    } else {
      onLink(frame);
    }
  }

  private void guestSpeaks() {
    if (guestAt != null && guestAt != home && !paused) {
      guestAt.node.onHomeFrame(
          PacketBuffer.copyOf(
              MobileNodeFixture.frame(
                  MobileNodeFixture.udp(HOME_ADDRESS, CORRESPONDENT, 8),
                  MobileNodeFixture.ROUTER_MAC, GUEST_MAC)),
          now);
    }
    after(SECOND, this::guestSpeaks);
  }

  /** From now on a packet each millisecond. */
  void stream() {
    sending = true;
    after(0, this::tick);
  }

  private void tick() {
    if (sending) {
      send();
      after(MS, this::tick);
    }
  }

  /** No more packets, and time for all to arrive. */
  void drain() {
    sending = false;
    pass(SECOND);
  }

  int sent() {
    return sent;
  }

  /**
   * What is wrong with what the guest has received, or nothing: missing, twice, behind a later one.
   */
  String disorder() {
    StringBuilder text = new StringBuilder();
    boolean[] came = new boolean[sent];
    int latest = -1;
    for (int number : received) {
      text.append(came[number] ? " twice " + number : number < latest ? " late " + number : "");
      came[number] = true;
      latest = Math.max(latest, number);
    }
    for (int number = 0; number < sent; number++) {
      text.append(came[number] ? "" : " missing " + number);
    }
    return text.toString();
  }

  /** The VM runs on a host. */
  void arriveAt(Host host) {
    if (guestAt == home && host != home) {
      queue.clear();
    }
    guestAt = host;
    paused = false;
    List<byte[]> unread = List.copyOf(queue);
    queue.clear();
    unread.forEach(host::toGuest);
    host.node.arrived(MobileNode.Trigger.QMP, now);
    host.rarp();
  }

  /** The VM stops, and its host hears of it later. */
  void pauseUnheard(long ns) {
    Host host = guestAt;
    host.node.migrating(true, now);
    pass(20_000_000);
    long stop = now + 1;
    paused = true;
    after(ns, () -> host.node.stopped(now, stop));
  }

  /** The VM stops. */
  void pause() {
    paused = true;
    guestAt.node.paused(now);
  }

  void pass(long ns) {
    long end = now + ns;
    int steps = 0;
    while (true) {
      Event event = events.peek();
      long next = event == null ? end + 1 : event.at;
      NodeEngine due = null;
      List<NodeEngine> engines = new ArrayList<>(List.of(homeAgent));
      hosts.forEach(host -> engines.add(host.node));
      for (NodeEngine engine : engines) {
        if (engine.nextDeadlineNs() < next) {
          next = engine.nextDeadlineNs();
          due = engine;
        }
      }
      if (next > end) {
        now = end;
        return;
      }
      if (++steps > 1_000_000) {
        throw new AssertionError("time stands still at " + now);
      }
      now = Math.max(now, next);
      if (due != null) {
        due.onDeadline(now);
      } else {
        events.poll();
        event.action.run();
      }
    }
  }
}
