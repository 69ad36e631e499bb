package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.core.ipsec.EspSamples.counting;
import static org.kagemusha.core.ipsec.EspSamples.hex;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** RFC 4301 §4.4.2.1: the lifetime of an association, in packets and octets; and its end. */
class AssociationLimitsTest {

  private static final int SPI = 0x1234;
  private static final Suite GCM =
      new Suite(EncryptionAlgorithm.AES_GCM_16_256, IntegrityAlgorithm.NONE);

  static Stream<Suite> suites() {
    return EspSamples.suites().stream();
  }

  static Stream<Suite> combined() {
    return suites().filter(suite -> suite.encryption().combinedMode());
  }

  private static OutboundSecurityAssociation sealing(Suite suite, long packets, long octets) {
    return OutboundSecurityAssociation.fresh(
        suite.parameters(SPI, true, 1024), new AssociationLimits(packets, octets));
  }

  private static InboundSecurityAssociation opening(Suite suite, long packets, long octets) {
    return InboundSecurityAssociation.fresh(
        suite.parameters(SPI, true, 1024), new AssociationLimits(packets, octets));
  }

  private static PacketBuffer payload(int octets) {
    return PacketBuffer.copyOf(new byte[octets]);
  }

  private static PacketBuffer sealed(OutboundSecurityAssociation outbound, int octets) {
    PacketBuffer packet = payload(octets);
    assertNull(outbound.seal(packet, Protocol.IPV6));
    return packet;
  }

  @ParameterizedTest
  @MethodSource("combined")
  void rfc4303_s3_3_2_theFirstPacketHasNumberOne(Suite suite) {
    OutboundSecurityAssociation outbound = sealing(suite, 10, 1000);
    PacketBuffer first = sealed(outbound, 20);
    assertEquals(1, outbound.lastSequence());
    assertEquals(1, first.bytes().getInt(first.offset() + 4));
    // RFC 4106 §3.1: the IV is the number, so no IV is ever used twice under this key.
    assertEquals(1, first.bytes().getLong(first.offset() + 8));
    sealed(outbound, 20);
    assertEquals(2, outbound.lastSequence());
  }

  @ParameterizedTest
  @MethodSource("combined")
  void rfc4301_s4_4_2_1_asManyPacketsAsTheLimitAreSealedAndNoneMore(Suite suite) {
    OutboundSecurityAssociation outbound = sealing(suite, 3, Long.MAX_VALUE);
    for (int i = 0; i < 3; i++) {
      sealed(outbound, 100);
    }
    PacketBuffer fourth = PacketBuffer.copyOf(counting(0, 100));
    assertEquals(DropReason.ASSOCIATION_EXPIRED, outbound.seal(fourth, Protocol.IPV6));
    assertEquals(hex(counting(0, 100)), hex(fourth.toBytes()), "left as it was");
    assertEquals(3, outbound.packets());
    assertEquals(300, outbound.octets());
    assertEquals(3, outbound.lastSequence());
  }

  @Test
  void rfc4301_s4_4_2_1_asManyOctetsAsTheLimitAreSealedAndNoneMore() {
    OutboundSecurityAssociation outbound = sealing(GCM, 100, 250);
    sealed(outbound, 100);
    assertEquals(DropReason.ASSOCIATION_EXPIRED, outbound.seal(payload(151), Protocol.IPV6));
    sealed(outbound, 150);
    assertEquals(250, outbound.octets());
    assertEquals(DropReason.ASSOCIATION_EXPIRED, outbound.seal(payload(1), Protocol.IPV6));
    assertEquals(2, outbound.lastSequence(), "a refused packet uses no number up");
  }

  @Test
  void rfc4301_s4_4_2_1_theReceiverTakesAsManyPacketsAsTheLimit() {
    OutboundSecurityAssociation outbound = sealing(GCM, 10, 10_000);
    InboundSecurityAssociation inbound = opening(GCM, 3, 10_000);
    for (int i = 0; i < 3; i++) {
      assertNull(inbound.open(sealed(outbound, 100)));
    }
    assertEquals(DropReason.ASSOCIATION_EXPIRED, inbound.open(sealed(outbound, 100)));
    assertEquals(3, inbound.packets());
    assertEquals(300, inbound.octets());
    assertEquals(3, inbound.highestSequence());
  }

  @Test
  void rfc4301_s4_4_2_1_theReceiverTakesAsManyOctetsAsTheLimit() {
    OutboundSecurityAssociation outbound = sealing(GCM, 10, 10_000);
    InboundSecurityAssociation inbound = opening(GCM, 10, 250);
    assertNull(inbound.open(sealed(outbound, 250)));
    assertEquals(250, inbound.octets());
    assertEquals(DropReason.ASSOCIATION_EXPIRED, inbound.open(sealed(outbound, 1)));
    assertEquals(DropReason.ASSOCIATION_EXPIRED, inbound.open(sealed(outbound, 0)));
  }

  /** What was forged or replayed does not bring the end nearer: anybody can send it. */
  @Test
  void rfc4303_s3_4_3_whatIsNotAuthenticCountsNothing() {
    InboundSecurityAssociation inbound = opening(GCM, 1, 100);
    OutboundSecurityAssociation outbound = sealing(GCM, 10, 1000);
    for (int i = 0; i < 5; i++) {
      PacketBuffer forged = sealed(outbound, 100);
      forged.bytes().put(forged.end() - 1, (byte) ~forged.bytes().get(forged.end() - 1));
      assertEquals(DropReason.ESP_AUTHENTICATION_FAILED, inbound.open(forged));
    }
    assertEquals(0, inbound.packets());
    assertEquals(0, inbound.octets());
    assertNull(inbound.open(sealed(outbound, 100)));
  }

  /** Padding and what ESP adds are counted at neither end, so that both stop at the same packet. */
  @ParameterizedTest
  @MethodSource("suites")
  void bothEndsCountTheSameOctets(Suite suite) {
    OutboundSecurityAssociation outbound = sealing(suite, 100, 10_000);
    InboundSecurityAssociation inbound = opening(suite, 100, 10_000);
    for (int octets : List.of(0, 1, 15, 16, 17, 100, 1400)) {
      assertNull(inbound.open(sealed(outbound, octets)));
      assertEquals(outbound.octets(), inbound.octets());
      assertEquals(outbound.packets(), inbound.packets());
    }
    assertEquals(1549, inbound.octets());
  }

  @ParameterizedTest
  @MethodSource("suites")
  void destroyedAssociationsRefuseWithoutAnException(Suite suite) {
    SecurityAssociationPair pair =
        new SecurityAssociationPair(sealing(suite, 10, 1000), opening(suite, 10, 1000));
    assertFalse(pair.used());
    PacketBuffer packet = sealed(pair.outbound(), 20);
    assertTrue(pair.used());
    for (int i = 0; i < 2; i++) {
      pair.destroy();
      PacketBuffer plain = PacketBuffer.copyOf(counting(0, 20));
      assertEquals(
          DropReason.ASSOCIATION_EXPIRED, pair.outbound().seal(plain, Protocol.IPV6));
      assertEquals(hex(counting(0, 20)), hex(plain.toBytes()));
      assertEquals(DropReason.ASSOCIATION_EXPIRED, pair.inbound().open(packet));
      assertEquals(DropReason.ASSOCIATION_EXPIRED, pair.inbound().open(payload(0)));
    }
    assertEquals(1, pair.outbound().packets(), "what it did can still be told");
    assertEquals(1, pair.outbound().lastSequence());
  }

  /** What static keys have: the packet that would be one too many never comes. */
  @ParameterizedTest
  @MethodSource("suites")
  void staticKeysHaveNoLimit(Suite suite) {
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            suite.parameters(SPI, true, 64), EspSamples.from(Long.MAX_VALUE - 10));
    for (int i = 0; i < 10; i++) {
      sealed(outbound, 1000);
    }
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(suite.parameters(SPI, true, 64));
    OutboundSecurityAssociation peer =
        OutboundSecurityAssociation.of(suite.parameters(SPI, true, 64), EspSamples.from(1));
    for (int i = 0; i < 10; i++) {
      assertNull(inbound.open(sealed(peer, 1000)));
    }
    assertEquals(10_000, inbound.octets());
  }

  @Test
  void limitsAreNotNegativeAndLeaveOnePacketAtLeast() {
    assertThrows(IllegalArgumentException.class, () -> new AssociationLimits(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> new AssociationLimits(1, -1));
    assertThrows(IllegalArgumentException.class, () -> sealing(GCM, 0, 1));
  }

  @Test
  void rfc4303_s3_3_3_countedNumbersDoNotCycle() {
    CountedSequenceNumbers numbers = new CountedSequenceNumbers(2);
    assertEquals(1, numbers.next());
    assertEquals(2, numbers.next());
    assertEquals(0, numbers.next());
    assertEquals(0, numbers.next());
  }
}
