package org.kagemusha.core.ipsec;

import java.util.Objects;

/**
 * Numbers from the clock, but never one that an earlier run on this host may have used: a block is
 * reserved in a {@link SequenceStore} before its first number is given out, and a restart begins
 * behind the last block. Needed where the clock may be set back, where a restart may take less than
 * a tick of the clock, and where 32-bit numbers run ahead of it. For one thread.
 *
 * <p>A number that is not reserved (yet, or because the store fails) is given out only if the clock
 * has reached it. The block should be small, for a restart leaps by it, and while numbers are ahead
 * of the clock, the next host of a VM would fall behind.
 */
public final class ReservedSequenceNumbers implements SequenceNumbers {

  /** For 32-bit signalling: two seconds of the clock. */
  public static final long SIGNALLING_BLOCK = 8;

  /** For 32-bit payload on a host that the VM never leaves: a write for every 65,536 packets. */
  public static final long PAYLOAD_BLOCK = 1 << 16;

  /** For extended sequence numbers: one second of the clock. */
  public static final long EXTENDED_BLOCK = 1 << 24;

  private final ClockedSequenceNumbers clock;
  private final SequenceStore store;
  private final int spi;
  private final long block;
  private boolean starting = true;
  private long last;
  private long asked;
  private long durable;

  /**
   * Begins behind what the store has.
   *
   * @param clock only read
   * @param store where reservations go
   * @param spi the association's SPI
   * @param block how many numbers to reserve at once, at least 2
   * @throws IllegalArgumentException if the block is too small
   */
  public ReservedSequenceNumbers(
      ClockedSequenceNumbers clock, SequenceStore store, int spi, long block) {
    if (block < 2) {
      throw new IllegalArgumentException("a block of " + block + " is too small");
    }
    this.clock = Objects.requireNonNull(clock, "clock");
    this.store = Objects.requireNonNull(store, "store");
    this.spi = spi;
    this.block = block;
    durable = store.load(spi);
    last = durable;
    asked = durable;
    prepare();
  }

  /**
   * Asks for the reservation that the next number will need, so that a store that writes in the
   * background has written it by then; called for the first time by the constructor.
   */
  public void prepare() {
    reserveBeyond(clock.after(last, starting));
  }

  @Override
  public long next() {
    long number = clock.after(last, starting);
    if (number == 0) {
      return 0;
    }
    reserveBeyond(number);
    if (number > durable) {
      durable = store.load(spi);
      if (number > durable && !clock.covers(number)) {
        return 0;
      }
    }
    starting = false;
    last = number;
    return number;
  }

  @Override
  public void catchUp() {
    starting = true;
    prepare();
  }

  private void reserveBeyond(long number) {
    // Half a block ahead, so that a store that writes in the background has time to.
    if (number > asked - block / 2) {
      asked = number + block;
      store.reserve(spi, asked);
    }
  }
}
