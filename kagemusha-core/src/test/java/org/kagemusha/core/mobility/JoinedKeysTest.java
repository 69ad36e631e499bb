package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_PREFIX;
import static org.kagemusha.core.mobility.MobileNodeFixture.MS;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.SECOND;
import static org.kagemusha.core.mobility.MobileNodeFixture.frame;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kagemusha.core.homeagent.HomeAgent;
import org.kagemusha.core.homeagent.HomeAgentSettings;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationPair;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.mobility.MobileNodeSettings.Encapsulation;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** Both engines with keys that are replaced while traffic flows: no packet is lost. */
class JoinedKeysTest {

  private static final MacAddress TAP = MacAddress.parse("52:54:00:20:00:99");
  private static final MacAddress CORRESPONDENT_MAC = MacAddress.parse("d6:d1:64:7c:52:1f");
  private static final int PORT = 4500;

  /** A home agent's keys: all pairs are believed, the one in force is sent with. */
  private static final class HomeAgentKeys implements KeySource {
    private final List<SecurityAssociationPair> live = new ArrayList<>();
    private SecurityAssociationPair inForce;

    @Override
    public SecurityAssociationPair associations(Ipv6Address homeAddress, Purpose purpose) {
      return inForce;
    }

    @Override
    public SecurityAssociationPair accepting(
        Ipv6Address homeAddress, Purpose purpose, InboundSecurityAssociation opened) {
      return opened != null && live.contains(opened.pair()) ? opened.pair() : null;
    }

    @Override
    public boolean allowsClear(Ipv6Address homeAddress, Purpose purpose) {
      return false;
    }

    @Override
    public void inForce(Ipv6Address homeAddress, SecurityAssociationPair pair, long nowNs) {
      inForce = pair;
    }
  }

  private record Event(long at, long order, Runnable action) {}

  private final SecurityAssociationDatabase here = new SecurityAssociationDatabase();
  private final SecurityAssociationDatabase there = new SecurityAssociationDatabase();
  private final FreshKeys keys = new FreshKeys(here, there);
  private final HomeAgentKeys homeAgentKeys = new HomeAgentKeys();
  private final Counters nodeCounters = new Counters();
  private final Counters homeAgentCounters = new Counters();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private final Random random = new Random(7);
  private boolean nativeDown = true;
  private HomeAgent homeAgent;
  private MobileNode node;
  private long now = SECOND;
  private long order;

  private void build(Encapsulation mode) {
    homeAgent =
        new HomeAgent(
            new HomeAgentSettings(
                HOME_AGENT, TAP, ROUTER_MAC, ROUTER, HOME_PREFIX, 86400, 86400,
                HomeAgentSettings.Dad.OFF, 600, 10, true,
                List.of(
                    new MobileNodeAuthorisation(
                        "vm1", List.of(new Ipv6Prefix(HOME_ADDRESS, 128)), List.of(), true)),
                null, TunnelSettings.defaults(), 5, PORT),
            frame -> { },
            packet -> carry(packet, true),
            homeAgentKeys, there, new Random(2), () -> 1_700_000_000_000L + now / MS,
            homeAgentCounters);
    node =
        new MobileNode(
            MobileNodeFixture.with(
                    MobileNodeFixture.settings(Location.FOREIGN), 600, false, true)
                .withEncapsulation(mode),
            this::guest,
            packet -> carry(packet, false),
            keys, here, new Random(1), () -> 1_700_000_000_000L + now / MS, nodeCounters);
    node.careOfAddress(CARE_OF, 1500, now);
    node.encapsulationPorts(PORT, PORT, now);
    homeAgent.onDeadline(now);
    node.onDeadline(now);
  }

  private Underlay.Sent carry(PacketBuffer packet, boolean down) {
    byte[] octets = packet.toBytes();
    if (!down || nativeDown || octets[6] == Protocol.UDP) {
      after(
          30 * MS + random.nextLong(2 * MS),
          () -> {
            if (down) {
              node.onUnderlayPacket(PacketBuffer.copyOf(octets), now);
            } else {
              homeAgent.onUnderlayPacket(PacketBuffer.copyOf(octets), now);
            }
          });
    }
    return Underlay.Sent.OK;
  }

  private void guest(PacketBuffer frame) {
    if (MobileNodeFixture.neighborMessage(frame.toBytes()) instanceof NeighborSolicitation) {
      after(MS, this::guestSends);
    }
  }

  private void guestSends() {
    node.onHomeFrame(
        PacketBuffer.copyOf(frame(udp(HOME_ADDRESS, CORRESPONDENT, 40), ROUTER_MAC, GUEST_MAC)),
        now);
  }

  private void correspondentSends() {
    homeAgent.onHomeFrame(
        PacketBuffer.copyOf(frame(udp(CORRESPONDENT, HOME_ADDRESS, 40), TAP, CORRESPONDENT_MAC)),
        now);
  }

  private void grant() {
    homeAgentKeys.live.add(keys.grant(true, 3600 * SECOND, now));
    node.keysChanged(now);
  }

  private void after(long ns, Runnable action) {
    events.add(new Event(now + ns, order++, action));
  }

  private void run(long ns) {
    long end = now + ns;
    while (true) {
      long next = Math.min(node.nextDeadlineNs(), homeAgent.nextDeadlineNs());
      Event event = events.peek();
      if (event != null && event.at <= Math.min(next, end)) {
        events.poll();
        now = Math.max(now, event.at);
        event.action.run();
      } else if (next <= end) {
        now = Math.max(now, next);
        node.onDeadline(now);
        homeAgent.onDeadline(now);
      } else {
        now = end;
        return;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Encapsulation.class)
  void rekeyingLosesNothing(Encapsulation mode) {
    build(mode);
    grant();
    guestSends();
    run(2 * SECOND);
    assertEquals("registered", node.status(now).state());
    assertEquals(
        mode == Encapsulation.UDP ? "udp" : "none", node.status(now).encapsulation());
    long up = homeAgentCounters.get(Counter.TUNNEL_PACKETS_RECEIVED);
    long down = nodeCounters.get(Counter.TUNNEL_PACKETS_RECEIVED);
    long sent = nodeCounters.get(Counter.TUNNEL_PACKETS_SENT);
    long sentDown = homeAgentCounters.get(Counter.TUNNEL_PACKETS_SENT);
    for (int i = 0; i < 2000; i++) {
      guestSends();
      correspondentSends();
      if (i % 400 == 200) {
        grant();
      }
      run(10 * MS);
    }
    run(100 * MS);
    assertTrue(nodeCounters.get(Counter.TUNNEL_PACKETS_SENT) - sent >= 2000);
    assertEquals(
        nodeCounters.get(Counter.TUNNEL_PACKETS_SENT) - sent,
        homeAgentCounters.get(Counter.TUNNEL_PACKETS_RECEIVED) - up);
    // The home agent adds errors for a correspondent that nobody resolves here.
    assertTrue(homeAgentCounters.get(Counter.TUNNEL_PACKETS_SENT) - sentDown >= 2000);
    assertEquals(
        homeAgentCounters.get(Counter.TUNNEL_PACKETS_SENT) - sentDown,
        nodeCounters.get(Counter.TUNNEL_PACKETS_RECEIVED) - down);
    assertEquals(0x1005, homeAgentKeys.inForce.inbound().spi());
  }

  @Test
  void theHomeAgentIsPutRightWhereItsNativeAnswersAreLost() {
    nativeDown = false;
    build(Encapsulation.AUTO);
    grant();
    guestSends();
    run(3 * SECOND);
    assertEquals("registered", node.status(now).state());
    assertEquals("udp", node.status(now).encapsulation());
    long down = nodeCounters.get(Counter.TUNNEL_PACKETS_RECEIVED);
    long sent = homeAgentCounters.get(Counter.TUNNEL_PACKETS_SENT);
    correspondentSends();
    run(100 * MS);
    assertTrue(homeAgentCounters.get(Counter.TUNNEL_PACKETS_SENT) > sent);
    assertEquals(
        homeAgentCounters.get(Counter.TUNNEL_PACKETS_SENT) - sent,
        nodeCounters.get(Counter.TUNNEL_PACKETS_RECEIVED) - down);
  }
}
