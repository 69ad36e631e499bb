package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.GUEST_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.LINK_LOCAL;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;
import static org.kagemusha.core.homeagent.HomeAgentFixture.udp;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;
import static org.kagemusha.core.homeagent.HomeAgentFixture.withLinkLocal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.NeighborAdvertisement;
import org.kagemusha.core.message.NeighborSolicitation;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.Protocol;

/** What the home link sends, RFC 6275 §10.4.1 and §10.4.2. */
class InterceptedPacketsTest {

  private static final byte[] DATA = udp(CORRESPONDENT, HOME_ADDRESS, 100);

  private final HomeAgentFixture home = new HomeAgentFixture();

  @BeforeEach
  void bind() {
    home.start();
    home.send(CARE_OF, HOME_ADDRESS, withLinkLocal(1, 15, CARE_OF));
    home.elapse(5 * SECOND);
    home.clear();
  }

  private void intercept(byte[] ipv6) {
    home.frame(ethernet(TAP_MAC, CORRESPONDENT_MAC, ipv6));
  }

  @Test
  void rfc6275_s10_4_2_tunnelsFromTheHomeAgentToTheCareOfAddress() {
    intercept(DATA);
    byte[] outer = home.packets.get(0);
    ByteBuffer bytes = ByteBuffer.wrap(outer);
    assertEquals(HOME_AGENT, Ipv6Header.source(bytes, 0));
    assertEquals(CARE_OF, Ipv6Header.destination(bytes, 0));
    assertEquals(Protocol.IPV6, Ipv6Header.nextHeader(bytes, 0));
    byte[] inner = Arrays.copyOfRange(outer, 40, outer.length);
    assertEquals(63, Ipv6Header.hopLimit(bytes, 40));
    inner[Ipv6Header.HOP_LIMIT] = 64;
    assertArrayEquals(DATA, inner);
    assertEquals(1, home.counters.get(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(2, home.counters.get(Counter.UNDERLAY_PACKETS_SENT));
  }

  @Test
  void rfc6275_s10_4_2_theTunnelFollowsTheBinding() {
    home.register(2, 15, OTHER_CARE_OF);
    home.clear();
    intercept(DATA);
    assertEquals(OTHER_CARE_OF, Ipv6Header.destination(ByteBuffer.wrap(home.packets.get(0)), 0));
  }

  @Test
  void ethernetPaddingIsNotTunnelled() {
    byte[] small = udp(CORRESPONDENT, HOME_ADDRESS, 0);
    byte[] frame = Arrays.copyOf(ethernet(TAP_MAC, CORRESPONDENT_MAC, small), 14 + 48 + 12);
    home.frame(frame);
    assertEquals(40 + 48, home.packets.get(0).length);
  }

  @Test
  void rfc6275_s10_4_1_answersSolicitationsForTheHomeAddress() {
    home.frame(
        HomeAgentFixture.neighborFrame(
            new NeighborSolicitation(
                CORRESPONDENT, HOME_ADDRESS.solicitedNode(), HOME_ADDRESS, CORRESPONDENT_MAC),
            CORRESPONDENT_MAC));
    NeighborAdvertisement answer = (NeighborAdvertisement) home.neighborMessages().get(0);
    assertEquals(CORRESPONDENT, answer.destination());
    assertEquals(HOME_ADDRESS, answer.target());
    assertEquals(TAP_MAC, answer.targetLinkLayerAddress());
    assertTrue(answer.solicited());
    assertEquals(false, answer.router());
  }

  @Test
  void rfc6275_s10_4_1_defendsTheHomeAddressAgainstDuplicateAddressDetection() {
    home.frame(
        HomeAgentFixture.neighborFrame(
            new NeighborSolicitation(
                Ipv6Address.UNSPECIFIED, HOME_ADDRESS.solicitedNode(), HOME_ADDRESS, null),
            CORRESPONDENT_MAC));
    assertEquals(1, home.announcements(HOME_ADDRESS));
    assertEquals(1, home.agent.status(home.nowNs).bindings());
  }

  @Test
  void aSolicitationForAnotherAddressIsNotAnswered() {
    home.frame(
        HomeAgentFixture.neighborFrame(
            new NeighborSolicitation(
                CORRESPONDENT,
                OTHER_HOME_ADDRESS.solicitedNode(),
                OTHER_HOME_ADDRESS,
                CORRESPONDENT_MAC),
            CORRESPONDENT_MAC));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.ND_NOT_OURS));
  }

  @Test
  void rfc6275_s10_4_2_packetsForTheLinkLocalAddressAreDiscardedAndAnswered() {
    home.correspondentAnswers();
    home.clear();
    intercept(udp(CORRESPONDENT, LINK_LOCAL, 10));
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.LINK_LOCAL_NOT_TUNNELLED));
    home.correspondentAnswers();
    byte[] error = home.dataFrames().get(0);
    assertArrayEquals(CORRESPONDENT_MAC.toBytes(), Arrays.copyOfRange(error, 0, 6));
    byte[] icmp = Arrays.copyOfRange(error, 14, error.length);
    assertEquals(Icmpv6.DESTINATION_UNREACHABLE, HomeAgentFixture.type(icmp));
    assertEquals(Icmpv6.ADDRESS_UNREACHABLE, HomeAgentFixture.code(icmp));
    assertTrue(Icmpv6.isValid(ByteBuffer.wrap(icmp), 0, icmp.length));
  }

  @Test
  void rfc6275_s10_4_2_noErrorAnswersAMulticastSource() {
    intercept(udp(Ipv6Address.parse("ff0e::1"), LINK_LOCAL, 10));
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.LINK_LOCAL_NOT_TUNNELLED));
  }

  @Test
  void rfc4291_s2_5_6_aLinkLocalSourceDoesNotLeaveTheLink() {
    intercept(udp(Ipv6Address.linkLocalOf(CORRESPONDENT_MAC), HOME_ADDRESS, 10));
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.LINK_LOCAL_NOT_TUNNELLED));
  }

  @Test
  void rfc6275_s10_4_2_multicastIsNotTunnelled() {
    for (String group : new String[] {"ff02::fb", "ff05::1", "ff0e::1"}) {
      Ipv6Address address = Ipv6Address.parse(group);
      home.frame(
          ethernet(
              MacAddress.multicastOf(address), CORRESPONDENT_MAC, udp(CORRESPONDENT, address, 9)));
    }
    assertEquals(0, home.packets.size());
    assertEquals(3, home.drops(DropReason.MULTICAST_NOT_TUNNELLED));
  }

  @Test
  void rfc6275_s10_4_2_neighborDiscoveryForTheHomeAddressIsNotTunnelled() {
    byte[] advertisement =
        org.kagemusha.core.message.NeighborDiscovery.build(
            new NeighborAdvertisement(
                CORRESPONDENT, HOME_ADDRESS, CORRESPONDENT, false, true, true, CORRESPONDENT_MAC));
    intercept(advertisement);
    advertisement[Ipv6Header.HOP_LIMIT] = 64;
    intercept(advertisement);
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.ND_INVALID));
  }

  @Test
  void framesForOthersAreNotTaken() {
    home.frame(ethernet(GUEST_MAC, CORRESPONDENT_MAC, DATA));
    home.frame(ethernet(TAP_MAC, TAP_MAC, DATA));
    assertEquals(2, home.drops(DropReason.FRAME_NOT_FOR_US));
    byte[] ipv4 = ethernet(TAP_MAC, CORRESPONDENT_MAC, DATA);
    ipv4[12] = 8;
    ipv4[13] = 0;
    home.frame(ipv4);
    assertEquals(1, home.drops(DropReason.FRAME_TYPE_NOT_CARRIED));
    home.frame(new byte[13]);
    assertEquals(1, home.drops(DropReason.FRAME_TRUNCATED));
    home.frame(Arrays.copyOf(ethernet(TAP_MAC, CORRESPONDENT_MAC, DATA), 100));
    assertEquals(1, home.drops(DropReason.IPV6_MALFORMED));
    assertEquals(0, home.packets.size());
  }

  @Test
  void anAddressWithoutBindingIsDropped() {
    intercept(udp(CORRESPONDENT, OTHER_HOME_ADDRESS, 10));
    assertEquals(1, home.drops(DropReason.NO_BINDING));
    assertEquals(0, home.packets.size());
  }

  @Test
  void packetsThatStillComeAfterTheReturnHomeAreHandedOn() {
    home.sendFromHome(HOME_ADDRESS, update(2, 0, null));
    home.neighborAnswers(HOME_ADDRESS, GUEST_MAC);
    home.clear();
    intercept(DATA);
    assertEquals(0, home.packets.size());
    byte[] frame = home.dataFrames().get(0);
    assertArrayEquals(GUEST_MAC.toBytes(), Arrays.copyOfRange(frame, 0, 6));
    assertEquals(63, frame[14 + Ipv6Header.HOP_LIMIT]);
    home.elapse(HomeRegistration.DELETE_TIMEOUT_NS);
    home.clear();
    intercept(DATA);
    assertEquals(0, home.dataFrames().size());
    assertEquals(1, home.drops(DropReason.NO_BINDING));
  }

  @Test
  void whatIsHandedOnLosesAHop() {
    home.sendFromHome(HOME_ADDRESS, update(2, 0, null));
    byte[] last = DATA.clone();
    last[Ipv6Header.HOP_LIMIT] = 1;
    intercept(last);
    assertEquals(1, home.drops(DropReason.HOP_LIMIT_EXCEEDED));
  }

  @Test
  void rfc2473_s7_1_packetTooBigGoesToTheCorrespondent() {
    home.correspondentAnswers();
    intercept(udp(CORRESPONDENT, HOME_ADDRESS, 1452));
    home.correspondentAnswers();
    byte[] frame = home.dataFrames().get(0);
    byte[] icmp = Arrays.copyOfRange(frame, 14, frame.length);
    assertEquals(Icmpv6.PACKET_TOO_BIG, HomeAgentFixture.type(icmp));
    assertEquals(1460, ByteBuffer.wrap(icmp).getInt(44));
    assertEquals(CORRESPONDENT, Ipv6Header.destination(ByteBuffer.wrap(icmp), 0));
    assertEquals(0, home.packets.size());
  }

  @Test
  void theLinkMtuIsFollowed() {
    home.agent.linkMtu(9000, home.nowNs);
    intercept(udp(CORRESPONDENT, HOME_ADDRESS, 1452));
    assertEquals(1540, home.packets.get(0).length);
  }

  @Test
  void aMobileNodeThatMustProtectPayloadButHasNoAssociationGetsNothingInClear() {
    home.requirePayloadProtection = true;
    home.agent.settings(home.settings(), home.nowNs);
    intercept(DATA);
    assertEquals(0, home.packets.size());
    assertEquals(1, home.drops(DropReason.PROTECTION_REQUIRED));
  }

  @Test
  void rfc3776_s4_3_theAssociationFollowsTheMobileNode() {
    home.protectPayload(HOME_ADDRESS);
    intercept(DATA);
    home.register(2, 15, OTHER_CARE_OF);
    intercept(DATA);
    for (int i = 0; i < 3; i += 2) {
      byte[] outer = home.packets.get(i);
      ByteBuffer bytes = ByteBuffer.wrap(outer);
      assertEquals(Protocol.ESP, Ipv6Header.nextHeader(bytes, 0));
      assertEquals(i == 0 ? CARE_OF : OTHER_CARE_OF, Ipv6Header.destination(bytes, 0));
      // One association: its sequence number goes on.
      assertEquals(i == 0 ? 1 : 2, bytes.getInt(44));
    }
  }

  @Test
  void rfc6275_s10_3_1_nothingIsForwardedWhileTheAddressIsUnderTest() {
    home.dad = HomeAgentSettings.Dad.STRICT;
    home.agent.settings(home.settings(), home.nowNs);
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, CARE_OF));
    home.clear();
    intercept(udp(CORRESPONDENT, OTHER_HOME_ADDRESS, 10));
    assertEquals(0, home.packets.size());
    assertEquals(0, home.frames.size());
    assertEquals(1, home.drops(DropReason.NO_BINDING));
  }

  @Test
  void aKeySourceThatReplacesAssociationsIsFollowed() {
    home.protectPayload(HOME_ADDRESS);
    intercept(DATA);
    home.protectPayloadAnew(HOME_ADDRESS);
    intercept(DATA);
    int first = ByteBuffer.wrap(home.packets.get(0)).getInt(40);
    int second = ByteBuffer.wrap(home.packets.get(1)).getInt(40);
    assertEquals(0x3f9, first);
    assertEquals(0x409, second);
  }

  @Test
  void afterStopNothingIsSent() {
    home.agent.stop(home.nowNs);
    intercept(DATA);
    home.register(2, 15, CARE_OF);
    home.elapse(100 * SECOND);
    assertEquals(0, home.packets.size());
    assertEquals(0, home.frames.size());
    assertEquals(2, home.drops(DropReason.TUNNEL_NOT_UP));
  }
}
