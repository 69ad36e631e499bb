package org.kagemusha.core.simulation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.node.Counter;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.simulation.FastPathWorld.Form;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Two worlds are given one random stream: one as the super-packets that a system hands over, the
 * other as the packets that they stand for, one by one. Both must say the same, octet for octet.
 */
class FastPathDifferentialTest {

  private static final int ROUNDS = 80;
  private static final Ipv6Address FAR = Ipv6Address.parse("2001:db8:5000::7");

  private FastPathWorld fast;
  private FastPathWorld naive;

  private void assertSame(String what, List<byte[]> expected, List<byte[]> actual) {
    assertEquals(expected.size(), actual.size(), what);
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), what + " " + i);
    }
  }

  private void assertSame() {
    assertSame("node", naive.sentByNode(), fast.sentByNode());
    assertSame("agent", naive.sentByAgent(), fast.sentByAgent());
    assertSame("guest", naive.toGuest, fast.toGuest);
    assertSame("home link", naive.toHomeLink, fast.toHomeLink);
    naive.clear();
    fast.clear();
  }

  private static void assertSame(Counters expected, Counters actual) {
    for (Counter counter : Counter.values()) {
      if (counter != Counter.HOME_FRAMES_RECEIVED && counter != Counter.HOME_FRAMES_SENT) {
        assertEquals(expected.get(counter), actual.get(counter), counter.name());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "CLEAR,-1,true", "CLEAR,4,false", "ESP,-1,true", "ESP,4,true", "ESP_IN_UDP,-1,false",
    "ESP_IN_UDP,4,true"
  })
  void aStreamInSuperPacketsIsTheStreamInPackets(Form form, int limit, boolean places) {
    fast = new FastPathWorld(form, limit, places);
    streamsAreSame(form, limit);
  }

  /** Encapsulated behind a limit, nothing can wait: the checksum of UDP needs it sealed. */
  @ParameterizedTest
  @CsvSource({
    "CLEAR,-1,true", "ESP,-1,true", "ESP,4,false", "ESP_IN_UDP,-1,true", "ESP_IN_UDP,-1,false",
    "ESP_IN_UDP,4,true"
  })
  void aStreamThroughATeamOfCiphersIsTheStreamThroughOne(Form form, int limit, boolean places) {
    fast = new FastPathWorld(form, limit, places, 3);
    streamsAreSame(form, limit);
    boolean waits = form == Form.ESP || form == Form.ESP_IN_UDP && limit < 0;
    assertEquals(waits, fast.fromNode.sentLater() > 0);
    assertEquals(waits, fast.fromAgent.sentLater() > 0);
    // Behind a limit, ESP does not come as such: the kernel takes no option off.
    assertEquals(waits && limit < 0, fast.openedEarly > 0);
  }

  private void streamsAreSame(Form form, int limit) {
    naive = new FastPathWorld(form, limit, false);
    SplittableRandom random = new SplittableRandom(form.ordinal() * 100 + limit);
    for (int i = 0; i < ROUNDS; i++) {
      Ipv6Address peer = random.nextBoolean() ? FastPathWorld.CORRESPONDENT : FAR;
      // One in eight has segments that may not fit.
      int largest = random.nextInt(8) == 0 ? 1440 : 1280;
      if (random.nextBoolean()) {
        up(SuperPackets.random(random, FastPathWorld.HOME_ADDRESS, peer, largest), random);
      } else {
        down(SuperPackets.random(random, peer, FastPathWorld.HOME_ADDRESS, largest), random);
      }
      fast.nowNs += 1_000_000_000L;
      naive.nowNs = fast.nowNs;
    }
    assertSame(naive.nodeCounters, fast.nodeCounters);
    assertSame(naive.agentCounters, fast.agentCounters);
    assertEquals(form == Form.CLEAR, fast.superFrames > 0);
  }

  /**
   * From the guest to its correspondent; in clear, the tunnel's packets may be joined on the way.
   */
  private void up(PacketBuffer packet, SplittableRandom random) {
    PacketBuffer original = PacketBuffer.allocate(66_000).copyFrom(packet);
    boolean fits = fits(original, naive.node.status(naive.nowNs).tunnelMtu());
    List<byte[]> segments = SuperPackets.onWire(packet, 0);
    // One answer is for all: the naive world hears of the first alone.
    for (byte[] segment : fits ? segments : segments.subList(0, 1)) {
      naive.guestSends(PacketBuffer.copyOf(segment));
    }
    fast.guestSends(packet);
    List<byte[]> outer = List.copyOf(naive.sentByNode());
    assertSame();
    assertEquals(fits ? segments.size() : 0, outer.size());
    outer.forEach(p -> naive.agent.onUnderlayPacket(PacketBuffer.copyOf(p), naive.nowNs));
    if (fits && isClear(outer) && random.nextBoolean()) {
      fast.agent.onUnderlayPacket(
          joined(original, FastPathWorld.CARE_OF, FastPathWorld.HOME_AGENT), fast.nowNs);
    } else {
      fast.arrive(fast.agent, outer);
    }
    assertEquals(outer.size(), naive.toHomeLink.size());
    assertSame();
  }

  /** From the correspondent to the guest, likewise. */
  private void down(PacketBuffer packet, SplittableRandom random) {
    PacketBuffer original = PacketBuffer.allocate(66_000).copyFrom(packet);
    boolean fits = fits(original, naive.node.status(naive.nowNs).tunnelMtu());
    List<byte[]> segments = SuperPackets.onWire(packet, 0);
    for (byte[] segment : fits ? segments : segments.subList(0, 1)) {
      naive.homeLinkSends(PacketBuffer.copyOf(segment));
    }
    fast.homeLinkSends(packet);
    List<byte[]> outer = List.copyOf(naive.sentByAgent());
    assertSame();
    assertEquals(fits ? segments.size() : 0, outer.size());
    outer.forEach(p -> naive.node.onUnderlayPacket(PacketBuffer.copyOf(p), naive.nowNs));
    if (fits && isClear(outer) && random.nextBoolean()) {
      original.bytes().put(original.offset() + 7, (byte) 63);
      fast.node.onUnderlayPacket(
          joined(original, FastPathWorld.HOME_AGENT, FastPathWorld.CARE_OF), fast.nowNs);
    } else {
      fast.arrive(fast.node, outer);
    }
    assertEquals(outer.size(), naive.toGuest.size());
    assertSame();
  }

  private static boolean fits(PacketBuffer packet, int tunnelMtu) {
    return SuperPackets.onWire(packet, 0).get(0).length <= tunnelMtu;
  }

  private static boolean isClear(List<byte[]> outer) {
    byte[] first = outer.get(0);
    return first[6] == 41 || first[6] == 60 && first[40] == 41;
  }

  /** What GRO hands over: an outer header with the inner ECN, over the super-packet. */
  private static PacketBuffer joined(PacketBuffer inner, Ipv6Address from, Ipv6Address to) {
    int ecn = inner.bytes().getInt(inner.offset()) >>> 20 & 3;
    PacketBuffer outer = SuperPackets.tunnelled(inner, from, to);
    outer.bytes().putInt(outer.offset(), 6 << 28 | ecn << 20);
    return outer;
  }

  @Test
  void anInterfaceThatRefusesIsLearnedOfOnceAndThenItFits() {
    fast = new FastPathWorld(Form.CLEAR, -1, true);
    fast.fromNode.mtu(1400);
    byte[] data = new byte[10 * 1380];
    fast.guestSends(tcp(1380, data));
    assertEquals(0, fast.sentByNode().size());
    assertEquals(10, fast.nodeCounters.drops(DropReason.TOO_BIG));
    assertEquals(1, fast.toGuest.size());
    assertEquals(1, fast.nodeCounters.get(Counter.PACKET_TOO_BIG_SENT));
    int mtu = fast.node.status(fast.nowNs).tunnelMtu();
    assertTrue(mtu < 1452, "tunnel MTU " + mtu);
    fast.nowNs += 1_000_000_000L;
    for (int i = 0; i < 20 && fast.sentByNode().isEmpty(); i++) {
      fast.guestSends(tcp(fast.node.status(fast.nowNs).tunnelMtu() - 72, data));
      fast.nowNs += 1_000_000_000L;
    }
    assertEquals(1400, fast.sentByNode().get(0).length);
  }

  private static PacketBuffer tcp(int segment, byte[] data) {
    return SuperPackets.tcp(
        FastPathWorld.HOME_ADDRESS, FastPathWorld.CORRESPONDENT, SuperPackets.ACK, segment, data);
  }
}
