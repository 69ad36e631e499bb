package org.kagemusha.core.ipsec;

/**
 * The anti-replay window of an inbound association (RFC 4303 §3.4.3), as a ring of words so that
 * moving it costs no shifting: a number's bit has a fixed place, and the words that the window
 * enters are cleared. The ring has a word more than the window, so that a whole window always fits.
 * Numbers are 64 bits wide; how they are found out from the 32 on the wire is {@link #infer}.
 */
final class ReplayWindow {

  private static final int WORD_SHIFT = 6;
  private static final int BIT_MASK = Long.SIZE - 1;
  private static final long LOW_MASK = 0xffff_ffffL;

  private final int size;
  private final boolean extended;
  private final long[] ring;
  private long top;

  /**
   * Nothing seen yet.
   *
   * @param size in packets, a multiple of 64
   * @param extended whether numbers have 64 bits
   */
  ReplayWindow(int size, boolean extended) {
    this.size = size;
    this.extended = extended;
    ring = new long[Integer.highestOneBit(size / Long.SIZE) * 2];
  }

  /** The highest number marked so far, or 0. */
  long top() {
    return top;
  }

  /**
   * The whole number that 32 bits on the wire most likely stand for.
   *
   * @return the number, not negative
   */
  long infer(int wire) {
    long low = wire & LOW_MASK;
    if (!extended) {
      return low;
    }
    // RFC 4303 appendix A2.2; T is `top', Bl is the lower half of the window's bottom.
    long high = top & ~LOW_MASK;
    long topLow = top & LOW_MASK;
    long bottomLow = topLow - size + 1 & LOW_MASK;
    if (topLow >= size - 1) {
      return low >= bottomLow ? high | low : high + LOW_MASK + 1 | low;
    }
    // Before the first subspace there is none.
    return low >= bottomLow && high > 0 ? high - LOW_MASK - 1 | low : high | low;
  }

  /** Whether a number is neither left of the window nor seen; changes nothing. */
  boolean accepts(long number) {
    if (number > top) {
      return true;
    }
    // RFC 4303 §3.3.3: the first number is 1.
    if (number <= 0 || top - number >= size) {
      return false;
    }
    return (ring[word(number)] & 1L << (number & BIT_MASK)) == 0;
  }

  /**
   * Marks a number that was accepted and whose packet is authentic; moves the window if need be.
   */
  void mark(long number) {
    if (number > top) {
      long from = top >>> WORD_SHIFT;
      long steps = Math.min((number >>> WORD_SHIFT) - from, ring.length);
      for (long step = 1; step <= steps; step++) {
        ring[(int) (from + step) & ring.length - 1] = 0;
      }
      top = number;
    }
    ring[word(number)] |= 1L << (number & BIT_MASK);
  }

  private int word(long number) {
    return (int) (number >>> WORD_SHIFT) & ring.length - 1;
  }
}
