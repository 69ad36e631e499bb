package org.kagemusha.core.homeagent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.CORRESPONDENT_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.FAR_CORRESPONDENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.GATEWAY_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.HOME_AGENT;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_CARE_OF;
import static org.kagemusha.core.homeagent.HomeAgentFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.homeagent.HomeAgentFixture.SECOND;
import static org.kagemusha.core.homeagent.HomeAgentFixture.TAP_MAC;
import static org.kagemusha.core.homeagent.HomeAgentFixture.ethernet;
import static org.kagemusha.core.homeagent.HomeAgentFixture.tunnelled;
import static org.kagemusha.core.homeagent.HomeAgentFixture.update;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.simulation.SuperPackets;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;

/** Super-packets at the home agent: queued, refused, handed on, taken for what they are not. */
class SuperPacketForwardingTest {

  private static final int SEGMENT = 1200;
  private static final byte[] DATA = new byte[5 * SEGMENT - 1];

  private final HomeAgentFixture home = new HomeAgentFixture();

  private void bind() {
    home.start();
    home.register(1, 15, CARE_OF);
    home.send(OTHER_CARE_OF, OTHER_HOME_ADDRESS, update(1, 15, OTHER_CARE_OF));
    home.elapse(5 * SECOND);
    home.clear();
  }

  private static PacketBuffer tcp(Ipv6Address from, Ipv6Address to) {
    return SuperPackets.tcp(from, to, SuperPackets.ACK, SEGMENT, DATA);
  }

  private static PacketBuffer fromTunnel(Ipv6Address to) {
    return SuperPackets.tunnelled(tcp(HOME_ADDRESS, to), CARE_OF, HOME_AGENT);
  }

  private static PacketBuffer toAgent(PacketBuffer packet) {
    return SuperPackets.frame(packet, TAP_MAC.toBytes(), CORRESPONDENT_MAC.toBytes());
  }

  /** The IPv6 packets of a flow as its receiver shall get them, so many routers later. */
  private static List<byte[]> segments(Ipv6Address from, Ipv6Address to, int routers) {
    List<byte[]> segments = SuperPackets.onWire(tcp(from, to), 0);
    segments.forEach(segment -> segment[Ipv6Header.HOP_LIMIT] -= routers);
    return segments;
  }

  @Test
  void whatWaitsForResolutionKeepsItsState() {
    bind();
    home.underlay(fromTunnel(CORRESPONDENT));
    assertEquals(0, home.dataFrames().size());
    home.onWire.clear();
    home.correspondentAnswers();
    assertFrames(CORRESPONDENT_MAC.toBytes(), segments(HOME_ADDRESS, CORRESPONDENT, 1));
    assertEquals(1, home.dataFrames().size());
  }

  private void assertFrames(byte[] station, List<byte[]> packets) {
    assertEquals(packets.size(), home.onWire.size());
    for (int i = 0; i < packets.size(); i++) {
      byte[] frame = home.onWire.get(i);
      assertArrayEquals(station, Arrays.copyOf(frame, 6));
      assertArrayEquals(packets.get(i), Arrays.copyOfRange(frame, 14, frame.length));
    }
  }

  @Test
  void offTheLinkTheGatewayGetsItAsOne() {
    bind();
    home.underlay(fromTunnel(FAR_CORRESPONDENT));
    assertEquals(1, home.frames.size());
    assertFrames(GATEWAY_MAC.toBytes(), segments(HOME_ADDRESS, FAR_CORRESPONDENT, 1));
    assertEquals(5, home.counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
  }

  @Test
  void fromBindingToBindingItIsSegmentedIntoTheOtherTunnel() {
    bind();
    home.underlay(fromTunnel(OTHER_HOME_ADDRESS));
    assertEquals(0, home.frames.size());
    List<byte[]> expected = segments(HOME_ADDRESS, OTHER_HOME_ADDRESS, 2);
    assertEquals(expected.size(), home.packets.size());
    for (int i = 0; i < expected.size(); i++) {
      byte[] outer = home.packets.get(i);
      assertArrayEquals(OTHER_CARE_OF.toBytes(), Arrays.copyOfRange(outer, 24, 40));
      assertArrayEquals(expected.get(i), Arrays.copyOfRange(outer, 40, outer.length));
    }
  }

  @Test
  void rfc6275_s10_4_1_aSuperFrameForAMobileNodeIsIntercepted() {
    bind();
    home.frame(toAgent(tcp(CORRESPONDENT, HOME_ADDRESS)));
    List<byte[]> expected = segments(CORRESPONDENT, HOME_ADDRESS, 1);
    assertEquals(expected.size(), home.packets.size());
    for (int i = 0; i < expected.size(); i++) {
      byte[] outer = home.packets.get(i);
      assertArrayEquals(expected.get(i), Arrays.copyOfRange(outer, 40, outer.length));
    }
    assertEquals(5, home.counters.get(Counter.UNDERLAY_PACKETS_SENT) - 2);
  }

  @Test
  void whatIsForTheHomeAgentsKernelGoesOnAsOne() {
    bind();
    home.frame(toAgent(tcp(FAR_CORRESPONDENT, HOME_AGENT)));
    home.neighborAnswers(HOME_AGENT, GATEWAY_MAC);
    assertEquals(1, home.dataFrames().size());
    home.onWire.removeIf(frame -> frame[14 + 6] == 58);
    assertFrames(GATEWAY_MAC.toBytes(), segments(FAR_CORRESPONDENT, HOME_AGENT, 0));
  }

  @Test
  void rfc4861_s7_2_2_whoIsNotThereIsReportedWithTheFirstSegment() {
    bind();
    home.underlay(fromTunnel(CORRESPONDENT));
    home.elapse(4 * SECOND);
    byte[] error = inner(home.packets.get(0));
    assertEquals(1, error[40]);
    assertEquals(3, error[41]);
    byte[] first = segments(HOME_ADDRESS, CORRESPONDENT, 1).get(0);
    assertQuotes(first, error);
  }

  private static byte[] inner(byte[] outer) {
    return Arrays.copyOfRange(outer, 40, outer.length);
  }

  private static void assertQuotes(byte[] first, byte[] error) {
    byte[] quote = Arrays.copyOfRange(error, 48, error.length);
    assertArrayEquals(Arrays.copyOf(first, Math.min(first.length, 1232)), quote);
  }

  @Test
  void rfc4443_s3_2_theCorrespondentIsToldOnceOfItsFirstSegment() {
    bind();
    PacketBuffer packet =
        SuperPackets.tcp(CORRESPONDENT, HOME_ADDRESS, SuperPackets.ACK, 1440, DATA);
    byte[] first = SuperPackets.onWire(packet, 0).get(0);
    home.neighborAnswers(CORRESPONDENT, CORRESPONDENT_MAC);
    home.frame(toAgent(packet));
    home.correspondentAnswers();
    assertEquals(0, home.packets.size());
    List<byte[]> errors = home.dataFrames();
    assertEquals(1, errors.size());
    byte[] error = Arrays.copyOfRange(errors.get(0), 14, errors.get(0).length);
    assertEquals(2, error[40]);
    assertEquals(1460, (error[46] & 0xff) << 8 | error[47] & 0xff);
    assertQuotes(first, error);
    assertEquals(1, home.drops(DropReason.TOO_BIG));
  }

  @Test
  void aSourceThatIsNotTheBindingsIsRefusedAsAWhole() {
    bind();
    home.underlay(
        SuperPackets.tunnelled(tcp(FAR_CORRESPONDENT, CORRESPONDENT), CARE_OF, HOME_AGENT));
    home.underlay(
        SuperPackets.tunnelled(tcp(HOME_ADDRESS, CORRESPONDENT), OTHER_CARE_OF, HOME_AGENT));
    assertEquals(1, home.drops(DropReason.INNER_SOURCE_SPOOFED));
    assertEquals(1, home.drops(DropReason.OUTER_SOURCE_WRONG));
    assertEquals(0, home.frames.size());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 43, 44, 50, 58, 59, 60, 135})
  void aSuperFrameOfNeitherTcpNorUdpIsDropped(int nextHeader) {
    bind();
    PacketBuffer packet = tcp(CORRESPONDENT, nextHeader % 2 == 0 ? HOME_ADDRESS : HOME_AGENT);
    packet.bytes().put(packet.offset() + Ipv6Header.NEXT_HEADER, (byte) nextHeader);
    home.frame(toAgent(packet));
    assertEquals(1, home.drops(DropReason.OFFLOAD_INVALID));
    assertEquals(0, home.frames.size());
    assertEquals(0, home.packets.size());
  }

  @Test
  void whatABatchRefusesAsTooBigLowersThePathOfAllBindingsThere() {
    bind();
    home.send(CARE_OF, OTHER_HOME_ADDRESS, update(2, 15, CARE_OF));
    home.clear();
    for (int i = 0; i < 20; i++) {
      home.agent.onUnderlayRefused(outer(CARE_OF), Underlay.Sent.TOO_BIG, home.nowNs);
      home.agent.onUnderlayRefused(outer(OTHER_CARE_OF), Underlay.Sent.TOO_BIG, home.nowNs);
      home.agent.onUnderlayRefused(outer(CARE_OF), Underlay.Sent.CONGESTED, home.nowNs);
    }
    assertEquals(0, home.packets.size());
    for (Ipv6Address address : List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS)) {
      PacketBuffer large =
          SuperPackets.tcp(FAR_CORRESPONDENT, address, SuperPackets.ACK, 1388, DATA);
      home.frame(toAgent(large));
      assertEquals(0, home.packets.size());
      home.frame(
          toAgent(SuperPackets.tcp(FAR_CORRESPONDENT, address, SuperPackets.ACK, 1380, DATA)));
      assertTrue(home.packets.size() >= 4);
      assertEquals(1492, home.packets.get(0).length);
      home.clear();
    }
    assertEquals(2, home.counters.get(Counter.PACKET_TOO_BIG_SENT));
  }

  private static PacketBuffer outer(Ipv6Address careOf) {
    byte[] packet = tunnelled(careOf, new byte[1460]);
    System.arraycopy(careOf.toBytes(), 0, packet, Ipv6Header.DESTINATION, 16);
    return PacketBuffer.copyOf(packet);
  }

  @Test
  void anOrdinaryUnfinishedFrameIsFinishedBeforeItIsTunnelled() {
    bind();
    PacketBuffer packet =
        SuperPackets.tcp(CORRESPONDENT, HOME_ADDRESS, SuperPackets.ACK, 0, new byte[100]);
    byte[] expected = SuperPackets.onWire(packet, 0).get(0);
    expected[Ipv6Header.HOP_LIMIT]--;
    home.frame(toAgent(packet));
    assertArrayEquals(expected, inner(home.packets.get(0)));
    PacketBuffer beyond = PacketBuffer.copyOf(ethernet(TAP_MAC, CORRESPONDENT_MAC, expected));
    home.frame(beyond.unfinished(beyond.end() - 1, 16, 0));
    assertEquals(1, home.drops(DropReason.OFFLOAD_INVALID));
  }
}
