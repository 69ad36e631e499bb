package org.kagemusha.core.mobility;

import org.kagemusha.core.ipsec.SequenceNumbers;

/** ESP sequence numbers from 1, for one test. */
final class CountingSequence implements SequenceNumbers {

  private long last;

  @Override
  public long next() {
    return ++last;
  }
}
