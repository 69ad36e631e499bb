package org.kagemusha.core.ipsec;

import java.util.HashMap;
import java.util.Map;

/** A store that survives whoever uses it, and can be made to fail or to crash its user. */
public final class InMemorySequenceStore implements SequenceStore {

  /** What a crash looks like to the code that is struck by it. */
  public static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private final Map<Integer, Long> durable = new HashMap<>();
  private boolean failing;
  private int crashAfterWrites = -1;
  private int crashBeforeWrites = -1;
  private int writes;

  @Override
  public long load(int spi) {
    return durable.getOrDefault(spi, 0L);
  }

  @Override
  public void reserve(int spi, long upTo) {
    writes++;
    if (writes == crashBeforeWrites) {
      throw new Crash();
    }
    if (!failing) {
      durable.put(spi, upTo);
    }
    if (writes == crashAfterWrites) {
      throw new Crash();
    }
  }

  /** How many reservations were asked for. */
  public int writes() {
    return writes;
  }

  /** Makes reservations vanish from now on. */
  public void fail() {
    failing = true;
  }

  /** Crashes at the write after so many more, before or after it has become durable. */
  public void crashAt(int more, boolean durably) {
    crashAfterWrites = durably ? writes + more : -1;
    crashBeforeWrites = durably ? -1 : writes + more;
  }
}
