package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;

/** The tunnel with ESP (RFC 2473 §9, RFC 4303), with every algorithm. */
class ProtectedTunnelTest {

  static final int SPI = 0x1234_5678;

  static List<SecurityAssociationParameters> suites() {
    List<SecurityAssociationParameters> suites = new ArrayList<>();
    for (EncryptionAlgorithm encryption : EncryptionAlgorithm.values()) {
      for (IntegrityAlgorithm integrity : IntegrityAlgorithm.values()) {
        if (encryption.combinedMode() == (integrity == IntegrityAlgorithm.NONE)) {
          suites.add(parameters(encryption, integrity));
        }
      }
    }
    return suites;
  }

  static SecurityAssociationParameters parameters(
      EncryptionAlgorithm encryption, IntegrityAlgorithm integrity) {
    return new SecurityAssociationParameters(
        SPI,
        encryption,
        integrity,
        new byte[encryption.keyOctets()],
        new byte[integrity.keyOctets()],
        false,
        64);
  }

  static void protect(Bench bench, SecurityAssociationParameters parameters) {
    long[] number = {0};
    bench.tunnel.protection(OutboundSecurityAssociation.of(parameters, () -> ++number[0]));
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc2473_s9_whatIsSealedAtTheEntryComesOutAtTheExit(SecurityAssociationParameters suite) {
    for (int limit : new int[] {-1, 4}) {
      Bench bench = new Bench(Bench.limit(limit));
      protect(bench, suite);
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
  void rfc2473_s6_7_tunnelMtuIsThePathMtuLessAllTunnelHeaders(SecurityAssociationParameters suite) {
    for (int path = 1280; path <= 1600; path++) {
      Bench bench = new Bench(Bench.plain());
      protect(bench, suite);
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
        // "The largest": with one octet more in the tunnel, the path would not take it.
        bench.tunnel.linkMtu(9000, bench.now);
        bench.send(InnerPackets.udp(mtu + 1));
        assertTrue(bench.sent.get(0).length > path);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_s3_3_4_packetIsSealedFirstAndThenFragmented(SecurityAssociationParameters suite) {
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(suite);
    Bench bench = new Bench(Bench.plain());
    protect(bench, suite);
    bench.tunnel.linkMtu(1280, bench.now);
    for (int size = 1180; size <= 1280; size++) {
      bench.sent.clear();
      byte[] inner = InnerPackets.udp(size);
      bench.send(inner);
      bench.sent.forEach(p -> assertTrue(p.length <= 1280));
      if (bench.sent.size() > 1) {
        assertEquals(50, bench.sent.get(0)[40]);
        assertEquals(SPI, InnerPackets.u32(bench.sent.get(0), 48));
      }
      assertArrayEquals(inner, open(bench, inbound, Reassembly.of(bench.sent)));
    }
    assertEquals(2, bench.sent.size());
  }

  @Test
  void rfc2473_s4_1_1_encapsulationLimitStaysOutsideOfEsp() {
    Bench bench = new Bench(Bench.limit(4));
    protect(bench, suites().get(0));
    bench.send(InnerPackets.udp(100));
    byte[] outer = bench.sent.get(0);
    assertEquals(60, outer[6]);
    assertEquals(0x32000401, InnerPackets.u32(outer, 40));
    assertEquals(SPI, InnerPackets.u32(outer, 48));
  }

  @Test
  void rfc8201_s5_2_sourceOfASealedPacketIsToldWhenItSendsTheNextOne() {
    Bench bench = new Bench(Bench.plain());
    protect(bench, suites().get(2));
    int before = bench.tunnel.mtu(bench.now);
    byte[] inner = InnerPackets.udp(before);
    bench.send(inner);
    assertNull(bench.packetTooBig(1400, bench.sent.get(0)));
    assertEquals(0, bench.errors.size());
    int after = bench.tunnel.mtu(bench.now);
    assertTrue(after < before && after > 1280);
    bench.send(inner);
    TunnelEntryPointTest.assertError(bench.onlyError(), 2, 0, after, inner);
  }

  @Test
  void rfc8201_s5_2_refusalByTheInterfaceIsToldWithTheNextPacketToo() {
    Bench bench = new Bench(Bench.plain());
    protect(bench, suites().get(2));
    bench.interfaceMtu = 1492;
    byte[] inner = InnerPackets.udp(bench.tunnel.mtu(bench.now));
    bench.send(inner);
    assertEquals(1, bench.counters.drops(DropReason.TOO_BIG));
    assertEquals(0, bench.errors.size());
    bench.send(inner);
    int mtu = bench.tunnel.mtu(bench.now);
    TunnelEntryPointTest.assertError(bench.onlyError(), 2, 0, mtu, inner);
  }

  @Test
  void rfc8201_s4_errorMustQuoteOurAssociation() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1460));
    protect(bench, suites().get(2));
    // A packet from before the association came: in clear.
    assertEquals(
        DropReason.ICMP_ERROR_UNMATCHED, bench.packetTooBig(1400, bench.sent.get(0)));
    bench.send(InnerPackets.udp(1300));
    byte[] sealed = bench.sent.get(1);
    byte[] forged = sealed.clone();
    forged[43] ^= 1;
    assertEquals(DropReason.ICMP_ERROR_UNMATCHED, bench.packetTooBig(1300, forged));
    assertEquals(
        DropReason.ICMP_ERROR_UNMATCHED,
        bench.icmpError(2, 0, 1300, Arrays.copyOf(sealed, 43)));
    assertEquals(1500, bench.tunnel.pathMtu(bench.now));
    // RFC 4443 §2.4(d): what is encrypted cannot be relayed.
    assertNull(bench.icmpError(3, 0, 0, sealed));
    assertEquals(0, bench.errors.size());
    assertNull(bench.icmpError(2, 0, 1300, Arrays.copyOf(sealed, 44)));
    assertEquals(1300, bench.tunnel.pathMtu(bench.now));
  }

  @Test
  void rfc4303_s3_3_3_usedUpSequenceNumbersAreCountedOnce() {
    Bench bench = new Bench();
    bench.tunnel.protection(OutboundSecurityAssociation.of(suites().get(0), () -> 0));
    bench.send(InnerPackets.udp(100));
    assertEquals(1, bench.counters.drops(DropReason.ESP_SEQUENCE_EXHAUSTED));
    assertEquals(1, bench.drops());
    assertEquals(0, bench.sent.size());
  }

  private static byte[] open(Bench bench, InboundSecurityAssociation inbound, byte[] outer) {
    PacketBuffer buffer = PacketBuffer.copyOf(outer);
    int outerAt = buffer.offset();
    buffer.trimFront(outer[6] == 60 ? 48 : 40);
    assertNull(inbound.open(buffer));
    assertEquals(41, inbound.nextHeader());
    int innerAt = buffer.offset();
    buffer.set(outerAt, buffer.end() - outerAt);
    assertNull(bench.tunnel.receive(buffer, innerAt, bench.now));
    return buffer.toBytes();
  }

  @Test
  void rfc2473_s6_7_tunnelMtuFollowsTheAssociation() {
    Bench bench = new Bench(Bench.plain());
    assertEquals(1460, bench.tunnel.mtu(bench.now));
    protect(bench, suites().get(2));
    int sealed = bench.tunnel.mtu(bench.now);
    assertTrue(sealed < 1460);
    bench.tunnel.protection(null);
    assertEquals(1460, bench.tunnel.mtu(bench.now));
  }
}
