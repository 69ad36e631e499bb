package org.kagemusha.daemon.observe;

import java.util.HexFormat;
import java.util.Locale;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;

/**
 * Lines of the table from which Wireshark takes keys to decrypt ESP: the file {@code esp_sa} of its
 * profile, or {@code -o uat:esp_sa:LINE}.
 */
public final class EspKeyTable {

  private static final HexFormat HEX = HexFormat.of();

  private EspKeyTable() {}

  /**
   * One direction of an association.
   *
   * @param source the outer source address, or {@code *}
   * @param destination the outer destination address, or {@code *}
   * @param spi unsigned
   * @param encryptionKey with its salt behind it
   * @param integrityKey empty for combined-mode algorithms
   * @return the line with its line feed; a comment for an algorithm that Wireshark does not know
   */
  public static String line(
      String source,
      String destination,
      int spi,
      EncryptionAlgorithm encryption,
      byte[] encryptionKey,
      IntegrityAlgorithm integrity,
      byte[] integrityKey) {
    String cipher = nameOf(encryption);
    if (cipher == null) {
      return String.format(
          Locale.ROOT, "# SPI 0x%08x: Wireshark cannot decrypt %s%n", spi,
          encryption.configurationName());
    }
    return String.format(
        Locale.ROOT,
        "\"IPv6\",\"%s\",\"%s\",\"0x%08x\",\"%s\",\"%s\",\"%s\",\"%s\"%n",
        source, destination, spi, cipher, hex(encryptionKey), nameOf(integrity),
        hex(integrityKey));
  }

  private static String nameOf(EncryptionAlgorithm encryption) {
    return switch (encryption) {
      case NULL -> "NULL";
      case AES_CBC_128, AES_CBC_256 -> "AES-CBC [RFC3602]";
      case AES_GCM_16_128, AES_GCM_16_256 -> "AES-GCM with 16 octet ICV [RFC4106]";
      case CHACHA20_POLY1305 -> null;
    };
  }

  private static String nameOf(IntegrityAlgorithm integrity) {
    return switch (integrity) {
      case NONE -> "NULL";
      case HMAC_SHA1_96 -> "HMAC-SHA-1-96 [RFC2404]";
      case HMAC_SHA2_256_128 -> "HMAC-SHA-256-128 [RFC4868]";
    };
  }

  private static String hex(byte[] key) {
    return key.length == 0 ? "" : "0x" + HEX.formatHex(key);
  }
}
