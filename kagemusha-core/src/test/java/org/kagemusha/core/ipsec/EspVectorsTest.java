package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.ipsec.EspSamples.hex;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kagemusha.core.wire.PacketBuffer;

/** Packets that RFCs print. */
class EspVectorsTest {

  private static final int ICMP = 1;
  private static final int IPV4 = 4;

  @ParameterizedTest
  @CsvSource({
    // Case #5
    "90d382b410eeba7ad938c46cec1a82bf, 4321, 1, 1, e96e8c08ab465763fd098d45dd3ff893,"
        + "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
        + "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637,"
        + "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
        + "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
        + "a269add047ad2d5913ac19b7cfbad4a6",
    // Case #6
    "90d382b410eeba7ad938c46cec1a82bf, 4321, 8, 1, 69d08df7d203329db093fc4924e5bd80,"
        + "0800b5e8a80a0500a69c083d0b660e00777777777777777777777777,"
        + "f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75",
    // Case #7
    "0123456789abcdef0123456789abcdef, 8765, 2, 4, f4e765244f6407adf13dc1380f673f37,"
        + "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
        + "02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
        + "2425262728292a2b2c2d2e2f3031323334353637,"
        + "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8"
        + "e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5"
        + "c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
    // Case #8
    "0123456789abcdef0123456789abcdef, 8765, 5, 4, 85d47224b5f3dd5d2101d4ea8dffab22,"
        + "45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083d"
        + "a3de0300ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        + "ffffffff,"
        + "15b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb5"
        + "0f980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3"
        + "d2726d9b5ef6affc6d17a0decbb13892"
  })
  void rfc3602_s4_samplePackets(
      String key, String spi, int sequence, int next, String iv, String payload, String encrypted) {
    SecurityAssociationParameters parameters =
        new SecurityAssociationParameters(
            Integer.parseInt(spi, 16),
            EncryptionAlgorithm.AES_CBC_128,
            IntegrityAlgorithm.HMAC_SHA1_96,
            hex(key),
            new byte[20],
            false,
            64);
    PacketBuffer buffer = PacketBuffer.copyOf(hex(payload));
    assertNull(EspSamples.sealing(parameters, sequence, hex(iv)).seal(buffer, next));
    String header = String.format("0000%s%08x", spi, sequence);
    String sealed = hex(buffer.toBytes());
    assertEquals(header + iv + encrypted, sealed.substring(0, sealed.length() - 24));
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    assertNull(inbound.open(buffer));
    assertEquals(hex(hex(payload)), hex(buffer.toBytes()));
    assertEquals(next, inbound.nextHeader());
  }

  /** RFC 4106 §9 names McGrew's packets for AES-GCM ESP as its vectors; this is the 256-bit one. */
  @Test
  void rfc4106_s9_samplePacket() {
    SecurityAssociationParameters parameters =
        combined(
            0x4a2cbfe3,
            EncryptionAlgorithm.AES_GCM_16_256,
            "abbccddef00112233445566778899aababbccddef00112233445566778899aab" + "11223344");
    opens(
        parameters,
        "4a2cbfe300000002" + "0102030405060708"
            + "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
            + "748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c49"
            + "15956c96",
        "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
            + "7002400020bf0000020405b401010402",
        ICMP);
  }

  @Test
  void rfc7634_appendixA_samplePacket() {
    SecurityAssociationParameters parameters =
        combined(
            0x01020304,
            EncryptionAlgorithm.CHACHA20_POLY1305,
            "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f" + "a0a1a2a3");
    opens(
        parameters,
        "0102030400000005" + "1011121314151617"
            + "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
            + "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
            + "cbec163fac469b502773f6fb94e664da9165b82829f641e0"
            + "76aaa8266b7fb0f7b11b369907e1ad43",
        "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
            + "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
            + "2425262728292a2b2c2d2e2f3031323334353637",
        IPV4);
  }

  private static void opens(
      SecurityAssociationParameters parameters, String esp, String payload, int nextHeader) {
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    PacketBuffer buffer = PacketBuffer.copyOf(hex(esp));
    assertNull(inbound.open(buffer));
    assertEquals(payload, hex(buffer.toBytes()));
    assertEquals(nextHeader, inbound.nextHeader());
    assertTrue(inbound.highestSequence() > 0);
  }

  private static SecurityAssociationParameters combined(
      int spi, EncryptionAlgorithm encryption, String key) {
    return new SecurityAssociationParameters(
        spi, encryption, IntegrityAlgorithm.NONE, hex(key), null, false, 64);
  }
}
