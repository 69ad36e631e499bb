package org.kagemusha.core.ipsec;

import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * Sequence numbers that start from the wall clock, so that a restarted daemon, or the next host of
 * a VM, is ahead of all that was sent before without being told (RFC 4303 §3.3.3 with static keys,
 * where the peer's window survives our restart). For one thread.
 *
 * <ul>
 *   <li>32 bits: the clock ticks four times a second from 2024 on, until the year 2058. The first
 *       number is the clock; each further one is the larger of the last plus one and the clock less
 *       three, so that four may follow at once, as after status 135 (RFC 6275 §11.7.3), without one
 *       of them running ahead of the clock. So numbers never do where no more than four packets a
 *       second are sent, which holds for signalling (§12, MAX_UPDATE_RATE). It does not hold for
 *       payload: there they run far ahead, and a host that a VM moves to would start behind. Payload
 *       needs 64 bits.
 *   <li>64 bits: the clock runs at 2^24 numbers a second, more than a link carries packets, so it
 *       is never overtaken. After the start numbers simply count up, that reordered packets stay in
 *       the peer's window; only when they lag 96 seconds behind the clock do they leap, to 32
 *       seconds behind it. Thereby a receiver can tell the upper half from its own clock, see
 *       {@link #nearest}.
 * </ul>
 *
 * <p>The next host is ahead if its clock lags by less than the time since the host before started,
 * or was last told to {@link #catchUp} (or last leapt less 32 seconds, or last sent in the case of
 * 32 bits); and once it is behind, it is so for the clocks' difference only. A restart is ahead if
 * it takes longer than a tick: 250 ms, or one millisecond. {@link ReservedSequenceNumbers} covers
 * shorter ones and clocks that are set back.
 */
public final class ClockedSequenceNumbers implements SequenceNumbers {

  /** 2024-01-01T00:00:00Z in milliseconds of the wall clock. */
  static final long EPOCH_MS = 1_704_067_200_000L;

  private static final int TICK_MS = 250;
  private static final int TICKS_SPARED = 3;
  private static final int SECOND_SHIFT = 24;
  private static final int MS_PER_SECOND = 1000;
  private static final long LARGEST_LAG = 96L << SECOND_SHIFT;
  private static final long RESTING_LAG = 32L << SECOND_SHIFT;
  private static final long LARGEST_NUMBER = 0xffff_ffffL;

  private final boolean extended;
  private final LongSupplier wallMs;
  private boolean starting = true;
  private long last;

  /**
   * Starts at the clock with the first number.
   *
   * @param extended whether numbers have 64 bits
   * @param wallMs the wall clock in milliseconds since 1970
   */
  public ClockedSequenceNumbers(boolean extended, LongSupplier wallMs) {
    this.extended = extended;
    this.wallMs = Objects.requireNonNull(wallMs, "wallMs");
  }

  @Override
  public long next() {
    long number = after(last, starting);
    if (number != 0) {
      starting = false;
      last = number;
    }
    return number;
  }

  @Override
  public void catchUp() {
    starting = true;
  }

  /**
   * The number that follows another one, without taking it.
   *
   * @param before the number before
   * @param starting whether this is the first one of this run, or since {@link #catchUp}
   * @return 0 if numbers are used up
   */
  long after(long before, boolean starting) {
    long number = before + 1;
    long clock = now();
    if (starting) {
      number = Math.max(number, clock);
    } else if (!extended) {
      number = Math.max(number, clock - TICKS_SPARED);
    } else if (number < clock - LARGEST_LAG) {
      number = clock - RESTING_LAG;
    }
    return number < 0 || !extended && number > LARGEST_NUMBER ? 0 : number;
  }

  /**
   * Whether the clock has reached a number, so that whoever starts from it now does not reuse it.
   */
  boolean covers(long number) {
    return number <= now();
  }

  /**
   * The 64-bit number that 32 bits on the wire stand for if the sender's numbers follow the clock
   * as they do here: the one nearest to the middle of where the sender may be. Right if the clocks
   * differ by less than 80 seconds.
   *
   * @param wire the lower half
   * @param wallMs the receiver's wall clock in milliseconds since 1970
   * @return the number; not positive if the clock is not set
   */
  static long nearest(int wire, long wallMs) {
    long middle = extendedClock(wallMs) - LARGEST_LAG / 2;
    return middle + (wire - (int) middle);
  }

  private long now() {
    long ms = wallMs.getAsLong();
    return extended ? extendedClock(ms) : Math.max((ms - EPOCH_MS) / TICK_MS, 1);
  }

  private static long extendedClock(long wallMs) {
    long since = wallMs - EPOCH_MS;
    long seconds = since / MS_PER_SECOND;
    long rest = since % MS_PER_SECOND;
    return Math.max((seconds << SECOND_SHIFT) + (rest << SECOND_SHIFT) / MS_PER_SECOND, 1);
  }
}
