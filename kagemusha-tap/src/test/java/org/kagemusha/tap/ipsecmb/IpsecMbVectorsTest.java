package org.kagemusha.tap.ipsecmb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.wire.PacketBuffer;

/** Packets that others print, by each implementation in the library that this CPU can run. */
class IpsecMbVectorsTest {

  private static final HexFormat HEX = HexFormat.of();

  static List<InstructionSet> instructionSets() {
    return IpsecMbFixture.instructionSets();
  }

  /** Later tests of this process get what they would have got alone. */
  @AfterEach
  void theBestAgain() {
    IpsecMbFixture.engine();
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("instructionSets")
  void theKnownAnswers(InstructionSet instructions) {
    CipherEngine engine = IpsecMbFixture.bound(instructions);
    CipherEngines engines = new CipherEngines(List.of(engine));
    assertEquals(engine, engines.engineFor(EspTransform.AES_GCM_16));
    assertEquals("{AES_GCM_16=ipsec-mb}", engines.chosen().toString());
  }

  /** RFC 4106 §9 names McGrew's packets for AES-GCM ESP as its vectors. */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("instructionSets")
  void rfc4106_s9_samplePackets(InstructionSet instructions) {
    CipherEngine engine = IpsecMbFixture.bound(instructions);
    check(
        engine,
        "abbccddef00112233445566778899aababbccddef00112233445566778899aab" + "11223344",
        false,
        2,
        "4a2cbfe300000002" + "0102030405060708",
        "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
            + "7002400020bf0000020405b40101040201020201",
        "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
            + "748a637985771d347f0545659f14e99def842d8e",
        "b335f4eecfdbf831824b4c4915956c96");
    check(
        engine,
        "4c80cdefbb5d10da906ac73c3613a634" + "2e443b68",
        true,
        0x87654321_00000000L,
        "0000432100000000" + "4956ed7e3b244cfe",
        "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
            + "00000000045f736970045f756470037369700963796265726369747902646b00"
            + "0021000101020201",
        "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
            + "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
            + "61bc17d768fd9732",
        "459018148f6cbe722fd04796562dfdb4");
  }

  private static void check(
      CipherEngine engine,
      String key,
      boolean extended,
      long sequence,
      String header,
      String plaintext,
      String ciphertext,
      String icv) {
    byte[] octets = HEX.parseHex(key);
    EspCipher cipher =
        engine.opening(EspTransform.AES_GCM_16, octets, new byte[0], extended);
    int spi = HexFormat.fromHexDigits(header, 0, 8);
    byte[] plain = HEX.parseHex(plaintext);
    byte[] esp = HEX.parseHex(header + ciphertext + icv);
    for (PacketBuffer packet :
        List.of(
            IpsecMbFixture.direct(spi, sequence, plain, 3),
            IpsecMbFixture.heap(spi, sequence, plain, 3))) {
      packet.bytes().put(packet.offset(), esp);
      assertFalse(cipher.open(packet, sequence + (1L << 32)) && extended);
      packet.bytes().put(packet.offset(), esp);
      assertTrue(cipher.open(packet, sequence));
      packet.trimFront(16).resize(plain.length);
      assertArrayEquals(plain, packet.toBytes());
    }
    cipher.destroy();
  }
}
