package org.kagemusha.core.ipsec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.kagemusha.core.ipsec.EspSamples.Suite;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;

class EspProperties {

  private static final int NEXT_HEADER = 41;

  @Provide
  Arbitrary<Suite> suites() {
    return Arbitraries.of(EspSamples.suites());
  }

  @Property(tries = 300)
  void rfc4303_s3_whatIsSealedOpensToTheSame(
      @ForAll("suites") Suite suite,
      @ForAll boolean extended,
      @ForAll @IntRange(max = 9000) int length,
      @ForAll @LongRange(min = 1, max = 0xffff_f000L) long first,
      @ForAll long seed) {
    SecurityAssociationParameters parameters = suite.parameters(4096, extended, 64);
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(parameters, EspSamples.from(first));
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    Random random = new Random(seed);
    for (int packet = 0; packet < 3; packet++) {
      byte[] payload = new byte[packet == 1 ? length / 2 : length];
      random.nextBytes(payload);
      PacketBuffer buffer = PacketBuffer.copyOf(payload);
      assertNull(outbound.seal(buffer, NEXT_HEADER));
      assertEquals(payload.length + outbound.overhead(payload.length), buffer.length());
      assertNull(inbound.open(buffer));
      assertEquals(NEXT_HEADER, inbound.nextHeader());
      assertArrayEquals(payload, buffer.toBytes());
    }
  }

  @Property(tries = 1000)
  void rfc4303_s3_4_4_aPacketWithAnyBitFlippedIsRejected(
      @ForAll("suites") Suite suite,
      @ForAll boolean extended,
      @ForAll @IntRange(max = 200) int length,
      @ForAll @IntRange(max = Integer.MAX_VALUE) int bit) {
    SecurityAssociationParameters parameters = suite.parameters(4096, extended, 64);
    PacketBuffer buffer = PacketBuffer.copyOf(new byte[length]);
    assertNull(
        OutboundSecurityAssociation.of(parameters, EspSamples.from(1)).seal(buffer, NEXT_HEADER));
    byte[] esp = buffer.toBytes();
    byte[] flipped = esp.clone();
    flipped[bit / 8 % esp.length] ^= (byte) (1 << bit % 8);
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    assertNotEquals(null, inbound.open(PacketBuffer.copyOf(flipped)));
    assertEquals(0, inbound.highestSequence());
    assertNull(inbound.open(PacketBuffer.copyOf(esp)), "the forgery did harm");
    assertEquals(DropReason.ESP_REPLAYED, inbound.open(PacketBuffer.copyOf(esp)));
  }

  @Property(tries = 200)
  void rfc4303_s2_2_1_extendedNumbersCarryOnAcrossTheWrapOfTheLowerHalf(
      @ForAll("suites") Suite suite,
      @ForAll @IntRange(max = 100) int before,
      @ForAll long seed) {
    SecurityAssociationParameters parameters = suite.parameters(4096, true, 128);
    long first = (1L << 32) - before;
    OutboundSecurityAssociation outbound =
        OutboundSecurityAssociation.of(parameters, EspSamples.from(first));
    InboundSecurityAssociation inbound = InboundSecurityAssociation.of(parameters);
    byte[][] packets = new byte[100][];
    for (int i = 0; i < packets.length; i++) {
      PacketBuffer buffer = PacketBuffer.copyOf(new byte[20]);
      assertNull(outbound.seal(buffer, NEXT_HEADER));
      packets[i] = buffer.toBytes();
    }
    PacketBuffer earlier = PacketBuffer.copyOf(new byte[20]);
    OutboundSecurityAssociation.of(parameters, EspSamples.from(first - 1000))
        .seal(earlier, NEXT_HEADER);
    assertNull(inbound.open(earlier));
    List<byte[]> shuffled = Arrays.asList(packets.clone());
    Collections.shuffle(shuffled, new Random(seed));
    for (byte[] packet : shuffled) {
      assertNull(inbound.open(PacketBuffer.copyOf(packet)));
    }
    for (byte[] packet : shuffled) {
      assertEquals(DropReason.ESP_REPLAYED, inbound.open(PacketBuffer.copyOf(packet)));
    }
    assertEquals(first + packets.length - 1, inbound.highestSequence());
  }
}
