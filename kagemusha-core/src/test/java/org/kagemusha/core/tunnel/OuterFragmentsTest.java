package org.kagemusha.core.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.node.Underlay;

class OuterFragmentsTest {

  @Test
  void rfc2473_s7_1b_innerPacketOfAtMost1280IsFragmentedOutside() {
    Bench bench = new Bench(Bench.plain());
    bench.tunnel.linkMtu(1280, bench.now);
    byte[] inner = InnerPackets.udp(1280);
    bench.send(inner);
    assertEquals(2, bench.sent.size());
    byte[] first = bench.sent.get(0);
    byte[] second = bench.sent.get(1);
    // RFC 8200 §4.5: (1280 - 48) & ~7 = 1232 octets, then the other 48
    assertEquals(1280, first.length);
    assertEquals(48 + 48, second.length);
    assertEquals(44, first[6]);
    assertEquals(41, first[40]);
    assertEquals(0, first[41]);
    assertEquals(1, InnerPackets.u16(first, 42));
    assertEquals(1232, InnerPackets.u16(second, 42));
    assertEquals(InnerPackets.u32(first, 44), InnerPackets.u32(second, 44));
    byte[] joined =
        InnerPackets.concat(
            Arrays.copyOfRange(first, 48, 1280), Arrays.copyOfRange(second, 48, 96));
    assertArrayEquals(inner, joined);
    assertEquals(2, bench.count(Counter.TUNNEL_FRAGMENTS_SENT));
    assertEquals(1, bench.count(Counter.TUNNEL_PACKETS_SENT));
    assertEquals(1280, bench.count(Counter.TUNNEL_OCTETS_SENT));
  }

  @Test
  void rfc8200_s4_5_fragmentsAreAMultipleOfEightOctets() {
    for (int mtu = 1280; mtu < 1325; mtu++) {
      Bench bench = new Bench(Bench.plain());
      bench.tunnel.linkMtu(mtu, bench.now);
      bench.send(InnerPackets.udp(1280));
      if (mtu >= 1320) {
        assertEquals(1, bench.sent.size());
        continue;
      }
      assertEquals(2, bench.sent.size());
      assertEquals(0, (bench.sent.get(0).length - 48) % 8);
      assertTrue(bench.sent.get(0).length <= mtu && bench.sent.get(0).length > mtu - 8);
    }
  }

  @Test
  void rfc2473_s5_1_encapsulationLimitIsInTheFragmentablePart() {
    Bench bench = new Bench(Bench.limit(4));
    bench.tunnel.linkMtu(1280, bench.now);
    bench.send(InnerPackets.udp(1280));
    assertEquals(60, bench.sent.get(0)[40]);
    assertEquals(60, bench.sent.get(1)[40]);
    assertEquals(0x29000401, InnerPackets.u32(bench.sent.get(0), 48));
  }

  @Test
  void fragmentThatDoesNotGoOutEndsThePacket() {
    Bench bench = new Bench(Bench.plain());
    bench.tunnel.linkMtu(1280, bench.now);
    bench.outcome = Underlay.Sent.CONGESTED;
    bench.send(InnerPackets.udp(1280));
    assertEquals(1, bench.counters.drops(DropReason.QUEUE_FULL));
    assertEquals(1, bench.drops());
    assertEquals(0, bench.count(Counter.TUNNEL_FRAGMENTS_SENT));
  }

  @Test
  void rfc8200_s4_5_identificationsDoNotRepeat() {
    FragmentIdentifications ids = new FragmentIdentifications(new KeyedHash(1, 2), 0xffff_fff0);
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 200_000; i++) {
      assertTrue(seen.add(ids.next()), "repeated after " + i);
    }
  }

  @Test
  void rfc7739_s4_identificationsDependOnTheKeyAndHaveNoSteadyStep() {
    FragmentIdentifications one = new FragmentIdentifications(new KeyedHash(1, 2), 7);
    FragmentIdentifications two = new FragmentIdentifications(new KeyedHash(1, 3), 7);
    Set<Integer> steps = new HashSet<>();
    int last = one.next();
    assertNotEquals(last, two.next());
    for (int i = 0; i < 1000; i++) {
      int next = one.next();
      steps.add(next - last);
      last = next;
    }
    assertTrue(steps.size() > 990, "steps: " + steps.size());
  }

  @Test
  void keyedHashIsSipHash24() {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 100; i++) {
      long key0 = random.nextLong();
      long key1 = random.nextLong();
      long[] words = random.longs(5).toArray();
      ByteBuffer octets = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
      for (long word : words) {
        octets.putLong(word);
      }
      assertEquals(
          Hashing.sipHash24(key0, key1).hashBytes(octets.array()).asLong(),
          new KeyedHash(key0, key1).hash(words[0], words[1], words[2], words[3], words[4]));
    }
  }
}
