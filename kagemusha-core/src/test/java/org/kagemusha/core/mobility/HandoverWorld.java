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
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
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
 * A home agent, hosts abroad and a VM that moves between them while a correspondent sends it a
 * numbered packet each millisecond; what reaches the guest, in order. Packets take a millisecond.
 */
final class HandoverWorld {

  static final MacAddress HOME_AGENT_TAP = MacAddress.parse("52:54:00:20:00:99");
  private static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");
  private static final int ROOM = 1 << 20;

  /** One host. */
  final class Host {
    final Ipv6Address careOf;
    final MobileNode node;
    final Counters counters = new Counters();
    final List<Integer> toGuest = new ArrayList<>();

    Host(int number) {
      careOf = new Ipv6Address(0x2001_0db8_3000_0000L + ((long) number << 16), 3);
      SecurityAssociationDatabase database = new SecurityAssociationDatabase();
      Map<KeySource.Purpose, SecurityAssociationPair> keys = keys(false, database);
      MobileNodeSettings settings =
          MobileNodeFixture.with(
              MobileNodeFixture.settings(Location.FOREIGN), 600, false, signalling);
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
      node.careOfAddress(careOf, 1500, now);
      node.onDeadline(now);
    }

    private void onFrame(PacketBuffer frame) {
      byte[] octets = frame.toBytes();
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
      node.onHomeFrame(PacketBuffer.copyOf(rarp), now);
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
  HomeAgent homeAgent;
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
            frame -> { },
            packet -> route(packet.toBytes()),
            (address, purpose) -> keys.get(purpose),
            database,
            new Random(2),
            () -> 1_700_000_000_000L + now / MS,
            new Counters());
    homeAgent.onDeadline(now);
    after(SECOND, this::guestSpeaks);
    for (int i = 0; i < count; i++) {
      hosts.add(new Host(i));
    }
    return this;
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

  /** A packet of the correspondent, which the home agent intercepts. */
  void send() {
    byte[] packet = MobileNodeFixture.udp(CORRESPONDENT, HOME_ADDRESS, 20);
    ByteBuffer.wrap(packet).putInt(48, sent++);
    homeAgent.onHomeFrame(
        PacketBuffer.copyOf(
            MobileNodeFixture.frame(packet, HOME_AGENT_TAP, CORRESPONDENT_MAC)),
        now);
  }

  private void guestSpeaks() {
    if (guestAt != null && !paused) {
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

  /** The VM runs on a host. */
  void arriveAt(Host host) {
    guestAt = host;
    paused = false;
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
    after(ns, () -> host.node.paused(now, stop));
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
