package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.wire.Ipv6Address;

/** What is remembered of destinations. */
class EncapsulatedDestinationsTest {

  private static final Ipv6Address REMOTE = Ipv6Address.parse("2001:db8:3000::3");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:3000::4");
  private static final long HIGH = 0x2001_0db8_2000_0000L;

  private final EncapsulatedDestinations destinations = new EncapsulatedDestinations(10_000);

  private void put(long low, Ipv6Address remote, boolean encapsulated) {
    destinations.put(destinations.place(HIGH, low), HIGH, low, remote, encapsulated);
  }

  @Test
  void asManyAsExpectedAllStay() {
    for (int low = 1; low <= 10_000; low++) {
      assertFalse(destinations.isOther(destinations.place(HIGH, low), HIGH, low));
      put(low, REMOTE, low % 2 == 0);
    }
    for (int low = 1; low <= 10_000; low++) {
      int slot = destinations.find(HIGH, low);
      assertTrue(slot >= 0);
      assertEquals(low % 2 == 0, destinations.isEncapsulated(slot));
      assertFalse(destinations.isDoubtful(slot, REMOTE));
      assertTrue(destinations.isDoubtful(slot, OTHER));
    }
    assertEquals(-1, destinations.find(HIGH, 0));
  }

  @Test
  void oneTooManyTakesThePlaceOfAnotherThatCanBeTold() {
    SplittableRandom random = new SplittableRandom(1);
    int displaced = 0;
    for (int i = 0; i < 200_000; i++) {
      long low = random.nextLong();
      int slot = destinations.place(HIGH, low);
      if (destinations.isOther(slot, HIGH, low)) {
        displaced++;
        assertEquals(slot, destinations.find(destinations.high(slot), destinations.low(slot)));
      }
      destinations.put(slot, HIGH, low, REMOTE, true);
      assertEquals(slot, destinations.find(HIGH, low));
    }
    assertTrue(displaced > 100_000, displaced + " displaced");
  }

  @Test
  void doubtLastsUntilItWasAskedAgain() {
    put(7, REMOTE, true);
    destinations.doubtAll();
    int slot = destinations.find(HIGH, 7);
    assertTrue(destinations.isDoubtful(slot, REMOTE));
    assertEquals(slot, destinations.place(HIGH, 7));
    put(7, REMOTE, false);
    assertFalse(destinations.isDoubtful(slot, REMOTE));
    assertFalse(destinations.isEncapsulated(slot));
    destinations.clear(slot);
    assertEquals(-1, destinations.find(HIGH, 7));
  }

  @Test
  void lookingUpAllocatesNothing() {
    put(7, REMOTE, true);
    Ipv6Address equal = Ipv6Address.parse(REMOTE.toString());
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = 0;
    for (int i = 0; i < 40_000; i++) {
      if (i == 20_000) {
        before = threads.getCurrentThreadAllocatedBytes();
      }
      int slot = destinations.find(HIGH, 7);
      if (destinations.isDoubtful(slot, equal) || !destinations.isEncapsulated(slot)) {
        throw new AssertionError("forgotten");
      }
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < 20_000, allocated + " octets");
  }
}
