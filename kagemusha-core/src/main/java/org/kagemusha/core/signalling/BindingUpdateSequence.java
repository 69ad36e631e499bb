package org.kagemusha.core.signalling;

/**
 * Sequence numbers of the Binding Updates for one home address (RFC 6275 §6.1.7, §9.5.1). A home
 * agent accepts a number that is ahead of the last one, modulo 2^16. The daemons beside a VM hand
 * no state to each other when it moves, so each takes its numbers from the clock: the next host is
 * later and therefore ahead. The clock ticks four times a second, faster than MAX_UPDATE_RATE
 * (§12), so that no host runs ahead of it. Handover Initiates (RFC 5568 §6.2.1) are numbered alike.
 */
public final class BindingUpdateSequence {

  private static final int TICK_MS = 250;
  private static final int NONE = -1;

  private int last = NONE;
  private boolean adopted;

  /** Says whether a number is ahead of another: 1 to 32767 steps, modulo 2^16 (§9.5.1). */
  public static boolean isAhead(int candidate, int reference) {
    int distance = candidate - reference & 0xffff;
    return distance != 0 && distance < 0x8000;
  }

  /** The number that the clock gives, 0 to 65535. */
  static int clock(long wallClockMs) {
    return (int) Math.floorDiv(wallClockMs, TICK_MS) & 0xffff;
  }

  /** Takes the number for the next Binding Update. */
  public int next(long wallClockMs) {
    int clock = clock(wallClockMs);
    // §11.7.1: "The mobile node MUST store this information and use the next Sequence Number value
    // for the next Binding Update it sends."
    boolean countOn = adopted || last != NONE && !isAhead(clock, last);
    adopted = false;
    last = countOn ? last + 1 & 0xffff : clock;
    return last;
  }

  /** Takes over the number that the home agent says it accepted last (status 135, §11.7.3). */
  public void adopt(int accepted) {
    last = accepted & 0xffff;
    adopted = true;
  }

  /** The number used last, or -1 before the first. */
  public int last() {
    return last;
  }
}
