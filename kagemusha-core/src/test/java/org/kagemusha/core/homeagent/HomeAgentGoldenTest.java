package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.homeagent.HomeAgentSettings.Advertisement;
import org.kagemusha.core.homeagent.HomeAgentSettings.Dad;
import org.kagemusha.core.message.BindingAcknowledgement;
import org.kagemusha.core.message.Captures;
import org.kagemusha.core.message.NeighborDiscovery;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingPacket;
import org.kagemusha.core.wire.Ipv6Address;

/** The packets of the captures go in; what comes out is compared with what UMIP answered. */
class HomeAgentGoldenTest {

  private final HomeAgentFixture home = new HomeAgentFixture();

  private byte[] captured(int number) {
    return Captures.packet(Captures.PLAIN_FOREIGN, number);
  }

  /**
   * Feeds a captured packet, and expects the answer to equal another but for label and hop limit.
   */
  private void exchange(int request, int answer) {
    home.packets.clear();
    home.underlay(captured(request));
    home.elapse(SECOND);
    assertEquals(1, home.packets.size(), "answers to packet " + request);
    assertSamePacket(captured(answer), home.packets.get(0));
  }

  /** UMIP's kernel put a flow label on, and the capture was taken a hop away. */
  private static void assertSamePacket(byte[] expected, byte[] actual) {
    byte[] masked = expected.clone();
    masked[1] &= (byte) 0xf0;
    masked[2] = 0;
    masked[3] = 0;
    masked[7]++;
    assertArrayEquals(masked, actual);
  }

  private void silence(int request) {
    home.packets.clear();
    home.underlay(captured(request));
    home.elapse(SECOND);
    assertEquals(0, home.packets.size(), "answers to packet " + request);
  }

  @Test
  void rfc6275_s10_3_1_acknowledgesWhatUmipAcknowledgedWithTheSameOctets() {
    home.dad = Dad.STRICT;
    home.start();
    exchange(3, 6);
    exchange(21, 22);
    exchange(24, 25);
    exchange(27, 28);
    exchange(30, 31);
    exchange(33, 34);
    exchange(36, 37);
    exchange(39, 40);
    // Packet 42 has A clear: "Regardless of the setting of the Acknowledge (A) bit".
    exchange(42, 43);
    // Packet 45 has H clear.
    silence(45);
    exchange(50, 51);
    exchange(53, 54);
    exchange(56, 57);
    exchange(59, 60);
    exchange(62, 63);
  }

  @Test
  void rfc6275_s10_3_2_endsBindingsWithUmipsOctets() {
    home.dad = Dad.STRICT;
    home.start();
    exchange(53, 54);
    // Lifetime not zero, but the care-of address is the home address; and from the home address.
    exchange(97, 98);
    home.elapse(HomeRegistration.DELETE_TIMEOUT_NS);
    exchange(100, 101);
    exchange(103, 104);
    exchange(106, 107);
    exchange(109, 110);
    exchange(112, 113);
    home.elapse(HomeRegistration.DELETE_TIMEOUT_NS);
    home.maximumLifetimeSeconds = 86_396;
    home.validSeconds = HomeAgentSettings.INFINITE_LIFETIME;
    home.preferredSeconds = HomeAgentSettings.INFINITE_LIFETIME;
    home.agent.settings(home.settings(), home.nowNs);
    exchange(115, 118);
    exchange(120, 121);
  }

  @Test
  void rfc6275_s9_2_answersBadMobilityHeadersWithUmipsOctets() {
    home.start();
    silence(65);
    silence(66);
    home.packets.clear();
    home.underlay(captured(67));
    byte[] umip = captured(68);
    byte[] own = home.packets.get(0);
    assertEquals(HOME_AGENT, Ipv6Address.of(Arrays.copyOfRange(own, 8, 24)));
    assertEquals(CARE_OF, Ipv6Address.of(Arrays.copyOfRange(own, 24, 40)));
    assertArrayEquals(Arrays.copyOfRange(umip, 40, 42), Arrays.copyOfRange(own, 40, 42));
    assertArrayEquals(Arrays.copyOfRange(umip, 44, 48), Arrays.copyOfRange(own, 44, 48));
  }

  @Test
  void rfc6275_s9_3_3_sendsUmipsBindingErrors() {
    home.start();
    exchange(69, 70);
    exchange(72, 73);
  }

  @Test
  void rfc3776_s4_takesUmipsPeersEspAndAnswersInEsp() {
    home.protectSignalling(HOME_ADDRESS);
    home.start();
    // In clear: UMIP was silent, too.
    home.underlay(Captures.packet(Captures.ESP_FOREIGN, 5));
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.MOBILITY_UNPROTECTED));

    espExchange(11, 12);
    espExchange(23, 24);
    espExchange(26, 27);
  }

  private void espExchange(int request, int answer) {
    home.packets.clear();
    home.underlay(Captures.packet(Captures.ESP_FOREIGN, request));
    assertEquals(1, home.packets.size(), "answers to packet " + request);
    byte[] own = home.packets.get(0);
    byte[] umip = Captures.packet(Captures.ESP_FOREIGN, answer);
    assertEquals(umip.length, own.length);
    // Addresses and type 2 routing header are outside; ESP has a fresh IV.
    assertArrayEquals(Arrays.copyOfRange(umip, 8, 68), Arrays.copyOfRange(own, 8, 68));
    SignallingPacket ours = home.signalling(own);
    // UMIP's own sequence numbers go on where ours start, so both pass one replay window.
    SignallingPacket theirs =
        new HomeAgentFixture().protectSignalling(HOME_ADDRESS).signalling(umip);
    assertEquals((BindingAcknowledgement) theirs.message(), ours.message());
  }

  @Test
  void rfc6275_s7_sendsUmipsRouterAdvertisement() {
    home.validSeconds = 86_400;
    home.preferredSeconds = 43_200;
    home.advertisement = new Advertisement(3_000, 10_000, 1800, 64, 10, 1800, 0);
    home.start();
    byte[] umip = Captures.packet("umip-esp-home-link.pcap", 12);
    byte[] own = home.packets.get(0);
    assertEquals(
        NeighborDiscovery.parse(ByteBuffer.wrap(umip), 0, umip.length).toString(),
        NeighborDiscovery.parse(ByteBuffer.wrap(own), 0, own.length).toString());
    assertEquals(umip.length, own.length);
    assertTrue(Ipv6Address.ALL_NODES.matches(ByteBuffer.wrap(own), 24));
  }
}
