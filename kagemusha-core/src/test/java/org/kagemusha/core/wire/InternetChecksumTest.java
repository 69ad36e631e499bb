package org.kagemusha.core.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The sum against RFC 1071's definition, word by word. */
class InternetChecksumTest {

  private static int plain(byte[] octets, int from, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += (octets[from + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return sum;
  }

  private static void assertSums(byte[] octets, int from, int length) {
    int expected = plain(octets, from, length);
    ByteBuffer heap = ByteBuffer.wrap(octets);
    ByteBuffer direct = ByteBuffer.allocateDirect(octets.length).put(0, octets);
    assertEquals(expected, InternetChecksum.fold(InternetChecksum.sum(heap, from, length)));
    assertEquals(expected, InternetChecksum.fold(InternetChecksum.sum(direct, from, length)));
    for (ByteBuffer memory : new ByteBuffer[] {heap, direct}) {
      PacketBuffer packet = new PacketBuffer(memory, 0);
      assertEquals(expected, InternetChecksum.fold(packet.sum(from, length)));
    }
  }

  @Test
  void rfc1071_everyLengthAtEveryAlignment() {
    byte[] octets = new byte[200];
    new Random(1).nextBytes(octets);
    for (int from = 0; from < 9; from++) {
      for (int length = 0; length < 150; length++) {
        assertSums(octets, from, length);
      }
    }
  }

  @Test
  void rfc1071_carriesAreNotLost() {
    byte[] octets = new byte[65_600];
    Arrays.fill(octets, (byte) 0xff);
    assertSums(octets, 3, 65_535);
    for (int length = 0; length < 40; length++) {
      assertSums(octets, 1, length);
    }
    assertEquals(0, InternetChecksum.sum(ByteBuffer.allocate(64), 0, 64));
  }

  /** The example of RFC 1071 §3. */
  @Test
  void rfc1071_s3_example() {
    ByteBuffer octets = ByteBuffer.allocate(8).putLong(0, 0x0001_f203_f4f5_f6f7L);
    assertEquals(0xddf2, InternetChecksum.fold(InternetChecksum.sum(octets, 0, 8)));
  }

  @Test
  void partsMayBeAdded() {
    byte[] octets = new byte[300];
    new Random(2).nextBytes(octets);
    ByteBuffer buffer = ByteBuffer.wrap(octets);
    for (int cut = 0; cut <= 300; cut += 2) {
      long sum =
          InternetChecksum.sum(buffer, 0, cut) + InternetChecksum.sum(buffer, cut, 300 - cut);
      assertEquals(plain(octets, 0, 300), InternetChecksum.fold(sum));
    }
  }

  @Test
  void nothingBeyondTheBufferIsRead() {
    ByteBuffer buffer = ByteBuffer.allocate(64);
    assertThrows(IndexOutOfBoundsException.class, () -> InternetChecksum.sum(buffer, 60, 8));
    PacketBuffer packet = new PacketBuffer(buffer, 0);
    for (int count = 61; count < 80; count++) {
      int beyond = count;
      assertThrows(IndexOutOfBoundsException.class, () -> packet.sum(4, beyond));
    }
  }
}
