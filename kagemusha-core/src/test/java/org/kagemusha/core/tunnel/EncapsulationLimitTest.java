package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.DropReason;

class EncapsulationLimitTest {

  private static final HexFormat HEX = HexFormat.of();

  @Test
  void rfc2473_s4_1_1d_configuredLimitIsPutInTheFormOfS5_1() {
    Bench bench = new Bench(Bench.limit(4));
    bench.send(InnerPackets.udp(100));
    byte[] outer = bench.sent.get(0);
    assertEquals(60, outer[6]);
    assertEquals(108, InnerPackets.u16(outer, 4));
    assertEquals("2900040104010100", HEX.formatHex(outer, 40, 48));
    assertEquals(6, outer[48] >> 4);
  }

  @Test
  void rfc2473_s4_1_1e_withoutLimitNoOption() {
    Bench bench = new Bench(Bench.limit(-1));
    bench.send(InnerPackets.udp(100));
    assertEquals(41, bench.sent.get(0)[6]);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 255})
  void rfc2473_s4_1_1c_limitIsOneLessThanThatOfThePacketBeingEncapsulated(int limit) {
    for (int configured : new int[] {-1, 0, 4, 255}) {
      Bench bench = new Bench(Bench.limit(configured));
      bench.send(withOptions("0401%02x010100".formatted(limit)));
      byte[] outer = bench.sent.get(0);
      assertEquals(60, outer[6]);
      assertEquals(limit - 1, outer[44] & 0xff);
    }
  }

  @Test
  void rfc2473_s4_1_1b_limitZeroIsDiscardedAndThePointerIsTheThirdOctetOfTheOption() {
    Bench bench = new Bench(Bench.limit(4));
    byte[] inner = withOptions("040100010100");
    bench.send(inner);
    assertEquals(0, bench.sent.size());
    assertEquals(1, bench.counters.drops(DropReason.ENCAPSULATION_LIMIT));
    TunnelEntryPointTest.assertError(bench.onlyError(), 4, 0, 44, inner);
  }

  @Test
  void rfc2473_s4_1_1a_optionIsFoundBehindOtherOptionsAndHeaders() {
    // Hop-by-Hop with PadN, Routing, first fragment, Destination Options: Pad1, an unknown option,
    // TEL
    String chain =
        "2b00010400000000" + "2c02000000000000" + "0000000000000000" + "0000000000000000"
            + "3c00000100000001" + "2901" + "00" + "1e03aabbcc" + "040100" + "010400000000";
    byte[] inner = InnerPackets.ipv6(0, HEX.parseHex(chain + "6000000000003b40" + "00".repeat(32)));
    Bench bench = new Bench(Bench.limit(-1));
    bench.send(inner);
    assertEquals(1, bench.counters.drops(DropReason.ENCAPSULATION_LIMIT));
    int pointer = 40 + 8 + 24 + 8 + 2 + 1 + 5 + 2;
    TunnelEntryPointTest.assertError(bench.onlyError(), 4, 0, pointer, inner);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // behind another IPv6 header
        "29:" + "6000000000083c40" + "20010db8000000000000000000000001"
            + "20010db8000000000000000000000002" + "3b00040100010100",
        // inside of ESP, of an unknown header, of UDP
        "32:3b00040100010100",
        "fd:3b00040100010100",
        "11:3b00040100010100",
        // in a fragment that is not the first
        "2c:3c00000800000001" + "3b00040100010100",
        // beyond the octets there are
        "3c:3b0104010001",
        // a length that is not one, an option that goes beyond the header
        "3c:3b00040200000100",
        "3c:3b001eff04010000"
      })
  void rfc2473_s4_1_1a_examinationStopsWhereTheChainCannotBeParsed(String chain) {
    int next = Integer.parseInt(chain.substring(0, 2), 16);
    Bench bench = new Bench(Bench.limit(-1));
    bench.send(InnerPackets.ipv6(next, HEX.parseHex(chain.substring(3))));
    assertEquals(1, bench.sent.size());
    assertEquals(41, bench.sent.get(0)[6]);
  }

  @Test
  void rfc2473_s6_7_headerOfTheOptionCountsInTheTunnelMtu() {
    Bench bench = new Bench(Bench.limit(4));
    assertEquals(1452, bench.tunnel.mtu(bench.now));
    bench.send(InnerPackets.udp(1453)).send(InnerPackets.udp(1452));
    assertEquals(1452, InnerPackets.u32(bench.onlyError(), 44));
    assertEquals(1500, bench.sent.get(0).length);
  }

  private static byte[] withOptions(String options) {
    return InnerPackets.ipv6(60, HEX.parseHex("3b00" + options));
  }

  @Test
  void rfc2473_s4_1_1a_examinationStopsAtTheFirstLimit() {
    Bench bench = new Bench(Bench.limit(-1));
    bench.send(InnerPackets.ipv6(60, HEX.parseHex("3c00040107010100" + "3b00040100010100")));
    assertEquals(6, bench.sent.get(0)[44]);
  }
}
