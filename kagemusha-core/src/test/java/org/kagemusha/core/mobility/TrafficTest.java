package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.OTHER_HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.TAP_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.ack;
import static org.kagemusha.core.mobility.MobileNodeFixture.frame;
import static org.kagemusha.core.mobility.MobileNodeFixture.tunnelled;
import static org.kagemusha.core.mobility.MobileNodeFixture.udp;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.Icmpv6;
import org.kagemusha.core.message.MobilityHeader;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingWriter;
import org.kagemusha.core.tunnel.TunnelSettings;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** The guest's packets both ways: RFC 6275 §11.3.1, §11.3.3, §11.3.5, §9.2. */
class TrafficTest {

  private final MobileNodeFixture f = new MobileNodeFixture();

  private byte[] lastFrame() {
    return f.frames.get(f.frames.size() - 1);
  }

  private byte[] lastPacket() {
    return f.packets.get(f.packets.size() - 1);
  }

  @Test
  void rfc6275_s11_3_1_reverseTunnelFollowsTheBindingUpdateInTheSameCall() {
    f.start();
    f.guestSends();
    assertEquals(2, f.packets.size());
    byte[] outer = lastPacket();
    ByteBuffer bytes = ByteBuffer.wrap(outer);
    assertEquals(CARE_OF, Ipv6Header.source(bytes, 0));
    assertEquals(HOME_AGENT, Ipv6Header.destination(bytes, 0));
    assertEquals(Protocol.IPV6, Ipv6Header.nextHeader(bytes, 0));
    assertArrayEquals(
        udp(HOME_ADDRESS, CORRESPONDENT, 64), Arrays.copyOfRange(outer, 40, outer.length));
  }

  @Test
  void etherTrailerIsNotTunnelled() {
    f.start();
    byte[] padded = Arrays.copyOf(frame(udp(HOME_ADDRESS, CORRESPONDENT, 1), ROUTER_MAC, GUEST_MAC),
        80);
    f.onHomeFrame(padded);
    assertEquals(40 + 49, lastPacket().length);
  }

  @Test
  void uplinkWaitsForTheAcknowledgementWhereConfigured() {
    f.settings = MobileNodeFixture.with(f.settings, 600, true, false);
    f.start();
    f.guestSends();
    assertEquals(1, f.packets.size());
    assertEquals(1, f.drops(DropReason.TUNNEL_NOT_UP));
    f.answer(ack(0, f.lastUpdate().sequence(), 150));
    f.guestSends();
    assertEquals(2, f.packets.size());
  }

  @Test
  void rfc6275_s11_7_3_refusedHomeAddressHasNoTunnel() {
    f.start();
    f.guestSends();
    f.answer(ack(129, f.lastUpdate().sequence(), 0));
    int before = f.packets.size();
    f.guestSends();
    assertEquals(before, f.packets.size());
    assertEquals(1, f.drops(DropReason.TUNNEL_NOT_UP));
  }

  @Test
  void innerSourceThatIsNoHomeAddressIsDropped() {
    f.start().registered();
    int before = f.packets.size();
    f.fromGuest(udp(Ipv6Address.parse("2001:db8:7777::1"), CORRESPONDENT, 8), ROUTER_MAC);
    assertEquals(before, f.packets.size());
    assertEquals(1, f.drops(DropReason.INNER_SOURCE_SPOOFED));
  }

  @Test
  void frameOfAnotherStationIsDropped() {
    f.start();
    f.onHomeFrame(frame(udp(HOME_ADDRESS, CORRESPONDENT, 8), ROUTER_MAC, ROUTER_MAC));
    assertEquals(0, f.packets.size());
    assertEquals(1, f.drops(DropReason.FRAME_FOREIGN_STATION));
    assertEquals("waiting", f.state());
  }

  @Test
  void frameOfAnyKindTellsOfTheGuest() {
    f.start();
    byte[] arp = new byte[60];
    EthernetHeader.write(
        ByteBuffer.wrap(arp), 0, MacAddress.BROADCAST, GUEST_MAC, EthernetHeader.TYPE_ARP);
    f.onHomeFrame(arp);
    assertEquals(1, f.updates().size());
    assertEquals(1, f.drops(DropReason.FRAME_TYPE_NOT_CARRIED));
  }

  @Test
  void rfc4291_s2_5_6_tunnelledPacketFromALinkLocalOrOwnAddressIsDropped() {
    f.start().registered();
    int before = f.frames.size();
    f.onUnderlay(
        tunnelled(
            HOME_AGENT, CARE_OF, udp(Ipv6Address.parse("fe80::1"), HOME_ADDRESS, 8)));
    assertEquals(1, f.drops(DropReason.LINK_LOCAL_NOT_TUNNELLED));
    for (String source : new String[] {"::", "::1", "ff02::1", HOME_ADDRESS.toString()}) {
      f.onUnderlay(
          tunnelled(HOME_AGENT, CARE_OF, udp(Ipv6Address.parse(source), HOME_ADDRESS, 8)));
    }
    assertEquals(4, f.drops(DropReason.INNER_SOURCE_SPOOFED));
    assertEquals(before, f.frames.size());
  }

  @Test
  void vlanTagsAndBridgeProtocolsAreDroppedAndCounted() {
    f.start().registered();
    int before = f.packets.size();
    byte[] tagged = frame(udp(HOME_ADDRESS, CORRESPONDENT, 64), ROUTER_MAC, GUEST_MAC);
    ByteBuffer.wrap(tagged).putShort(12, (short) EthernetHeader.TYPE_VLAN);
    f.onHomeFrame(tagged);
    byte[] bridge = new byte[60];
    EthernetHeader.write(
        ByteBuffer.wrap(bridge), 0, MacAddress.parse("01:80:c2:00:00:00"), GUEST_MAC, 38);
    f.onHomeFrame(bridge);
    assertEquals(2, f.drops(DropReason.FRAME_TYPE_NOT_CARRIED));
    assertEquals(before, f.packets.size());
  }

  @Test
  void truncatedFramesAndPacketsAreCounted() {
    f.start();
    f.onHomeFrame(new byte[13]);
    assertEquals(1, f.drops(DropReason.FRAME_TRUNCATED));
    byte[] cut = Arrays.copyOf(frame(udp(HOME_ADDRESS, CORRESPONDENT, 64), ROUTER_MAC, GUEST_MAC),
        60);
    f.onHomeFrame(cut);
    assertEquals(1, f.drops(DropReason.IPV6_MALFORMED));
    f.onUnderlay(PacketBuffer.copyOf(new byte[39]));
    assertEquals(2, f.drops(DropReason.IPV6_MALFORMED));
  }

  @Test
  void rfc6275_s11_3_3_tunnelledPacketOfTheHomeAgentReachesTheGuest() {
    f.start().registered();
    byte[] inner = udp(CORRESPONDENT, HOME_ADDRESS, 100);
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, inner));
    assertTrue(MobileNodeFixture.isTo(lastFrame(), GUEST_MAC));
    assertArrayEquals(inner, MobileNodeFixture.ipv6Of(lastFrame()));
    assertEquals(1, f.counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
  }

  @Test
  void tunnelledPacketMayComeBeforeTheAcknowledgement() {
    f.start();
    f.rarp();
    int before = f.frames.size();
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 8)));
    assertEquals(before + 1, f.frames.size());
  }

  @Test
  void rfc6275_s11_3_3_tunnelIsTakenFromTheHomeAgentAlone() {
    f.start().registered();
    int before = f.frames.size();
    f.onUnderlay(tunnelled(OTHER_HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 8)));
    assertEquals(1, f.drops(DropReason.OUTER_SOURCE_WRONG));
    f.onUnderlay(
        tunnelled(
            HOME_AGENT, MobileNodeFixture.OTHER_CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 8)));
    assertEquals(1, f.drops(DropReason.OUTER_DESTINATION_WRONG));
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, CORRESPONDENT, 8)));
    assertEquals(1, f.drops(DropReason.INNER_DESTINATION_WRONG));
    assertEquals(before, f.frames.size());
  }

  @Test
  void tunnelIsNotTakenBeforeAnyBindingUpdate() {
    f.start();
    f.onUnderlay(tunnelled(HOME_AGENT, CARE_OF, udp(CORRESPONDENT, HOME_ADDRESS, 8)));
    assertEquals(1, f.drops(DropReason.NO_BINDING));
  }

  @Test
  void rfc6275_s11_3_3_upperLayerPacketBehindType2RoutingHeaderReachesTheGuestWithoutIt() {
    f.start().registered();
    byte[] direct = udp(HOME_AGENT, HOME_ADDRESS, 33);
    byte[] routed = new byte[direct.length + 24];
    ByteBuffer bytes = ByteBuffer.wrap(routed);
    System.arraycopy(direct, 40, routed, 64, direct.length - 40);
    Ipv6Header.write(
        bytes, 0, 0, 0, direct.length - 16, Protocol.ROUTING, 64, HOME_AGENT, CARE_OF);
    bytes.put(40, (byte) Protocol.UDP).put(41, (byte) 2).put(42, (byte) 2).put(43, (byte) 1);
    HOME_ADDRESS.write(bytes, 48);
    f.onUnderlay(PacketBuffer.copyOf(routed));
    assertArrayEquals(direct, MobileNodeFixture.ipv6Of(lastFrame()));

    Ipv6Header.write(
        bytes, 0, 0, 0, direct.length - 16, Protocol.ROUTING, 64, CORRESPONDENT, CARE_OF);
    int before = f.frames.size();
    f.onUnderlay(PacketBuffer.copyOf(routed));
    assertEquals(before, f.frames.size());
    assertEquals(1, f.drops(DropReason.OUTER_SOURCE_WRONG));
  }

  @Test
  void rfc6275_s9_2_malformedMobilityHeaderIsAnsweredByParameterProblem() {
    f.start().registered();
    PacketBuffer packet =
        SignallingWriter.build(
            HOME_AGENT, CARE_OF, null, HOME_ADDRESS, ack(0, 1, 1), null);
    int mh = packet.offset() + 64;
    packet.bytes().put(mh, (byte) 58);
    int sum = packet.bytes().getShort(mh + 4) & 0xffff;
    packet.bytes().putShort(mh + 4,
        (short) org.kagemusha.core.wire.InternetChecksum.update(sum, 59 << 8 | 1, 58 << 8 | 1));
    f.onUnderlay(packet);
    assertEquals(1, f.drops(DropReason.MOBILITY_MALFORMED));
    ByteBuffer answer = ByteBuffer.wrap(lastPacket());
    assertEquals(HOME_AGENT, Ipv6Header.destination(answer, 0));
    assertEquals(Icmpv6.PARAMETER_PROBLEM << 8, answer.getShort(40));
    assertEquals(64, answer.getInt(44));
  }

  @Test
  void rfc6275_s9_2_unknownMobilityHeaderTypeIsAnsweredByBindingError() {
    f.start().registered();
    int before = f.packets.size();
    byte[] header = MobilityHeader.encode(ack(0, 1, 1), CORRESPONDENT, CARE_OF);
    header[2] = 99;
    int sum = (header[4] & 0xff) << 8 | header[5] & 0xff;
    int updated = org.kagemusha.core.wire.InternetChecksum.update(sum, 6 << 8, 99 << 8);
    header[4] = (byte) (updated >> 8);
    header[5] = (byte) updated;
    for (int i = 0; i < 50; i++) {
      PacketBuffer packet = PacketBuffer.copyOf(header).prepend(40);
      Ipv6Header.write(
          packet.bytes(), packet.offset(), 0, 0, header.length, Protocol.MOBILITY, 64,
          CORRESPONDENT, CARE_OF);
      f.onUnderlay(packet);
    }
    assertEquals(50, f.drops(DropReason.MOBILITY_TYPE_UNKNOWN));
    assertEquals(before + 5, f.packets.size(), "five answers a second at most");
    String hex = HexFormat.of().formatHex(lastPacket());
    assertEquals("3b020700", hex.substring(80, 88));
    assertEquals("0200", hex.substring(92, 96));
    assertEquals(5, f.counters.get(Counter.BINDING_ERRORS_SENT));
  }

  @Test
  void rfc6275_s11_3_5_parameterProblemNeverEndsAHomeBinding() {
    f.start().registered();
    byte[] update = f.packets.get(0);
    for (int code : new int[] {1, 2}) {
      f.onUnderlay(
          PacketBuffer.copyOf(
              Icmpv6.parameterProblem(
                  HOME_AGENT, code, 40, ByteBuffer.wrap(update), 0, update.length)));
    }
    assertEquals("registered", f.state());
    assertEquals(2, f.drops(DropReason.ICMP_ERROR_UNMATCHED));
    f.guestSends();
    assertEquals(0, f.drops(DropReason.TUNNEL_NOT_UP));
  }

  @Test
  void rfc2473_s8_packetTooBigFromInsideTheTunnelReachesTheGuest() {
    f.start().registered();
    f.fromGuest(udp(HOME_ADDRESS, CORRESPONDENT, 1300), ROUTER_MAC);
    byte[] outer = lastPacket();
    int before = f.frames.size();
    f.onUnderlay(
        PacketBuffer.copyOf(
            Icmpv6.packetTooBig(
                Ipv6Address.parse("2001:db8:3000::1"), 1380, ByteBuffer.wrap(outer), 0,
                outer.length)));
    assertEquals(before + 1, f.frames.size());
    byte[] error = MobileNodeFixture.ipv6Of(lastFrame());
    assertEquals(Icmpv6.PACKET_TOO_BIG, error[40]);
    assertEquals(1340, ByteBuffer.wrap(error).getInt(44));
    assertEquals(1340, f.node.status(f.now).tunnelMtu());
  }

  private void errorFromInside(byte[] outer) {
    f.onUnderlay(
        PacketBuffer.copyOf(
            Icmpv6.packetTooBig(
                Ipv6Address.parse("2001:db8:3000::1"), 1300, ByteBuffer.wrap(outer), 0,
                outer.length)));
  }

  private void registeredWithTwoHomeAddresses() {
    f.settings =
        MobileNodeFixture.with(
            f.settings, List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS), List.of(HOME_AGENT));
    f.start();
    f.guestSends();
    f.updates().forEach(update -> f.answer(ack(0, update.sequence(), 150)));
    f.updates().forEach(update -> f.answer(ack(0, update.sequence(), 150), OTHER_HOME_ADDRESS));
    assertEquals("registered", f.state());
  }

  @Test
  void rfc2473_s8_ofTwoHomeAddressesTheOneThatSentIsTold() {
    registeredWithTwoHomeAddresses();
    for (Ipv6Address source : List.of(HOME_ADDRESS, OTHER_HOME_ADDRESS)) {
      f.fromGuest(udp(source, CORRESPONDENT, 1240), ROUTER_MAC);
      byte[] outer = lastPacket();
      int before = f.frames.size();
      f.onUnderlay(
          PacketBuffer.copyOf(
              Icmpv6.destinationUnreachable(
                  Ipv6Address.parse("2001:db8:3000::1"), 0, ByteBuffer.wrap(outer), 0,
                  outer.length)));
      assertEquals(before + 1, f.frames.size());
      ByteBuffer error = ByteBuffer.wrap(MobileNodeFixture.ipv6Of(lastFrame()));
      assertEquals(source, Ipv6Header.destination(error, 0));
      assertEquals(source, Ipv6Header.source(error, 48));
    }
  }

  @Test
  void rfc8201_s4_everyHomeAddressLearnsThePathMtu() {
    registeredWithTwoHomeAddresses();
    f.fromGuest(udp(HOME_ADDRESS, CORRESPONDENT, 1300), ROUTER_MAC);
    errorFromInside(lastPacket());
    int sent = f.packets.size();
    f.fromGuest(udp(OTHER_HOME_ADDRESS, CORRESPONDENT, 1300), ROUTER_MAC);
    assertEquals(sent, f.packets.size());
    assertEquals(1, f.drops(DropReason.TOO_BIG));
  }

  @Test
  void rfc4443_s5_2_errorThatQuotesAnAddressWhichIsNotTheGuestsIsNotBelieved() {
    f.start().registered();
    f.fromGuest(udp(HOME_ADDRESS, CORRESPONDENT, 1300), ROUTER_MAC);
    byte[] forged = lastPacket().clone();
    CORRESPONDENT.write(ByteBuffer.wrap(forged), 40 + Ipv6Header.SOURCE);
    int before = f.frames.size();
    errorFromInside(forged);
    assertEquals(before, f.frames.size());
    assertEquals(1, f.drops(DropReason.ICMP_ERROR_UNMATCHED));
    assertEquals(1460, f.node.status(f.now).tunnelMtu());
  }

  @Test
  void rfc2473_s5_1_errorAboutAPacketWithEncapsulationLimitIsTheTunnelsAndNotTheSignallings() {
    MobileNodeSettings s = f.settings;
    f.settings =
        new MobileNodeSettings(
            s.name(), s.guestMac(), s.tapMac(), s.homeAddresses(), s.homePrefixes(),
            s.homeAgents(), s.homeRouter(), s.location(), s.lifetimeSeconds(),
            s.waitForAcknowledgement(), s.requireSignallingProtection(),
            s.presenceTimeoutSeconds(),
            new TunnelSettings(64, 4, true, true, true, false, 65535));
    f.start().registered();
    f.fromGuest(udp(HOME_ADDRESS, CORRESPONDENT, 1340), ROUTER_MAC);
    byte[] outer = lastPacket();
    assertEquals(Protocol.DESTINATION_OPTIONS, outer[6]);
    int before = f.frames.size();
    f.onUnderlay(
        PacketBuffer.copyOf(
            Icmpv6.packetTooBig(
                Ipv6Address.parse("2001:db8:3000::1"), 1400, ByteBuffer.wrap(outer), 0,
                outer.length)));
    assertEquals(before + 1, f.frames.size());
    byte[] error = MobileNodeFixture.ipv6Of(lastFrame());
    assertEquals(1400 - 48, ByteBuffer.wrap(error).getInt(44));
  }

  @Test
  void frameSentAtTheTapByOurselvesIsIgnored() {
    f.start();
    f.onHomeFrame(frame(udp(HOME_ADDRESS, CORRESPONDENT, 8), GUEST_MAC, TAP_MAC));
    assertEquals(0, f.packets.size());
  }
}
