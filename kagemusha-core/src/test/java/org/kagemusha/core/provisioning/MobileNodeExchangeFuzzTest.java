package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.ExchangeFixture.*;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.provisioning.MobileNodeExchange.Step;

/**
 * Whatever a controller sends, in two pieces: nothing throws, every failure has a reason that can
 * stand in a line of a log, and every grant is one that was asked for.
 */
class MobileNodeExchangeFuzzTest {

  static Stream<Arguments> seeds() {
    return Stream.of(
        Arguments.of(false, 0, INIT_RESPONSE),
        Arguments.of(true, 5, GRANTED),
        Arguments.of(true, 200, REFUSED),
        Arguments.of(false, 200, buffer(INIT_RESPONSE, GRANTED).array()));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void whateverAControllerSendsIsAwaitedFailsOrWasAskedFor(
      boolean second, int cut, byte[] octets) {
    if (octets == null) {
      return;
    }
    MobileNodeExchange exchange = mobileNode();
    exchange.start();
    if (second) {
      exchange.onOctets(buffer(INIT_RESPONSE));
    }
    int first = Math.floorMod(cut, octets.length + 1);
    boolean over = check(exchange.onOctets(ByteBuffer.wrap(octets, 0, first)));
    Step next = exchange.onOctets(ByteBuffer.wrap(octets, first, octets.length - first));
    check(next);
    if (over) {
      assertInstanceOf(Step.More.class, next);
    }
  }

  /** Says whether the session is over. */
  private static boolean check(Step step) {
    if (step instanceof Step.Failed failed) {
      assertFalse(failed.reason().isEmpty());
      assertTrue(failed.reason().length() < 160);
      assertTrue(failed.reason().chars().allMatch(c -> c >= ' ' && c < 0x7f));
      assertTrue(failed.retryAfterSeconds() >= 0);
    } else if (step instanceof Step.Granted granted) {
      assertTrue(REQUEST.homeAddresses().containsAll(granted.grant().homeAddresses()));
      assertTrue(REQUEST.suites().contains(granted.grant().suite()));
    }
    return step instanceof Step.Failed || step instanceof Step.Granted;
  }
}
