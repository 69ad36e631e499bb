package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** Numbers never repeat nor fall behind, whatever is killed, restarted, or moved. */
class SequenceNumbersProperties {

  private static final long NOW_MS = ClockedSequenceNumbers.EPOCH_MS + 90_000_000_000L;
  private static final int SPI = 0x3e8;
  private static final long PER_SECOND = 1 << 24;

  /**
   * One run of a daemon after the other on one host with a file. The clock may stand still, and be
   * set back by up to a minute, between runs.
   */
  @Property(tries = 500)
  void rfc4303_s3_3_3_killedAtAnyMomentARestartNeverRepeatsNorFallsBehind(
      @ForAll boolean extended,
      @ForAll @LongRange(min = 2, max = 1000) long block,
      @ForAll @Size(min = 2, max = 20) List<@IntRange(min = 0, max = 5000) Integer> runs,
      @ForAll long seed) {
    Random random = new Random(seed);
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    InMemorySequenceStore store = new InMemorySequenceStore();
    long highest = 0;
    for (int packets : runs) {
      store.crashAt(1 + random.nextInt(10), random.nextBoolean());
      try {
        SequenceNumbers numbers =
            new ReservedSequenceNumbers(
                new ClockedSequenceNumbers(extended, wallMs::get), store, SPI, block);
        for (int i = 0; i < packets; i++) {
          long number = numbers.next();
          assertTrue(number > highest, number + " after " + highest);
          highest = number;
          wallMs.addAndGet(random.nextInt(10) == 0 ? random.nextInt(1000) : 0);
        }
      } catch (InMemorySequenceStore.Crash crash) {
        assertTrue(highest >= 0);
      }
      wallMs.addAndGet(random.nextInt(70_000) - 60_000);
    }
  }

  /** Hosts that share nothing but the time, roughly: each stays longer than the clocks differ. */
  @Property(tries = 500)
  void rfc4303_s3_3_3_theNextHostIsAheadWithTheClockAlone(
      @ForAll boolean extended,
      @ForAll @IntRange(min = 0, max = 10_000) int skewMs,
      @ForAll @Size(min = 2, max = 20) List<@IntRange(min = 0, max = 600) Integer> stays,
      @ForAll long seed) {
    Random random = new Random(seed);
    AtomicLong trueMs = new AtomicLong(NOW_MS);
    long highest = 0;
    for (int stay : stays) {
      int skew = random.nextInt(skewMs + 1);
      SequenceNumbers numbers =
          new ClockedSequenceNumbers(extended, () -> trueMs.get() + skew);
      long end = trueMs.get() + skewMs + 500 + stay * 1000L;
      while (trueMs.get() < end) {
        long number = numbers.next();
        assertTrue(number > highest, number + " after " + highest);
        highest = number;
        // RFC 6275 §11.8 sends at most three a second; with ESN bursts do not matter.
        trueMs.addAndGet(extended ? random.nextInt(2000) : 334 + random.nextInt(3000));
      }
      trueMs.set(Math.max(trueMs.get(), end) + skewMs);
    }
  }

  /** Daemons that run on while the VM wanders between their hosts, for moments or for minutes. */
  @Property(tries = 500)
  void rfc4303_s3_3_3_aHostThatTheVmComesBackToIsAheadOfTheHostsBetween(
      @ForAll boolean extended,
      @ForAll boolean stored,
      @ForAll @Size(min = 2, max = 30) List<@IntRange(min = 0, max = 2) Integer> hosts,
      @ForAll long seed) {
    Random random = new Random(seed);
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    SequenceNumbers[] numbers = new SequenceNumbers[3];
    long highest = 0;
    for (int host : hosts) {
      if (numbers[host] == null) {
        ClockedSequenceNumbers clocked = new ClockedSequenceNumbers(extended, wallMs::get);
        numbers[host] =
            stored
                ? new ReservedSequenceNumbers(
                    clocked, new InMemorySequenceStore(), SPI, extended ? PER_SECOND : 8)
                : clocked;
      }
      numbers[host].catchUp();
      long end = wallMs.get() + 500 + random.nextInt(random.nextInt(5) == 0 ? 300_000 : 3000);
      while (wallMs.get() < end) {
        long number = numbers[host].next();
        assertTrue(number > highest, number + " after " + highest);
        highest = number;
        wallMs.addAndGet(extended ? random.nextInt(200) : 334 + random.nextInt(3000));
      }
      wallMs.addAndGet(250);
    }
  }

  /** What the sender does over hours is always what the receiver's own clock makes of 32 bits. */
  @Property(tries = 200)
  void rfc4303_appendixA3_theReceiversClockTellsTheUpperHalf(
      @ForAll @IntRange(min = -79_000, max = 79_000) int skewMs, @ForAll long seed) {
    Random random = new Random(seed);
    AtomicLong wallMs = new AtomicLong(NOW_MS + (seed & 0xff_ffffL));
    SequenceNumbers numbers = new ClockedSequenceNumbers(true, wallMs::get);
    long before = 0;
    for (int i = 0; i < 500; i++) {
      long number = numbers.next();
      assertTrue(number > before);
      assertEquals(
          number, ClockedSequenceNumbers.nearest((int) number, wallMs.get() + skewMs));
      before = number;
      wallMs.addAndGet(random.nextInt(random.nextInt(20) == 0 ? 10_000_000 : 1000));
    }
  }

  @Example
  void rfc4303_s3_4_3_extendedNumbersLeapOnlyOnceAMinuteSoThatReorderingIsTolerated() {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    SequenceNumbers numbers = new ClockedSequenceNumbers(true, wallMs::get);
    long before = numbers.next();
    int leaps = 0;
    for (int tenth = 0; tenth < 6000; tenth++) {
      wallMs.addAndGet(100);
      long number = numbers.next();
      leaps += number == before + 1 ? 0 : 1;
      before = number;
    }
    assertEquals(1 + (600 - 96) / 64, leaps);
  }

  @Example
  void extendedNumbersAreNotOvertakenByTheClockNorOvertakeIt() {
    AtomicLong wallMs = new AtomicLong(ClockedSequenceNumbers.EPOCH_MS + 1000);
    assertEquals(PER_SECOND, new ClockedSequenceNumbers(true, wallMs::get).next());
    assertEquals(4, new ClockedSequenceNumbers(false, wallMs::get).next());
    wallMs.set(ClockedSequenceNumbers.EPOCH_MS - 1_000_000);
    assertEquals(1, new ClockedSequenceNumbers(true, wallMs::get).next());
    assertEquals(1, new ClockedSequenceNumbers(false, wallMs::get).next());
  }

  @Example
  void rfc4303_s3_3_3_aClockBeyond32BitsIsUsedUp() {
    AtomicLong wallMs =
        new AtomicLong(ClockedSequenceNumbers.EPOCH_MS + 0xffff_ffffL * 250);
    SequenceNumbers numbers = new ClockedSequenceNumbers(false, wallMs::get);
    assertEquals(0xffff_ffffL, numbers.next());
    assertEquals(0, numbers.next());
    InMemorySequenceStore store = new InMemorySequenceStore();
    store.reserve(SPI, 0xffff_ffffL);
    wallMs.set(NOW_MS);
    assertEquals(
        0,
        new ReservedSequenceNumbers(
                new ClockedSequenceNumbers(false, wallMs::get), store, SPI, 8)
            .next());
  }

  @Example
  void aStoreThatFailsStopsOnlyNumbersThatTheClockHasNotReached() {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    InMemorySequenceStore store = new InMemorySequenceStore();
    store.fail();
    SequenceNumbers numbers =
        new ReservedSequenceNumbers(
            new ClockedSequenceNumbers(false, wallMs::get), store, SPI, 8);
    long first = numbers.next();
    assertTrue(first > 0);
    assertEquals(0, numbers.next());
    wallMs.addAndGet(2000);
    for (int spared = 3; spared >= 0; spared--) {
      assertEquals(first + 8 - spared, numbers.next());
    }
    assertEquals(0, numbers.next());
  }

  /** Status 135 is answered at once, however slow the disk is. */
  @Example
  void rfc6275_s11_7_3_aCorrectedUpdateNeedNotWaitForTheStore() {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    InMemorySequenceStore store = new InMemorySequenceStore();
    SequenceNumbers numbers =
        new ReservedSequenceNumbers(
            new ClockedSequenceNumbers(false, wallMs::get), store, SPI,
            ReservedSequenceNumbers.SIGNALLING_BLOCK);
    store.fail();
    numbers.next();
    for (int i = 0; i < 100; i++) {
      wallMs.addAndGet(60_000);
      assertTrue(numbers.next() > 0);
      assertTrue(numbers.next() > 0);
    }
  }

  @Example
  void aStoreThatWritesInTheBackgroundHasTimeToAsTheBlockIsAskedForEarly() {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    InMemorySequenceStore disk = new InMemorySequenceStore();
    List<Long> queue = new ArrayList<>();
    SequenceStore background =
        new SequenceStore() {
          @Override
          public long load(int spi) {
            return disk.load(spi);
          }

          @Override
          public void reserve(int spi, long upTo) {
            queue.add(upTo);
          }
        };
    SequenceNumbers numbers =
        new ReservedSequenceNumbers(
            new ClockedSequenceNumbers(false, wallMs::get), background, SPI, 100);
    assertEquals(1, queue.size());
    long before = (NOW_MS - ClockedSequenceNumbers.EPOCH_MS) / 250 - 1;
    for (int i = 0; i < 1000; i++) {
      if (i % 40 == 20) {
        queue.forEach(upTo -> disk.reserve(SPI, upTo));
        queue.clear();
      }
      long number = numbers.next();
      // The clock covers the first number; those after it wait for the disk.
      assertEquals(i == 0 || i >= 20 ? before + 1 : 0, number);
      before = number == 0 ? before : number;
    }
  }

  @Example
  void reservationsAreFew() {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    InMemorySequenceStore store = new InMemorySequenceStore();
    SequenceNumbers numbers =
        new ReservedSequenceNumbers(
            new ClockedSequenceNumbers(false, wallMs::get),
            store,
            SPI,
            ReservedSequenceNumbers.PAYLOAD_BLOCK);
    for (int i = 0; i < 1_000_000; i++) {
      numbers.next();
    }
    assertTrue(store.writes() < 32, "writes " + store.writes());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ReservedSequenceNumbers(
                new ClockedSequenceNumbers(false, wallMs::get), store, SPI, 1));
  }
}
