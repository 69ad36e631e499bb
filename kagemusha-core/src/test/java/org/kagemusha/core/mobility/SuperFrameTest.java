package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.kagemusha.core.mobility.MobileNodeFixture.CARE_OF;
import static org.kagemusha.core.mobility.MobileNodeFixture.CORRESPONDENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.GUEST_MAC;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_ADDRESS;
import static org.kagemusha.core.mobility.MobileNodeFixture.HOME_AGENT;
import static org.kagemusha.core.mobility.MobileNodeFixture.ROUTER_MAC;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.simulation.SuperPackets;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;

/** Super-frames of the guest, good and bad, beside the VM. */
class SuperFrameTest {

  private static final int ROUNDS = 5_000;
  private static final int SEGMENT = 1300;
  private static final byte[] DATA = new byte[8 * SEGMENT];

  private final MobileNodeFixture f = new MobileNodeFixture().start().registered();
  private final int packets = f.packets.size();
  private final int frames = f.frames.size();

  private static PacketBuffer tcp(Ipv6Address from, Ipv6Address to) {
    return SuperPackets.tcp(from, to, SuperPackets.ACK, SEGMENT, DATA);
  }

  private void fromGuest(PacketBuffer packet) {
    onFrame(packet, GUEST_MAC);
  }

  private void onFrame(PacketBuffer packet, MacAddress source) {
    f.node.onHomeFrame(
        SuperPackets.frame(packet, ROUTER_MAC.toBytes(), source.toBytes()), f.now);
  }

  private void assertDropped(DropReason reason) {
    assertEquals(1, f.drops(reason));
    assertEquals(packets, f.packets.size());
    assertEquals(frames, f.frames.size());
  }

  @Test
  void rfc6275_s11_3_1_segmentsLeaveInTheTunnel() {
    fromGuest(tcp(HOME_ADDRESS, CORRESPONDENT));
    assertEquals(packets + 8, f.packets.size());
    byte[] outer = f.packets.get(packets);
    assertArrayEquals(
        SuperPackets.onWire(tcp(HOME_ADDRESS, CORRESPONDENT), 0).get(0),
        Arrays.copyOfRange(outer, 40, outer.length));
  }

  @Test
  void aSuperFrameFromAnAddressThatIsNotTheGuestsHomeAddressIsDropped() {
    fromGuest(tcp(Ipv6Address.parse("2001:db8:9::1"), CORRESPONDENT));
    assertDropped(DropReason.INNER_SOURCE_SPOOFED);
  }

  @Test
  void superFramesOfOthersOnTheBridgeAreIgnored() {
    onFrame(tcp(HOME_ADDRESS, CORRESPONDENT), ROUTER_MAC);
    assertDropped(DropReason.FRAME_FOREIGN_STATION);
  }

  @Test
  void aSuperFrameOfIpv4IsNotCarried() {
    PacketBuffer frame =
        SuperPackets.frame(
            tcp(HOME_ADDRESS, CORRESPONDENT), ROUTER_MAC.toBytes(), GUEST_MAC.toBytes());
    frame.bytes().putShort(frame.offset() + 12, (short) 0x0800);
    f.node.onHomeFrame(frame, f.now);
    assertDropped(DropReason.FRAME_TYPE_NOT_CARRIED);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 41, 43, 44, 50, 58, 59, 60, 135})
  void aSuperFrameOfNeitherTcpNorUdpIsDropped(int nextHeader) {
    PacketBuffer packet = tcp(HOME_ADDRESS, CORRESPONDENT);
    packet.bytes().put(packet.offset() + Ipv6Header.NEXT_HEADER, (byte) nextHeader);
    fromGuest(packet);
    assertDropped(DropReason.OFFLOAD_INVALID);
  }

  @Test
  void aTcpSynIsNoSuperFrame() {
    fromGuest(
        SuperPackets.tcp(HOME_ADDRESS, CORRESPONDENT, SuperPackets.SYN, SEGMENT, DATA));
    assertDropped(DropReason.OFFLOAD_INVALID);
  }

  @Test
  void rfc8415_s16_datagramsToTheDhcpServersAreReadOneByOneOnly() {
    byte[] data = new byte[2000];
    PacketBuffer packet =
        SuperPackets.udp(
            Ipv6Address.linkLocalOf(GUEST_MAC), Ipv6Address.parse("ff02::1:2"), 1000, data);
    packet.bytes().putShort(packet.offset() + 42, (short) 547);
    fromGuest(packet);
    assertDropped(DropReason.MULTICAST_NOT_TUNNELLED);
  }

  @Test
  void anOrdinaryFrameIsFinishedAtTheEntry() {
    PacketBuffer packet =
        SuperPackets.tcp(HOME_ADDRESS, CORRESPONDENT, SuperPackets.ACK, 0, new byte[33]);
    byte[] expected = SuperPackets.onWire(packet, 0).get(0);
    fromGuest(packet);
    byte[] outer = f.packets.get(packets);
    assertArrayEquals(expected, Arrays.copyOfRange(outer, 40, outer.length));
    PacketBuffer beyond = PacketBuffer.copyOf(new byte[60]);
    f.node.onHomeFrame(beyond.unfinished(beyond.offset() + 50, 16, 0), f.now);
    assertEquals(1, f.drops(DropReason.OFFLOAD_INVALID));
  }

  /** A sum over the payload length would make the packet longer than its memory. */
  @ParameterizedTest
  @ValueSource(ints = {0, 2, 12, 18, 20, 53})
  void aSumInFrontOfTheTransportHeaderIsNotWritten(int start) {
    PacketBuffer frame =
        SuperPackets.frame(
            SuperPackets.tcp(HOME_ADDRESS, CORRESPONDENT, SuperPackets.ACK, 0, new byte[33]),
            ROUTER_MAC.toBytes(),
            GUEST_MAC.toBytes());
    f.node.onHomeFrame(frame.unfinished(frame.offset() + start, 0, 0), f.now);
    assertDropped(DropReason.OFFLOAD_INVALID);
  }

  @Test
  void aRefusalOfTheBatchLowersThePathTowardsThatHomeAgent() {
    PacketBuffer refused = MobileNodeFixture.tunnelled(CARE_OF, HOME_AGENT, new byte[1400]);
    PacketBuffer elsewhere =
        MobileNodeFixture.tunnelled(CARE_OF, CORRESPONDENT, new byte[1300]);
    for (int i = 0; i < 64; i++) {
      f.node.onUnderlayRefused(elsewhere, Underlay.Sent.TOO_BIG, f.now);
      f.node.onUnderlayRefused(refused, Underlay.Sent.CONGESTED, f.now);
    }
    assertEquals(1460, f.node.status(f.now).tunnelMtu());
    for (int i = 0; i < 64; i++) {
      f.node.onUnderlayRefused(refused, Underlay.Sent.TOO_BIG, f.now);
    }
    assertEquals(1360, f.node.status(f.now).tunnelMtu());
    assertEquals(packets, f.packets.size());
    assertEquals(frames, f.frames.size());
  }

  @Test
  void superPacketsPassBothWaysWithoutAnAllocation() {
    Counters counters = new Counters();
    PacketBuffer place = PacketBuffer.allocate(2048);
    Underlay underlay =
        new Underlay() {
          @Override
          public Sent send(PacketBuffer packet) {
            return Sent.OK;
          }

          @Override
          public PacketBuffer slot(int octets) {
            return place;
          }
        };
    MobileNode node =
        new MobileNode(
            MobileNodeFixture.settings(MobileNodeSettings.Location.FOREIGN),
            frame -> {},
            underlay,
            (address, purpose) -> null,
            new SecurityAssociationDatabase(),
            new Random(1),
            () -> 0,
            counters);
    node.careOfAddress(CARE_OF, 1500, 1);
    PacketBuffer up =
        SuperPackets.frame(
            tcp(HOME_ADDRESS, CORRESPONDENT), ROUTER_MAC.toBytes(), GUEST_MAC.toBytes());
    PacketBuffer down =
        SuperPackets.tunnelled(tcp(CORRESPONDENT, HOME_ADDRESS), HOME_AGENT, CARE_OF);
    PacketBuffer buffer = PacketBuffer.allocate(EthernetHeader.BYTES + 70_000);
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = 0;
    for (int i = 0; i < 2 * ROUNDS; i++) {
      if (i == ROUNDS) {
        before = threads.getCurrentThreadAllocatedBytes();
      }
      node.onHomeFrame(buffer.copyFrom(up), 1000 + i);
      node.onUnderlayPacket(buffer.copyFrom(down), 1000 + i);
    }
    assertEquals(0, (threads.getCurrentThreadAllocatedBytes() - before) / ROUNDS);
    assertEquals(16 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(16 * ROUNDS, counters.get(Counter.TUNNEL_PACKETS_RECEIVED));
    assertEquals(16 * ROUNDS, counters.get(Counter.UNDERLAY_PACKETS_RECEIVED));
  }
}
