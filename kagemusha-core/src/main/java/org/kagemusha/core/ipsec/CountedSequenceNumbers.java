package org.kagemusha.core.ipsec;

/**
 * Numbers from 1 on, for an association with fresh keys (RFC 4303 §3.3.3: the first packet has
 * number 1). They are kept nowhere: a restarted daemon asks for other keys, so no number is ever
 * used twice under one. For one thread.
 */
public final class CountedSequenceNumbers implements SequenceNumbers {

  private final long largest;
  private long last;

  /**
   * Begins at 1.
   *
   * @param largest the last number, at least 1
   * @throws IllegalArgumentException if it is smaller
   */
  public CountedSequenceNumbers(long largest) {
    if (largest < 1) {
      throw new IllegalArgumentException("no number up to " + largest);
    }
    this.largest = largest;
  }

  @Override
  public long next() {
    return last < largest ? ++last : 0;
  }
}
