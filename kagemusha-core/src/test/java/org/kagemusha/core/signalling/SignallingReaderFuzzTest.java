package org.kagemusha.core.signalling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.SecurityAssociationDatabase;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.UdpEncapsulation;
import org.kagemusha.core.message.Captures;
import org.kagemusha.core.signalling.SignallingReader.Found;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

class SignallingReaderFuzzTest {

  static Stream<byte[]> seeds() {
    return Stream.concat(
        Captures.packets(Captures.PLAIN_FOREIGN).stream(),
        Captures.packets(Captures.ESP_FOREIGN).stream().flatMap(SignallingReaderFuzzTest::forms));
  }

  /** A packet, and where it is ESP right behind the IPv6 header, the same in UDP. */
  private static Stream<byte[]> forms(byte[] packet) {
    if (packet.length < 56 || packet[6] != Protocol.ESP) {
      return Stream.of(packet);
    }
    ByteBuffer udp = ByteBuffer.allocate(packet.length + 8);
    udp.put(packet, 0, 40).putShort((short) 40_000).putShort((short) 4500);
    udp.putShort((short) (packet.length - 32)).putShort((short) 0);
    udp.put(packet, 40, packet.length - 40);
    udp.put(6, (byte) Protocol.UDP).putShort(4, (short) (packet.length - 32));
    return Stream.of(packet, udp.array());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void everythingIsClassifiedWithinItsBounds(byte[] octets) {
    if (octets == null) {
      return;
    }
    SecurityAssociationDatabase associations = new SecurityAssociationDatabase();
    associations.add(
        InboundSecurityAssociation.of(
            new SecurityAssociationParameters(
                0x3e8,
                EncryptionAlgorithm.NULL,
                IntegrityAlgorithm.HMAC_SHA1_96,
                new byte[0],
                new byte[20],
                false,
                64)));
    SignallingReader reader = new SignallingReader(associations);
    reader.encapsulationPort(UdpEncapsulation.DEFAULT_PORT);
    PacketBuffer packet = PacketBuffer.copyOf(octets);
    Found found = reader.read(packet, 0);
    assertEquals(PacketBuffer.HEADROOM, packet.offset());
    assertTrue(packet.length() <= octets.length);
    assertEquals(found == Found.DROPPED, reader.dropReason() != null);
    if (found == Found.SIGNALLING) {
      assertNotNull(reader.signalling());
    } else if (found != Found.DROPPED) {
      assertTrue(reader.innerOffset() >= packet.offset() + 40);
      assertTrue(reader.innerOffset() <= packet.end());
    }
  }
}
