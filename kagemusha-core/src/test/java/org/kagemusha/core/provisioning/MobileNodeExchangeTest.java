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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.provisioning.MobileNodeExchange.Step;
import org.kagemusha.core.wire.Ipv6Address;

class MobileNodeExchangeTest {

  private final MobileNodeExchange exchange = mobileNode();

  private static Step answered(byte[] response) {
    MobileNodeExchange second = mobileNode();
    second.start();
    assertInstanceOf(Step.Send.class, second.onOctets(buffer(INIT_RESPONSE)));
    return second.onOctets(buffer(response));
  }

  private static Step answered(String from, String to) {
    String text = GRANTED_TEXT.replace(from, to);
    assertFalse(text.equals(GRANTED_TEXT), from);
    return answered(message(2, text));
  }

  private static void assertUnusable(String problem, Step step) {
    Step.Failed failed = assertInstanceOf(Step.Failed.class, step);
    assertNull(failed.status());
    assertEquals(0, failed.retryAfterSeconds());
    assertEquals("the controller's response is not usable: " + problem, failed.reason());
  }

  @Test
  void rfc6618_s5_8_bothRequestsOctetForOctetAndTheGrant() {
    assertArrayEquals(INIT_REQUEST, exchange.start());
    Step.Send send = assertInstanceOf(Step.Send.class, exchange.onOctets(buffer(INIT_RESPONSE)));
    assertEquals(DONE_REQUEST_TEXT, text(send.octets()));
    assertArrayEquals(DONE_REQUEST, send.octets());
    ByteBuffer last = buffer(GRANTED);
    Grant grant = assertInstanceOf(Step.Granted.class, exchange.onOctets(last)).grant();
    assertFalse(last.hasRemaining());
    assertEquals(grant().toString(), grant.toString());
    assertArrayEquals(bytes(TO_HOME_AGENT), grant.keyToHomeAgent());
    assertArrayEquals(bytes(TO_MOBILE_NODE), grant.keyToMobileNode());
    assertInstanceOf(Step.More.class, exchange.onOctets(buffer(GRANTED)), "the session is over");
  }

  @Test
  void everyTruncationIsAwaited() {
    for (int length = 0; length < INIT_RESPONSE.length; length++) {
      MobileNodeExchange first = mobileNode();
      first.start();
      assertInstanceOf(Step.More.class, first.onOctets(ByteBuffer.wrap(INIT_RESPONSE, 0, length)));
    }
    exchange.start();
    exchange.onOctets(buffer(INIT_RESPONSE));
    for (int i = 0; i < GRANTED.length - 1; i++) {
      assertInstanceOf(Step.More.class, exchange.onOctets(ByteBuffer.wrap(GRANTED, i, 1)));
    }
    assertInstanceOf(
        Step.Granted.class,
        exchange.onOctets(ByteBuffer.wrap(GRANTED, GRANTED.length - 1, 1)));
  }

  @Test
  void everyTruncationWithItsOwnLengthIsRefused() {
    // One line's end less is the end of the message as well.
    for (int length = 1; length < GRANTED_TEXT.length() - 1; length++) {
      assertInstanceOf(
          Step.Failed.class, answered(message(2, GRANTED_TEXT.substring(0, length))));
    }
  }

  @Test
  void everyHeaderOfAGrantIsNeededButThePort() {
    String[] lines = GRANTED_TEXT.strip().split("\n");
    for (String line : lines) {
      boolean spare = line.startsWith("mip6-port") || line.startsWith("mip6-ip6-hoa");
      Step step = answered(line + "\n", "");
      assertEquals(spare, step instanceof Step.Granted, line);
    }
    for (String line : lines) {
      if (!line.startsWith("mip6-ip6-hoa")) {
        String name = line.substring(0, line.indexOf(':'));
        assertUnusable(name + " stands twice", answered(line, line + "\n" + line));
      }
    }
  }

  @Test
  void rfc6618_s5_7_2_withoutAPortThereIsNoEncapsulation() {
    assertEquals(
        0,
        assertInstanceOf(Step.Granted.class, answered("mip6-port:4500\n", ""))
            .grant()
            .encapsulationPort());
    assertEquals(
        0,
        assertInstanceOf(Step.Granted.class, answered("mip6-port:4500", "mip6-port:0"))
            .grant()
            .encapsulationPort());
  }

  @Test
  void rfc6618_s5_6_4_theControllerMandatesTheScope() {
    assertFalse(
        assertInstanceOf(Step.Granted.class, answered("mip6-sas:1", "mip6-sas:0"))
            .grant()
            .payloadProtected());
  }

  @Test
  void fewerHomeAddressesThanAskedForAreTaken() {
    assertEquals(
        HOMES.subList(1, 2),
        assertInstanceOf(
                Step.Granted.class, answered("mip6-ip6-hoa:2001:db8:2000:0:0:0:0:10\n", ""))
            .grant()
            .homeAddresses());
  }

  @ParameterizedTest
  @CsvSource({
    "'{13,02}', '{13,03}', mip6-ciphersuite was not proposed",
    "'{13,02}', '{00,2F}', mip6-ciphersuite was not proposed",
    "'{13,02}', '{13,02},{13,01}', 'mip6-ciphersuite is not of the form {13,01}'",
    "'{13,02}', '13', 'mip6-ciphersuite is not of the form {13,01}'",
    "'{13,02}', '{13,01}', mip6-mn-to-ha-ekey is not 20 octets in hexadecimal",
    "ekey:40, ekey:, mip6-mn-to-ha-ekey is not 36 octets in hexadecimal",
    "ekey:80, ekey:8g, mip6-ha-to-mn-ekey is not 36 octets in hexadecimal",
    "spi:19088743, spi:255, mip6-spi is not a number from 256 to 268435455",
    "spi:19088743, spi:268435456, mip6-spi is not a number from 256 to 268435455",
    "spi:19088743, spi:4294967552, mip6-spi is not a number from 256 to 268435455",
    "hoa:2001:db8:2000:0:0:0:0:11, hoa:2001:db8:2000::12, mip6-ip6-hoa was not asked for",
    "hoa:2001:db8:2000:0:0:0:0:11, hoa:2001:db8:2000::10, mip6-ip6-hoa says the same twice",
    "09:49:37, 08:49:37, mip6-sa-validity-end is not after date",
    "09:49:37, 08:49:36, mip6-sa-validity-end is not after date",
    "packets:4294967296, packets:0, "
        + "mip6-sa-packets is not a number from 1 to 9223372036854775807",
    "octets:68719476736, octets:-1, "
        + "mip6-sa-octets is not a number from 1 to 9223372036854775807",
    "port:4500, port:65536, mip6-port is not a number from 0 to 65535",
    "sas:1, sas:2, mip6-sas is not a number from 0 to 1",
    "haa-ip6:2001:db8:2000:0, haa-ip6:fe80:0:0:0, mip6-haa-ip6 is not a routable IPv6 address",
    "0/64, 1/64, mip6-ip6-hnp is not an IPv6 prefix",
    "mn-rand:00, mn-rand:01, mn-rand is not that of this session",
    "hac-rand:20, hac-rand:21, hac-rand is not that of this session",
    "status-code:200, status-code:100, status code 100 has no meaning here",
    "status-code:200, status-code:1000, status-code is not a number from 0 to 999"
  })
  void aGrantThatCannotBeTakenFails(String from, String to, String problem) {
    assertUnusable(problem, answered(from, to));
  }

  @Test
  void oneKeyForBothDirectionsOrNoneIsRefused() {
    assertUnusable(
        "mip6-ha-to-mn-ekey is the key of the other direction",
        answered(TO_MOBILE_NODE, TO_HOME_AGENT));
    assertUnusable("mip6-mn-to-ha-ekey is blank", answered(TO_HOME_AGENT, "00".repeat(36)));
    assertUnusable("mip6-ha-to-mn-ekey is blank", answered(TO_MOBILE_NODE, "00".repeat(36)));
  }

  @Test
  void rfc6618_s5_6_3_theValidityIsADifferenceOfTheControllersDates() {
    Step shifted =
        answered(
            message(
                2,
                GRANTED_TEXT
                    .replace("Sun, 06 Nov 1994 08:49:37", "Thu, 31 Dec 2099 23:59:59")
                    .replace("Sun, 06 Nov 1994 09:49:37", "Fri, 01 Jan 2100 00:00:00")));
    assertEquals(
        1, assertInstanceOf(Step.Granted.class, shifted).grant().validitySeconds());
    Step forEver = answered("Sun, 06 Nov 1994 09:49:37", "Fri, 31 Dec 9999 23:59:59");
    assertEquals(
        7 * 24 * 3600, assertInstanceOf(Step.Granted.class, forEver).grant().validitySeconds());
  }

  @Test
  void rfc6618_s5_5_4_aRefusalIsTold() {
    assertEquals(
        new Step.Failed(
            StatusCode.SERVICE_UNAVAILABLE,
            "the controller answered 503 SERVICE_UNAVAILABLE",
            30),
        answered(REFUSED));
    for (StatusCode status : StatusCode.values()) {
      if (status != StatusCode.OK) {
        Step.Failed failed =
            assertInstanceOf(
                Step.Failed.class,
                answered(message(2, "status-code:" + status.code() + "\n\n\n")));
        assertEquals(status, failed.status());
        assertEquals(0, failed.retryAfterSeconds());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT', 0",
    "'Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:36 GMT', 0",
    "'Sun, 06 Nov 1994 08:49:37 GMT', 'Mon, 07 Nov 1994 08:49:37 GMT', 86400",
    "'Sun, 06 Nov 1994 08:49:37 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT', 2147483647",
    "'Sun, 06 Nov 1994 08:49:37 GMT', 30, 0",
    "soon, 'Sun, 06 Nov 1994 08:49:36 GMT', 0"
  })
  void rfc6618_s5_5_6_retryAfterCountsFromTheControllersDate(
      String date, String retry, int seconds) {
    Step step =
        answered(
            message(2, "date:" + date + "\nretry-after:" + retry + "\nstatus-code:503\n\n\n"));
    assertEquals(seconds, assertInstanceOf(Step.Failed.class, step).retryAfterSeconds());
  }

  @Test
  void aRefusalOfTheFirstRequestIsTold() {
    exchange.start();
    Step.Failed failed =
        assertInstanceOf(
            Step.Failed.class,
            exchange.onOctets(buffer(message(1, "status-code:501\n\n\n"))));
    assertEquals(StatusCode.NOT_IMPLEMENTED, failed.status());
    assertInstanceOf(Step.More.class, exchange.onOctets(buffer(GRANTED)));
  }

  @ParameterizedTest
  @CsvSource({
    "mn-rand:00, mn-rand:01, mn-rand is not that of this session",
    "mn-rand, x, mn-rand is missing",
    "hac-rand:20, hac-rand:, hac-rand is not 32 octets in hexadecimal",
    "hac-rand, x, hac-rand is missing",
    "tls, psk, auth-method is not tls",
    "tls, 'tls,psk', auth-method is not tls",
    "auth-method, x, auth-method is missing",
    "auth-method:tls, status-code:200, status code 200 has no meaning here",
    "auth-method:tls, status-code:none, status-code is not a number from 0 to 999"
  })
  void rfc6618_s5_8_aFirstResponseThatIsNotOursFails(String from, String to, String problem) {
    exchange.start();
    String text = text(INIT_RESPONSE).replace(from, to);
    assertUnusable(problem, exchange.onOctets(buffer(message(1, text))));
  }

  @ParameterizedTest
  @CsvSource({
    "200100ae, version 1 instead of 0",
    "010100ae, reserved bits are set",
    "000200ae, identifier 2 instead of 1",
    "000000ae, identifier 0 instead of 1",
    "00010000, no content",
    "0001ffff, 65535 octets of content are more than 16384"
  })
  void rfc6618_s5_1_aWrongContainerFails(String header, String problem) {
    exchange.start();
    assertUnusable(problem, exchange.onOctets(buffer(bytes(header))));
  }

  @Test
  void rfc6618_s5_3_aResponseWithoutARequestFails() {
    assertUnusable(
        "a response without a request", exchange.onOctets(buffer(INIT_RESPONSE)));
    MobileNodeExchange eager = mobileNode();
    eager.start();
    assertUnusable(
        "more than one response at a time", eager.onOctets(buffer(INIT_RESPONSE, GRANTED)));
  }

  @Test
  void aSessionThatEndedEarlyReadsNothingMore() {
    exchange.start();
    exchange.onOctets(buffer(INIT_RESPONSE));
    exchange.onOctets(ByteBuffer.wrap(GRANTED, 0, 300));
    exchange.destroy();
    assertInstanceOf(
        Step.More.class, exchange.onOctets(ByteBuffer.wrap(GRANTED, 300, GRANTED.length - 300)));
  }

  @Test
  void aSessionBeginsOnce() {
    exchange.start();
    assertThrows(IllegalStateException.class, exchange::start);
  }

  @Test
  void requestsThatCannotBeSaidAreProgrammingErrors() {
    List<Ipv6Address> many = new ArrayList<>();
    for (int i = 1; i <= 33; i++) {
      many.add(new Ipv6Address(HOMES.get(0).high(), i));
    }
    Ipv6Address linkLocal = Ipv6Address.parse("fe80::1");
    for (ProvisioningRequest request :
        List.of(
            new ProvisioningRequest("", HOMES, null, true, REQUEST.suites()),
            new ProvisioningRequest("vm 1", HOMES, null, true, REQUEST.suites()),
            new ProvisioningRequest("vm\r\n1", HOMES, null, true, REQUEST.suites()),
            new ProvisioningRequest("x".repeat(254), HOMES, null, true, REQUEST.suites()),
            new ProvisioningRequest("vm1", List.of(), null, true, REQUEST.suites()),
            new ProvisioningRequest("vm1", many, null, true, REQUEST.suites()),
            new ProvisioningRequest(
                "vm1", List.of(HOMES.get(0), HOMES.get(0)), null, true, REQUEST.suites()),
            new ProvisioningRequest("vm1", List.of(linkLocal), null, true, REQUEST.suites()),
            new ProvisioningRequest("vm1", HOMES, linkLocal, true, REQUEST.suites()),
            new ProvisioningRequest("vm1", HOMES, null, true, List.of()))) {
      assertThrows(
          IllegalArgumentException.class, () -> new MobileNodeExchange(request, counting(0)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {TO_HOME_AGENT, TO_MOBILE_NODE})
  void noKeyIsInAnyText(String key) {
    String everything =
        answered(GRANTED)
            + " "
            + answered(key, key + "00")
            + answered(key, key.replace("4", "g").replace("8", "g"))
            + exchange;
    assertFalse(everything.contains(key.substring(8, 16)), everything);
    assertTrue(everything.contains("spi=0x1234567"), everything);
  }
}
