package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.NeighborMessage;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
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
 * Both engines: the guest leaves home, talks from abroad, and returns.
 *
 * <pre>
 *   guest --- bridge (abroad) --- mobile node ===== home agent --- bridge (home) --- correspondent
 *                                                                        |
 *                                              mobile node at home, guest
 * </pre>
 */
class RoundTripTest {

  private static final MacAddress HOME_AGENT_TAP = MacAddress.parse("52:54:00:20:00:99");
  private static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");
  private static final MacAddress GUEST_MAC = MobileNodeFixture.GUEST_MAC;
  private static final Ipv6Address GUEST = MobileNodeFixture.HOME_ADDRESS;
  private static final Ipv6Address CORRESPONDENT = MobileNodeFixture.CORRESPONDENT;
  private static final long MS = MobileNodeFixture.MS;

  private final Deque<Runnable> wire = new ArrayDeque<>();
  private final List<byte[]> toGuest = new ArrayList<>();
  private final List<byte[]> toCorrespondent = new ArrayList<>();
  private final Counters abroadCounters = new Counters();
  private final Counters homeAgentCounters = new Counters();
  private final Map<KeySource.Purpose, SecurityAssociationPair> homeAgentKeys = new HashMap<>();
  private final SecurityAssociationDatabase homeAgentAssociations =
      new SecurityAssociationDatabase();
  private HomeAgent homeAgent;
  private MobileNode abroad;
  private MobileNode atHome;
  private boolean guestAtHome;
  private long now = MobileNodeFixture.SECOND;

  /** Sequence numbers come from the clock, so that the next host is ahead. */
  private SecurityAssociationPair pair(
      int out, int in, SecurityAssociationDatabase database) {
    long[] sequence = {0};
    return Associations.pair(
        out, in, () -> sequence[0] = Math.max(sequence[0] + 1, now / 1000), database);
  }

  private Map<KeySource.Purpose, SecurityAssociationPair> keys(
      boolean signalling, boolean payload, boolean ofHomeAgent,
      SecurityAssociationDatabase database) {
    Map<KeySource.Purpose, SecurityAssociationPair> keys = new HashMap<>();
    int up = ofHomeAgent ? 1 : 0;
    if (signalling) {
      keys.put(
          KeySource.Purpose.SIGNALLING, pair(0x1000 + up, 0x1001 - up, database));
    }
    if (payload) {
      keys.put(KeySource.Purpose.PAYLOAD, pair(0x2002 + up, 0x2003 - up, database));
    }
    return keys;
  }

  private MobileNode node(Location location, boolean signalling, boolean payload) {
    SecurityAssociationDatabase database = new SecurityAssociationDatabase();
    Map<KeySource.Purpose, SecurityAssociationPair> keys =
        keys(signalling, payload, false, database);
    boolean home = location == Location.HOME;
    MobileNode node =
        new MobileNode(
            MobileNodeFixture.with(
                MobileNodeFixture.settings(location), 600, false, signalling),
            frame -> {
              byte[] octets = frame.toBytes();
              wire.add(() -> frameOfNode(octets, home));
            },
            packet -> {
              byte[] octets = packet.toBytes();
              wire.add(() -> homeAgent.onUnderlayPacket(PacketBuffer.copyOf(octets), now));
              return Underlay.Sent.OK;
            },
            (address, purpose) -> keys.get(purpose),
            database,
            new Random(1),
            () -> 1_700_000_000_000L + now / MS,
            home ? new Counters() : abroadCounters);
    if (!home) {
      node.careOfAddress(MobileNodeFixture.CARE_OF, 1500, now);
    }
    node.onDeadline(now);
    return node;
  }

  private void build(boolean signalling, boolean payload, HomeAgentSettings.Dad dad) {
    homeAgentKeys.putAll(keys(signalling, payload, true, homeAgentAssociations));
    homeAgent =
        new HomeAgent(
            new HomeAgentSettings(
                MobileNodeFixture.HOME_AGENT, HOME_AGENT_TAP, MobileNodeFixture.ROUTER_MAC,
                MobileNodeFixture.ROUTER, MobileNodeFixture.HOME_PREFIX, 86400, 86400, dad, 600,
                10, signalling,
                List.of(
                    new HomeAgentSettings.MobileNodeAuthorisation(
                        "vm1", List.of(new Ipv6Prefix(GUEST, 128)), List.of(), payload)),
                null,
                TunnelSettings.defaults()),
            frame -> {
              byte[] octets = frame.toBytes();
              wire.add(() -> homeBridge(octets));
            },
            packet -> {
              byte[] octets = packet.toBytes();
              wire.add(() -> abroad.onUnderlayPacket(PacketBuffer.copyOf(octets), now));
              return Underlay.Sent.OK;
            },
            (address, purpose) -> homeAgentKeys.get(purpose),
            homeAgentAssociations,
            new Random(2),
            () -> 1_700_000_000_000L + now / MS,
            homeAgentCounters);
    homeAgent.onDeadline(now);
    abroad = node(Location.FOREIGN, signalling, payload);
    atHome = node(Location.HOME, signalling, payload);
  }

  private void frameOfNode(byte[] frame, boolean home) {
    if (home) {
      homeBridge(frame);
    } else if (!guestAtHome) {
      guest(frame);
    }
  }

  /** A bridge that knows where everybody is. */
  private void homeBridge(byte[] frame) {
    MacAddress from = MobileNodeFixture.sourceOf(frame);
    for (MacAddress station
        : List.of(HOME_AGENT_TAP, CORRESPONDENT_MAC, GUEST_MAC, MobileNodeFixture.TAP_MAC)) {
      boolean group = (frame[0] & 1) != 0;
      if (station.equals(from) || !group && !MobileNodeFixture.isTo(frame, station)) {
        continue;
      }
      if (station.equals(HOME_AGENT_TAP)) {
        homeAgent.onHomeFrame(PacketBuffer.copyOf(frame), now);
      } else if (station.equals(CORRESPONDENT_MAC)) {
        correspondent(frame);
      } else if (station.equals(MobileNodeFixture.TAP_MAC)) {
        atHome.onHomeFrame(PacketBuffer.copyOf(frame), now);
      } else if (guestAtHome) {
        guest(frame);
      }
    }
    if (atHome.wantsBridgeWatch() && !from.equals(MobileNodeFixture.TAP_MAC)) {
      atHome.onBridgeFrame(PacketBuffer.copyOf(frame), now);
    }
  }

  private void correspondent(byte[] frame) {
    if (!answer(frame, CORRESPONDENT, CORRESPONDENT_MAC, this::homeBridge)) {
      toCorrespondent.add(frame);
    }
  }

  private void guest(byte[] frame) {
    if (!answer(frame, GUEST, GUEST_MAC, this::fromGuest)) {
      toGuest.add(frame);
    }
  }

  private boolean answer(
      byte[] frame, Ipv6Address own, MacAddress mac, java.util.function.Consumer<byte[]> way) {
    NeighborMessage message = MobileNodeFixture.neighborMessage(frame);
    if (message instanceof NeighborSolicitation asked && asked.target().equals(own)) {
      boolean test = asked.source().isUnspecified();
      byte[] reply =
          MobileNodeFixture.frame(
              NeighborDiscovery.build(
                  new NeighborAdvertisement(
                      own, test ? Ipv6Address.ALL_NODES : asked.source(), own, false, !test, true,
                      mac)),
              test
                  ? MacAddress.multicastOf(Ipv6Address.ALL_NODES)
                  : MobileNodeFixture.sourceOf(frame),
              mac);
      wire.add(() -> way.accept(reply));
      return true;
    }
    return message != null;
  }

  private void fromGuest(byte[] frame) {
    if (guestAtHome) {
      homeBridge(frame);
    } else {
      abroad.onHomeFrame(PacketBuffer.copyOf(frame), now);
    }
  }

  private void pass(long ns) {
    long end = now + ns;
    while (true) {
      while (!wire.isEmpty()) {
        wire.poll().run();
      }
      NodeEngine next = homeAgent;
      for (NodeEngine engine : List.of(abroad, atHome)) {
        next = engine.nextDeadlineNs() < next.nextDeadlineNs() ? engine : next;
      }
      if (next.nextDeadlineNs() > end) {
        now = end;
        return;
      }
      now = Math.max(now, next.nextDeadlineNs());
      next.onDeadline(now);
    }
  }

  private static byte[] last(List<byte[]> frames) {
    return frames.get(frames.size() - 1);
  }

  private void talk(MacAddress fromCorrespondent) {
    byte[] up = MobileNodeFixture.udp(GUEST, CORRESPONDENT, 40);
    MacAddress nextHop = guestAtHome ? CORRESPONDENT_MAC : MobileNodeFixture.ROUTER_MAC;
    fromGuest(MobileNodeFixture.frame(up, nextHop, GUEST_MAC));
    pass(5 * MS);
    assertPayload(up, last(toCorrespondent));
    byte[] down = MobileNodeFixture.udp(CORRESPONDENT, GUEST, 50);
    homeBridge(MobileNodeFixture.frame(down, fromCorrespondent, CORRESPONDENT_MAC));
    pass(5 * MS);
    assertPayload(down, last(toGuest));
  }

  private static void assertPayload(byte[] sent, byte[] frame) {
    byte[] ipv6 = MobileNodeFixture.ipv6Of(frame);
    assertEquals(
        java.util.HexFormat.of().formatHex(sent, Ipv6Header.BYTES, sent.length),
        java.util.HexFormat.of().formatHex(ipv6, Ipv6Header.BYTES, ipv6.length));
  }

  @ParameterizedTest
  @CsvSource({"false,false", "true,false", "true,true"})
  void guestTalksFromAbroadAndAfterItsReturn(boolean signalling, boolean payload) {
    build(signalling, payload, HomeAgentSettings.Dad.OFF);
    byte[] rarp = new byte[60];
    EthernetHeader.write(
        java.nio.ByteBuffer.wrap(rarp), 0, MacAddress.BROADCAST, GUEST_MAC,
        EthernetHeader.TYPE_RARP);
    fromGuest(rarp);
    pass(MS);
    assertEquals("registered", abroad.status(now).state());
    talk(HOME_AGENT_TAP);

    pass(20 * MobileNodeFixture.SECOND);
    abroad.left(now);
    pass(500 * MS);
    guestAtHome = true;
    fromGuest(rarp);
    pass(100 * MS);
    assertEquals("home", atHome.status(now).state());
    assertEquals(0, homeAgent.bindings());
    talk(GUEST_MAC);
    pass(10 * MobileNodeFixture.SECOND);
    assertFalse(atHome.wantsBridgeWatch());

    guestAtHome = false;
    pass(500 * MS);
    fromGuest(rarp);
    pass(10 * MS);
    assertEquals("registered", abroad.status(now).state());
    assertEquals("waiting", atHome.status(now).state());
    talk(HOME_AGENT_TAP);
    assertEquals(2, abroad.status(now).handover().moveCount());
    assertEquals(0, abroadCounters.drops(DropReason.MOBILITY_UNMATCHED));
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void whatCameAbroadWhileTheGuestWasPausedFollowsItHome(boolean payload) {
    build(true, payload, HomeAgentSettings.Dad.OFF);
    abroad.handoverBuffer(1 << 20, now);
    byte[] rarp = new byte[60];
    EthernetHeader.write(
        java.nio.ByteBuffer.wrap(rarp), 0, MacAddress.BROADCAST, GUEST_MAC,
        EthernetHeader.TYPE_RARP);
    fromGuest(rarp);
    pass(MS);
    talk(HOME_AGENT_TAP);
    pass(20 * MobileNodeFixture.SECOND);
    fromGuest(
        MobileNodeFixture.frame(
            MobileNodeFixture.udp(GUEST, CORRESPONDENT, 4), MobileNodeFixture.ROUTER_MAC,
            GUEST_MAC));
    pass(MS);
    abroad.paused(now);
    toGuest.clear();
    for (int i = 0; i < 5; i++) {
      homeBridge(
          MobileNodeFixture.frame(
              MobileNodeFixture.udp(CORRESPONDENT, GUEST, 60 + i), HOME_AGENT_TAP,
              CORRESPONDENT_MAC));
    }
    pass(100 * MS);
    assertEquals(0, toGuest.size());
    assertEquals(5, abroad.forwarding().waiting());
    abroad.left(now);
    pass(500 * MS);
    guestAtHome = true;
    fromGuest(rarp);
    pass(200 * MS);
    assertEquals("home", atHome.status(now).state());
    assertEquals(5, homeAgentCounters.get(Counter.HANDOVER_PACKETS_RECEIVED));
    // The acknowledgement of the deregistration goes to the guest's station, too.
    toGuest.removeIf(frame -> frame[20] != 17);
    assertEquals(5, toGuest.size());
    for (int i = 0; i < 5; i++) {
      assertPayload(MobileNodeFixture.udp(CORRESPONDENT, GUEST, 60 + i), toGuest.get(i));
      assertEquals(HOME_AGENT_TAP, MobileNodeFixture.sourceOf(toGuest.get(i)));
    }
    pass(10 * MobileNodeFixture.SECOND);
    assertFalse(abroad.isHandingOver());
    talk(GUEST_MAC);
  }

  @ParameterizedTest
  @CsvSource({"STRICT", "OPTIMISTIC"})
  void addressDetectionAtTheHomeAgentIsWaitedFor(HomeAgentSettings.Dad dad) {
    build(false, false, dad);
    fromGuest(
        MobileNodeFixture.frame(
            MobileNodeFixture.udp(GUEST, CORRESPONDENT, 4), MobileNodeFixture.ROUTER_MAC,
            GUEST_MAC));
    pass(1200 * MS);
    assertEquals("registered", abroad.status(now).state());
    assertTrue(
        abroad.status(now).bindings().get(0).retransmissions() == 0
            && homeAgent.bindings() == 1);
    talk(HOME_AGENT_TAP);
  }
}
