package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;

class TunnelExitPointTest {

  private final byte[] inner = InnerPackets.udp(100);

  @Test
  void rfc2473_s3_3_tunnelHeadersAreDiscarded() {
    Bench bench = new Bench(Bench.plain());
    assertArrayEquals(inner, bench.receive(outer(inner)));
    assertEquals(1, bench.count(Counter.TUNNEL_PACKETS_RECEIVED));
    assertEquals(100, bench.count(Counter.TUNNEL_OCTETS_RECEIVED));
  }

  @Test
  void rfc2473_s4_1_1_encapsulationLimitIsRemovedWithTheTunnelHeaders() {
    Bench bench = new Bench(Bench.plain());
    byte[] option = HexFormat.of().parseHex("2900040104010100");
    byte[] packet =
        InnerPackets.ipv6(
            Bench.REMOTE, Bench.LOCAL, 0, 0, 60, 64, InnerPackets.concat(option, inner));
    PacketBuffer buffer = PacketBuffer.copyOf(packet);
    assertNull(bench.tunnel.receive(buffer, buffer.offset() + 48, bench.now));
    assertArrayEquals(inner, buffer.toBytes());
  }

  @Test
  void rfc4303_s2_7_trafficFlowConfidentialityPaddingIsCutOff() {
    Bench bench = new Bench(Bench.plain());
    assertArrayEquals(
        inner, bench.receive(outer(Arrays.copyOf(inner, inner.length + 300))));
    assertEquals(100, bench.count(Counter.TUNNEL_OCTETS_RECEIVED));
  }

  @Test
  void rfc8200_s3_incompleteInnerPacketIsDropped() {
    for (int length = 0; length < inner.length; length++) {
      Bench bench = new Bench();
      assertNull(bench.receive(outer(Arrays.copyOf(inner, length))));
      assertEquals(DropReason.IPV6_MALFORMED, bench.lastDrop);
      assertEquals(0, bench.drops());
      assertEquals(0, bench.count(Counter.TUNNEL_PACKETS_RECEIVED));
    }
    Bench bench = new Bench();
    byte[] version4 = inner.clone();
    version4[0] = 0x45;
    assertNull(bench.receive(outer(version4)));
    assertEquals(DropReason.IPV6_MALFORMED, bench.lastDrop);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 39, 1000, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void offsetOutsideOfThePacketIsRefused(int offset) {
    Bench bench = new Bench();
    PacketBuffer buffer = PacketBuffer.copyOf(outer(inner));
    assertEquals(
        DropReason.IPV6_MALFORMED,
        bench.tunnel.receive(buffer, buffer.offset() + offset, bench.now));
  }

  @Test
  void rfc8200_s3_routerDecrementsTheHopLimitOnTheWayOut() {
    assertEquals(63, new Bench().receive(outer(inner))[7]);
    assertEquals(64, new Bench(TunnelSettings.mobileNode()).receive(outer(inner))[7]);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void rfc4443_s3_3_hopLimitThatRunsOutAtTheExitIsAnsweredOnce(int hopLimit) {
    Bench bench = new Bench();
    byte[] last = inner.clone();
    last[7] = (byte) hopLimit;
    assertNull(bench.receive(outer(last)));
    assertEquals(DropReason.HOP_LIMIT_EXCEEDED, bench.lastDrop);
    assertEquals(0, bench.drops());
    TunnelEntryPointTest.assertError(bench.onlyError(), 3, 0, 0, last);

    PacketBuffer buffer = PacketBuffer.copyOf(outer(last));
    assertEquals(
        DropReason.HOP_LIMIT_EXCEEDED,
        bench.tunnel.receive(buffer, buffer.offset() + 40, bench.now));
    assertEquals(1, bench.errors.size());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 255})
  void besideTheVmAnyHopLimitIsDelivered(int hopLimit) {
    byte[] last = inner.clone();
    last[7] = (byte) hopLimit;
    assertArrayEquals(last, new Bench(TunnelSettings.mobileNode()).receive(outer(last)));
  }

  private static byte[] outer(byte[] inner) {
    return InnerPackets.ipv6(Bench.REMOTE, Bench.LOCAL, 0, 0, 41, 60, inner);
  }
}
