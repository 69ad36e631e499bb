package org.kagemusha.core.provisioning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.provisioning.ExchangeFixture.bytes;
import static org.kagemusha.core.provisioning.ExchangeFixture.content;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

class TvReaderTest {

  private static TvReader reader(String text) {
    return new TvReader(content(text));
  }

  private static TvReader raw(String text) {
    return new TvReader(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** One header, read without a problem so far. */
  private static TvReader one(TvHeader header, String value) {
    TvReader reader = reader(header.text() + ":" + value + "\n\n\n");
    assertNull(reader.problem());
    return reader;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mn-id:vm1\r\n\r\n",
        "mn-id:vm1\r\n\r\n\r\n",
        "MN-ID:vm1\r\n\r\n\r\n",
        "Mn-Id \t:\t vm1 \t\r\n\r\n\r\n",
        "X-Other:1\r\nmn-id:vm1\r\nX-Other:2\r\nx!#$%&'*+-.^_`|~9:\r\n\r\n\r\n",
        "other:\u00e9\r\nmn-id:vm1\r\n\r\n\r\n"
      })
  void rfc6618_s5_2_headersAreThoseOfHttp(String content) {
    TvReader reader = raw(content);
    assertEquals("vm1", reader.text(TvHeader.MN_ID));
    assertNull(reader.problem());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "\r",
        "mn-id",
        "mn-id:vm1",
        "mn-id:vm1\r\n",
        "mn-id:vm1\r\n\r",
        "mn-id:vm1\r\n\r\n\r",
        "mn-id:vm1\r\n\r\n\r\n\r\n",
        "mn-id:vm1\r\n\r\nx",
        "mn-id:vm1\r\n\r\nx:1\r\n\r\n",
        "mn-id:vm1\n\n\n",
        "mn-id:vm1\nx:1\r\n\r\n\r\n",
        "mn-id:vm1\rx:1\r\n\r\n\r\n",
        "mn-id:\0vm1\r\n\r\n\r\n",
        "x:\u007f\r\nmn-id:vm1\r\n\r\n\r\n",
        "mn-id:vm\r\n 1\r\n\r\n\r\n",
        " mn-id:vm1\r\n\r\n\r\n",
        "mn id:vm1\r\nmn-id:vm1\r\n\r\n\r\n",
        ":vm1\r\nmn-id:vm1\r\n\r\n\r\n",
        "\u00e9:1\r\nmn-id:vm1\r\n\r\n\r\n",
        "mn-id:vm1\r\nMN-ID:vm1\r\n\r\n\r\n",
        "mn-id:vm1\r\nvm2\r\n\r\n\r\n"
      })
  void whatIsNotMadeOfHeadersIsRefused(String content) {
    TvReader reader = raw(content);
    assertEquals("", reader.text(TvHeader.MN_ID));
    assertFalse(reader.problem().isEmpty());
  }

  @Test
  void rfc6618_s5_5_7_onlyTheEndOfTheMessageIsNoMessage() {
    for (String content : List.of("\r\n", "\r\n\r\n")) {
      TvReader reader = raw(content);
      assertNull(reader.problem());
      assertFalse(reader.has(TvHeader.MN_ID));
      assertEquals("", reader.text(TvHeader.MN_ID));
      assertEquals("mn-id is missing", reader.problem());
    }
  }

  @Test
  void everyHeaderButTheHomeAddressStandsOnce() {
    for (TvHeader header : TvHeader.values()) {
      TvReader reader = reader((header.text() + ":1\n").repeat(2) + "\n\n");
      assertEquals(
          header == TvHeader.IP6_HOA ? null : header.text() + " stands twice", reader.problem());
    }
  }

  @Test
  void headersAndLinesAreBounded() {
    assertNull(reader("x:1\n".repeat(64) + "\n\n").problem());
    assertEquals("more than 64 headers", reader("x:1\n".repeat(65) + "\n\n").problem());
    assertNull(reader("x:" + "1".repeat(1022) + "\n\n\n").problem());
    assertEquals(
        "line 1 is longer than 1024 octets or has no end",
        reader("x:" + "1".repeat(1023) + "\n\n\n").problem());
  }

  @ParameterizedTest
  @CsvSource({
    "256, 256",
    "000256, 256",
    "268435455, 268435455",
    "255, 0",
    "268435456, 0",
    "9223372036854775808, 0",
    "18446744073709551872, 0",
    "-256, 0",
    "+256, 0",
    "0x100, 0",
    "256.0, 0",
    "2 56, 0",
    "'', 0"
  })
  void rfc6618_s5_6_1_numbersAreDigitsInTheirRange(String value, long expected) {
    TvReader reader = one(TvHeader.SPI, value);
    assertEquals(expected, reader.number(TvHeader.SPI, 256, 268_435_455));
    assertEquals(
        expected == 0 ? "mip6-spi is not a number from 256 to 268435455" : null,
        reader.problem());
  }

  @Test
  void theLargestLongIsRead() {
    assertEquals(
        Long.MAX_VALUE,
        one(TvHeader.SA_OCTETS, "9223372036854775807")
            .number(TvHeader.SA_OCTETS, 1, Long.MAX_VALUE));
  }

  @Test
  void rfc6618_s5_6_2_octetsAreHexadecimalInEitherCase() {
    byte[] expected = bytes("00ff7f80abcdef");
    assertArrayEquals(
        expected, one(TvHeader.MN_RAND, "00fF7f80AbCdEf").octets(TvHeader.MN_RAND, 7));
    for (String wrong : List.of("", "0", "00ff7f80abcde", "00ff7f80abcdef00", "00ff7f80abcdeg")) {
      TvReader reader = one(TvHeader.MN_RAND, wrong);
      assertEquals(0, reader.octets(TvHeader.MN_RAND, 7).length);
      assertEquals("mn-rand is not 7 octets in hexadecimal", reader.problem());
    }
  }

  @Test
  void rfc6618_s5_6_3_datesAreThoseOfRfc1123() {
    assertEquals(
        784_111_777, one(TvHeader.DATE, "Sun, 06 Nov 1994 08:49:37 GMT").date(TvHeader.DATE));
    for (String wrong : List.of("", "784111777", "Sun, 06 Nov 1994 08:49:37 \u00e9MT")) {
      TvReader reader = one(TvHeader.DATE, wrong);
      assertEquals(0, reader.date(TvHeader.DATE));
      assertTrue(reader.problem().startsWith("date is "), reader.problem());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2001:db8:2000:0:0:0:0:10",
        "2001:0DB8:2000:0000:0000:0000:0000:0010",
        "2001:db8:2000::10",
        "2001:db8:2000::0.0.0.16"
      })
  void rfc6618_s5_7_anyTextOfAnAddressIsRead(String text) {
    TvReader reader = one(TvHeader.HAA_IP6, text);
    assertEquals(Ipv6Address.parse("2001:db8:2000::10"), reader.address(TvHeader.HAA_IP6));
    assertNull(reader.problem());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "::", "::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1", "192.0.2.1", "2001:db8::1%eth0",
        "[2001:db8::1]", "2001:db8:1", "2001:db8::1/64", "ha.example", "2001:db8::g"
      })
  void whatIsNoEndpointBeyondALinkIsRefused(String text) {
    TvReader reader = one(TvHeader.COA, text);
    assertEquals(Ipv6Address.UNSPECIFIED, reader.address(TvHeader.COA));
    assertTrue(reader.problem().startsWith("mip6-coa is "), reader.problem());
    assertTrue(text.isEmpty() || !reader.problem().contains(text), "no echo in a log");
  }

  @Test
  void rfc6618_s5_7_3_prefixes() {
    assertEquals(
        Ipv6Prefix.parse("2001:db8:2000::/64"),
        one(TvHeader.IP6_HNP, "2001:db8:2000:0:0:0:0:0/64").prefix(TvHeader.IP6_HNP));
    for (String wrong : List.of("2001:db8::1/64", "2001:db8::/129", "2001:db8::", "/", "::/x")) {
      TvReader reader = one(TvHeader.IP6_HNP, wrong);
      reader.prefix(TvHeader.IP6_HNP);
      assertEquals("mip6-ip6-hnp is not an IPv6 prefix", reader.problem());
    }
  }

  @Test
  void rfc6618_s5_7_3_severalHomeAddresses() {
    TvReader reader =
        reader("mip6-ip6-hoa:2001:db8::2\nx:1\nmip6-ip6-hoa:2001:db8::1\n\n\n");
    assertEquals(
        List.of(Ipv6Address.parse("2001:db8::2"), Ipv6Address.parse("2001:db8::1")),
        reader.addresses(TvHeader.IP6_HOA));
    assertNull(reader.problem());

    TvReader twice = reader("mip6-ip6-hoa:2001:db8::2\nmip6-ip6-hoa:2001:DB8:0::2\n\n\n");
    twice.addresses(TvHeader.IP6_HOA);
    assertEquals("mip6-ip6-hoa says the same twice", twice.problem());

    TvReader none = reader("x:1\n\n\n");
    assertEquals(List.of(), none.addresses(TvHeader.IP6_HOA));
    assertEquals("mip6-ip6-hoa is missing", none.problem());
  }

  @Test
  void rfc6618_s5_6_5_suitesInTheirOrder() {
    assertEquals(
        List.of(Ciphersuite.CHACHA20_POLY1305, Ciphersuite.AES_128_GCM),
        one(TvHeader.SUITELIST, "{00,3C},{13,03} , { 13 , 01 },{13,03},{ff,Ff}")
            .suites(TvHeader.SUITELIST, Integer.MAX_VALUE));
    TvReader unknown = one(TvHeader.SUITELIST, "{00,02}");
    assertEquals(List.of(), unknown.suites(TvHeader.SUITELIST, Integer.MAX_VALUE));
    assertNull(unknown.problem());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "13,01", "{13,01", "{13,01}}", "{13,01},", ",{13,01}", "{13,01}{13,02}", "{13,1}",
        "{13 01}", "{1 3,01}", "{13,01};", "{13,0g}", "{1301}", "{", "{13"
      })
  void rfc6618_s5_6_5_whatIsNoListOfSuitesIsRefused(String value) {
    TvReader reader = one(TvHeader.SUITELIST, value);
    reader.suites(TvHeader.SUITELIST, Integer.MAX_VALUE);
    assertTrue(reader.problem().startsWith("mip6-suitelist is not of the form"), reader.problem());
  }

  @Test
  void rfc6618_s5_6_5_oneSuiteIsChosen() {
    assertEquals(
        List.of(Ciphersuite.AES_256_GCM),
        one(TvHeader.CIPHERSUITE, "{13,02}").suites(TvHeader.CIPHERSUITE, 1));
    TvReader two = one(TvHeader.CIPHERSUITE, "{13,02},{00,2F}");
    assertEquals(List.of(), two.suites(TvHeader.CIPHERSUITE, 1));
    assertEquals("mip6-ciphersuite is not of the form {13,01}", two.problem());
  }

  @Test
  void rfc6618_s5_5_2_methodsInAnyCase() {
    assertTrue(one(TvHeader.AUTH_METHOD, "psk, TLS").listed(TvHeader.AUTH_METHOD, "tls"));
    assertFalse(one(TvHeader.AUTH_METHOD, "psk,eap").listed(TvHeader.AUTH_METHOD, "tls"));
    assertFalse(one(TvHeader.AUTH_METHOD, "tls13").listed(TvHeader.AUTH_METHOD, "tls"));
  }

  @Test
  void theFirstProblemStaysAndNothingIsReadAfterIt() {
    TvReader reader = reader("mip6-sas:2\nmip6-spi:256\n\n\n");
    reader.number(TvHeader.SAS, 0, 1);
    assertEquals(0, reader.number(TvHeader.SPI, 256, 300));
    assertEquals("", reader.text(TvHeader.MN_ID));
    assertEquals("mip6-sas is not a number from 0 to 1", reader.problem());
  }
}
