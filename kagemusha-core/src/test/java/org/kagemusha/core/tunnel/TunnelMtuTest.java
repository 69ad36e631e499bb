package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;

class TunnelMtuTest {

  @ParameterizedTest
  @CsvSource({"1500,1460", "1280,1240", "9000,8960", "1000,1240", "99999,65535"})
  void rfc8201_s5_2_pathMtuBeginsAtTheMtuOfTheFirstLink(int link, int mtu) {
    Bench bench = new Bench();
    bench.tunnel.linkMtu(link, bench.now);
    assertEquals(mtu, bench.tunnel.mtu(bench.now));
  }

  @Test
  void rfc2473_s7_1a_largerPacketIsAnsweredByPacketTooBigWithTheTunnelMtu() {
    Bench bench = new Bench(Bench.plain());
    byte[] inner = InnerPackets.udp(1461);
    bench.send(inner);
    assertEquals(0, bench.sent.size());
    assertEquals(1, bench.counters.drops(DropReason.TOO_BIG));
    TunnelEntryPointTest.assertError(bench.onlyError(), 2, 0, 1460, inner);
    bench.send(InnerPackets.udp(1460));
    assertEquals(1500, bench.sent.get(0).length);
  }

  @Test
  void rfc2473_s7_1a_mtuInPacketTooBigIsNeverUnder1280() {
    Bench bench = new Bench(Bench.plain());
    bench.tunnel.linkMtu(1280, bench.now);
    byte[] inner = InnerPackets.udp(1281);
    bench.send(inner);
    TunnelEntryPointTest.assertError(bench.onlyError(), 2, 0, 1280, inner);
  }

  @Test
  void rfc2473_s8_1_packetTooBigFromInsideLowersTheTunnelMtuAndTellsTheSource() {
    Bench bench = new Bench(Bench.plain());
    byte[] inner = InnerPackets.udp(1460);
    bench.send(inner);
    assertEquals(null, bench.packetTooBig(1400, bench.sent.get(0)));
    assertEquals(1360, bench.tunnel.mtu(bench.now));
    byte[] error = bench.onlyError();
    assertEquals(2, error[40]);
    assertEquals(1360, InnerPackets.u32(error, 44));
    assertEquals(InnerPackets.HOME, InnerPackets.address(error, 24));
    // 1232 octets were quoted to us, less the outer header.
    assertEquals(48 + 1192, error.length);
    assertEquals(0, InnerPackets.checksum(error, 40, 58));
    assertTrue(Arrays.equals(inner, 0, 1192, error, 48, error.length));
    assertEquals(1, bench.count(Counter.PACKET_TOO_BIG_SENT));
  }

  @Test
  void rfc2473_s8_2_sourceOfAPacketOfAtMost1280IsNotTold() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1280));
    assertEquals(null, bench.packetTooBig(1300, bench.sent.get(0)));
    assertEquals(0, bench.errors.size());
    assertEquals(1260, bench.tunnel.mtu(bench.now));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 68, 1279, -1, Integer.MIN_VALUE})
  void rfc8201_s4_mtuUnder1280IsDiscarded(int mtu) {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1460));
    assertEquals(DropReason.ICMP_ERROR_INVALID, bench.packetTooBig(mtu, bench.sent.get(0)));
    assertEquals(1460, bench.tunnel.mtu(bench.now));
    assertEquals(0, bench.errors.size());
  }

  @Test
  void rfc8201_s4_estimateIsNeverRaisedByAMessage() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1460));
    bench.packetTooBig(1300, bench.sent.get(0));
    assertEquals(null, bench.packetTooBig(1400, bench.sent.get(0)));
    assertEquals(1260, bench.tunnel.mtu(bench.now));
    assertEquals(
        DropReason.ICMP_ERROR_INVALID, bench.packetTooBig(9000, bench.sent.get(0)));
    assertEquals(1260, bench.tunnel.mtu(bench.now));
  }

  @Test
  void rfc8201_s5_3_estimateIsRaisedAgainTenMinutesAfterTheLastDecrease() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1460));
    bench.packetTooBig(1400, bench.sent.get(0));
    bench.now += 300 * Bench.SECOND;
    bench.packetTooBig(1300, bench.sent.get(0));
    bench.now += 600 * Bench.SECOND - 1;
    assertEquals(1260, bench.tunnel.mtu(bench.now));
    bench.now += 1;
    assertEquals(1460, bench.tunnel.mtu(bench.now));
  }

  @Test
  void newEndMeansANewPathButTheSameEndDoesNot() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1460));
    bench.packetTooBig(1300, bench.sent.get(0));
    bench.tunnel.endpoints(Bench.LOCAL, Bench.REMOTE);
    bench.tunnel.linkMtu(1500, bench.now);
    assertEquals(1260, bench.tunnel.mtu(bench.now));
    bench.tunnel.endpoints(Ipv6Address.parse("2001:db8:3000::4"), Bench.REMOTE);
    assertEquals(1460, bench.tunnel.mtu(bench.now));
  }

  @Test
  void newLinkMtuMeansANewPath() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1460));
    bench.packetTooBig(1300, bench.sent.get(0));
    bench.tunnel.linkMtu(9000, bench.now);
    assertEquals(8960, bench.tunnel.mtu(bench.now));
  }

  @Test
  void rfc8201_s4_interfaceThatRefusesAPacketLowersTheMtuUntilItGoesOut() {
    Bench bench = new Bench(Bench.plain());
    bench.interfaceMtu = 1400;
    int tries = 0;
    int size = 1460;
    while (bench.sent.isEmpty()) {
      byte[] inner = InnerPackets.udp(size);
      bench.errors.clear();
      bench.send(inner);
      tries++;
      if (bench.sent.isEmpty()) {
        int mtu = InnerPackets.u32(bench.onlyError(), 44);
        assertTrue(mtu < size && mtu >= 1280, "told " + mtu);
        TunnelEntryPointTest.assertError(bench.onlyError(), 2, 0, mtu, inner);
        size = mtu;
      }
    }
    assertTrue(tries <= 6, tries + " tries");
    assertEquals(1400, bench.sent.get(0).length);
    assertEquals(tries - 1, bench.counters.drops(DropReason.TOO_BIG));
  }

  @Test
  void rfc2473_s7_1b_interfaceThatRefusesASmallPacketGetsFragmentsAtOnce() {
    Bench bench = new Bench(Bench.plain());
    bench.interfaceMtu = 1300;
    bench.send(InnerPackets.udp(1280));
    assertEquals(0, bench.drops());
    assertEquals(2, bench.sent.size());
    assertEquals(1, bench.count(Counter.TUNNEL_PACKETS_SENT));
  }

  @Test
  void interfaceThatRefusesEvenTheMinimumEndsInACountedDrop() {
    Bench bench = new Bench(Bench.plain());
    bench.interfaceMtu = 1000;
    bench.send(InnerPackets.udp(1280));
    assertEquals(1, bench.counters.drops(DropReason.SEND_FAILED));
    assertEquals(1, bench.drops());
    assertEquals(1280, bench.tunnel.pathMtu(bench.now));
  }

  @Test
  void rfc8201_s4_messageAboutAPacketThatIsNoLargerIsNotBelieved() {
    Bench bench = new Bench(Bench.plain());
    bench.send(InnerPackets.udp(1360));
    byte[] outer = bench.sent.get(0);
    assertEquals(DropReason.ICMP_ERROR_INVALID, bench.packetTooBig(1400, outer));
    assertEquals(1500, bench.tunnel.pathMtu(bench.now));
    assertEquals(null, bench.packetTooBig(1399, outer));
    assertEquals(1399, bench.tunnel.pathMtu(bench.now));
  }
}
