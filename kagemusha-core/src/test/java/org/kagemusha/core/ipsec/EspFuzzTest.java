package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;

/** Octets from the network do not make {@code open} throw, nor are they taken for authentic. */
class EspFuzzTest {

  private static final int SPI = 0x3e8;
  private static final List<InboundSecurityAssociation> ASSOCIATIONS = associations();

  static List<Arguments> packets() {
    List<Arguments> packets = new ArrayList<>();
    for (int i = 0; i < ASSOCIATIONS.size(); i++) {
      Suite suite = EspSamples.suites().get(i / 2);
      PacketBuffer buffer = PacketBuffer.copyOf(new byte[9 * i]);
      OutboundSecurityAssociation.of(suite.parameters(SPI, i % 2 == 1, 64), EspSamples.from(1))
          .seal(buffer, 41);
      byte[] esp = buffer.toBytes();
      esp[esp.length - 1] ^= 1;
      byte[] input = new byte[1 + esp.length];
      input[0] = (byte) i;
      System.arraycopy(esp, 0, input, 1, esp.length);
      packets.add(Arguments.of((Object) input));
    }
    return packets;
  }

  /** The first octet chooses the association. */
  @MethodSource("packets")
  @FuzzTest(maxDuration = "10s")
  void openNeverThrows(byte[] input) {
    if (input == null || input.length == 0) {
      return;
    }
    InboundSecurityAssociation inbound =
        ASSOCIATIONS.get((input[0] & 0xff) % ASSOCIATIONS.size());
    PacketBuffer buffer = PacketBuffer.copyOf(input, 1, input.length - 1);
    if (input[0] >= 0 && buffer.length() >= Integer.BYTES) {
      buffer.bytes().putInt(buffer.offset(), SPI);
    }
    assertNotNull(inbound.open(buffer));
  }

  static List<Arguments> bodies() {
    return List.of(
        Arguments.of((Object) new byte[] {1, 1, 41}),
        Arguments.of((Object) new byte[] {(byte) 255, 59}),
        Arguments.of((Object) new byte[] {7, 7, 7, 0, 58}));
  }

  /** The trailer is the sender's, who may be authentic and wrong. */
  @MethodSource("bodies")
  @FuzzTest(maxDuration = "10s")
  void anAuthenticTrailerNeverThrows(byte[] body) {
    if (body == null) {
      return;
    }
    Suite suite = new Suite(EncryptionAlgorithm.NULL, IntegrityAlgorithm.HMAC_SHA1_96);
    SecurityAssociationParameters parameters = suite.parameters(SPI, false, 64);
    PacketBuffer buffer = PacketBuffer.copyOf(new byte[20 + body.length]);
    buffer.bytes().putInt(buffer.offset(), SPI).putInt(buffer.offset() + 4, 1);
    buffer.bytes().put(buffer.offset() + 8, body);
    CipherEngines.standard()
        .engineFor(parameters.transform())
        .sealing(
            parameters.transform(), new byte[0], parameters.integrityKey(), false, null)
        .seal(buffer, 1);
    DropReason reason = InboundSecurityAssociation.of(parameters).open(buffer);
    assertTrue(
        reason == null || reason == DropReason.ESP_MALFORMED || reason == DropReason.ESP_DUMMY);
    assertTrue(buffer.length() <= 20 + body.length);
  }

  private static List<InboundSecurityAssociation> associations() {
    List<InboundSecurityAssociation> associations = new ArrayList<>();
    for (Suite suite : EspSamples.suites()) {
      associations.add(InboundSecurityAssociation.of(suite.parameters(SPI, false, 64)));
      associations.add(InboundSecurityAssociation.of(suite.parameters(SPI, true, 64)));
    }
    return associations;
  }
}
