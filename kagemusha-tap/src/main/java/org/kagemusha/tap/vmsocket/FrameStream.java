package org.kagemusha.tap.vmsocket;

import java.nio.ByteBuffer;

/**
 * Frames out of a stream of octets: each comes behind its length in four octets, the most
 * significant first. Nothing but the memory; whoever has octets puts them to {@link #end}.
 */
final class FrameStream {

  /** Octets of a length. */
  static final int LENGTH = Integer.BYTES;

  /** The longest frame that QEMU sends or takes, its NET_BUFSIZE. */
  static final int LARGEST = 4096 + 65_536;

  /** There is no whole frame yet. */
  static final int INCOMPLETE = 0;

  /** The length is none that a frame has: what follows cannot be told. */
  static final int WRONG = -1;

  private final ByteBuffer bytes;
  private int begin;
  private int end;

  /**
   * @param bytes the memory, big-endian, at least {@link #LENGTH} and {@link #LARGEST} octets
   */
  FrameStream(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** How many octets may be put to {@link #end}: never 0 after all whole frames were taken. */
  int room() {
    if (begin == end) {
      begin = 0;
      end = 0;
    } else if (begin > 0) {
      bytes.put(0, bytes, begin, end - begin);
      end -= begin;
      begin = 0;
    }
    return bytes.capacity() - end;
  }

  /** Where octets are put; {@link #room} moves it. */
  int end() {
    return end;
  }

  /** Octets were put. */
  void received(int count) {
    end += count;
  }

  /** The length of the first frame if it is whole, else {@link #INCOMPLETE} or {@link #WRONG}. */
  int length() {
    int available = end - begin;
    if (available < LENGTH) {
      return INCOMPLETE;
    }
    int length = bytes.getInt(begin);
    if (length <= 0 || length > LARGEST) {
      return WRONG;
    }
    return available - LENGTH < length ? INCOMPLETE : length;
  }

  /** What stands where a length was expected, unsigned; after {@link #WRONG}. */
  long wrongLength() {
    return Integer.toUnsignedLong(bytes.getInt(begin));
  }

  /** Where the first frame begins. */
  int frame() {
    return begin + LENGTH;
  }

  /** The first frame is done with. */
  void taken() {
    begin += LENGTH + bytes.getInt(begin);
  }
}
