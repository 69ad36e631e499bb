package org.kagemusha.tap.vmsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Frames that wait to be sent, each behind its length as {@link FrameStream} has it, in a piece of
 * memory that does not grow. Nothing but the memory; whoever has sent octets says so.
 */
final class FrameBacklog {

  private final ByteBuffer bytes;
  private int begin;
  private int end;
  private int frames;
  private int leftOfFirst;

  /**
   * @param bytes the memory, big-endian
   */
  FrameBacklog(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** Adds a frame, unless there is no room. */
  boolean add(PacketBuffer frame) {
    int length = frame.length();
    int needed = FrameStream.LENGTH + length;
    if (needed > bytes.capacity() - (end - begin)) {
      return false;
    }
    if (needed > bytes.capacity() - end) {
      bytes.put(0, bytes, begin, end - begin);
      end -= begin;
      begin = 0;
    }
    bytes.putInt(end, length);
    bytes.put(end + FrameStream.LENGTH, frame.bytes(), frame.offset(), length);
    end += needed;
    frames++;
    return true;
  }

  boolean isEmpty() {
    return begin == end;
  }

  /** Where unsent octets begin. */
  int begin() {
    return begin;
  }

  /** How many there are. */
  int octets() {
    return end - begin;
  }

  /** How many frames are not sent, one that is sent in part among them. */
  int frames() {
    return frames;
  }

  /** The length of the first frame, where frames are only sent whole. */
  int firstLength() {
    return bytes.getInt(begin);
  }

  /** Octets were sent from the beginning on, lengths included. */
  void sent(int count) {
    int left = count;
    while (left > 0) {
      if (leftOfFirst == 0) {
        leftOfFirst = FrameStream.LENGTH + bytes.getInt(begin);
      }
      int step = Math.min(left, leftOfFirst);
      begin += step;
      leftOfFirst -= step;
      left -= step;
      if (leftOfFirst == 0) {
        frames--;
      }
    }
    if (begin == end) {
      begin = 0;
      end = 0;
    }
  }

  /** Forgets everything. */
  void clear() {
    begin = 0;
    end = 0;
    frames = 0;
    leftOfFirst = 0;
  }
}
