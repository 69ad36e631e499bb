package org.kagemusha.daemon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;

/** The names are those that Wireshark has in its list, letter by letter. */
class EspKeyTableTest {

  @ParameterizedTest
  @CsvSource({
    "NULL, HMAC_SHA1_96, NULL, , HMAC-SHA-1-96 [RFC2404], 0xff00",
    "AES_CBC_128, HMAC_SHA1_96, AES-CBC [RFC3602], 0x0102, HMAC-SHA-1-96 [RFC2404], 0xff00",
    "AES_CBC_256, HMAC_SHA2_256_128, AES-CBC [RFC3602], 0x0102, HMAC-SHA-256-128 [RFC4868], 0xff00",
    "AES_GCM_16_128, NONE, AES-GCM with 16 octet ICV [RFC4106], 0x0102, NULL, ",
    "AES_GCM_16_256, NONE, AES-GCM with 16 octet ICV [RFC4106], 0x0102, NULL, "
  })
  void aLineForEachAlgorithm(
      EncryptionAlgorithm encryption, IntegrityAlgorithm integrity, String cipher, String key,
      String authenticator, String authenticationKey) {
    String line =
        EspKeyTable.line(
            "2001:db8::1", "*", 0xf000_0001, encryption, octets(key, 1, 2), integrity,
            octets(authenticationKey, 0xff, 0));
    assertEquals(
        String.format(
            "\"IPv6\",\"2001:db8::1\",\"*\",\"0xf0000001\",\"%s\",\"%s\",\"%s\",\"%s\"%n",
            cipher, orEmpty(key), authenticator, orEmpty(authenticationKey)),
        line);
  }

  private static byte[] octets(String text, int first, int second) {
    return text == null ? new byte[0] : new byte[] {(byte) first, (byte) second};
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
