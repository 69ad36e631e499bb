package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.message.Captures;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.signalling.SignallingReader.Answer;
import org.kagemusha.core.signalling.SignallingReader.Found;
import org.kagemusha.core.wire.PacketBuffer;

/** Every packet that UMIP and its peer exchanged, taken apart and put together again. */
class GoldenSignallingTest {

  private static final int SPI_TO_HOME_AGENT = 0x3e8;
  private static final int SPI_FROM_HOME_AGENT = 0x3e9;

  private final SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
  private final SignallingReader reader = new SignallingReader(associations);

  private static SecurityAssociationParameters parameters(int spi) {
    boolean toHomeAgent = spi == SPI_TO_HOME_AGENT;
    HexFormat hex = HexFormat.of();
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA1_96,
        hex.parseHex(
            toHomeAgent
                ? "101112131415161718191a1b1c1d1e1f"
                : "303132333435363738393a3b3c3d3e3f"),
        hex.parseHex(
            toHomeAgent
                ? "000102030405060708090a0b0c0d0e0f10111213"
                : "202122232425262728292a2b2c2d2e2f30313233"),
        false,
        64);
  }

  private Found read(byte[] packet) {
    return reader.read(PacketBuffer.copyOf(packet), 0);
  }

  @Test
  void clear_everyMessageIsRebuiltOctetForOctet() {
    TreeMap<String, Integer> seen = new TreeMap<>();
    for (byte[] packet : Captures.packets(Captures.PLAIN_FOREIGN)) {
      if (read(packet) != Found.SIGNALLING) {
        continue;
      }
      SignallingPacket signalling = reader.signalling();
      assertSameAfterHeader(packet, rebuild(signalling, null));
      seen.merge(signalling.message().getClass().getSimpleName(), 1, Integer::sum);
    }
    assertEquals("{BindingAcknowledgement=22, BindingError=2, BindingUpdate=24}", seen.toString());
  }

  @Test
  void esp_everyMessageIsRebuiltOctetForOctet() {
    TreeMap<String, Integer> seen = new TreeMap<>();
    TreeMap<Integer, DropReason> dropped = new TreeMap<>();
    int number = 0;
    for (byte[] packet : Captures.packets(Captures.ESP_FOREIGN)) {
      number++;
      freshAssociations();
      Found found = read(packet);
      if (found == Found.DROPPED) {
        dropped.put(number, reader.dropReason());
      }
      if (found != Found.SIGNALLING || reader.association() == null) {
        continue;
      }
      SignallingPacket signalling = reader.signalling();
      assertSame(reader.association(), signalling.association());
      assertSameAfterHeader(packet, rebuild(signalling, sealing(packet, signalling)));
      seen.merge(signalling.message().getClass().getSimpleName(), 1, Integer::sum);
    }
    assertEquals("{BindingAcknowledgement=10, BindingUpdate=11}", seen.toString());
    assertEquals(
        Map.of(
            // The integrity check value was damaged by the peer.
            34, DropReason.ESP_AUTHENTICATION_FAILED,
            // The Home Address option is inside of ESP.
            35, DropReason.OPTIONS_INVALID,
            // The checksum is over the care-of address.
            38, DropReason.MOBILITY_MALFORMED,
            // A Mobile Prefix Solicitation in clear.
            46, DropReason.NO_BINDING,
            // Associations with other algorithms and keys.
            76, DropReason.ESP_MALFORMED,
            77, DropReason.ESP_MALFORMED,
            79, DropReason.ESP_AUTHENTICATION_FAILED,
            80, DropReason.ESP_AUTHENTICATION_FAILED),
        dropped);
  }

  @Test
  void rfc6275_s9_2_clearFaultsGetTheAnswersThatTheSectionNames() {
    TreeMap<Integer, String> dropped = new TreeMap<>();
    int number = 0;
    for (byte[] packet : Captures.packets(Captures.PLAIN_FOREIGN)) {
      number++;
      if (read(packet) == Found.DROPPED) {
        String pointer =
            reader.answer() == Answer.PARAMETER_PROBLEM ? " " + reader.errorPointer() : "";
        dropped.put(number, reader.dropReason() + " " + reader.answer() + pointer);
      }
    }
    assertEquals(
        Map.of(
            // A checksum over the care-of address, and one of zero.
            65, "MOBILITY_MALFORMED NONE",
            66, "MOBILITY_MALFORMED NONE",
            // Payload Proto 58.
            67, "MOBILITY_MALFORMED PARAMETER_PROBLEM 64",
            // MH Type 99.
            69, "MOBILITY_TYPE_UNKNOWN BINDING_ERROR_UNKNOWN_TYPE",
            // ICMPv6 behind a Home Address option: whether there is a binding is not known here.
            72, "NO_BINDING BINDING_ERROR_UNKNOWN_BINDING",
            75, "NO_BINDING BINDING_ERROR_UNKNOWN_BINDING",
            85, "NO_BINDING BINDING_ERROR_UNKNOWN_BINDING"),
        dropped);
  }

  private void freshAssociations() {
    associations.remove(SPI_TO_HOME_AGENT);
    associations.remove(SPI_FROM_HOME_AGENT);
    associations.add(InboundSecurityAssociation.of(parameters(SPI_TO_HOME_AGENT)));
    associations.add(InboundSecurityAssociation.of(parameters(SPI_FROM_HOME_AGENT)));
  }

  /** An association that takes its sequence number and IV from the captured packet. */
  private static OutboundSecurityAssociation sealing(byte[] packet, SignallingPacket signalling) {
    boolean headers =
        signalling.homeAddressOption() != null || signalling.type2HomeAddress() != null;
    int esp = headers ? 64 : 40;
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    int sequence = bytes.getInt(esp + 4);
    return OutboundSecurityAssociation.of(
        parameters(signalling.association().spi()),
        () -> sequence,
        CipherEngines.standard(),
        (into, at) -> System.arraycopy(packet, esp + 8, into, at, 16));
  }

  private static PacketBuffer rebuild(
      SignallingPacket signalling, OutboundSecurityAssociation association) {
    return SignallingWriter.build(
        signalling.source(),
        signalling.destination(),
        signalling.homeAddressOption(),
        signalling.type2HomeAddress(),
        signalling.message(),
        association);
  }

  /**
   * Traffic class, flow label and hop limit are the sender's choice; everything else is compared.
   */
  private static void assertSameAfterHeader(byte[] captured, PacketBuffer built) {
    assertNotNull(built);
    byte[] ours = built.toBytes();
    System.arraycopy(captured, 0, ours, 0, 4);
    ours[7] = captured[7];
    assertEquals(HexFormat.of().formatHex(captured), HexFormat.of().formatHex(ours));
  }
}
