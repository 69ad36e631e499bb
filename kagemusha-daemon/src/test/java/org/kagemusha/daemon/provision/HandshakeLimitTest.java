package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.net.InetAddresses;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandshakeLimitTest {

  private static final long SECOND = 1_000_000_000L;
  private static final long TENTH = SECOND / 10;
  private static final long START = Long.MAX_VALUE - SECOND;

  private static SourceNetwork network(String address) {
    return SourceNetwork.of(InetAddresses.forString(address));
  }

  private static final SourceNetwork ATTACKER = network("2001:db8:bad::1");
  private static final SourceNetwork HOST = network("2001:db8:1::1");

  @Test
  void anIpv6SourceIsItsSlash64() {
    assertEquals(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::1"));
    assertFalse(network("2001:db8:1:2::1").equals(network("2001:db8:1:3::1")));
    assertFalse(network("192.0.2.1").equals(network("192.0.2.2")));
    assertFalse(network("::").equals(network("0.0.0.0")));
  }

  @Test
  void theBurstAndThenTheRate() {
    // The clock's origin is arbitrary: it overflows in the middle of this test.
    HandshakeLimit<String> limit = new HandshakeLimit<>(10, 3, 100);
    int taken = 0;
    for (long ns = 0; ns < 20 * SECOND; ns += SECOND / 1000) {
      if (limit.tryTake(START + ns)) {
        taken++;
      }
    }
    assertEquals(3 - 1 + 200, taken);
  }

  @Test
  void anIdleTimeGivesTheBurstAndNoMore() {
    HandshakeLimit<String> limit = new HandshakeLimit<>(10, 3, 100);
    assertTrue(limit.tryTake(0));
    long later = 3600 * SECOND;
    assertTrue(limit.tryTake(later));
    assertTrue(limit.tryTake(later));
    assertTrue(limit.tryTake(later));
    assertFalse(limit.tryTake(later));
    assertEquals(TENTH, limit.delayNs(later));
    assertTrue(limit.tryTake(later + TENTH));
  }

  @Test
  void nobodyPassesThoseWhoWait() {
    HandshakeLimit<String> limit = new HandshakeLimit<>(10, 1, 100);
    assertTrue(limit.tryTake(0));
    assertTrue(limit.await(ATTACKER, false, "first"));
    assertNull(limit.next(TENTH - 1));
    assertFalse(limit.tryTake(TENTH));
    assertEquals("first", limit.next(TENTH));
    assertNull(limit.next(TENTH));
  }

  @Test
  void oneNetworkThatFloodsDelaysAnotherByOneTurn() {
    HandshakeLimit<String> limit = new HandshakeLimit<>(10, 1, 1000);
    assertTrue(limit.tryTake(0));
    for (int i = 0; i < 1000; i++) {
      assertTrue(limit.await(ATTACKER, false, "flood " + i));
    }
    assertFalse(limit.await(ATTACKER, false, "more than may wait"));
    assertTrue(limit.await(HOST, false, "host"));
    assertEquals("flood 0", limit.next(TENTH));
    assertEquals("host", limit.next(2 * TENTH));
    assertEquals("flood 1", limit.next(3 * TENTH));
  }

  @Test
  void knownNetworksHaveEverySecondTurnHoweverManyOthersWait() {
    HandshakeLimit<String> limit = new HandshakeLimit<>(10, 1, 10);
    assertTrue(limit.tryTake(0));
    for (int i = 0; i < 1000; i++) {
      assertTrue(limit.await(network("2001:db8:" + Integer.toHexString(i) + "::1"), false, "x"));
    }
    for (int i = 0; i < 4; i++) {
      assertTrue(limit.await(HOST, true, "host"));
    }
    List<String> order = new ArrayList<>();
    for (int i = 1; i <= 9; i++) {
      order.add(limit.next(i * TENTH));
    }
    assertEquals(List.of("host", "x", "host", "x", "host", "x", "host", "x", "x"), order);
  }

  @Test
  void oneWhoHasGoneTakesNoToken() {
    HandshakeLimit<String> limit = new HandshakeLimit<>(10, 1, 10);
    assertTrue(limit.tryTake(0));
    assertTrue(limit.await(HOST, true, "gone"));
    assertTrue(limit.await(ATTACKER, false, "gone too"));
    limit.cancel(HOST, "gone");
    limit.cancel(ATTACKER, "gone too");
    limit.cancel(ATTACKER, "never came");
    assertEquals(0, limit.waiting());
    assertNull(limit.next(TENTH));
    assertTrue(limit.tryTake(TENTH));
  }

  @Test
  void refusesALimitThatIsNone() {
    assertThrows(IllegalArgumentException.class, () -> new HandshakeLimit<String>(0, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new HandshakeLimit<String>(1, 0, 1));
  }
}
