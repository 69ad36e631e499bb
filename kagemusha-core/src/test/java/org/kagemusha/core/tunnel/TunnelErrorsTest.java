package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;

class TunnelErrorsTest {

  private final Bench bench = new Bench(Bench.plain());
  private final byte[] inner = InnerPackets.udp(200);
  private final byte[] outer = bench.send(inner).sent.get(0);

  @ParameterizedTest
  @CsvSource({"3,0", "1,0", "1,1", "1,2", "1,3", "1,4", "1,5", "1,6"})
  void rfc2473_s8_2_hopLimitAndUnreachableBecomeAddressUnreachable(int type, int code) {
    assertNull(bench.icmpError(type, code, 0, outer));
    TunnelEntryPointTest.assertError(bench.onlyError(), 1, 3, 0, inner);
    assertEquals(0, bench.drops());
  }

  @ParameterizedTest
  @CsvSource({"3,1", "4,1", "4,2", "4,3", "5,0", "100,0", "127,9"})
  void rfc2473_s8_1_otherMessagesAreNotReportedToTheSource(int type, int code) {
    assertNull(bench.icmpError(type, code, 40, outer));
    assertEquals(0, bench.errors.size());
    assertEquals(0, bench.drops());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void rfc2473_s8_2_parameterProblemAtTheEncapsulationLimitBecomesAddressUnreachable(int limit) {
    Bench limited = new Bench(Bench.limit(limit));
    limited.send(inner);
    assertNull(limited.icmpError(4, 0, 44, limited.sent.get(0)));
    TunnelEntryPointTest.assertError(limited.onlyError(), 1, 3, 0, inner);
  }

  @ParameterizedTest
  @CsvSource({"0,43", "0,45", "0,0", "2,44", "255,44"})
  void rfc2473_s8_1_parameterProblemElsewhereIsNotReported(int limit, int pointer) {
    Bench limited = new Bench(Bench.limit(limit));
    limited.send(inner);
    assertNull(limited.icmpError(4, 0, pointer, limited.sent.get(0)));
    assertEquals(0, limited.errors.size());
  }

  @Test
  void rfc8201_s4_errorAboutAPacketOfOthersIsNotBelieved() {
    byte[][] forgeries = new byte[4][];
    for (int i = 0; i < 3; i++) {
      forgeries[i] = outer.clone();
    }
    forgeries[0][23] ^= 1; // source
    forgeries[1][39] ^= 1; // destination
    forgeries[2][6] = 17; // next header
    forgeries[3] = InnerPackets.ipv6(Bench.LOCAL, Bench.REMOTE, 0, 0, 50, 64, new byte[160]);
    for (byte[] forgery : forgeries) {
      for (int type = 1; type <= 4; type++) {
        assertEquals(
            DropReason.ICMP_ERROR_UNMATCHED, bench.icmpError(type, 0, 1280, forgery));
      }
    }
    assertEquals(0, bench.errors.size());
  }

  @Test
  void rfc4443_s2_3_wrongChecksumIsNotBelieved() {
    byte[] error = InnerPackets.icmpv6(Bench.ROUTER, Bench.LOCAL, 3, 0, 0, outer);
    error[43] ^= 1;
    assertEquals(DropReason.ICMP_ERROR_INVALID, bench.icmpError(error));
  }

  @Test
  void informationalMessagesAndOtherProtocolsAreNotErrors() {
    assertEquals(DropReason.PROTOCOL_NOT_TAKEN, bench.icmpError(128, 0, 0, outer));
    assertEquals(DropReason.PROTOCOL_NOT_TAKEN, bench.icmpError(InnerPackets.udp(300)));
    assertEquals(
        DropReason.PROTOCOL_NOT_TAKEN,
        bench.icmpError(InnerPackets.ipv6(58, new byte[] {2, 0, 0, 0, 0, 0, 5})));
  }

  @Test
  void everyTruncationIsTakenOrRefusedWithoutAnAnswerThatItCannotSupport() {
    for (int length = 0; length <= outer.length; length++) {
      bench.errors.clear();
      DropReason reason = bench.icmpError(3, 0, 0, Arrays.copyOf(outer, length));
      assertEquals(length < 40 ? DropReason.ICMP_ERROR_UNMATCHED : null, reason);
      // Without the inner header there is no source to tell; without its upper layer, the type of
      // an ICMPv6 message would be unknown, but UDP is no ICMPv6.
      assertEquals(length < 80 ? 0 : 1, bench.errors.size(), "quoted " + length);
      bench.now += Bench.SECOND;
    }
    byte[] error = InnerPackets.icmpv6(Bench.ROUTER, Bench.LOCAL, 3, 0, 0, outer);
    for (int length = 0; length < error.length; length++) {
      assertEquals(
          DropReason.IPV6_MALFORMED, bench.icmpError(Arrays.copyOf(error, length)));
    }
  }

  @Test
  void rfc4443_s2_4e_relayedErrorNeverAnswersAnError() {
    byte[] body = new byte[100];
    bench.sent.clear();
    bench.send(InnerPackets.icmpv6(InnerPackets.HOME, InnerPackets.PEER, 1, 0, 0, body));
    assertNull(bench.icmpError(3, 0, 0, bench.sent.get(0)));
    assertEquals(0, bench.errors.size());
  }

  @Test
  void rfc4443_s2_4f_relayedErrorsAreRateLimitedAndCounted() {
    for (int i = 0; i < 60; i++) {
      assertNull(bench.icmpError(3, 0, 0, outer));
    }
    assertEquals(50, bench.errors.size());
    assertEquals(10, bench.counters.drops(DropReason.ICMP_RATE_LIMITED));
  }

  @Test
  void rfc8200_s4_5_errorAboutAFragmentIsBelievedAndTheFirstOneRelayed() {
    bench.tunnel.linkMtu(1300, bench.now);
    bench.sent.clear();
    byte[] large = InnerPackets.udp(1280);
    bench.send(large);
    assertNull(bench.icmpError(3, 0, 0, bench.sent.get(1)));
    assertEquals(0, bench.errors.size());
    assertNull(bench.packetTooBig(1290, bench.sent.get(0)));
    assertEquals(1290, bench.tunnel.pathMtu(bench.now));
    assertNull(bench.icmpError(3, 0, 0, bench.sent.get(0)));
    assertEquals(1, bench.errors.size());
    byte[] foreign = bench.sent.get(1).clone();
    foreign[40] = 17;
    assertEquals(DropReason.ICMP_ERROR_UNMATCHED, bench.icmpError(3, 0, 0, foreign));
  }

  @Test
  void tunnelWithoutEndsBelievesNothing() {
    Tunnel tunnel =
        new Tunnel(new TunnelContext(TunnelSettings.defaults(), new Counters(), null));
    byte[] error = InnerPackets.icmpv6(Bench.ROUTER, Bench.LOCAL, 3, 0, 0, outer);
    assertEquals(
        DropReason.ICMP_ERROR_UNMATCHED,
        tunnel.onIcmpError(PacketBuffer.copyOf(error), p -> {}, 0));
  }

  @Test
  void quotedDestinationFindsTheTunnel() {
    byte[] error = InnerPackets.icmpv6(Bench.ROUTER, Bench.LOCAL, 3, 0, 0, outer);
    PacketBuffer buffer = PacketBuffer.copyOf(error);
    ByteBuffer bytes = buffer.bytes();
    assertEquals(true, Bench.REMOTE.matches(bytes, Tunnel.quotedDestination(buffer)));
    assertEquals(-1, Tunnel.quotedDestination(PacketBuffer.copyOf(error, 0, 87)));
  }

  @Test
  void rfc8201_s4_quotedOptionsHeaderMustBeTheOneThatWeWrite() {
    Bench limited = new Bench(Bench.limit(0));
    limited.send(inner);
    byte[] sent = limited.sent.get(0);
    for (int octet : new int[] {41, 42}) {
      byte[] foreign = sent.clone();
      foreign[octet]++;
      assertEquals(
          DropReason.ICMP_ERROR_UNMATCHED, limited.icmpError(4, 0, 44, foreign));
    }
    assertEquals(
        DropReason.ICMP_ERROR_UNMATCHED,
        limited.icmpError(4, 0, 44, Arrays.copyOf(sent, 47)));
  }
}
