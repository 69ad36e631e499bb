package org.kagemusha.core.handover;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.PacketBuffer;

/** How long and how much waits. */
class PacketHoldTest {

  private static final long NOW = 1_000_000_000_000L;

  private final PacketHold hold = new PacketHold(PacketRing.SMALLEST, NOW);

  @Test
  void waitGrowsWithEachSignAndEndsSomeTime() {
    assertEquals(NOW + PacketHold.SILENT_NS, hold.untilNs());
    hold.onSign(NOW + 1);
    assertEquals(NOW + 1 + PacketHold.SIGN_NS, hold.untilNs());
    hold.onSign(NOW + PacketHold.MOST_NS - 1);
    assertEquals(NOW + PacketHold.MOST_NS, hold.untilNs());
  }

  @Test
  void takesWhatThereIsRoomForAndGivesItBackInOrder() {
    int count = 0;
    while (hold.offer(PacketBuffer.copyOf(packet(count)))) {
      count++;
    }
    assertTrue(count > 80 && count < PacketRing.SMALLEST / 1400);
    assertEquals(count, hold.size());
    assertTrue(hold.octets() <= PacketRing.SMALLEST);
    PacketBuffer out =
        PacketBuffer.allocate(PacketBuffer.HEADROOM + 1400 + PacketBuffer.TAILROOM);
    for (int i = 0; i < count; i++) {
      assertTrue(hold.poll(out));
      assertArrayEquals(packet(i), out.toBytes());
    }
    assertFalse(hold.poll(out));
  }

  private static byte[] packet(int number) {
    byte[] packet = new byte[1400];
    packet[7] = (byte) number;
    return packet;
  }
}
