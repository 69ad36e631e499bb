package org.kagemusha.core.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.kagemusha.core.simulation.FastPathWorld.Form;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Whatever a frame says of itself: nothing throws, and nothing unfinished leaves for the network.
 */
class HostileOffloadProperties {

  private final FastPathWorld clear = new FastPathWorld(Form.CLEAR, -1, true);
  private final FastPathWorld sealed = new FastPathWorld(Form.ESP, 3, false);

  /** Damaged octets or a damaged state, or both. */
  private static PacketBuffer hostile(SplittableRandom random, boolean up) {
    PacketBuffer packet =
        up
            ? SuperPackets.random(
                random, FastPathWorld.HOME_ADDRESS, FastPathWorld.CORRESPONDENT, 1300)
            : SuperPackets.random(
                random, FastPathWorld.CORRESPONDENT, FastPathWorld.HOME_ADDRESS, 1300);
    if (random.nextBoolean()) {
      packet.resize(random.nextInt(packet.length() + 1));
    }
    for (int i = random.nextInt(4); i > 0 && packet.length() > 0; i--) {
      // Mostly in the headers, but not the addresses.
      int at = random.nextBoolean() ? random.nextInt(8) : 40 + random.nextInt(60);
      if (at < packet.length()) {
        packet.bytes().put(packet.offset() + at, (byte) random.nextInt());
      }
    }
    if (random.nextBoolean()) {
      int near = packet.offset() + random.nextInt(-20, 120);
      int start = random.nextInt(4) == 0 ? random.nextInt(200_000) : Math.max(0, near);
      int[] fields = {16, 6, random.nextInt(65_536)};
      int[] sizes = {0, 1, 536, random.nextInt(65_536)};
      packet.unfinished(start, fields[random.nextInt(3)], sizes[random.nextInt(4)]);
    }
    return packet;
  }

  @Property(tries = 30_000)
  void nothingThrowsAndNothingUnfinishedLeaves(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    FastPathWorld world = random.nextBoolean() ? clear : sealed;
    world.nowNs += 1_000_000;
    world.clear();
    switch (random.nextInt(4)) {
      case 0 -> world.guestSends(hostile(random, true));
      case 1 -> world.homeLinkSends(hostile(random, false));
      case 2 ->
          world.agent.onUnderlayPacket(
              SuperPackets.tunnelled(
                  hostile(random, true), FastPathWorld.CARE_OF, FastPathWorld.HOME_AGENT),
              world.nowNs);
      default ->
          world.node.onUnderlayPacket(
              SuperPackets.tunnelled(
                  hostile(random, false), FastPathWorld.HOME_AGENT, FastPathWorld.CARE_OF),
              world.nowNs);
    }
    List<byte[]> sent = new ArrayList<>(world.sentByNode());
    sent.addAll(world.sentByAgent());
    for (byte[] packet : sent) {
      if (packet.length > 1500) {
        throw new AssertionError(packet.length + " octets");
      }
    }
  }
}
