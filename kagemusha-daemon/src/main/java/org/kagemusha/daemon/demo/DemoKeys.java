package org.kagemusha.daemon.demo;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Static keys of one association pair, as they stand in the files of both ends. */
final class DemoKeys {

  private final int spi;
  private final String integrityAlgorithm;
  private final String[] encryption;
  private final String[] integrity;

  DemoKeys(int spi) {
    this(
        spi, "hmac-sha2-256-128", new String[] {random(16), random(16)},
        new String[] {random(32), random(32)});
  }

  private DemoKeys(int spi, String integrityAlgorithm, String[] encryption, String[] integrity) {
    this.spi = spi;
    this.integrityAlgorithm = integrityAlgorithm;
    this.encryption = encryption;
    this.integrity = integrity;
  }

  static DemoKeys captured(int spi) {
    return new DemoKeys(
        spi, "hmac-sha1-96",
        new String[] {"101112131415161718191a1b1c1d1e1f", "303132333435363738393a3b3c3d3e3f"},
        new String[] {
          "000102030405060708090a0b0c0d0e0f10111213", "202122232425262728292a2b2c2d2e2f30313233"
        });
  }

  String text(String table, String purpose, boolean mobileNode) {
    int out = mobileNode ? 0 : 1;
    return """

        %s
        purpose = "%s"
        spi-out = %d
        spi-in = %d
        encryption = "aes-cbc-128"
        integrity = "%s"
        encryption-key-out = "%s"
        integrity-key-out = "%s"
        encryption-key-in = "%s"
        integrity-key-in = "%s"
        """
        .formatted(
            table, purpose, spi + out, spi + 1 - out, integrityAlgorithm, encryption[out],
            integrity[out], encryption[1 - out], integrity[1 - out]);
  }

  private static String random(int octets) {
    byte[] key = new byte[octets];
    new SecureRandom().nextBytes(key);
    return HexFormat.of().formatHex(key);
  }
}
