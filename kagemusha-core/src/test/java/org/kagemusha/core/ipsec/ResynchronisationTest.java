package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/** RFC 4303 appendix A3. */
class ResynchronisationTest {

  private static final long NOW_MS = ClockedSequenceNumbers.EPOCH_MS + 90_000_000_000L;
  private static final Suite SUITE =
      new Suite(EncryptionAlgorithm.AES_CBC_128, IntegrityAlgorithm.HMAC_SHA2_256_128);

  static Iterable<Suite> suites() {
    return EspSamples.suites();
  }

  @ParameterizedTest
  @MethodSource("suites")
  void rfc4303_appendixA3_aReceiverThatStartsFindsTheUpperHalfByTheClock(Suite suite) {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            suite.parameters(256, true, 64), new ClockedSequenceNumbers(true, wallMs::get));
    for (int restart = 0; restart < 5; restart++) {
      InboundSecurityAssociation inbound =
          InboundSecurityAssociation.of(suite.parameters(256, true, 64), wallMs::get);
      for (int i = 0; i < 10; i++) {
        assertNull(inbound.open(sealed(outbound)));
        wallMs.addAndGet(7919L);
      }
      wallMs.addAndGet(3_600_000);
      assertNull(inbound.open(sealed(outbound)), "after an hour's silence");
    }
  }

  @Test
  void rfc4303_appendixA3_anOldPacketDoesNotResynchronise() {
    AtomicLong wallMs = new AtomicLong(NOW_MS);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            SUITE.parameters(256, true, 64), new ClockedSequenceNumbers(true, wallMs::get));
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(SUITE.parameters(256, true, 64), wallMs::get);
    byte[] old = sealed(outbound).toBytes();
    assertNull(inbound.open(PacketBuffer.copyOf(old)));
    wallMs.addAndGet(200_000);
    assertNull(inbound.open(sealed(outbound)));
    long top = inbound.highestSequence();
    for (int i = 0; i < 300; i++) {
      assertEquals(
          DropReason.ESP_AUTHENTICATION_FAILED, inbound.open(PacketBuffer.copyOf(old)));
    }
    assertEquals(top, inbound.highestSequence());
  }

  @Test
  void rfc4303_appendixA3_2_withoutAClockLargerAndLargerUpperHalvesAreTried() {
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(
            SUITE.parameters(256, true, 64), EspSamples.from(9L << 32 | 1000));
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(SUITE.parameters(256, true, 64));
    int lost = 0;
    while (inbound.open(sealed(outbound)) != null) {
      lost++;
      assertTrue(lost < 40);
    }
    assertTrue(lost >= 16, "triggered after " + lost);
    assertNull(inbound.open(sealed(outbound)));
    assertEquals(9, inbound.highestSequence() >>> 32);
  }

  @Test
  void rfc4303_appendixA2_aPeerThatCountsFromOneNeedsNoClock() {
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(SUITE.parameters(256, true, 64), EspSamples.from(1));
    InboundSecurityAssociation inbound =
        InboundSecurityAssociation.of(SUITE.parameters(256, true, 64), () -> NOW_MS);
    for (int i = 1; i < 200; i++) {
      assertNull(inbound.open(sealed(outbound)));
      assertEquals(i, inbound.highestSequence());
    }
  }

  private static PacketBuffer sealed(OutboundSecurityAssociation outbound) {
    PacketBuffer buffer = PacketBuffer.copyOf(new byte[40]);
    assertNull(outbound.seal(buffer, Protocol.IPV6));
    return buffer;
  }
}
