package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.node.DropReason;

/** RFC 6040, both tables, through the whole tunnel and with every DSCP. */
class EcnTunnellingTest {

  @ParameterizedTest
  @CsvSource({"0,0", "2,2", "1,1", "3,3"})
  void rfc6040_s4_1_figure3_normalModeCopiesTheField(int inner, int outer) {
    for (int dscp = 0; dscp < 64; dscp++) {
      Bench bench = new Bench(Bench.plain());
      byte[] packet =
          InnerPackets.udp(
              InnerPackets.HOME, InnerPackets.PEER, dscp << 2 | inner, 64, 1, 2, 100);
      bench.send(packet);
      assertEquals(dscp << 2 | outer, InnerPackets.trafficClass(bench.sent.get(0)));
      assertEquals(dscp << 2 | inner, InnerPackets.trafficClass(unwrap(bench.sent.get(0))));
    }
  }

  @ParameterizedTest
  @CsvSource({"0,0", "2,2", "1,1", "3,3"})
  void rfc2473_s6_4_dscpIsZeroIfNotCopiedButEcnIsCopied(int inner, int outer) {
    Bench bench = new Bench(new TunnelSettings(64, -1, true, true, false, false, 65535));
    bench.send(
        InnerPackets.udp(InnerPackets.HOME, InnerPackets.PEER, 46 << 2 | inner, 64, 1, 2, 100));
    assertEquals(outer, InnerPackets.trafficClass(bench.sent.get(0)));
  }

  /** Rows: inner. Columns: outer. Codepoints as bits: Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3. */
  @ParameterizedTest
  @CsvSource({
    "0,0,0", "0,2,0", "0,1,0", "0,3,-1",
    "2,0,2", "2,2,2", "2,1,1", "2,3,3",
    "1,0,1", "1,2,1", "1,1,1", "1,3,3",
    "3,0,3", "3,2,3", "3,1,3", "3,3,3"
  })
  void rfc6040_s4_2_figure4_egress(int inner, int outer, int outgoing) {
    for (int dscp = 0; dscp < 64; dscp++) {
      Bench bench = new Bench(Bench.plain());
      byte[] packet =
          InnerPackets.udp(
              InnerPackets.HOME, InnerPackets.PEER, dscp << 2 | inner, 64, 1, 2, 101);
      int outerClass = (63 - dscp) << 2 | outer;
      byte[] out =
          bench.receive(
              InnerPackets.ipv6(
                  Bench.REMOTE, Bench.LOCAL, outerClass, 0, 41, 60, packet));
      if (outgoing < 0) {
        assertNull(out);
        assertEquals(DropReason.ECN_CONGESTION, bench.lastDrop);
      } else {
        assertEquals(dscp << 2 | outgoing, InnerPackets.trafficClass(out));
        out[1] = packet[1];
        assertArrayEquals(packet, out);
      }
    }
  }

  private static byte[] unwrap(byte[] outer) {
    return java.util.Arrays.copyOfRange(outer, 40, outer.length);
  }
}
