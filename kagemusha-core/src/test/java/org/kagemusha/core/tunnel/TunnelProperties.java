package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.kagemusha.core.node.DropReason;

/** What holds for all packets, all path MTUs and all settings, against a model that is plain. */
class TunnelProperties {

  private static final int UNTOUCHED = 40;

  @Property(tries = 500)
  void whatGoesInComesOutTheSame(
      @ForAll @Size(min = 1, max = 3) byte[] seed,
      @ForAll @IntRange(min = 40, max = 1460) int size,
      @ForAll @IntRange(min = 1280, max = 1600) int path,
      @ForAll @IntRange(min = -1, max = 255) int limit) {
    byte[] inner = anyPacket(seed, size);
    Bench bench = new Bench(new TunnelSettings(64, limit, false, true, true, false, 65535));
    bench.tunnel.linkMtu(path, bench.now);
    bench.send(inner);
    byte[] outer = Reassembly.of(bench.sent);
    if (outer == null) {
      assertTrue(size > 1280);
      assertEquals(1, bench.counters.drops(DropReason.TOO_BIG));
      // None where what is inside may be an ICMPv6 error.
      assertTrue(bench.errors.size() <= 1);
      return;
    }
    int at = outer[6] == 60 ? 48 : 40;
    assertEquals(limit >= 0, at == 48);
    assertArrayEquals(inner, Arrays.copyOfRange(outer, at, outer.length));
    if (at == 40) {
      assertArrayEquals(inner, new Bench(Bench.plain()).receive(outer));
    }
  }

  /** RFC 2473 §7.1 as a table of sizes: each size from 40 to 9000 through one tunnel. */
  @Property(tries = 40)
  void everySizeIsSentFragmentedOrAnsweredAsTheModelSays(
      @ForAll @IntRange(min = 1280, max = 9100) int path, @ForAll boolean limited) {
    int headers = limited ? 48 : 40;
    TunnelSettings settings =
        new TunnelSettings(64, limited ? 4 : -1, false, false, true, false, 65535);
    Bench bench = new Bench(settings);
    bench.tunnel.linkMtu(path, bench.now);
    assertEquals(path - headers, bench.tunnel.mtu(bench.now));
    byte[] largest = InnerPackets.udp(9000);
    int step = 1;
    for (int size = 48; size <= 9000; size += step) {
      step = size < 1270 || size > 1400 && size < path - 60 ? 13 : 1;
      bench.sent.clear();
      bench.errors.clear();
      bench.now += Bench.SECOND / 10;
      byte[] inner = Arrays.copyOf(largest, size);
      ByteBuffer.wrap(inner).putShort(4, (short) (size - UNTOUCHED));
      bench.send(inner);
      if (size + headers <= path) {
        assertEquals(1, bench.sent.size());
        assertEquals(size + headers, bench.sent.get(0).length);
        assertEquals(0, bench.errors.size());
      } else if (size <= 1280) {
        assertEquals(2, bench.sent.size());
        bench.sent.forEach(p -> assertTrue(p.length <= path));
        assertEquals(0, bench.errors.size());
      } else {
        assertEquals(0, bench.sent.size());
        assertEquals(
            Math.max(path - headers, 1280), InnerPackets.u32(bench.onlyError(), 44));
      }
    }
  }

  @Property(tries = 1000)
  void checksumIsRightAfterTheSegmentSizeWasLowered(
      @ForAll @IntRange(max = 65535) int mss,
      @ForAll @IntRange(min = 1280, max = 9000) int path,
      @ForAll @IntRange(max = 7) int padding,
      @ForAll @IntRange(max = 3) int extensions,
      @ForAll @Size(max = 40) byte[] data) {
    byte[] chain = new byte[8 * extensions];
    for (int i = 0; i < extensions; i++) {
      chain[8 * i] = (byte) (i == extensions - 1 ? 6 : 60);
      chain[8 * i + 2] = 1;
      chain[8 * i + 3] = 4;
    }
    byte[] nops = new byte[padding];
    Arrays.fill(nops, (byte) 1);
    byte[] options = InnerPackets.concat(nops, InnerPackets.mss(mss));
    byte[] syn = InnerPackets.tcp(chain, 60, InnerPackets.SYN, options, data);
    Bench bench = new Bench(new TunnelSettings(64, -1, true, false, true, false, 65535));
    bench.tunnel.linkMtu(path, bench.now);
    bench.send(syn);
    int expected = Math.min(mss, Math.max(path - 100, 1220));
    byte[] model =
        InnerPackets.tcp(
            chain,
            60,
            InnerPackets.SYN,
            InnerPackets.concat(nops, InnerPackets.mss(expected)),
            data);
    byte[] sent = Arrays.copyOfRange(bench.sent.get(0), 40, bench.sent.get(0).length);
    assertEquals(0, InnerPackets.checksum(sent, 40 + chain.length, 6));
    // Zero has two forms in one's complement: compare all but the checksum.
    int checksum = 40 + chain.length + 16;
    sent[checksum] = model[checksum];
    sent[checksum + 1] = model[checksum + 1];
    assertArrayEquals(model, sent);
  }

  /** Path MTU under random events against three lines of arithmetic. */
  @Property(tries = 300)
  void pathMtuIsTheLeastOfWhatWasToldInTheLastTenMinutes(@ForAll int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    TunnelMtu mtu = new TunnelMtu();
    long now = random.nextLong(1L << 40);
    int link = 1500;
    int path = 1500;
    long lowered = 0;
    for (int i = 0; i < 200; i++) {
      now += random.nextLong(200 * Bench.SECOND);
      if (path < link && now - lowered >= 600 * Bench.SECOND) {
        path = link;
      }
      switch (random.nextInt(4)) {
        case 0 -> {
          int told = random.nextInt(1000, 2000);
          mtu.lower(told, now);
          if (Math.max(told, 1280) < path) {
            path = Math.max(told, 1280);
            lowered = now;
          }
        }
        case 1 -> {
          int size = random.nextInt(1000, 2000);
          int before = path;
          boolean changed = mtu.lowerBelow(size, now);
          assertEquals(before > 1280, changed);
          path = mtu.path(now);
          assertTrue(path >= 1280 && (path < before || !changed));
          lowered = changed ? now : lowered;
        }
        case 2 -> {
          if (random.nextInt(20) == 0) {
            int told = random.nextInt(1280, 2000);
            mtu.link(told);
            path = told != link ? told : path;
            link = told;
          }
        }
        default -> { }
      }
      assertEquals(path, mtu.path(now));
      assertEquals(path - 40, mtu.payload(0, null, now));
      assertEquals(path - 48, mtu.payload(8, null, now));
    }
  }

  /** A packet whose octets behind the IPv6 header are arbitrary, mostly some chain of headers. */
  private static byte[] anyPacket(byte[] seed, int size) {
    SplittableRandom random = new SplittableRandom(Arrays.hashCode(seed));
    byte[] payload = InnerPackets.random(random, size - 40);
    int[] protocols = {0, 6, 17, 43, 44, 58, 59, 60};
    int next = protocols[random.nextInt(protocols.length)];
    byte[] inner =
        InnerPackets.ipv6(
            InnerPackets.HOME,
            InnerPackets.PEER,
            random.nextInt(256),
            random.nextInt(1 << 20),
            next,
            1 + random.nextInt(255),
            payload);
    // An encapsulation limit inside has tests of its own.
    for (int i = 40; i + 1 < inner.length; i++) {
      if (inner[i] == 4) {
        inner[i] = 5;
      }
    }
    return inner;
  }
}
