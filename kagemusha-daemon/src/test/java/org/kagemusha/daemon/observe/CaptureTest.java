package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.message.PcapWriter.Direction;
import org.kagemusha.core.wire.PacketBuffer;

class CaptureTest {

  private final Capture capture = new Capture("km-vm1", "underlay");
  private final EmbeddedChannel client = new EmbeddedChannel();

  private byte[] written() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuf part = client.readOutbound(); part != null; part = client.readOutbound()) {
      byte[] octets = new byte[part.readableBytes()];
      part.readBytes(octets);
      part.release();
      all.writeBytes(octets);
    }
    return all.toByteArray();
  }

  /** The block types of a pcapng file in network order, each checked for its two lengths. */
  private static List<Integer> blocks(byte[] octets) {
    ByteBuffer file = ByteBuffer.wrap(octets);
    List<Integer> types = new ArrayList<>();
    while (file.hasRemaining()) {
      int start = file.position();
      types.add(file.getInt());
      int length = file.getInt();
      assertEquals(length, file.getInt(start + length - 4));
      file.position(start + length);
    }
    return types;
  }

  @Test
  void bothSidesStandInOneFile() {
    assertFalse(capture.isActive());
    capture.start(client, 60);
    assertTrue(capture.isActive());
    PacketBuffer frame = PacketBuffer.copyOf(new byte[60]);
    byte[] before = frame.toBytes();
    capture.home(Direction.INBOUND, frame);
    capture.underlay(Direction.OUTBOUND, PacketBuffer.copyOf(new byte[100]));
    assertArrayEquals(before, frame.toBytes());
    capture.flush();
    assertEquals(List.of(0x0a0d0d0a, 1, 1, 6, 6), blocks(written()));
  }

  @Test
  void itEndsWithItsTime() {
    capture.start(client, 5);
    client.advanceTimeBy(5, TimeUnit.SECONDS);
    client.runScheduledPendingTasks();
    client.runPendingTasks();
    assertFalse(capture.isActive());
    assertFalse(client.isOpen());
  }

  @Test
  void aSecondClientIsSentAwayAndTheFirstGoesOn() {
    capture.start(client, 60);
    EmbeddedChannel second = new EmbeddedChannel();
    capture.start(second, 60);
    assertFalse(second.isOpen());
    assertTrue(client.isOpen());
    capture.home(Direction.INBOUND, PacketBuffer.copyOf(new byte[60]));
    capture.flush();
    assertEquals(List.of(0x0a0d0d0a, 1, 1, 6), blocks(written()));
  }

  @Test
  void itEndsWithItsClient() {
    capture.start(client, 5);
    client.close();
    client.runPendingTasks();
    assertFalse(capture.isActive());
    capture.flush();
  }
}
