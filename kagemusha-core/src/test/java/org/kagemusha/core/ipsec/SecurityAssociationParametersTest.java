package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.ipsec.EspSamples.counting;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecurityAssociationParametersTest {

  @ParameterizedTest
  @CsvSource({
    "255, aes-cbc-128, hmac-sha1-96, 16, 20, 64, 'SPI 255 is reserved, use 256 to 4294967295'",
    "0, aes-cbc-128, hmac-sha1-96, 16, 20, 64, 'SPI 0 is reserved, use 256 to 4294967295'",
    "256, aes-cbc-128, none, 16, 0, 64,"
        + " 'aes-cbc-128 needs an integrity algorithm, such as hmac-sha2-256-128'",
    "256, null, none, 0, 0, 64,"
        + " 'null needs an integrity algorithm, such as hmac-sha2-256-128'",
    "256, aes-gcm-128, hmac-sha1-96, 20, 20, 64,"
        + " 'aes-gcm-128 authenticates by itself, use integrity none instead of hmac-sha1-96'",
    "256, aes-cbc-256, hmac-sha1-96, 16, 20, 64,"
        + " 'aes-cbc-256 takes a key of 32 octets, not 16'",
    "256, aes-cbc-128, hmac-sha2-256-128, 16, 20, 64,"
        + " 'hmac-sha2-256-128 takes a key of 32 octets, not 20'",
    "256, aes-gcm-256, none, 32, 0, 64, 'aes-gcm-256 takes a key of 36 octets, not 32'",
    "256, aes-cbc-128, hmac-sha1-96, 16, 20, 32,"
        + " 'replay window 32 is not a multiple of 64 from 64 to 4096'",
    "256, aes-cbc-128, hmac-sha1-96, 16, 20, 100,"
        + " 'replay window 100 is not a multiple of 64 from 64 to 4096'",
    "256, aes-cbc-128, hmac-sha1-96, 16, 20, 4160,"
        + " 'replay window 4160 is not a multiple of 64 from 64 to 4096'"
  })
  void rfc8221_s4_saysWhatIsWrong(
      int spi, String cipher, String mac, int key, int macKey, int window, String message) {
    EncryptionAlgorithm encryption = EncryptionAlgorithm.named(cipher).orElseThrow();
    IntegrityAlgorithm integrity = IntegrityAlgorithm.named(mac).orElseThrow();
    IllegalArgumentException wrong =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new SecurityAssociationParameters(
                    spi, encryption, integrity, new byte[key], new byte[macKey], false, window));
    assertEquals(message, wrong.getMessage());
  }

  @Test
  void rfc4303_s2_1_theSpiIsUnsigned() {
    SecurityAssociationParameters parameters = parameters(0xffff_ffff);
    assertTrue(parameters.toString().contains("0xffffffff"), parameters.toString());
  }

  @Test
  void keysAreCopiedErasableAndNeverPrinted() {
    byte[] key = counting(0x61, 16);
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            0x3e8,
            EncryptionAlgorithm.AES_CBC_128,
            IntegrityAlgorithm.HMAC_SHA1_96,
            key,
            counting(0x71, 20),
            false,
            64);
    key[0] = 0;
    assertArrayEquals(counting(0x61, 16), parameters.encryptionKey());
    parameters.encryptionKey()[1] = 0;
    assertArrayEquals(counting(0x61, 16), parameters.encryptionKey());
    assertEquals(
        "spi=0x3e8 encryption=aes-cbc-128 integrity=hmac-sha1-96 esn=false window=64",
        parameters.toString());
    parameters.destroy();
    assertArrayEquals(new byte[16], parameters.encryptionKey());
    assertArrayEquals(new byte[20], parameters.integrityKey());
  }

  @Test
  void equalOnlyToItself() {
    SecurityAssociationParameters parameters = parameters(256);
    assertEquals(parameters, parameters);
    assertEquals(parameters.hashCode(), parameters.hashCode());
    assertFalse(parameters.equals(parameters(256)));
  }

  @Test
  void rfc8221_s3_onlyCombinedModeAlgorithmsForbidStaticKeys() {
    for (EncryptionAlgorithm algorithm : EncryptionAlgorithm.values()) {
      assertEquals(!algorithm.combinedMode(), algorithm.staticKeysAllowed());
      assertEquals(
          Optional.of(algorithm), EncryptionAlgorithm.named(algorithm.configurationName()));
    }
    for (IntegrityAlgorithm algorithm : IntegrityAlgorithm.values()) {
      assertEquals(
          Optional.of(algorithm), IntegrityAlgorithm.named(algorithm.configurationName()));
    }
    assertEquals(Optional.empty(), EncryptionAlgorithm.named("des"));
    assertEquals(Optional.empty(), IntegrityAlgorithm.named("md5"));
    assertEquals(20, EncryptionAlgorithm.AES_GCM_16_128.keyOctets());
    assertEquals(4, EncryptionAlgorithm.AES_GCM_16_128.saltOctets());
    assertEquals(36, EncryptionAlgorithm.CHACHA20_POLY1305.keyOctets());
  }

  @Test
  void rfc4303_s2_theTransformHasTheSizesOfItsAlgorithms() {
    for (EspSamples.Suite suite : EspSamples.suites()) {
      SecurityAssociationParameters parameters = suite.parameters(256, false, 64);
      int icv = Math.max(suite.encryption().icvOctets(), suite.integrity().icvOctets());
      assertEquals(suite.encryption().ivOctets(), parameters.transform().ivOctets());
      assertEquals(icv, parameters.transform().icvOctets());
      assertEquals(suite.encryption().blockOctets(), parameters.transform().alignment());
    }
  }

  private static SecurityAssociationParameters parameters(int spi) {
    return new EspSamples.Suite(EncryptionAlgorithm.NULL, IntegrityAlgorithm.HMAC_SHA1_96)
        .parameters(spi, false, 64);
  }
}
