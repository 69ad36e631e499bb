package org.kagemusha.tap.vmsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.wire.PacketBuffer;

/** Frames behind their lengths, both ways, without any socket. */
class FrameStreamTest {

  private final ByteBuffer memory =
      ByteBuffer.allocate(FrameStream.LENGTH + FrameStream.LARGEST);
  private final FrameStream stream = new FrameStream(memory);

  private void put(byte[] octets, int from, int count) {
    assertTrue(stream.room() >= count);
    memory.put(stream.end(), octets, from, count);
    stream.received(count);
  }

  private byte[] take() {
    byte[] frame = new byte[stream.length()];
    memory.get(stream.frame(), frame);
    stream.taken();
    return frame;
  }

  private List<byte[]> takeAll() {
    List<byte[]> frames = new ArrayList<>();
    while (stream.length() > 0) {
      frames.add(take());
    }
    return frames;
  }

  private static byte[] frame(int length, int seed) {
    byte[] frame = new byte[length];
    for (int i = 0; i < length; i++) {
      frame[i] = (byte) (seed + i);
    }
    return frame;
  }

  private static byte[] octets(byte[]... frames) {
    int sum = 0;
    for (byte[] frame : frames) {
      sum += 4 + frame.length;
    }
    ByteBuffer all = ByteBuffer.allocate(sum);
    for (byte[] frame : frames) {
      all.putInt(frame.length).put(frame);
    }
    return all.array();
  }

  private static List<String> text(List<byte[]> frames) {
    return frames.stream().map(java.util.HexFormat.of()::formatHex).toList();
  }

  @Test
  void framesAreTheSameWhereverTheStreamIsSplit() {
    List<byte[]> sent = List.of(frame(1, 1), frame(60, 2), frame(14, 3));
    byte[] all = octets(sent.toArray(new byte[0][]));
    for (int first = 0; first <= all.length; first++) {
      for (int second = first; second <= all.length; second++) {
        List<byte[]> got = new ArrayList<>();
        put(all, 0, first);
        got.addAll(takeAll());
        put(all, first, second - first);
        got.addAll(takeAll());
        put(all, second, all.length - second);
        got.addAll(takeAll());
        assertEquals(text(sent), text(got));
        assertEquals(FrameStream.INCOMPLETE, stream.length());
      }
    }
  }

  @Test
  void theLongestFrameFitsBehindOneInPart() {
    byte[] all = octets(frame(100, 1), frame(FrameStream.LARGEST, 2));
    put(all, 0, 300);
    assertEquals(100, take().length);
    int at = 300;
    while (stream.length() == FrameStream.INCOMPLETE) {
      int step = Math.min(stream.room(), all.length - at);
      assertTrue(step > 0);
      put(all, at, step);
      at += step;
    }
    assertEquals(FrameStream.LARGEST, take().length);
    assertEquals(all.length, at);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE, FrameStream.LARGEST + 1, 0x47455420})
  void aLengthThatNoFrameHasIsToldAtOnce(int length) {
    put(octets(frame(20, 1)), 0, 24);
    put(ByteBuffer.allocate(4).putInt(length).array(), 0, 4);
    assertEquals(20, take().length);
    assertEquals(FrameStream.WRONG, stream.length());
    assertEquals(Integer.toUnsignedLong(length), stream.wrongLength());
  }

  @Test
  void backlogSendsInAnyPiecesAndRefusesWhatHasNoRoom() {
    ByteBuffer out = ByteBuffer.allocate(100);
    FrameBacklog backlog = new FrameBacklog(out);
    PacketBuffer frame = PacketBuffer.copyOf(frame(36, 5));
    for (int step = 1; step <= 80; step++) {
      assertTrue(backlog.add(frame));
      assertTrue(backlog.add(frame));
      assertFalse(backlog.add(frame));
      assertEquals(2, backlog.frames());
      byte[] sent = new byte[80];
      int at = 0;
      while (!backlog.isEmpty()) {
        int count = Math.min(step, backlog.octets());
        out.get(backlog.begin(), sent, at, count);
        backlog.sent(count);
        at += count;
        assertEquals(2 - at / 40, backlog.frames());
      }
      assertEquals(
          text(List.of(octets(frame(36, 5), frame(36, 5)))), text(List.of(sent)));
    }
  }

  @Test
  void backlogUsesTheRoomOfWhatWasSent() {
    ByteBuffer out = ByteBuffer.allocate(100);
    FrameBacklog backlog = new FrameBacklog(out);
    PacketBuffer frame = PacketBuffer.copyOf(frame(36, 5));
    backlog.add(frame);
    backlog.add(frame);
    backlog.sent(50);
    assertTrue(backlog.add(frame));
    assertEquals(70, backlog.octets());
    byte[] left = new byte[70];
    out.get(backlog.begin(), left);
    byte[] all = octets(frame(36, 5), frame(36, 5), frame(36, 5));
    assertEquals(
        text(List.of(java.util.Arrays.copyOfRange(all, 50, 120))), text(List.of(left)));
    backlog.clear();
    assertTrue(backlog.isEmpty());
    assertEquals(0, backlog.frames());
    assertTrue(backlog.add(frame));
    assertEquals(36, backlog.firstLength());
  }
}
