package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;

/**
 * Arbitrary octets at every door of the tunnel: nothing throws, nothing larger than the path MTU
 * goes out, no packet is answered twice or by more than 1280 octets, every drop is counted once.
 */
class TunnelFuzzTest {

  /** Octets in front of the packet that choose settings and sizes. */
  private static final int KNOBS = 8;

  static Stream<Arguments> seeds() {
    byte[] options = HexFormat.of().parseHex("3b00040100010100");
    byte[] fragment = HexFormat.of().parseHex("1100000100000007aabbccddeeff0011");
    byte[] routing = HexFormat.of().parseHex("0602000000000000" + "00".repeat(16));
    byte[] hopByHop = HexFormat.of().parseHex("3a00010400000000" + "8000000000000000");
    byte[] nested = HexFormat.of().parseHex("2900040104010100");
    byte[] syn = InnerPackets.tcp(InnerPackets.SYN, InnerPackets.mss(9000), new byte[3]);
    byte[] routed =
        InnerPackets.tcp(routing, 43, InnerPackets.SYN_ACK, InnerPackets.mss(1440), new byte[1]);
    return Stream.of(
            InnerPackets.udp(48),
            InnerPackets.udp(1280),
            InnerPackets.udp(1500),
            syn,
            routed,
            InnerPackets.ipv6(60, options),
            InnerPackets.ipv6(44, fragment),
            InnerPackets.ipv6(0, hopByHop),
            InnerPackets.ipv6(60, InnerPackets.concat(nested, syn)),
            InnerPackets.icmpv6(InnerPackets.HOME, InnerPackets.PEER, 2, 0, 1280, syn))
        .flatMap(
            packet ->
                Stream.of(
                        "0000000000000000",
                        "ff04ff0123ff0200",
                        "1f80010203040506",
                        "2004804011250011")
                    .map(knobs -> HexFormat.of().parseHex(knobs))
                    .map(knobs -> Arguments.of(InnerPackets.concat(knobs, packet))));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void send(byte[] data) {
    Knobs knobs = new Knobs(data);
    Bench bench = knobs.bench();
    bench.tunnel.linkMtu(knobs.linkMtu(), bench.now);
    bench.interfaceMtu = knobs.interfaceMtu();
    byte[] inner = knobs.packet();
    bench.send(inner);
    bench.sent.forEach(p -> assertTrue(p.length <= Math.max(knobs.linkMtu(), 1280)));
    long withheld = bench.counters.drops(DropReason.ICMP_RATE_LIMITED);
    assertEquals(1, bench.count(Counter.TUNNEL_PACKETS_SENT) + bench.drops() - withheld);
    checkAnswers(bench, inner.length);
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void receive(byte[] data) {
    Knobs knobs = new Knobs(data);
    Bench bench = new Bench(knobs.settings());
    byte[] inner = knobs.packet();
    byte[] outer = new byte[40];
    outer[1] = (byte) knobs.at(7);
    byte[] out = bench.receive(InnerPackets.concat(outer, inner));
    assertEquals(out == null, bench.lastDrop != null);
    assertTrue(out == null || out.length <= inner.length);
    assertEquals(0, bench.drops());
    checkAnswers(bench, inner.length);
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void onIcmpError(byte[] data) {
    Knobs knobs = new Knobs(data);
    Bench bench = knobs.bench();
    byte[] octets = knobs.packet();
    DropReason reason;
    if (knobs.at(7) % 4 == 0) {
      reason = bench.icmpError(octets);
    } else {
      byte[] body = Arrays.copyOf(octets, Math.min(octets.length, 1192));
      byte[] quoted = InnerPackets.ipv6(Bench.LOCAL, Bench.REMOTE, 0, 0, 41, 9, body);
      if (knobs.at(7) % 4 == 1) {
        quoted[6] = (byte) knobs.at(6);
      }
      int value = knobs.at(4) << 8 | knobs.at(5);
      reason = bench.icmpError(knobs.at(2) % 6, knobs.at(3) % 6, value, quoted);
    }
    assertTrue(bench.tunnel.pathMtu(bench.now) >= 1280);
    assertTrue(reason == null || bench.errors.isEmpty());
    assertEquals(0, bench.drops());
    checkAnswers(bench, octets.length + 48);
  }

  private static void checkAnswers(Bench bench, int length) {
    assertTrue(bench.errors.size() <= 1, "more than one answer");
    for (byte[] error : bench.errors) {
      assertTrue(error.length <= Math.min(1280, length + 48));
      assertEquals(0, InnerPackets.checksum(error, 40, 58));
    }
  }

  /** Settings and a packet out of the fuzzer's octets. */
  private record Knobs(byte[] data) {

    int at(int knob) {
      return knob < data.length ? data[knob] & 0xff : 0;
    }

    /** With ESP in UDP by one bit, without an association by another. */
    Bench bench() {
      Bench bench = new Bench(settings());
      if ((at(0) & 32) != 0) {
        bench.tunnel.encapsulation(40_000, 4500);
        if ((at(0) & 64) == 0) {
          ProtectedTunnelTest.protect(bench, ProtectedTunnelTest.suites().get(0));
        }
      }
      return bench;
    }

    TunnelSettings settings() {
      int flags = at(0);
      return new TunnelSettings(
          64,
          at(1) - 1,
          (flags & 1) == 0,
          (flags & 2) == 0,
          (flags & 4) == 0,
          (flags & 8) == 0,
          1280 + at(2) * 8);
    }

    int linkMtu() {
      return 1000 + at(3) * 16;
    }

    int interfaceMtu() {
      return 1200 + at(4) * 16;
    }

    /** Mostly an IPv6 packet by version and length, so that what is behind is reached. */
    byte[] packet() {
      byte[] packet = Arrays.copyOfRange(data, Math.min(KNOBS, data.length), data.length);
      if (packet.length >= 40 && (at(0) & 16) == 0) {
        packet[0] = (byte) (0x60 | packet[0] & 0xf);
        packet[4] = (byte) (packet.length - 40 >> 8);
        packet[5] = (byte) (packet.length - 40);
      }
      return packet;
    }
  }
}
