package org.kagemusha.core.ipsec;

import java.util.function.LongSupplier;

/**
 * What the upper half of an extended sequence number may be if the obvious one failed (RFC 4303
 * appendix A3): sender and receiver are more than 2^32 numbers apart, or one of them restarted. At
 * most one more attempt is made for a packet, so forged packets at most double their cost.
 */
final class Resynchronisation {

  private static final int TRIGGER = 16;
  private static final int RETRIES = 64;
  private static final int HIGH_SHIFT = 32;
  private static final long LOW_MASK = 0xffff_ffffL;

  private final LongSupplier wallMs;
  private int failures;

  /**
   * Nothing failed yet.
   *
   * @param wallMs the wall clock in milliseconds since 1970 that the sender's numbers follow, or
   *     null if they follow none
   */
  Resynchronisation(LongSupplier wallMs) {
    this.wallMs = wallMs;
  }

  /** Notes that a packet was authentic. */
  void succeeded() {
    failures = 0;
  }

  /**
   * Notes that a packet failed, and says which number to try instead.
   *
   * @param wire the lower half
   * @param inferred the number that failed; not positive if none was tried
   * @param top the highest authentic number so far
   * @return a number above {@code top}, or 0 if there is nothing to try
   */
  long afterFailure(int wire, long inferred, long top) {
    failures = failures == Integer.MAX_VALUE ? TRIGGER : failures + 1;
    if (wallMs != null) {
      long hint = ClockedSequenceNumbers.nearest(wire, wallMs.getAsLong());
      if (hint != inferred && hint > top) {
        return hint;
      }
    }
    // RFC 4303 appendix A3.1, A3.2: after some failures, larger and larger upper halves, not for
    // ever.
    if (failures < TRIGGER) {
      return 0;
    }
    long high = (top >>> HIGH_SHIFT) + 1 + (failures - TRIGGER) % RETRIES;
    return high << HIGH_SHIFT | wire & LOW_MASK;
  }
}
