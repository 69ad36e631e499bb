package org.kagemusha.tap.ipsecmb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.wire.PacketBuffer;

/** The library against the JDK. */
class IpsecMbProperties {

  private static final CipherEngine JDK = new JdkCipherEngine();
  private static final int[] KEY_OCTETS = {16, 24, 32};

  /** Later tests of this process get what they would have got alone. */
  @AfterContainer
  static void theBestAgain() {
    IpsecMbCipherEngine.load();
  }

  @Property(tries = 1500)
  void bothSealToTheSameOctetsAndOpenEachOther(
      @ForAll @IntRange(max = 63) int implementation,
      @ForAll @IntRange(max = 2) int keyLength,
      @ForAll boolean extended,
      @ForAll @IntRange(min = 1, max = 9300) int length,
      @ForAll @IntRange(max = 64) int offset,
      @ForAll long seed) {
    agree(implementation, KEY_OCTETS[keyLength], extended, length, offset, new Random(seed));
  }

  @Property(tries = 40)
  void soDoTheLargest(
      @ForAll @IntRange(max = 63) int implementation,
      @ForAll @IntRange(max = 2) int keyLength,
      @ForAll @IntRange(min = 60_000, max = 65_535) int length,
      @ForAll long seed) {
    agree(implementation, KEY_OCTETS[keyLength], true, length, 0, new Random(seed));
  }

  private static void agree(
      int implementation, int keyOctets, boolean extended, int length, int offset, Random random) {
    List<InstructionSet> all = IpsecMbFixture.instructionSets();
    assumeFalse(all.isEmpty(), "no AES-NI");
    AesGcm.bind(IpsecMbFixture.file(), all.get(implementation % all.size()));
    byte[] key = new byte[keyOctets + 4];
    random.nextBytes(key);
    byte[] plain = new byte[length];
    random.nextBytes(plain);
    long sequence = extended ? random.nextLong() >>> 1 : random.nextInt() & 0xffff_ffffL;
    int spi = random.nextInt();
    EspTransform transform = EspTransform.AES_GCM_16;
    EspCipher jdk = JDK.sealing(transform, key, new byte[0], extended, null);
    EspCipher jdkOpens = JDK.opening(transform, key, new byte[0], extended);
    IpsecMbAesGcm library = new IpsecMbAesGcm(key, extended);
    PacketBuffer expected = IpsecMbFixture.heap(spi, sequence, plain, offset);
    jdk.seal(expected, sequence);
    for (PacketBuffer packet :
        List.of(
            IpsecMbFixture.direct(spi, sequence, plain, offset),
            IpsecMbFixture.heap(spi, sequence, plain, offset))) {
      library.seal(packet, sequence);
      assertArrayEquals(IpsecMbFixture.whole(expected), wholeUpTo(packet, expected));
      rejectsForgeries(library, packet, sequence, extended, random);
      assertTrue(library.open(packet, sequence));
      byte[] opened = packet.toBytes();
      packet.trimFront(16).resize(length);
      assertArrayEquals(plain, packet.toBytes());
      packet.trimFront(-16).resize(opened.length);
      library.seal(packet, sequence);
      assertTrue(jdkOpens.open(packet, sequence));
      assertArrayEquals(opened, packet.toBytes());
    }
    library.destroy();
  }

  /** Whichever bit is wrong: the packet is rejected, and not an octet of the memory has changed. */
  private static void rejectsForgeries(
      EspCipher cipher, PacketBuffer packet, long sequence, boolean extended, Random random) {
    for (int i = 0; i < 4; i++) {
      // Octets 4 to 8 are given apart from the packet with extended sequence numbers.
      int octet = packet.offset() + (i == 0 ? 0 : 8 + random.nextInt(packet.length() - 8));
      byte right = packet.bytes().get(octet);
      packet.bytes().put(octet, (byte) (right ^ 1 << random.nextInt(8)));
      byte[] before = IpsecMbFixture.whole(packet);
      assertFalse(cipher.open(packet, sequence));
      assertArrayEquals(before, IpsecMbFixture.whole(packet));
      packet.bytes().put(octet, right);
    }
    if (extended) {
      assertFalse(cipher.open(packet, sequence ^ 1L << 32));
    }
  }

  /** The direct buffer may be larger. */
  private static byte[] wholeUpTo(PacketBuffer packet, PacketBuffer other) {
    byte[] octets = new byte[other.bytes().capacity()];
    packet.bytes().get(0, octets, 0, Math.min(octets.length, packet.bytes().capacity()));
    return octets;
  }
}
