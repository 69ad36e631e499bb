package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.ExchangeFixture.*;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.provisioning.ControllerExchange.Step;

/**
 * Whatever an authenticated peer sends to the controller, in two pieces: nothing throws, at most
 * one small response comes for each request, and a request that is decided on can be said again.
 */
class ControllerExchangeFuzzTest {

  private static final Logger LOG = Logger.getLogger("org.kagemusha.core");
  private static final int LARGEST_RESPONSE = 400;

  @BeforeAll
  static void quiet() {
    LOG.setLevel(Level.OFF);
  }

  @AfterAll
  static void loud() {
    LOG.setLevel(null);
  }

  static Stream<Arguments> seeds() {
    return Stream.of(
        Arguments.of(false, 0, INIT_REQUEST),
        Arguments.of(true, 5, DONE_REQUEST),
        Arguments.of(false, 200, buffer(INIT_REQUEST, DONE_REQUEST).array()));
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void whateverAPeerSendsIsAwaitedRefusedOrDecided(boolean second, int cut, byte[] octets) {
    if (octets == null) {
      return;
    }
    ControllerExchange exchange = controller();
    if (second) {
      exchange.onOctets(buffer(INIT_REQUEST));
    }
    int first = Math.floorMod(cut, octets.length + 1);
    boolean over = check(exchange, ByteBuffer.wrap(octets, 0, first));
    Step next = exchange.onOctets(ByteBuffer.wrap(octets, first, octets.length - first));
    if (over) {
      assertInstanceOf(Step.More.class, next);
    }
  }

  /** Says whether the session is over for the reader. */
  private static boolean check(ControllerExchange exchange, ByteBuffer received) {
    Step step = exchange.onOctets(received);
    assertFalse(received.hasRemaining());
    if (step instanceof Step.Send send) {
      assertTrue(send.octets().length <= LARGEST_RESPONSE);
      return send.last();
    }
    if (step instanceof Step.Decide decide) {
      byte[] again = RequestMessages.done(decide.request(), bytes(MN_RAND), bytes(HAC_RAND));
      ControllerExchange other = controller();
      other.onOctets(buffer(INIT_REQUEST));
      assertEquals(decide, other.onOctets(buffer(again)));
      byte[] answer = exchange.answer(new ControllerDecision.Granted(grant()));
      assertEquals(GRANTED_TEXT, text(answer));
      return true;
    }
    return false;
  }
}
