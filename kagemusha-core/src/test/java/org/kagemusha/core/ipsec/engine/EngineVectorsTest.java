package org.kagemusha.core.ipsec.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import javax.crypto.Cipher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.kagemusha.core.LogLines;
import org.kagemusha.core.wire.PacketBuffer;

class EngineVectorsTest {

  private static final HexFormat HEX = HexFormat.of();

  @ParameterizedTest
  @EnumSource(EspTransform.class)
  void everyEngineGivesTheKnownAnswers(EspTransform transform) {
    for (CipherEngine engine : List.of(new JdkCipherEngine(), new BouncyCastleCipherEngine())) {
      if (engine.supports(transform)) {
        assertTrue(KnownAnswers.passes(engine, transform), engine.name());
      }
    }
  }

  @Test
  void anEngineThatFailsItsSelfTestIsPassedOver() {
    CipherEngine honest = new JdkCipherEngine();
    CipherEngine wrong = new WrongEngine(honest);
    EspTransform transform = EspTransform.AES_GCM_16;
    assertFalse(KnownAnswers.passes(wrong, transform));
    try (LogLines log = new LogLines(CipherEngines.class)) {
      assertEquals(honest, new CipherEngines(List.of(wrong, honest)).engineFor(transform));
      assertEquals(
          List.of(
              "cipher engine fails self-test transform=" + transform + " engine=" + wrong.name()),
          log.warnings());
    }
    CipherEngines none = new CipherEngines(List.of(wrong));
    assertThrows(IllegalStateException.class, () -> none.engineFor(transform));
  }

  @ParameterizedTest
  @CsvSource({
    "06a9214036b8a15b512e03d534120006, 3dafba429d9eb430b422da802c9fac41,"
        + "53696e676c6520626c6f636b206d7367, e353779c1079aeb82708942dbe77181a",
    "c286696d887c9aa0611bbb3e2025a45a, 562e17996d093d28ddb3ba695a2e6f58,"
        + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,"
        + "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",
    "56e47a38c5598974bc46903dba290349, 8ce82eefbea0da3c44699ed7db51b7d9,"
        + "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
        + "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf,"
        + "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
        + "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55"
  })
  void rfc3602_s4_casesComeOutWhateverWasEncryptedBefore(
      String key, String iv, String plaintext, String ciphertext) {
    CbcChain encrypting = new CbcChain(Cipher.ENCRYPT_MODE, HEX.parseHex(key));
    CbcChain decrypting = new CbcChain(Cipher.DECRYPT_MODE, HEX.parseHex(key));
    int count = plaintext.length() / 2;
    for (int round = 0; round < 3; round++) {
      byte[] chained = Arrays.copyOf(HEX.parseHex(iv), 16 + count);
      encrypting.encrypt(HEX.parseHex(plaintext), count, chained, 16);
      assertEquals(iv + ciphertext, HEX.formatHex(chained));
      byte[] back = new byte[count];
      decrypting.decrypt(chained, 16, count, back);
      assertEquals(plaintext, HEX.formatHex(back));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, 4869205468657265,"
        + "198a607eb44bfbc69903a0f1cf2bbdc5",
    "4a6566654a6566654a6566654a6566654a6566654a6566654a6566654a656665,"
        + "7768617420646f2079612077616e7420666f72206e6f7468696e673f,"
        + "167f928588c5cc2eef8e3093caa0e87c",
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20,"
        + "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
        + "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd, 372efcf9b40b35c2115b1346903d2ef4"
  })
  void rfc4868_s2_7_2_1_authenticatorVectors(String key, String data, String icv) {
    assertIcv(new Hmac(Hmac.Hash.SHA256, HEX.parseHex(key), 16), data, icv);
  }

  /** RFC 2404 §5 refers to these, truncated to 96 bits. */
  @Test
  void rfc2202_s3_hmacSha1Vectors() {
    assertIcv(
        new Hmac(Hmac.Hash.SHA1, HEX.parseHex("0b".repeat(20)), 12),
        "4869205468657265",
        "b617318655057264e28bc0b6");
    assertIcv(
        new Hmac(Hmac.Hash.SHA1, HEX.parseHex("0c".repeat(20)), 12),
        "546573742057697468205472756e636174696f6e",
        "4c1a03424b55e07fe7f27be1");
  }

  /** The packet with an extended sequence number among those that RFC 4106 §9 names. */
  @Test
  void rfc4106_s5_theWholeExtendedSequenceNumberIsAuthenticated() {
    byte[] key = HEX.parseHex("4c80cdefbb5d10da906ac73c3613a634" + "2e443b68");
    byte[] esp =
        HEX.parseHex(
            "0000432100000000" + "4956ed7e3b244cfe"
                + "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
                + "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
                + "61bc17d768fd9732459018148f6cbe722fd04796562dfdb4");
    EspCipher cipher =
        new JdkCipherEngine().opening(EspTransform.AES_GCM_16, key, new byte[0], true);
    PacketBuffer packet = PacketBuffer.copyOf(esp);
    assertFalse(cipher.open(packet, 0));
    assertTrue(cipher.open(packet, 0x87654321_00000000L));
    packet.trimFront(16).resize(72);
    assertEquals(
        "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
            + "00000000045f736970045f756470037369700963796265726369747902646b00"
            + "0021000101020201",
        HEX.formatHex(packet.toBytes()));
  }

  @Test
  void rfc3602_s3_initialisationVectorsDiffer() {
    Set<String> seen = new HashSet<>();
    InitialisationVectors ivs = InitialisationVectors.random();
    byte[] iv = new byte[18];
    for (int i = 0; i < 1000; i++) {
      ivs.next(iv, 1);
      assertTrue(seen.add(HEX.formatHex(iv)));
    }
    assertEquals(0, iv[0]);
    assertEquals(0, iv[17]);
    byte[] other = new byte[16];
    new RandomInitialisationVectors().next(other, 0);
    byte[] first = new byte[16];
    new RandomInitialisationVectors().next(first, 0);
    assertNotEquals(HEX.formatHex(first), HEX.formatHex(other));
  }

  private static void assertIcv(Hmac hmac, String data, String icv) {
    byte[] octets = HEX.parseHex(data + icv);
    Workspace workspace = Workspace.ofThisThread();
    int count = data.length() / 2;
    hmac.compute(octets, count, workspace);
    assertEquals(icv, HEX.formatHex(workspace.tag(), 0, icv.length() / 2));
    assertTrue(hmac.matches(workspace, octets, count));
    octets[octets.length - 1] ^= 1;
    assertFalse(hmac.matches(workspace, octets, count));
  }

  /** Seals well, but opens anything. */
  private record WrongEngine(CipherEngine honest) implements CipherEngine {
    @Override
    public String name() {
      return "wrong";
    }

    @Override
    public boolean supports(EspTransform transform) {
      return true;
    }

    @Override
    public EspCipher sealing(
        EspTransform transform, byte[] key, byte[] mac, boolean esn, InitialisationVectors ivs) {
      return honest.sealing(transform, key, mac, esn, ivs);
    }

    @Override
    public EspCipher opening(EspTransform transform, byte[] key, byte[] mac, boolean esn) {
      EspCipher cipher = honest.opening(transform, key, mac, esn);
      return new EspCipher() {
        @Override
        public void seal(PacketBuffer packet, long sequence) {
          cipher.seal(packet, sequence);
        }

        @Override
        public boolean open(PacketBuffer packet, long sequence) {
          return cipher.open(packet, sequence) || true;
        }

        @Override
        public void destroy() {
          // It never has a key.
        }
      };
    }
  }
}
