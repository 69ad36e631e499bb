package org.kagemusha.core.handover;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

/** A queue in bounded memory, against one in unbounded memory. */
class PacketRingTest {

  private static final int BOUND = PacketRing.SMALLEST;

  private final PacketBuffer out =
      PacketBuffer.allocate(PacketBuffer.HEADROOM + 65_575 + PacketBuffer.TAILROOM);

  @Test
  void behavesAsAQueueThatForgetsItsOldest() {
    Random random = new Random(7);
    PacketRing ring = new PacketRing(BOUND);
    Deque<byte[]> model = new ArrayDeque<>();
    int octets = 0;
    for (int step = 0; step < 20_000; step++) {
      if (random.nextInt(5) < 3) {
        byte[] packet = new byte[40 + random.nextInt(random.nextInt(50) == 0 ? 60_000 : 1460)];
        random.nextBytes(packet);
        int gone = ring.add(PacketBuffer.copyOf(packet), step);
        model.add(packet);
        octets += 24 + packet.length;
        int expected = 0;
        while (octets > BOUND) {
          octets -= 24 + model.remove().length;
          expected++;
        }
        assertEquals(expected, gone);
      } else if (ring.poll(out)) {
        byte[] wanted = model.remove();
        octets -= 24 + wanted.length;
        assertArrayEquals(wanted, out.toBytes());
      } else {
        assertTrue(model.isEmpty());
      }
      assertEquals(model.size(), ring.size());
      assertEquals(octets, ring.octets());
    }
    assertEquals(model.size(), ring.clear());
    assertTrue(ring.isEmpty());
    assertFalse(ring.poll(out));
  }

  @Test
  void whatAPacketLacksWaitsWithIt() {
    PacketRing ring = new PacketRing(BOUND);
    PacketBuffer large = PacketBuffer.copyOf(new byte[10_000]);
    large.unfinished(large.offset() + 40, 16, 1400);
    ring.add(large, 0);
    ring.add(PacketBuffer.copyOf(new byte[100]), 0);
    assertTrue(ring.poll(out));
    assertTrue(out.isSuperPacket());
    assertEquals(out.offset() + 40, out.checksumStart());
    assertEquals(16, out.checksumOffset());
    assertEquals(1400, out.segmentSize());
    assertTrue(ring.poll(out));
    assertFalse(out.isUnfinished());
  }

  @Test
  void forgetsWhatCameBeforeATime() {
    PacketRing ring = new PacketRing(BOUND);
    for (int i = 0; i < 10; i++) {
      ring.add(PacketBuffer.copyOf(new byte[100 + i]), Long.MAX_VALUE - 4 + i);
    }
    assertEquals(3, ring.keepSince(Long.MAX_VALUE - 4 + 7));
    assertTrue(ring.poll(out));
    assertEquals(107, out.length());
    assertEquals(0, ring.keepSince(Long.MAX_VALUE - 4 + 100));
    assertFalse(ring.poll(out));
  }

  @Test
  void forgetsWhatCameAfterATimeAndGoesOn() {
    PacketRing ring = new PacketRing(BOUND);
    PacketBuffer packet = PacketBuffer.copyOf(new byte[30_000]);
    for (int i = 0; i < 6; i++) {
      ring.add(packet, Long.MIN_VALUE + i);
    }
    assertEquals(4, ring.size());
    assertEquals(2, ring.keepUntil(Long.MIN_VALUE + 3));
    assertEquals(2 * (30_000 + 24), ring.octets());
    ring.add(PacketBuffer.copyOf(new byte[7]), 0);
    assertTrue(ring.poll(out));
    assertTrue(ring.poll(out));
    assertEquals(30_000, out.length());
    assertTrue(ring.poll(out));
    assertEquals(7, out.length());
    ring.add(packet, Long.MIN_VALUE);
    assertEquals(0, ring.keepUntil(Long.MAX_VALUE));
    assertFalse(ring.poll(out));
  }

  @Test
  void roomForLessThanASuperPacketIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new PacketRing(BOUND - 1));
  }
}
