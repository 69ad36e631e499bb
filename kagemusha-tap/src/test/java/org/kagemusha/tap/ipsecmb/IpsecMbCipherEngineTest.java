package org.kagemusha.tap.ipsecmb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;

class IpsecMbCipherEngineTest {

  private static final int SPI = 0x1000;

  private static byte[] key(int octets) {
    byte[] key = new byte[octets];
    Arrays.fill(key, (byte) 0x5a);
    return key;
  }

  @Test
  void hasAesGcmOnly() {
    CipherEngine engine = IpsecMbFixture.engine();
    assertEquals("ipsec-mb", engine.name());
    for (EspTransform transform : EspTransform.values()) {
      assertEquals(transform == EspTransform.AES_GCM_16, engine.supports(transform));
    }
  }

  @Test
  void aMissingLibraryIsNoEngine() {
    Set<String> flags = CpuFlags.ofThisMachine();
    assertTrue(IpsecMbCipherEngine.load(List.of("libabsent.so.1"), flags).isEmpty());
  }

  @Test
  void anotherLibraryIsNoEngine() {
    Set<String> flags = CpuFlags.ofThisMachine();
    assertTrue(IpsecMbCipherEngine.load(List.of("libc.so.6"), flags).isEmpty());
  }

  @Test
  void aCpuWithoutAesIsNoReasonToLoad() {
    assertTrue(IpsecMbCipherEngine.load(IpsecMbCipherEngine.FILES, Set.of("sse4_2")).isEmpty());
    assertTrue(IpsecMbCipherEngine.load(IpsecMbCipherEngine.FILES, Set.of()).isEmpty());
  }

  @Test
  void onlyKnownMajorVersionsAreUsed() {
    assertFalse(new IpsecMbVersion(0x00_3700).isKnown());
    assertTrue(new IpsecMbVersion(0x01_0300).isKnown());
    assertTrue(new IpsecMbVersion(0x02_0002).isKnown());
    assertFalse(new IpsecMbVersion(0x03_0000).isKnown());
    assertEquals("1.3.0", new IpsecMbVersion(0x01_0300).toString());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 4, 16, 19, 21, 24, 32, 37, 40})
  void keysOfOtherLengthsAreRefused(int octets) {
    CipherEngine engine = IpsecMbFixture.engine();
    assertThrows(
        IllegalArgumentException.class,
        () -> engine.opening(EspTransform.AES_GCM_16, key(octets), new byte[0], true));
  }

  @Test
  void aDestroyedKeyIsOverwrittenAndSealsNothing() throws Exception {
    IpsecMbFixture.engine();
    IpsecMbAesGcm cipher = new IpsecMbAesGcm(key(36), true);
    Field field = IpsecMbAesGcm.class.getDeclaredField("memory");
    field.setAccessible(true);
    NativeMemory memory = (NativeMemory) field.get(cipher);
    assertEquals(0, memory.address() % 64);
    byte[] held = new byte[memory.bytes().capacity()];
    memory.bytes().get(0, held);
    // The first two round keys are the key; behind the expanded keys it is nowhere.
    assertArrayEquals(key(32), Arrays.copyOf(held, 32));
    String behind = new String(held, 256, held.length - 256, "ISO-8859-1");
    assertFalse(behind.contains("Z".repeat(8)));
    PacketBuffer packet = IpsecMbFixture.direct(SPI, 1, new byte[64], 0);
    cipher.seal(packet, 1);
    cipher.destroy();
    cipher.destroy();
    memory.bytes().get(0, held);
    assertArrayEquals(new byte[held.length], held);
    assertThrows(IllegalStateException.class, () -> cipher.seal(packet, 2));
    assertThrows(IllegalStateException.class, () -> cipher.open(packet, 2));
  }

  @Test
  void packetsLeaveNoGarbage() {
    IpsecMbFixture.engine();
    EspCipher cipher = new IpsecMbAesGcm(key(20), true);
    PacketBuffer direct = IpsecMbFixture.direct(SPI, 1, new byte[1400], 0);
    PacketBuffer heap = IpsecMbFixture.heap(SPI, 1, new byte[1400], 0);
    run(cipher, direct, heap, 20_000);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    run(cipher, direct, heap, 20_000);
    long perPacket = (threads.getCurrentThreadAllocatedBytes() - before) / 20_000;
    assertEquals(0, perPacket);
  }

  private static void run(
      EspCipher cipher, PacketBuffer direct, PacketBuffer heap, int count) {
    for (int i = 0; i < count; i++) {
      cipher.seal(direct, i);
      cipher.seal(heap, i);
      // A forged packet leaves none either.
      if (cipher.open(direct, i + (1L << 32))
          || cipher.open(heap, i + (1L << 32))
          || !cipher.open(direct, i)
          || !cipher.open(heap, i)) {
        throw new AssertionError("packet " + i);
      }
    }
  }

  @Test
  void threadsDoNotDisturbEachOther() throws Exception {
    IpsecMbFixture.engine();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Void>> results = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int number = i;
        Callable<Void> there = () -> thereAndBack(number);
        results.add(threads.submit(there));
      }
      for (Future<Void> result : results) {
        result.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static Void thereAndBack(int number) {
    byte[] key = key(20 + 8 * (number % 3));
    key[0] = (byte) number;
    IpsecMbAesGcm sealing = new IpsecMbAesGcm(key, true);
    IpsecMbAesGcm opening = new IpsecMbAesGcm(key, true);
    byte[] plain = new byte[700 + number];
    Arrays.fill(plain, (byte) number);
    PacketBuffer direct = IpsecMbFixture.direct(SPI, 1, plain, 0);
    PacketBuffer heap = IpsecMbFixture.heap(SPI, 1, plain, 0);
    for (int i = 1; i < 5000; i++) {
      for (PacketBuffer packet : List.of(direct, heap)) {
        sealing.seal(packet, i);
        assertNotEquals(number, packet.bytes().getInt(packet.offset() + 20));
        assertTrue(opening.open(packet, i));
        byte[] opened = packet.toBytes();
        assertArrayEquals(plain, Arrays.copyOfRange(opened, 16, opened.length - 16));
      }
    }
    return null;
  }
}
