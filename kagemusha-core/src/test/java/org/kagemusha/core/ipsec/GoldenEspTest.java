package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.kagemusha.core.ipsec.EspSamples.hex;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** What another implementation, UMIP over a Linux kernel, sealed and opened. */
class GoldenEspTest {

  private static final String CAPTURE = "umip-esp-foreign-link.pcap";

  /** The last packets are under other algorithms, and their keys were not kept. */
  private static final int UNDER_OTHER_KEYS = 4;

  private static final SecurityAssociationParameters TO_HOME_AGENT =
      umip(0x3e8, "101112131415161718191a1b1c1d1e1f", "000102030405060708090a0b0c0d0e0f10111213");
  private static final SecurityAssociationParameters FROM_HOME_AGENT =
      umip(0x3e9, "303132333435363738393a3b3c3d3e3f", "202122232425262728292a2b2c2d2e2f30313233");

  @Test
  void rfc4303_s3_everyCapturedPacketOpensAndIsSealedAgainOctetForOctet() throws IOException {
    int seen = 0;
    for (byte[] esp : captured()) {
      PacketBuffer buffer = PacketBuffer.copyOf(esp);
      InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parametersOf(esp));
      DropReason reason = inbound.open(buffer);
      if (reason == DropReason.ESP_AUTHENTICATION_FAILED) {
        continue;
      }
      assertNull(reason);
      ByteBuffer original = ByteBuffer.wrap(esp);
      OutboundSecurityAssociation outbound =
          EspSamples.sealing(
              parametersOf(esp), original.getInt(4), Arrays.copyOfRange(esp, 8, 24));
      assertNull(outbound.seal(buffer, inbound.nextHeader()));
      assertEquals(hex(esp), hex(buffer.toBytes()));
      seen++;
    }
    assertEquals(23, seen);
  }

  @Test
  void rfc4303_s3_4_3_theCapturedReplayAndForgeryAreRejected() throws IOException {
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(TO_HOME_AGENT);
    List<DropReason> reasons = new ArrayList<>();
    for (byte[] esp : captured()) {
      if (ByteBuffer.wrap(esp).getInt(0) == TO_HOME_AGENT.spi()) {
        reasons.add(inbound.open(PacketBuffer.copyOf(esp)));
      }
    }
    List<DropReason> expected = new ArrayList<>(Collections.nCopies(14, null));
    expected.set(3, DropReason.ESP_REPLAYED);
    expected.set(4, DropReason.ESP_AUTHENTICATION_FAILED);
    assertEquals(expected, reasons);
  }

  @Test
  void rfc3776_s3_1_aCapturedBindingUpdateIsAMobilityHeader() throws IOException {
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(TO_HOME_AGENT);
    PacketBuffer buffer = PacketBuffer.copyOf(captured().get(0));
    assertNull(inbound.open(buffer));
    assertEquals(Protocol.MOBILITY, inbound.nextHeader());
    assertEquals(5, buffer.bytes().get(buffer.offset() + 2));
  }

  @Test
  void rfc4303_s3_4_4_aRejectedPacketIsAsItWas() throws IOException {
    byte[] esp = captured().get(0);
    esp[esp.length - 1] ^= 1;
    PacketBuffer buffer = PacketBuffer.copyOf(esp);
    assertEquals(
        DropReason.ESP_AUTHENTICATION_FAILED,
        InboundSecurityAssociation.of(TO_HOME_AGENT).open(buffer));
    assertArrayEquals(esp, buffer.toBytes());
  }

  private static List<byte[]> captured() throws IOException {
    List<byte[]> packets = new ArrayList<>();
    for (byte[] frame : EspSamples.frames(CAPTURE)) {
      byte[] esp = EspSamples.espIn(frame);
      if (esp != null) {
        packets.add(esp);
      }
    }
    return packets.subList(0, packets.size() - UNDER_OTHER_KEYS);
  }

  private static SecurityAssociationParameters parametersOf(byte[] esp) {
    return ByteBuffer.wrap(esp).getInt(0) == TO_HOME_AGENT.spi() ? TO_HOME_AGENT : FROM_HOME_AGENT;
  }

  private static SecurityAssociationParameters umip(int spi, String encryption, String integrity) {
    return new SecurityAssociationParameters(
        spi,
        EncryptionAlgorithm.AES_CBC_128,
        IntegrityAlgorithm.HMAC_SHA1_96,
        hex(encryption),
        hex(integrity),
        false,
        64);
  }
}
