package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.GATEWAY_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.KERNEL_LINK_LOCAL;
import static org.kagemusha.core.homeagent.HomeAgentFixture.MS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.HomeAgentSettings.Advertisement;
import org.kagemusha.core.message.HomeAgentInformation;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.message.PrefixInformation;
import org.kagemusha.core.message.RouterAdvertisement;
import org.kagemusha.core.message.RouterSolicitation;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;

class RouterAdvertiserTest {

  private final HomeAgentFixture home = new HomeAgentFixture();

  private HomeAgentFixture advertise(int minimumMs, int maximumMs) {
    home.advertisement = new Advertisement(minimumMs, maximumMs, 1800, 64, 7, 900, 1500);
    return home.start();
  }

  private RouterAdvertisement last() {
    byte[] packet = home.packets.get(home.packets.size() - 1);
    return (RouterAdvertisement)
        NeighborDiscovery.parse(ByteBuffer.wrap(packet), 0, packet.length);
  }

  private void solicit() {
    home.frame(
        HomeAgentFixture.neighborFrame(
            new RouterSolicitation(
                Ipv6Address.linkLocalOf(CORRESPONDENT_MAC),
                Ipv6Address.ALL_ROUTERS,
                CORRESPONDENT_MAC),
            CORRESPONDENT_MAC));
  }

  /** When each advertisement went out during a time. */
  private List<Long> sendingTimes(long forNs) {
    List<Long> times = new ArrayList<>();
    long until = home.nowNs + forNs;
    while (home.agent.nextDeadlineNs() <= until) {
      home.nowNs = home.agent.nextDeadlineNs();
      int before = home.packets.size();
      home.agent.onDeadline(home.nowNs);
      if (home.packets.size() > before) {
        times.add(home.nowNs);
      }
    }
    home.nowNs = until;
    return times;
  }

  @Test
  void rfc6275_s7_carriesTheHomeAgentBitTheRouterAddressAndTheOptions() {
    advertise(3_000, 10_000);
    RouterAdvertisement sent = last();
    assertEquals(KERNEL_LINK_LOCAL, sent.source());
    assertEquals(Ipv6Address.ALL_NODES, sent.destination());
    assertEquals(255, home.packets.get(0)[7] & 0xff);
    assertEquals(RouterAdvertisement.HOME_AGENT, sent.flags());
    assertEquals(1800, sent.routerLifetimeSeconds());
    assertEquals(64, sent.currentHopLimit());
    assertEquals(GATEWAY_MAC, sent.sourceLinkLayerAddress());
    assertEquals(1500, sent.mtu());
    assertEquals(10_000, sent.advertisementIntervalMs());
    assertEquals(new HomeAgentInformation(7, 900), sent.homeAgent());
    assertEquals(
        List.of(
            new PrefixInformation(
                HOME_AGENT,
                64,
                PrefixInformation.ON_LINK
                    | PrefixInformation.AUTONOMOUS
                    | PrefixInformation.ROUTER_ADDRESS,
                86_400,
                86_400)),
        sent.prefixes());
  }

  @Test
  void rfc6275_s7_4_defaultsAreLeftOut() {
    home.advertisement = new Advertisement(3_000, 10_000, 1800, 64, 0, 1800, 0);
    home.start();
    assertNull(last().homeAgent());
    assertEquals(0, last().mtu());
  }

  @Test
  void rfc6275_s7_5_shortIntervalsAreAdvertisedWith20MillisecondsMore() {
    advertise(30, 70);
    assertEquals(90, last().advertisementIntervalMs());
    advertise(150, 200);
    assertEquals(200, last().advertisementIntervalMs());
  }

  @Test
  void rfc4861_s6_2_4_intervalsLieBetweenMinimumAndMaximum() {
    advertise(20_000, 60_000);
    List<Long> times = sendingTimes(3_600 * SECOND);
    long before = SECOND;
    for (int i = 0; i < times.size(); i++) {
      long interval = times.get(i) - before;
      // "the first few advertisements [...] MAX_INITIAL_RTR_ADVERT_INTERVAL"
      long maximum = i < 2 ? RouterAdvertiser.INITIAL_INTERVAL_NS : 60 * SECOND;
      long minimum = i < 2 ? RouterAdvertiser.INITIAL_INTERVAL_NS : 20 * SECOND;
      assertTrue(interval >= minimum && interval <= maximum, "interval " + interval);
      before = times.get(i);
    }
    assertTrue(times.stream().distinct().count() > 50);
  }

  @Test
  void rfc4861_s6_2_6_aSolicitationIsAnsweredWithinHalfASecond() {
    advertise(200_000, 600_000);
    sendingTimes(100 * SECOND);
    home.clear();
    solicit();
    assertEquals(0, home.packets.size());
    List<Long> times = sendingTimes(RouterAdvertiser.ANSWER_DELAY_NS);
    assertEquals(1, times.size());
  }

  @Test
  void rfc4861_s6_2_6_noMoreThanOneAdvertisementInThreeSeconds() {
    advertise(200_000, 600_000);
    sendingTimes(100 * SECOND);
    List<Long> times = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      solicit();
      times.addAll(sendingTimes(10 * MS));
    }
    assertTrue(times.size() >= 3 && times.size() <= 4, times.toString());
    for (int i = 1; i < times.size(); i++) {
      assertTrue(times.get(i) - times.get(i - 1) >= 3 * SECOND);
    }
  }

  @Test
  void rfc4861_s6_1_1_anInvalidSolicitationIsNotAnswered() {
    advertise(200_000, 600_000);
    sendingTimes(100 * SECOND);
    home.clear();
    byte[] frame =
        HomeAgentFixture.neighborFrame(
            new RouterSolicitation(
                Ipv6Address.linkLocalOf(CORRESPONDENT_MAC),
                Ipv6Address.ALL_ROUTERS,
                CORRESPONDENT_MAC),
            CORRESPONDENT_MAC);
    frame[14 + 7] = 64;
    home.frame(frame);
    assertEquals(0, sendingTimes(SECOND).size());
    assertEquals(1, home.drops(DropReason.ND_INVALID));
  }

  @Test
  void rfc4861_s6_2_5_theLastAdvertisementHasRouterLifetimeZero() {
    advertise(3_000, 10_000);
    home.clear();
    home.agent.stop(home.nowNs);
    assertEquals(1, home.packets.size());
    assertEquals(0, last().routerLifetimeSeconds());
    assertEquals(0, last().flags());
    assertNull(last().homeAgent());
    assertEquals(0, sendingTimes(100 * SECOND).size());
  }

  @Test
  void withoutSettingsAnotherRouterAdvertises() {
    home.start();
    solicit();
    assertEquals(0, sendingTimes(100 * SECOND).size());
    home.agent.stop(home.nowNs);
    assertEquals(0, home.packets.size());
  }

  @Test
  void rfc4861_s6_2_4_changedSettingsAreAdvertisedSoon() {
    advertise(200_000, 600_000);
    sendingTimes(100 * SECOND);
    home.clear();
    home.advertisement = new Advertisement(200_000, 600_000, 900, 64, 7, 900, 0);
    home.agent.settings(home.settings(), home.nowNs);
    assertEquals(1, sendingTimes(SECOND).size());
    assertEquals(900, last().routerLifetimeSeconds());
    home.clear();
    home.advertisement = null;
    home.agent.settings(home.settings(), home.nowNs);
    assertEquals(0, last().routerLifetimeSeconds());
    assertEquals(0, sendingTimes(1_000 * SECOND).size());
  }
}
