package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

class TunnelEntryPointTest {

  private static final HexFormat HEX = HexFormat.of();

  @Test
  void rfc2473_s5_tunnelHeaderOctetByOctet() {
    Bench bench = new Bench(Bench.plain());
    byte[] inner = InnerPackets.udp(InnerPackets.HOME, InnerPackets.PEER, 0xb9, 64, 1, 2, 60);
    bench.send(inner);
    String header =
        "6b900000" + "003c" + "29" + "40"
            + "20010db8300000000000000000000003" + "20010db8200000000000000000000001";
    assertEquals(header + HEX.formatHex(inner), HEX.formatHex(bench.sent.get(0)));
    assertEquals(1, bench.count(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(60, bench.count(Counter.TUNNEL_OCTETS_SENT));
    assertEquals(0, bench.drops());
  }

  @Test
  void rfc2473_s3_1_originalHopLimitIsDecrementedByOneAtARouter() {
    Bench bench = new Bench();
    bench.send(udpWithHopLimit(2));
    assertEquals(1, bench.sent.get(0)[47]);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64, 255})
  void rfc2473_s3_1_originalHopLimitStaysBesideTheVm(int hopLimit) {
    Bench bench = new Bench(TunnelSettings.mobileNode());
    bench.send(udpWithHopLimit(hopLimit));
    assertEquals(hopLimit, bench.sent.get(0)[47] & 0xff);
  }

  @ParameterizedTest
  @CsvSource({"0,true", "1,true", "0,false"})
  void rfc4443_s3_3_hopLimitThatRunsOutIsAnsweredByTimeExceeded(int hopLimit, boolean router) {
    Bench bench =
        new Bench(router ? TunnelSettings.defaults() : TunnelSettings.mobileNode());
    byte[] inner = udpWithHopLimit(hopLimit);
    bench.send(inner);
    assertEquals(0, bench.sent.size());
    assertEquals(1, bench.counters.drops(DropReason.HOP_LIMIT_EXCEEDED));
    assertError(bench.onlyError(), 3, 0, 0, inner);
  }

  @Test
  void rfc2473_s6_3_tunnelHopLimitIsIndependentOfTheOriginal() {
    Bench bench = new Bench(new TunnelSettings(17, -1, true, true, true, true, 65535));
    bench.send(udpWithHopLimit(255));
    assertEquals(17, bench.sent.get(0)[7]);
  }

  @Test
  void rfc2473_s6_5_flowLabelIsZeroIfNotCopied() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(100));
    assertEquals(0, InnerPackets.flowLabel(bench.sent.get(0)));
  }

  @Test
  void rfc6438_s3_flowLabelIsTheSameForAllPacketsOfAFlowAndDiffersBetweenFlows() {
    Bench bench = new Bench();
    Set<Integer> labels = new HashSet<>();
    for (int port = 1; port <= 200; port++) {
      bench.sent.clear();
      for (int size = 48; size < 60; size++) {
        bench.send(
            InnerPackets.udp(InnerPackets.HOME, InnerPackets.PEER, size, 64, port, 2, size));
      }
      int label = InnerPackets.flowLabel(bench.sent.get(0));
      assertNotEquals(0, label);
      bench.sent.forEach(p -> assertEquals(label, InnerPackets.flowLabel(p)));
      labels.add(label);
    }
    assertTrue(labels.size() >= 199, "labels of 200 flows: " + labels.size());
  }

  @Test
  void rfc6437_s3_fragmentsOfAPacketShareOneLabel() {
    Bench bench = new Bench();
    byte[] first = HEX.parseHex("1100000100000007" + "03e807d000400000" + "aabbccdd00112233");
    byte[] second = HEX.parseHex("1100001000000007" + "1122334455667788");
    bench.send(InnerPackets.ipv6(44, first)).send(InnerPackets.ipv6(44, second));
    assertEquals(
        InnerPackets.flowLabel(bench.sent.get(0)), InnerPackets.flowLabel(bench.sent.get(1)));
  }

  @Test
  void rfc6438_s3_innerFlowLabelTakesPartInTheHash() {
    Bench bench = new Bench();
    byte[] udp = Arrays.copyOfRange(InnerPackets.udp(100), 40, 100);
    for (int label = 1; label <= 50; label++) {
      bench.send(
          InnerPackets.ipv6(InnerPackets.HOME, InnerPackets.PEER, 0, label, 17, 64, udp));
    }
    assertTrue(bench.sent.stream().map(InnerPackets::flowLabel).distinct().count() >= 49);
  }

  @Test
  void rfc2473_s4_1_2_pairOfTunnelEndsIsNotEncapsulated() {
    Bench bench = new Bench();
    bench.send(InnerPackets.udp(Bench.LOCAL, Bench.REMOTE, 0, 64, 1, 2, 100));
    assertEquals(0, bench.sent.size());
    assertEquals(0, bench.errors.size());
    assertEquals(1, bench.counters.drops(DropReason.TUNNEL_LOOP));
    bench.send(InnerPackets.udp(InnerPackets.HOME, Bench.REMOTE, 0, 64, 1, 2, 100));
    bench.send(InnerPackets.udp(Bench.LOCAL, InnerPackets.HOME, 0, 64, 1, 2, 100));
    assertEquals(2, bench.sent.size());
  }

  @Test
  void rfc2473_s4_1_2_tunnelToItselfIsRejected() {
    Tunnel tunnel = new Bench().tunnel;
    assertThrows(
        IllegalArgumentException.class, () -> tunnel.endpoints(Bench.LOCAL, Bench.LOCAL));
  }

  @Test
  void rfc8200_s3_incompletePacketIsDropped() {
    byte[] whole = InnerPackets.udp(100);
    for (int length = 0; length < whole.length; length++) {
      Bench bench = new Bench();
      bench.send(Arrays.copyOf(whole, length));
      assertEquals(1, bench.counters.drops(DropReason.IPV6_MALFORMED));
      assertEquals(0, bench.sent.size() + bench.errors.size());
    }
    Bench bench = new Bench();
    whole[0] = 0x45;
    bench.send(whole);
    assertEquals(1, bench.counters.drops(DropReason.IPV6_MALFORMED));
  }

  @Test
  void rfc8200_s3_octetsBehindThePayloadLengthStayOutside() {
    Bench bench = new Bench(Bench.plain());
    byte[] inner = InnerPackets.udp(50);
    bench.send(Arrays.copyOf(inner, 64));
    assertArrayEquals(inner, Arrays.copyOfRange(bench.sent.get(0), 40, 90));
    assertEquals(90, bench.sent.get(0).length);
  }

  @Test
  void tunnelWithoutEndsDrops() {
    Counters counters = new Counters();
    Tunnel tunnel = new Tunnel(new TunnelContext(TunnelSettings.defaults(), counters, null));
    tunnel.send(
        PacketBuffer.copyOf(InnerPackets.udp(100)), p -> Underlay.Sent.OK, p -> {}, 0);
    assertEquals(1, counters.drops(DropReason.TUNNEL_NOT_UP));
  }

  @ParameterizedTest
  @CsvSource({"UNREACHABLE,SEND_UNREACHABLE", "CONGESTED,QUEUE_FULL"})
  void whatTheUnderlayDoesNotTakeIsCountedOnce(Underlay.Sent outcome, DropReason reason) {
    Bench bench = new Bench();
    bench.outcome = outcome;
    bench.send(InnerPackets.udp(100));
    assertEquals(1, bench.counters.drops(reason));
    assertEquals(1, bench.drops());
    assertEquals(0, bench.count(Counter.TUNNEL_PACKETS_SENT));
  }

  @Test
  void rfc4443_s2_4f_errorsAreRateLimitedAndCountedAndComeBack() {
    Bench bench = new Bench();
    for (int i = 0; i < 1000; i++) {
      bench.send(InnerPackets.udp(1461));
    }
    assertEquals(50, bench.errors.size());
    assertEquals(50, bench.count(Counter.PACKET_TOO_BIG_SENT));
    assertEquals(1000, bench.counters.drops(DropReason.TOO_BIG));
    assertEquals(950, bench.counters.drops(DropReason.ICMP_RATE_LIMITED));
    bench.now += Bench.SECOND;
    bench.send(InnerPackets.udp(1461));
    assertEquals(51, bench.errors.size());
  }

  @Test
  void rfc4443_s2_4f_allTunnelsTogetherAreLimitedToo() {
    Bench bench = new Bench();
    int[] answers = new int[1];
    for (int i = 0; i < 100; i++) {
      Tunnel tunnel = new Tunnel(bench.context);
      tunnel.endpoints(Bench.LOCAL, Bench.REMOTE);
      for (int j = 0; j < 20; j++) {
        PacketBuffer inner = PacketBuffer.copyOf(InnerPackets.udp(1461));
        tunnel.send(inner, p -> Underlay.Sent.OK, p -> answers[0]++, bench.now);
      }
    }
    assertEquals(500, answers[0]);
  }

  @Test
  void rfc4443_s2_4e_noErrorAnswersAnErrorARedirectAMulticastOrNobody() {
    Bench bench = new Bench();
    byte[] body = new byte[1460];
    for (int type : new int[] {1, 2, 3, 4, 100, 127, 137}) {
      bench.send(
          InnerPackets.icmpv6(InnerPackets.HOME, InnerPackets.PEER, type, 0, 0, body));
    }
    Ipv6Address group = Ipv6Address.parse("ff0e::1");
    for (String source : new String[] {"::", "::1", "ff0e::1"}) {
      Ipv6Address nobody = Ipv6Address.parse(source);
      bench.send(InnerPackets.udp(nobody, InnerPackets.PEER, 0, 64, 1, 2, 1461));
    }
    bench.send(InnerPackets.udp(InnerPackets.HOME, group, 0, 1, 1, 2, 100));
    assertEquals(0, bench.errors.size());
    // "two exceptions to this rule: (1) the Packet Too Big Message"
    bench.send(InnerPackets.udp(InnerPackets.HOME, group, 0, 64, 1, 2, 1461));
    // Informational messages are no errors.
    bench.send(InnerPackets.icmpv6(InnerPackets.HOME, InnerPackets.PEER, 128, 0, 0, body));
    assertEquals(2, bench.errors.size());
    assertEquals(0, bench.sent.size());
  }

  @Test
  void rfc2473_s8_errorComesFromTheTunnelEndWhereNothingBetterIsKnown() {
    Bench bench = new Bench();
    bench.context.errorSource(null);
    bench.send(InnerPackets.udp(1461));
    assertEquals(Bench.LOCAL, InnerPackets.address(bench.onlyError(), 8));
  }

  @Test
  void changedSettingsApplyAtOnce() {
    Bench bench = new Bench();
    bench.context.settings(new TunnelSettings(9, 4, true, false, true, true, 1300));
    bench.send(InnerPackets.udp(1301)).send(InnerPackets.udp(1300));
    assertEquals(1300, InnerPackets.u32(bench.onlyError(), 44));
    assertEquals(1348, bench.sent.get(0).length);
    assertEquals(9, bench.sent.get(0)[7]);
  }

  @ParameterizedTest
  @CsvSource({"0,-1,65535", "256,-1,65535", "64,-2,65535", "64,256,65535", "64,4,1279"})
  void settingsOutOfRangeAreRejected(int hopLimit, int limit, int mtu) {
    assertThrows(
        IllegalArgumentException.class,
        () -> new TunnelSettings(hopLimit, limit, true, true, true, true, mtu));
  }

  /** Asserts an ICMPv6 error to the inner source, octets and checksum. */
  static void assertError(byte[] error, int type, int code, int value, byte[] quoted) {
    int quote = Math.min(quoted.length, 1280 - 48);
    assertEquals(48 + quote, error.length);
    assertEquals(6, error[0] >> 4);
    assertEquals(8 + quote, InnerPackets.u16(error, 4));
    assertEquals(58, error[6]);
    assertEquals(Bench.ERROR_SOURCE, InnerPackets.address(error, 8));
    assertEquals(InnerPackets.address(quoted, 8), InnerPackets.address(error, 24));
    assertEquals(type, error[40]);
    assertEquals(code, error[41]);
    assertEquals(0, InnerPackets.checksum(error, 40, 58));
    assertEquals(value, InnerPackets.u32(error, 44));
    assertArrayEquals(
        Arrays.copyOf(quoted, quote), Arrays.copyOfRange(error, 48, error.length));
  }

  private static byte[] udpWithHopLimit(int hopLimit) {
    return InnerPackets.udp(
        InnerPackets.HOME, InnerPackets.PEER, 0, hopLimit, 1000, 2000, 100);
  }

  @Test
  void rfc6437_s2_labelThatWouldBeZeroIsOne() {
    KeyedHash hash = new KeyedHash(1, 2);
    byte[] inner = InnerPackets.udp(100);
    ByteBuffer bytes = ByteBuffer.wrap(inner);
    for (long source = 0; source < 4; source++) {
      bytes.putLong(16, source);
      for (int flow = 1; flow < 1 << 20; flow++) {
        long high = bytes.getLong(8);
        long label =
            hash.hash(high, source, bytes.getLong(24), bytes.getLong(32), flow) & 0xf_ffff;
        if (label == 0) {
          bytes.putInt(0, 6 << 28 | flow);
          InnerHeaders headers = new InnerHeaders();
          headers.read(bytes, 0, inner.length);
          assertEquals(1, new FlowLabels(hash).of(bytes, 0, inner.length, headers));
          return;
        }
      }
    }
    throw new AssertionError("no flow whose hash is zero");
  }
}
