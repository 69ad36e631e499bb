package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counter;

/** RFC 9293 §3.7.1 and §3.2 (options), RFC 1624 (checksum). */
class MssClampTest {

  private static final HexFormat HEX = HexFormat.of();
  private static final TunnelSettings CLAMPING =
      new TunnelSettings(64, -1, true, false, true, false, 65535);

  @ParameterizedTest
  @ValueSource(ints = {InnerPackets.SYN, InnerPackets.SYN_ACK})
  void rfc9293_s3_7_1_segmentSizeIsLoweredToTheTunnelMtuLessSixtyBothWays(int flags) {
    Bench bench = new Bench(CLAMPING);
    byte[] syn = InnerPackets.tcp(flags, InnerPackets.mss(1440), new byte[0]);
    byte[] expected = InnerPackets.tcp(flags, InnerPackets.mss(1400), new byte[0]);
    assertArrayEquals(expected, through(bench, syn));
    assertArrayEquals(expected, bench.receive(outer(syn)));
    assertEquals(2, bench.count(Counter.MSS_CLAMPED));
  }

  @ParameterizedTest
  @CsvSource({"1400", "1399", "536", "0"})
  void rfc9293_s3_7_1_segmentSizeIsNeverRaised(int mss) {
    Bench bench = new Bench(CLAMPING);
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(mss), new byte[0]);
    assertArrayEquals(syn, through(bench, syn));
    assertArrayEquals(syn, bench.receive(outer(syn)));
    assertEquals(0, bench.count(Counter.MSS_CLAMPED));
  }

  @Test
  void rfc8200_s5_segmentSizeIsNeverUnderWhatTheMinimumMtuCarries() {
    Bench bench = new Bench(CLAMPING);
    bench.tunnel.linkMtu(1280, bench.now);
    assertEquals(1240, bench.tunnel.mtu(bench.now));
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0]);
    assertArrayEquals(
        InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1220), new byte[0]),
        through(bench, syn));
  }

  @ParameterizedTest
  @ValueSource(ints = {InnerPackets.ACK, 0x11, 4, 0})
  void rfc9293_s3_7_1_onlySynSegmentsAreTouched(int flags) {
    Bench bench = new Bench(CLAMPING);
    byte[] segment = InnerPackets.tcp(flags, InnerPackets.mss(1440), new byte[5]);
    assertArrayEquals(segment, through(bench, segment));
  }

  @Test
  void settingsMayTurnItOff() {
    Bench bench = new Bench(Bench.plain());
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0]);
    assertArrayEquals(syn, through(bench, syn));
    assertArrayEquals(syn, bench.receive(outer(syn)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "01", "0101", "010101", "0402", "0402080a0102030405060708", "0303070402", "fd03aa"
      })
  void rfc1071_s2b_checksumIsRightAtEvenAndOddOffsets(String before) {
    byte[] options = InnerPackets.concat(HEX.parseHex(before), InnerPackets.mss(1460));
    byte[] lowered = InnerPackets.concat(HEX.parseHex(before), InnerPackets.mss(1400));
    for (int data = 0; data < 3; data++) {
      byte[] syn = InnerPackets.tcp(InnerPackets.SYN, options, new byte[data]);
      assertArrayEquals(
          InnerPackets.tcp(InnerPackets.SYN, lowered, new byte[data]),
          through(new Bench(CLAMPING), syn));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Hop-by-Hop; Destination Options; Routing, then Destination Options
        "00:0600010400000000",
        "3c:0601010c000000000000000000000000",
        "2b:3c02000000000000" + "00000000000000000000000000000000" + "0600010400000000"
      })
  void rfc8200_s4_1_extensionHeadersAreWalked(String chain) {
    int first = Integer.parseInt(chain.substring(0, 2), 16);
    byte[] headers = HEX.parseHex(chain.substring(3));
    byte[] syn =
        InnerPackets.tcp(headers, first, InnerPackets.SYN, InnerPackets.mss(1440), new byte[1]);
    assertArrayEquals(
        InnerPackets.tcp(headers, first, InnerPackets.SYN, InnerPackets.mss(1400), new byte[1]),
        through(new Bench(CLAMPING), syn));
  }

  @Test
  void rfc8200_s4_1_walkIsBounded() {
    byte[] headers = HEX.parseHex("3c00010400000000".repeat(99) + "0600010400000000");
    byte[] syn =
        InnerPackets.tcp(headers, 60, InnerPackets.SYN, InnerPackets.mss(1440), new byte[1]);
    assertArrayEquals(syn, through(new Bench(CLAMPING), syn));
  }

  @Test
  void rfc4302_authenticatedSegmentIsNotTouched() {
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0]);
    byte[] ah = HEX.parseHex("060200000000100000000001" + "00".repeat(4));
    byte[] inner =
        InnerPackets.ipv6(51, InnerPackets.concat(ah, Arrays.copyOfRange(syn, 40, syn.length)));
    assertArrayEquals(inner, through(new Bench(CLAMPING), inner));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0200", "0201", "02ff05b4", "fe00020405b4", "00020405b4", "fd", "0204"})
  void rfc9293_s3_2_brokenOptionsAreLeftAlone(String options) {
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, HEX.parseHex(options), new byte[0]);
    assertArrayEquals(syn, through(new Bench(CLAMPING), syn));
  }

  @Test
  void truncatedSegmentsAreLeftAlone() {
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0]);
    for (int length = 40; length < syn.length; length++) {
      byte[] cut = Arrays.copyOf(syn, length);
      ByteBuffer.wrap(cut).putShort(4, (short) (length - 40));
      assertArrayEquals(cut, through(new Bench(CLAMPING), cut));
    }
  }

  @Test
  void unfinishedChecksumStaysTheSumOfThePseudoHeader() {
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[0]);
    byte[] pseudo = Arrays.copyOf(syn, 40);
    int sum = ~InnerPackets.checksum(pseudo, 40, syn.length - 40 + 6) & 0xffff;
    ByteBuffer.wrap(syn).putShort(56, (short) sum);
    byte[] out = new Bench(CLAMPING).receive(outer(syn));
    assertEquals(sum, InnerPackets.u16(out, 56));
    assertEquals(1400, InnerPackets.u16(out, 62));
  }

  @Test
  void finishedChecksumThatHappensToBeThePseudoSumIsUpdated() {
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(1440), new byte[2]);
    byte[] pseudo = Arrays.copyOf(syn, 40);
    int sum = ~InnerPackets.checksum(pseudo, 40, syn.length - 40 + 6) & 0xffff;
    // Choose the data so that the right checksum is that very sum.
    int total = (InnerPackets.u16(syn, 56) + 0xffff - sum) % 0xffff;
    ByteBuffer.wrap(syn).putShort(64, (short) total).putShort(56, (short) sum);
    assertEquals(0, InnerPackets.checksum(syn, 40, 6));
    byte[] out = new Bench(CLAMPING).receive(outer(syn));
    assertEquals(1400, InnerPackets.u16(out, 62));
    assertEquals(0, InnerPackets.checksum(out, 40, 6));
  }

  private static byte[] outer(byte[] inner) {
    return InnerPackets.ipv6(Bench.REMOTE, Bench.LOCAL, 0, 0, 41, 64, inner);
  }

  private static byte[] through(Bench bench, byte[] inner) {
    bench.sent.clear();
    bench.send(inner);
    return Arrays.copyOfRange(bench.sent.get(0), 40, bench.sent.get(0).length);
  }

  @Test
  void rfc8200_s4_5_firstFragmentOfASynIsLoweredWhateverItsChecksumLooksLike() {
    byte[] header = HEX.parseHex("0600000100000007");
    byte[] syn =
        InnerPackets.tcp(header, 44, InnerPackets.SYN, InnerPackets.mss(1440), new byte[8]);
    byte[] pseudo = Arrays.copyOf(syn, 40);
    int sum = ~InnerPackets.checksum(pseudo, 40, syn.length - 48 + 6) & 0xffff;
    for (int checksum : new int[] {0x1234, sum}) {
      ByteBuffer.wrap(syn).putShort(64, (short) checksum);
      byte[] out = through(new Bench(CLAMPING), syn);
      assertEquals(1400, InnerPackets.u16(out, 70));
      // RFC 1624: 1440 became 1400, so the complement of the sum grew by 40.
      assertEquals((checksum + 40) % 0xffff, InnerPackets.u16(out, 64) % 0xffff);
    }
  }
}
