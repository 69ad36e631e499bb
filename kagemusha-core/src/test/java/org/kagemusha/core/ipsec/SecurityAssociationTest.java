package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.ipsec.EspSamples.counting;
import static org.kagemusha.core.ipsec.EspSamples.hex;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

class SecurityAssociationTest {

  private static final Suite NULL_SHA1 =
      new Suite(EncryptionAlgorithm.NULL, IntegrityAlgorithm.HMAC_SHA1_96);
  private static final Suite CBC_SHA256 =
      new Suite(EncryptionAlgorithm.AES_CBC_256, IntegrityAlgorithm.HMAC_SHA2_256_128);

  static Iterable<Suite> suites() {
    return EspSamples.suites();
  }

  @Test
  void rfc4303_s2_4_paddingCountsUpAndAlignsToFourOctets() {
    PacketBuffer buffer = PacketBuffer.copyOf(counting(0x50, 5));
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(NULL_SHA1.parameters(256, false, 64), EspSamples.from(1));
    assertNull(outbound.seal(buffer, Protocol.IPV6));
    String sealed = hex(buffer.toBytes());
    String expected = "00000100" + "00000001" + "5051525354" + "01" + "01" + "29";
    assertEquals(expected, sealed.substring(0, 32));
    assertEquals(16 + 12, buffer.length());
  }

  @Test
  void rfc4303_s2_4_paddingThatDoesNotCountUpIsRejected() {
    assertEquals(DropReason.ESP_MALFORMED, openSealedByHand("5051525354" + "02" + "01" + "29"));
    assertEquals(DropReason.ESP_MALFORMED, openSealedByHand("50515253" + "0202" + "02" + "29"));
    assertNull(openSealedByHand("50515253" + "0102" + "02" + "29"));
  }

  @Test
  void rfc4303_s2_5_aPadLengthBeyondThePacketIsRejected() {
    assertEquals(DropReason.ESP_MALFORMED, openSealedByHand("0102" + "03" + "29"));
    assertNull(openSealedByHand("0102" + "02" + "29"));
    assertEquals(DropReason.ESP_MALFORMED, openSealedByHand("0102" + "ff" + "29"));
  }

  @Test
  void rfc4303_s2_6_aDummyPacketIsDroppedAsSuchAndCannotBeReplayed() {
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(CBC_SHA256.parameters(256, false, 64));
    PacketBuffer buffer = sealed(CBC_SHA256, 1, new byte[100], Protocol.NO_NEXT_HEADER);
    byte[] copy = buffer.toBytes();
    assertEquals(DropReason.ESP_DUMMY, inbound.open(buffer));
    assertEquals(DropReason.ESP_REPLAYED, inbound.open(PacketBuffer.copyOf(copy)));
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_s3_4_2_anythingTooShortIsMalformed(Suite suite) {
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(suite.parameters(256, false, 64));
    byte[] esp = sealed(suite, 1, new byte[0], Protocol.IPV6).toBytes();
    for (int length = 0; length < esp.length; length++) {
      DropReason reason = inbound.open(PacketBuffer.copyOf(esp, 0, length));
      assertTrue(
          reason == DropReason.ESP_MALFORMED || reason == DropReason.ESP_AUTHENTICATION_FAILED,
          "length " + length);
    }
    assertNull(inbound.open(PacketBuffer.copyOf(esp)));
  }

  @Test
  void rfc4303_s3_4_3_aForgedNumberDoesNotMoveTheWindow() {
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(CBC_SHA256.parameters(256, false, 64));
    PacketBuffer forged = sealed(CBC_SHA256, 1, new byte[20], Protocol.IPV6);
    forged.bytes().putInt(forged.offset() + 4, 0x7fffffff);
    assertEquals(DropReason.ESP_AUTHENTICATION_FAILED, inbound.open(forged));
    assertEquals(0, inbound.highestSequence());
    assertNull(inbound.open(sealed(CBC_SHA256, 2, new byte[20], Protocol.IPV6)));
  }

  @Test
  void rfc4303_s3_3_3_aSequenceNumberNeverCycles() {
    PacketBuffer buffer = PacketBuffer.copyOf(new byte[20]);
    OutboundSecurityAssociation last =
        OutboundSecurityAssociation.of(
            NULL_SHA1.parameters(256, false, 64), EspSamples.from(0xffff_ffffL));
    assertNull(last.seal(buffer, Protocol.IPV6));
    PacketBuffer next = PacketBuffer.copyOf(counting(0, 20));
    assertEquals(DropReason.ESP_SEQUENCE_EXHAUSTED, last.seal(next, Protocol.IPV6));
    assertEquals(hex(counting(0, 20)), hex(next.toBytes()));
    OutboundSecurityAssociation extended =
        OutboundSecurityAssociation.of(
            NULL_SHA1.parameters(256, true, 64), EspSamples.from(Long.MAX_VALUE));
    assertNull(extended.seal(next, Protocol.IPV6));
    assertEquals(DropReason.ESP_SEQUENCE_EXHAUSTED, extended.seal(next, Protocol.IPV6));
  }

  @Test
  void rfc4301_s4_4_2_1_thePacketOfAnotherSpiIsNotOpened() {
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(CBC_SHA256.parameters(257, false, 64));
    assertEquals(
        DropReason.ESP_NO_ASSOCIATION,
        inbound.open(sealed(CBC_SHA256, 1, new byte[20], Protocol.IPV6)));
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_s3_3_5_theLargestPayloadFillsThePathMtu(Suite suite) {
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(suite.parameters(256, false, 64), EspSamples.from(1));
    for (int room = 0; room < 200; room++) {
      int payload = outbound.largestPayload(room);
      int needed = payload + outbound.overhead(payload);
      assertTrue(needed <= room || payload == 0, "room " + room);
      assertTrue(payload + 1 + outbound.overhead(payload + 1) > room, "room " + room);
      PacketBuffer buffer = PacketBuffer.copyOf(new byte[payload]);
      assertNull(outbound.seal(buffer, Protocol.IPV6));
      assertEquals(needed, buffer.length());
    }
  }

  @ParameterizedTest
  @MethodSource("suites")
  void sealsAndOpensInDirectMemoryAndTouchesNothingAround(Suite suite) {
    PacketBuffer direct = PacketBuffer.allocate(1400);
    for (int i = 0; i < direct.bytes().capacity(); i++) {
      direct.bytes().put(i, (byte) 0x5a);
    }
    direct.resize(1399);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(suite.parameters(-2, true, 4096), EspSamples.from(7));
    assertNull(outbound.seal(direct, Protocol.IPV6));
    int begin = direct.offset();
    int end = direct.end();
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(suite.parameters(-2, true, 4096));
    assertNull(inbound.open(direct));
    assertEquals("5a".repeat(1399), hex(direct.toBytes()));
    for (int i = 0; i < direct.bytes().capacity(); i++) {
      if (i < begin || i >= end) {
        assertEquals(0x5a, direct.bytes().get(i));
      }
    }
    assertEquals(1, inbound.packets());
    assertEquals(1, outbound.packets());
    assertEquals(7, outbound.lastSequence());
    assertFalse(outbound.engineName().isEmpty());
    assertFalse(inbound.engineName().isEmpty());
  }

  @Test
  void rfc4301_s4_4_2_theDatabaseFindsAssociationsBySpi() {
    SecurityAssociationDatabase database = new SecurityAssociationDatabase();
    InboundSecurityAssociation[] all = new InboundSecurityAssociation[500];
    for (int i = 0; i < all.length; i++) {
      all[i] = InboundSecurityAssociation.of(NULL_SHA1.parameters(-250 - i * 16, false, 64));
      database.add(all[i]);
    }
    assertEquals(500, database.size());
    assertThrows(IllegalArgumentException.class, () -> database.add(all[3]));
    for (int i = 0; i < all.length; i += 2) {
      database.remove(all[i].spi());
    }
    database.remove(256);
    for (int i = 0; i < all.length; i++) {
      assertSame(i % 2 == 0 ? null : all[i], database.inbound(all[i].spi()));
    }
    assertEquals(250, database.associations().size());
    all[1].owner("owner");
    assertEquals("owner", database.inbound(all[1].spi()).owner());
  }

  @Test
  void rfc8221_s3_staticKeysAreRefusedForCombinedModeAlgorithms() {
    StaticKeySource keys = new StaticKeySource();
    Ipv6Address home = Ipv6Address.parse("2001:db8:2000::10");
    keys.put(home, KeySource.Purpose.SIGNALLING, pair(CBC_SHA256));
    assertEquals(
        EncryptionAlgorithm.AES_CBC_256,
        keys.associations(home, KeySource.Purpose.SIGNALLING).inbound().encryption());
    assertNull(keys.associations(home, KeySource.Purpose.PAYLOAD));
    keys.remove(home, KeySource.Purpose.SIGNALLING);
    assertNull(keys.associations(home, KeySource.Purpose.SIGNALLING));
    for (Suite suite : EspSamples.suites()) {
      if (suite.encryption().combinedMode()) {
        IllegalArgumentException refused =
            assertThrows(
                IllegalArgumentException.class,
                () -> keys.put(home, KeySource.Purpose.PAYLOAD, pair(suite)));
        assertTrue(refused.getMessage().contains("RFC 8221"), refused.getMessage());
      }
    }
  }

  private static SecurityAssociationPair pair(Suite suite) {
    return new SecurityAssociationPair(
        OutboundSecurityAssociation.of(suite.parameters(300, false, 64), EspSamples.from(1)),
        InboundSecurityAssociation.of(suite.parameters(301, false, 64)));
  }

  private static PacketBuffer sealed(Suite suite, long sequence, byte[] payload, int nextHeader) {
    PacketBuffer buffer = PacketBuffer.copyOf(payload);
    assertNull(
        OutboundSecurityAssociation.of(
                suite.parameters(256, false, 64), EspSamples.from(sequence))
            .seal(buffer, nextHeader));
    return buffer;
  }

  private static DropReason openSealedByHand(String body) {
    SecurityAssociationParameters parameters = NULL_SHA1.parameters(256, false, 64);
    PacketBuffer buffer =
        PacketBuffer.copyOf(hex("00000100" + "00000001" + body + "00".repeat(12)));
    EspCipher cipher =
        new JdkCipherEngine()
            .sealing(
                parameters.transform(),
                parameters.encryptionKey(),
                parameters.integrityKey(),
                false,
                null);
    cipher.seal(buffer, 1);
    return InboundSecurityAssociation.of(parameters).open(buffer);
  }
}
