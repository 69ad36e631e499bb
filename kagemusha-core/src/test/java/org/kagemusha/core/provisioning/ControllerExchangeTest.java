package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.ExchangeFixture.*;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.provisioning.ControllerExchange.Step;

class ControllerExchangeTest {

  private static final String BAD_REQUEST =
      """
      date:Sun, 06 Nov 1994 08:49:37 GMT
      status-code:400


      """;

  private static final String BAD_SECOND_REQUEST =
      """
      date:Sun, 06 Nov 1994 08:49:37 GMT
      mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
      hac-rand:202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
      status-code:400


      """;

  private final ControllerExchange exchange = controller();

  private void assertLast(byte[] expected, Step step) {
    Step.Send send = assertInstanceOf(Step.Send.class, step);
    assertTrue(send.last());
    assertEquals(text(expected), text(send.octets()));
    assertArrayEquals(expected, send.octets());
    // §5.3: the controller sends a response and then closes: nothing is read after it.
    assertInstanceOf(Step.More.class, exchange.onOctets(buffer(INIT_REQUEST)));
    assertThrows(
        IllegalStateException.class,
        () -> exchange.answer(new ControllerDecision.Granted(grant())));
  }

  private Step.Decide decide() {
    exchange.onOctets(buffer(INIT_REQUEST));
    return assertInstanceOf(Step.Decide.class, exchange.onOctets(buffer(DONE_REQUEST)));
  }

  @Test
  void rfc6618_s5_8_answersBothRequestsOctetForOctet() {
    Step.Send first =
        assertInstanceOf(Step.Send.class, exchange.onOctets(buffer(INIT_REQUEST)));
    assertArrayEquals(INIT_RESPONSE, first.octets());
    assertFalse(first.last());
    Step.Decide second =
        assertInstanceOf(Step.Decide.class, exchange.onOctets(buffer(DONE_REQUEST)));
    assertEquals(REQUEST, second.request());
    assertNull(exchange.problem());
    Grant grant = grant();
    byte[] answer = exchange.answer(new ControllerDecision.Granted(grant));
    assertEquals(GRANTED_TEXT, text(answer));
    assertArrayEquals(GRANTED, answer);
    assertArrayEquals(bytes(TO_HOME_AGENT), grant.keyToHomeAgent(), "the home agent's own");
  }

  @Test
  void aRequestInPiecesIsAwaited() {
    for (byte[] request : List.of(INIT_REQUEST, DONE_REQUEST)) {
      ByteBuffer nothing = ByteBuffer.allocate(0);
      assertInstanceOf(Step.More.class, exchange.onOctets(nothing));
      for (int i = 0; i < request.length - 1; i++) {
        ByteBuffer piece = ByteBuffer.wrap(request, i, 1);
        assertInstanceOf(Step.More.class, exchange.onOctets(piece));
        assertFalse(piece.hasRemaining());
      }
      Step last = exchange.onOctets(ByteBuffer.wrap(request, request.length - 1, 1));
      assertFalse(last instanceof Step.More);
    }
  }

  @Test
  void everyTruncationIsAwaited() {
    for (int length = 0; length < INIT_REQUEST.length; length++) {
      assertInstanceOf(
          Step.More.class, controller().onOctets(ByteBuffer.wrap(INIT_REQUEST, 0, length)));
    }
    for (int length = 0; length < DONE_REQUEST.length; length++) {
      ControllerExchange second = controller();
      second.onOctets(buffer(INIT_REQUEST));
      assertInstanceOf(Step.More.class, second.onOctets(ByteBuffer.wrap(DONE_REQUEST, 0, length)));
    }
  }

  @Test
  void everyTruncationWithItsOwnLengthIsRefused() {
    String text = text(INIT_REQUEST);
    // One line's end less is the end of the message as well.
    for (int length = 1; length < text.length() - 1; length++) {
      byte[] shorter = message(1, text.substring(0, length));
      Step.Send send =
          assertInstanceOf(Step.Send.class, controller().onOctets(buffer(shorter)));
      assertTrue(send.last());
    }
  }

  @Test
  void theBufferIsReadAndNotWritten() {
    byte[] copy = INIT_REQUEST.clone();
    ByteBuffer buffer = ByteBuffer.wrap(copy).asReadOnlyBuffer();
    exchange.onOctets(buffer);
    assertFalse(buffer.hasRemaining());
    assertArrayEquals(INIT_REQUEST, copy);
  }

  @ParameterizedTest
  @CsvSource({"20010073, 1", "01010073, 1", "00000073, 1", "00020073, 2", "0001ffff, 1"})
  void rfc6618_s5_3_aWrongContainerGets400AndTheRequestsIdentifier(String header, int answered) {
    assertLast(message(answered, BAD_REQUEST), exchange.onOctets(buffer(bytes(header))));
  }

  @Test
  void rfc6618_s5_3_anIdentifierThatDoesNotIncreaseIsRefused() {
    exchange.onOctets(buffer(INIT_REQUEST));
    assertLast(
        message(1, BAD_SECOND_REQUEST),
        exchange.onOctets(buffer(message(1, DONE_REQUEST_TEXT))));
  }

  @Test
  void rfc6618_s5_3_aSecondRequestBeforeTheResponseIsRefused() {
    assertLast(
        message(1, BAD_REQUEST), exchange.onOctets(buffer(INIT_REQUEST, DONE_REQUEST)));
  }

  @Test
  void rfc6618_s5_3_aThirdRequestInPlaceOfTheDecisionIsRefused() {
    decide();
    assertInstanceOf(Step.More.class, exchange.onOctets(buffer(DONE_REQUEST)));
    assertArrayEquals(
        message(2, BAD_SECOND_REQUEST),
        exchange.answer(new ControllerDecision.Granted(grant())));
    assertEquals("more than one request at a time", exchange.problem());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mn-id:vm1\n",
        "mn-id:vm1\nmn-rand:" + MN_RAND + "\n",
        "mn-rand:" + MN_RAND + "\nauth-method:tls\n",
        "mn-id:\nmn-rand:" + MN_RAND + "\nauth-method:tls\n",
        "mn-id:vm1 host=hv-b\nmn-rand:" + MN_RAND + "\nauth-method:tls\n",
        "mn-id:vm\u00e9\nmn-rand:" + MN_RAND + "\nauth-method:tls\n",
        "mn-id:vm1\nmn-rand:00\nauth-method:tls\n",
        "mn-id:vm1\nmn-rand:00" + MN_RAND + "\nauth-method:tls\n",
        "mn-id:vm1\nmn-id:vm2\nmn-rand:" + MN_RAND + "\nauth-method:tls\n"
      })
  void rfc6618_s5_3_aFirstRequestLacksNothing(String text) {
    assertLast(message(1, BAD_REQUEST), exchange.onOctets(buffer(message(1, text + "\n\n"))));
  }

  @Test
  void rfc4282_s2_2_anIdentityHas253OctetsAtMost() {
    String rest = "\nmn-rand:" + MN_RAND + "\nauth-method:tls\n\n\n";
    Step.Send taken =
        assertInstanceOf(
            Step.Send.class,
            controller().onOctets(buffer(message(1, "mn-id:" + "x".repeat(253) + rest))));
    assertFalse(taken.last());
    assertLast(
        message(1, BAD_REQUEST),
        exchange.onOctets(buffer(message(1, "mn-id:" + "x".repeat(254) + rest))));
  }

  @Test
  void rfc6618_s5_5_2_withoutAMethodInCommonTheAnswerIs501() {
    assertLast(
        message(
            1,
            """
            date:Sun, 06 Nov 1994 08:49:37 GMT
            mn-rand:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
            status-code:501


            """),
        exchange.onOctets(
            buffer(
                message(
                    1, "mn-id:vm1\nmn-rand:" + MN_RAND + "\nauth-method:psk,eap\n\n\n"))));
  }

  @ParameterizedTest
  @CsvSource({
    "mn-rand:00, mn-rand:01",
    "hac-rand:20, hac-rand:21",
    "hac-rand:, x:",
    "mip6-sas:1, mip6-sas:2",
    "mip6-sas:1, mip6-sas:O",
    "mip6-sas:1, x:1",
    "'mip6-suitelist:{13,02}', mip6-suitelist:13",
    "mip6-suitelist, x",
    "2000:0:0:0:0:10, 2000::11",
    "2000:0:0:0:0:10, 2000::10%eth0",
    "2001:db8:2000:0:0:0:0:10, fe80::10",
    "mip6-coa:2001:db8:1000, mip6-coa:fe80:0:0",
    "mip6-coa, mip6-sas",
    "mip6-ip6-hoa, x"
  })
  void rfc6618_s5_8_aSecondRequestIsConsistent(String from, String to) {
    exchange.onOctets(buffer(INIT_REQUEST));
    String text = DONE_REQUEST_TEXT.replace(from, to);
    assertLast(
        message(2, BAD_SECOND_REQUEST), exchange.onOctets(buffer(message(2, text))));
  }

  @Test
  void rfc6618_s5_6_5_withoutASuiteInCommonTheAnswerIs501() {
    exchange.onOctets(buffer(INIT_REQUEST));
    String text = DONE_REQUEST_TEXT.replace("{13,02},{13,01}", "{00,2F},{00,3C}");
    assertLast(
        message(2, BAD_SECOND_REQUEST.replace("400", "501")),
        exchange.onOctets(buffer(message(2, text))));
  }

  @Test
  void aRequestWithoutCareOfAddressForOneHomeAddress() {
    exchange.onOctets(buffer(INIT_REQUEST));
    String text =
        DONE_REQUEST_TEXT
            .replace("mip6-coa:2001:db8:1000:0:0:0:0:a\n", "")
            .replace("mip6-ip6-hoa:2001:db8:2000:0:0:0:0:11\n", "")
            .replace("mip6-sas:1", "mip6-sas:0");
    Step.Decide decide =
        assertInstanceOf(Step.Decide.class, exchange.onOctets(buffer(message(2, text))));
    assertEquals(
        new ProvisioningRequest(
            "vm1@hv-a.example", HOMES.subList(0, 1), null, false, REQUEST.suites()),
        decide.request());
  }

  @Test
  void thirtyTwoHomeAddressesAtMost() {
    StringBuilder homes = new StringBuilder();
    for (int i = 0; i < 30; i++) {
      homes.append("mip6-ip6-hoa:2001:db8:2000::").append(i + 100).append('\n');
    }
    String text = homes + DONE_REQUEST_TEXT;
    ControllerExchange taking = controller();
    taking.onOctets(buffer(INIT_REQUEST));
    assertInstanceOf(Step.Decide.class, taking.onOctets(buffer(message(2, text))));
    exchange.onOctets(buffer(INIT_REQUEST));
    assertLast(
        message(2, BAD_SECOND_REQUEST),
        exchange.onOctets(buffer(message(2, "mip6-ip6-hoa:2001:db8:2000::1\n" + text))));
  }

  @Test
  void rfc6618_s5_5_6_aRefusalSaysWhenToAskAgain() {
    decide();
    byte[] answer =
        exchange.answer(
            new ControllerDecision.Refused(StatusCode.SERVICE_UNAVAILABLE, "too many", 30));
    assertArrayEquals(REFUSED, answer);
    assertFalse(text(answer).contains("too many"), "the reason is for the controller's log");
  }

  @Test
  void aRefusalForGoodSaysNoDate() {
    decide();
    byte[] answer =
        exchange.answer(new ControllerDecision.Refused(StatusCode.UNAUTHORIZED, "not its VM", 0));
    assertArrayEquals(message(2, BAD_SECOND_REQUEST.replace("400", "401")), answer);
  }

  @Test
  void keysThatEndedAfterTheDecisionAreNotHandedOut() {
    decide();
    Grant grant = grant();
    grant.destroy();
    assertArrayEquals(
        message(2, BAD_SECOND_REQUEST.replace("400", "503")),
        exchange.answer(new ControllerDecision.Granted(grant)));
    assertEquals("the keys have ended meanwhile", exchange.problem());
  }

  @Test
  void noDecisionIsTakenThatWasNotAskedFor() {
    ControllerDecision decision = new ControllerDecision.Granted(grant());
    assertThrows(IllegalStateException.class, () -> exchange.answer(decision));
    decide();
    exchange.answer(decision);
    assertThrows(IllegalStateException.class, () -> exchange.answer(decision));
  }

  @Test
  void noKeyIsInAnyText() {
    String everything =
        decide().toString()
            + new ControllerDecision.Granted(grant())
            + new Step.Send(exchange.answer(new ControllerDecision.Granted(grant())), true)
            + exchange;
    assertFalse(everything.contains(TO_HOME_AGENT.substring(0, 8)), everything);
    assertFalse(everything.contains(TO_MOBILE_NODE.substring(0, 8)), everything);
  }
}
