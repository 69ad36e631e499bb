package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;

/** The tunnel with ESP in UDP (RFC 3948). */
class EncapsulatedTunnelTest {

  private static final int LOCAL_PORT = 40_000;
  private static final int REMOTE_PORT = 4500;
  private static final int SPI_AT = 48;

  static List<SecurityAssociationParameters> suites() {
    return ProtectedTunnelTest.suites();
  }

  private static Bench bench(TunnelSettings settings, SecurityAssociationParameters suite) {
    Bench bench = new Bench(settings);
    ProtectedTunnelTest.protect(bench, suite);
    bench.tunnel.encapsulation(LOCAL_PORT, REMOTE_PORT);
    return bench;
  }

  private static Bench bench() {
    return bench(Bench.plain(), suites().get(2));
  }

  /** Checks UDP and gives what came out of the tunnel. */
  private static byte[] open(Bench bench, InboundSecurityAssociation inbound, byte[] outer) {
    int udp = outer[6] == 60 ? 48 : 40;
    assertEquals(17, outer[udp == 48 ? 40 : 6]);
    assertEquals(LOCAL_PORT, InnerPackets.u16(outer, udp));
    assertEquals(REMOTE_PORT, InnerPackets.u16(outer, udp + 2));
    assertEquals(outer.length - udp, InnerPackets.u16(outer, udp + 4));
    assertEquals(0, InnerPackets.checksum(outer, udp, 17));
    PacketBuffer buffer = PacketBuffer.copyOf(outer);
    int outerAt = buffer.offset();
    buffer.trimFront(udp + 8);
    assertNull(inbound.open(buffer));
    assertEquals(41, inbound.nextHeader());
    int innerAt = buffer.offset();
    buffer.set(outerAt, buffer.end() - outerAt);
    assertNull(bench.tunnel.receive(buffer, innerAt, bench.now));
    return buffer.toBytes();
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc3948_s3_4_whatEntersComesOut(SecurityAssociationParameters suite) {
    for (int limit : new int[] {-1, 4}) {
      Bench bench = bench(Bench.limit(limit), suite);
      InboundSecurityAssociation inbound = InboundSecurityAssociation.of(suite);
      int mtu = bench.tunnel.mtu(bench.now);
      for (int size = 48; size <= mtu; size += size > 1270 ? 1 : 61) {
        bench.sent.clear();
        byte[] inner = InnerPackets.udp(size);
        bench.send(inner);
        assertEquals(1, bench.sent.size());
        assertTrue(bench.sent.get(0).length <= 1500);
        assertArrayEquals(inner, open(bench, inbound, bench.sent.get(0)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc2473_s6_7_theTunnelMtuIsTheLargestThatFits(SecurityAssociationParameters suite) {
    for (int path = 1280; path <= 1600; path++) {
      Bench bench = bench(Bench.plain(), suite);
      bench.tunnel.linkMtu(path, bench.now);
      int mtu = bench.tunnel.mtu(bench.now);
      int most = Math.max(mtu, 1280);
      bench.send(InnerPackets.udp(most));
      bench.sent.forEach(p -> assertTrue(p.length <= bench.tunnel.pathMtu(bench.now)));
      assertEquals(mtu < 1280 ? 2 : 1, bench.sent.size());
      bench.sent.clear();
      bench.send(InnerPackets.udp(most + 1));
      assertEquals(0, bench.sent.size());
      assertEquals(most, InnerPackets.u32(bench.onlyError(), 44));
      if (mtu >= 1280) {
        bench.tunnel.linkMtu(9000, bench.now);
        bench.send(InnerPackets.udp(mtu + 1));
        assertTrue(bench.sent.get(0).length > path);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc8200_s4_5_theWholeDatagramIsFragmented(SecurityAssociationParameters suite) {
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(suite);
    Bench bench = bench(Bench.plain(), suite);
    bench.tunnel.linkMtu(1280, bench.now);
    for (int size = 1170; size <= 1280; size++) {
      bench.sent.clear();
      byte[] inner = InnerPackets.udp(size);
      bench.send(inner);
      bench.sent.forEach(p -> assertTrue(p.length <= 1280));
      if (bench.sent.size() > 1) {
        bench.sent.forEach(p -> assertEquals(17, p[40]));
        assertEquals(ProtectedTunnelTest.SPI, InnerPackets.u32(bench.sent.get(0), SPI_AT + 8));
      }
      assertArrayEquals(inner, open(bench, inbound, Reassembly.of(bench.sent)));
    }
    assertEquals(2, bench.sent.size());
  }

  @Test
  void theHeaderCostsEightOctetsWhileItIsThere() {
    // NULL with HMAC-SHA-1-96: alignment 4, so every eight octets count.
    Bench bench = new Bench(Bench.plain());
    ProtectedTunnelTest.protect(bench, suites().get(0));
    int bare = bench.tunnel.mtu(bench.now);
    bench.tunnel.encapsulation(LOCAL_PORT, REMOTE_PORT);
    assertEquals(bare - 8, bench.tunnel.mtu(bench.now));
    assertEquals(LOCAL_PORT, bench.tunnel.localPort());
    assertEquals(REMOTE_PORT, bench.tunnel.remotePort());
    bench.tunnel.encapsulation(0, 0);
    assertEquals(bare, bench.tunnel.mtu(bench.now));
    bench.send(InnerPackets.udp(100));
    assertEquals(50, bench.sent.get(0)[6]);
  }

  @Test
  void theMaximumSegmentSizeCountsTheHeader() {
    Bench bench =
        bench(new TunnelSettings(64, -1, true, true, true, false, 65_535), suites().get(0));
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(suites().get(0));
    bench.send(InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(9000), new byte[0]));
    byte[] inner = open(bench, inbound, bench.sent.get(0));
    assertEquals(bench.tunnel.mtu(bench.now) - 60, InnerPackets.u16(inner, 62));
  }

  @Test
  void nothingIsSentWithoutAnAssociation() {
    Bench bench = bench();
    bench.tunnel.protection(null);
    bench.send(InnerPackets.udp(100));
    bench.send(InnerPackets.udp(9000));
    assertEquals(0, bench.sent.size());
    assertEquals(0, bench.errors.size());
    assertEquals(2, bench.counters.drops(DropReason.PROTECTION_REQUIRED));
    assertEquals(2, bench.drops());
  }

  @Test
  void portsAreSetTogether() {
    Bench bench = bench();
    assertThrows(IllegalArgumentException.class, () -> bench.tunnel.encapsulation(0, 4500));
    assertThrows(IllegalArgumentException.class, () -> bench.tunnel.encapsulation(4500, 65_536));
    assertEquals(LOCAL_PORT, bench.tunnel.localPort());
  }

  @Test
  void rfc6040_s4_2_theCongestionMarkOfTheOuterHeaderIsTaken() {
    Bench bench = bench();
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(suites().get(2));
    byte[] inner = InnerPackets.udp(InnerPackets.HOME, InnerPackets.PEER, 2, 64, 1, 2, 100);
    bench.send(inner);
    byte[] outer = bench.sent.get(0);
    assertEquals(2, InnerPackets.trafficClass(outer) & 3);
    outer[1] |= 0x30;
    assertEquals(3, InnerPackets.trafficClass(open(bench, inbound, outer)) & 3);
  }

  @Test
  void rfc8201_s4_packetTooBigQuotesPortsAndSpi() {
    Bench bench = bench();
    byte[] inner = InnerPackets.udp(bench.tunnel.mtu(bench.now));
    bench.send(inner);
    byte[] outer = bench.sent.get(0);
    for (int wrong : new int[] {41, 43, SPI_AT + 3}) {
      byte[] forged = outer.clone();
      forged[wrong] ^= 1;
      assertEquals(DropReason.ICMP_ERROR_UNMATCHED, bench.packetTooBig(1400, forged));
    }
    for (int length = 40; length < SPI_AT + 4; length++) {
      assertEquals(
          DropReason.ICMP_ERROR_UNMATCHED,
          bench.icmpError(2, 0, 1400, Arrays.copyOf(outer, length)));
    }
    assertEquals(1500, bench.tunnel.pathMtu(bench.now));
    PacketBuffer error =
        PacketBuffer.copyOf(
            InnerPackets.icmpv6(Bench.ROUTER, Bench.LOCAL, 2, 0, 1400, Arrays.copyOf(outer, 100)));
    assertTrue(Bench.REMOTE.matches(error.bytes(), Tunnel.quotedDestination(error)));
    assertEquals(-1, Tunnel.quotedInner(error));
    assertNull(bench.icmpError(error.toBytes()));
    assertEquals(1400, bench.tunnel.pathMtu(bench.now));
    assertEquals(0, bench.errors.size());
    // The source is told when it sends the next one.
    bench.send(inner);
    TunnelEntryPointTest.assertError(
        bench.onlyError(), 2, 0, bench.tunnel.mtu(bench.now), inner);
  }

  @Test
  void rfc8201_s4_anErrorAboutTheFormBeforeIsOfTheSamePath() {
    Bench bench = bench();
    bench.tunnel.encapsulation(0, 0);
    bench.send(InnerPackets.udp(1300));
    byte[] bare = bench.sent.get(0);
    bench.tunnel.encapsulation(LOCAL_PORT, REMOTE_PORT);
    assertNull(bench.packetTooBig(1340, bare));
    bench.send(InnerPackets.udp(1280));
    byte[] datagram = bench.sent.get(1);
    assertNull(bench.packetTooBig(1330, datagram));
    bench.tunnel.encapsulation(0, 0);
    assertEquals(DropReason.ICMP_ERROR_UNMATCHED, bench.packetTooBig(1300, datagram));
    assertEquals(1330, bench.tunnel.pathMtu(bench.now));
  }

  @Test
  void rfc8201_s4_packetTooBigQuotesAFragment() {
    Bench bench = bench();
    bench.tunnel.linkMtu(1300, bench.now);
    bench.send(InnerPackets.udp(1280));
    assertEquals(2, bench.sent.size());
    assertNull(bench.packetTooBig(1280, bench.sent.get(0)));
    assertEquals(1280, bench.tunnel.pathMtu(bench.now));
  }

  @Test
  void rfc4443_s3_1_portUnreachableTellsNothingToTheGuest() {
    Bench bench = bench();
    bench.send(InnerPackets.udp(100));
    assertNull(bench.icmpError(1, 4, 0, bench.sent.get(0)));
    assertEquals(0, bench.errors.size());
    byte[] forged = bench.sent.get(0);
    forged[SPI_AT] ^= 1;
    assertEquals(DropReason.ICMP_ERROR_UNMATCHED, bench.icmpError(1, 4, 0, forged));
  }
}
