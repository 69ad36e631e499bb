package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.wire.Ipv6Address;

/** Tunnel packets of another implementation, taken apart and rebuilt. */
class GoldenTunnelTest {

  private static final Ipv6Address AGENT = Ipv6Address.parse("2001:db8:2000::1");

  @ParameterizedTest
  @ValueSource(strings = {"umip-plain-foreign-link.pcap", "umip-esp-foreign-link.pcap"})
  void packetsOfTheMobileNodeAreRebuiltOctetByOctet(String capture) throws IOException {
    List<byte[]> outers = packets(capture, p -> p[6] == 41 && !isFrom(AGENT, p));
    assertTrue(outers.size() >= 3);
    for (byte[] outer : outers) {
      Bench bench = benchFrom(outer);
      bench.send(Arrays.copyOfRange(outer, 40, outer.length));
      assertArrayEquals(outer, bench.sent.get(0));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"umip-plain-foreign-link.pcap", "umip-esp-foreign-link.pcap"})
  void packetsOfTheHomeAgentAreRebuiltButForHopLimitAndFlowLabel(String capture)
      throws IOException {
    List<byte[]> outers = packets(capture, p -> p[6] == 41 && isFrom(AGENT, p));
    assertTrue(outers.size() >= 3);
    for (byte[] outer : outers) {
      byte[] inner = new Bench(Bench.plain()).receive(outer);
      assertArrayEquals(Arrays.copyOfRange(outer, 40, outer.length), inner);
      Bench bench = benchFrom(outer);
      bench.send(inner);
      byte[] rebuilt = bench.sent.get(0);
      // A router on the way has decremented the one; the other is the sender's choice.
      rebuilt[7] = outer[7];
      System.arraycopy(outer, 1, rebuilt, 1, 3);
      assertArrayEquals(outer, rebuilt);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"umip-plain-foreign-link.pcap", "umip-esp-foreign-link.pcap"})
  void parameterProblemsOfTheOtherEndsKernelDisturbNobody(String capture) throws IOException {
    List<byte[]> errors =
        packets(capture, p -> p[6] == 58 && p[40] == 4 && p.length > 88 && p[48 + 6] == 41);
    assertTrue(errors.size() >= 3);
    for (byte[] error : errors) {
      Bench bench = new Bench();
      bench.tunnel.endpoints(AGENT, InnerPackets.address(error, 48 + 24));
      assertNull(bench.icmpError(error));
      assertEquals(0, bench.errors.size());
    }
  }

  private static Bench benchFrom(byte[] outer) {
    Bench bench = new Bench(Bench.plain());
    bench.tunnel.endpoints(InnerPackets.address(outer, 8), InnerPackets.address(outer, 24));
    return bench;
  }

  private static boolean isFrom(Ipv6Address source, byte[] packet) {
    return source.equals(InnerPackets.address(packet, 8));
  }

  /** The IPv6 packets of a capture of Ethernet frames. */
  private static List<byte[]> packets(String capture, Predicate<byte[]> wanted)
      throws IOException {
    List<byte[]> packets = new ArrayList<>();
    try (InputStream in = GoldenTunnelTest.class.getResourceAsStream("/captures/" + capture)) {
      byte[] file = in.readAllBytes();
      ByteBuffer pcap = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
      if (pcap.getInt(0) != 0xa1b2c3d4) {
        pcap.order(ByteOrder.BIG_ENDIAN);
      }
      for (int at = 24; at < file.length; at += 16 + pcap.getInt(at + 8)) {
        byte[] frame = Arrays.copyOfRange(file, at + 16, at + 16 + pcap.getInt(at + 8));
        if (frame.length >= 54 && InnerPackets.u16(frame, 12) == 0x86dd) {
          byte[] packet = Arrays.copyOfRange(frame, 14, 54 + InnerPackets.u16(frame, 18));
          if (wanted.test(packet)) {
            packets.add(packet);
          }
        }
      }
    }
    return packets;
  }
}
