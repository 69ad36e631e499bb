package org.kagemusha.tap.ipsecmb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.EspCipher;
import org.kagemusha.core.ipsec.engine.EspTransform;
import org.kagemusha.core.ipsec.engine.JdkCipherEngine;
import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;

/** Packets in one pass beside the JDK's, one by one. */
class GcmBurstTest {

  private static final int MOST = CipherTeam.MOST_IN_ONE_PASS;
  private static final int SPI = 0x1000;
  private static final long SEQUENCE = 0x1_0000_0100L;

  private final SplittableRandom random = new SplittableRandom(5);
  private final PacketBuffer[] packets = new PacketBuffer[MOST];
  private final EspCipher[] ciphers = new EspCipher[MOST];
  private final EspCipher[] others = new EspCipher[MOST];
  private final int[] tickets = new int[MOST];

  @AfterEach
  void asTheDaemonHasIt() {
    IpsecMbFixture.engine();
  }

  private byte[] octets(int count) {
    byte[] octets = new byte[count];
    random.nextBytes(octets);
    return octets;
  }

  /** Packets of any length, each under a key of its own, at any alignment. */
  private void make() {
    CipherEngine jdk = new JdkCipherEngine();
    for (int i = 0; i < MOST; i++) {
      byte[] key = octets(20 + 8 * random.nextInt(3));
      boolean extended = random.nextBoolean();
      ciphers[i] = new IpsecMbAesGcm(key, extended);
      others[i] = jdk.opening(EspTransform.AES_GCM_16, key, new byte[0], extended);
      byte[] plaintext = octets(random.nextInt(2, 1500));
      packets[i] =
          IpsecMbFixture.direct(SPI + i, SEQUENCE + i, plaintext, random.nextInt(16));
    }
  }

  private void seal(int count) {
    for (int i = 0; i < count; i++) {
      tickets[i] = ciphers[i].beginSealing(packets[i], SEQUENCE + i);
      assertTrue(tickets[i] != CipherWork.NOT_BEGUN);
    }
    for (int i = 0; i < count; i++) {
      ciphers[i].completeSealing(tickets[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("org.kagemusha.tap.ipsecmb.IpsecMbFixture#instructionSets")
  void rfc4106_whatIsSealedInOnePassTheJdkOpens(InstructionSet instructions) {
    assertTrue(IpsecMbFixture.bound(instructions).gathers());
    for (int round = 0; round < 200; round++) {
      make();
      byte[][] before = new byte[MOST][];
      for (int i = 0; i < MOST; i++) {
        before[i] = IpsecMbFixture.whole(packets[i]);
      }
      seal(1 + random.nextInt(MOST));
      for (int i = 0; i < MOST && tickets[i] == i; i++) {
        PacketBuffer packet = packets[i];
        assertTrue(others[i].open(packet, SEQUENCE + i), "packet " + i);
        // But for IV and ICV, all is as it was.
        byte[] after = IpsecMbFixture.whole(packet);
        Arrays.fill(after, packet.offset() + 8, packet.offset() + 16, (byte) 0);
        Arrays.fill(after, packet.end() - 16, packet.end(), (byte) 0);
        Arrays.fill(before[i], packet.offset() + 8, packet.offset() + 16, (byte) 0);
        assertArrayEquals(before[i], after);
        tickets[i] = -1;
      }
    }
  }

  @ParameterizedTest
  @MethodSource("org.kagemusha.tap.ipsecmb.IpsecMbFixture#instructionSets")
  void forgedPacketsAreAsTheyWereAndTheirNeighboursOpen(InstructionSet instructions) {
    IpsecMbFixture.bound(instructions);
    for (int round = 0; round < 200; round++) {
      make();
      seal(MOST);
      byte[][] before = new byte[MOST][];
      boolean[] forged = new boolean[MOST];
      for (int i = 0; i < MOST; i++) {
        PacketBuffer packet = packets[i];
        forged[i] = random.nextInt(4) == 0;
        if (forged[i]) {
          int at = packet.offset() + random.nextInt(packet.length());
          byte octet = packet.bytes().get(at);
          packet.bytes().put(at, (byte) (octet ^ 1 << random.nextInt(8)));
        }
        before[i] = IpsecMbFixture.whole(packet);
        tickets[i] = ciphers[i].beginOpening(packet, SEQUENCE + i);
        assertEquals(i, tickets[i]);
      }
      for (int i = 0; i < MOST; i++) {
        boolean opened = ciphers[i].completeOpening(packets[i], SEQUENCE + i, tickets[i]);
        boolean harmless = forged[i] && opened && isOnlyOfTheSequence(i);
        assertEquals(!forged[i] || harmless, opened, "packet " + i);
        if (!opened) {
          assertArrayEquals(before[i], IpsecMbFixture.whole(packets[i]));
          assertFalse(others[i].open(packets[i], SEQUENCE + i));
        }
      }
    }
  }

  /** With extended numbers the ICV covers the number that was inferred, not the one written. */
  private boolean isOnlyOfTheSequence(int i) {
    return packets[i].bytes().getInt(packets[i].offset() + 4) != (int) (SEQUENCE + i);
  }

  @Test
  void whatDoesNotFitIsNotBegunAndAPassMakesRoom() {
    IpsecMbFixture.engine();
    make();
    for (int i = 0; i < MOST; i++) {
      tickets[i] = ciphers[i].beginSealing(packets[i], SEQUENCE + i);
    }
    PacketBuffer more = IpsecMbFixture.direct(SPI, 1, new byte[100], 0);
    byte[] before = IpsecMbFixture.whole(more);
    assertEquals(CipherWork.NOT_BEGUN, ciphers[0].beginSealing(more, 1));
    assertArrayEquals(before, IpsecMbFixture.whole(more));
    // The other direction has room of its own.
    int other = ciphers[1].beginOpening(more, 1);
    assertFalse(ciphers[1].completeOpening(more, 1, other));
    for (int i = 0; i < MOST; i++) {
      ciphers[i].completeSealing(tickets[i]);
    }
    ciphers[0].completeSealing(ciphers[0].beginSealing(more, 1));
    assertTrue(others[0].open(more, 1));
  }

  @Test
  void packetsWithoutAnAddressAreNotBegun() {
    IpsecMbFixture.engine();
    make();
    PacketBuffer heap = IpsecMbFixture.heap(SPI, 1, new byte[64], 0);
    assertEquals(CipherWork.NOT_BEGUN, ciphers[0].beginSealing(heap, 1));
    assertEquals(CipherWork.NOT_BEGUN, ciphers[0].beginOpening(heap, 1));
  }

  @Test
  void aDestroyedKeyBeginsNothing() {
    IpsecMbFixture.engine();
    make();
    ciphers[0].destroy();
    assertThrows(
        IllegalStateException.class, () -> ciphers[0].beginSealing(packets[0], SEQUENCE));
    assertThrows(
        IllegalStateException.class, () -> ciphers[0].beginOpening(packets[0], SEQUENCE));
    // Nor is anything of it left for the next pass.
    tickets[1] = ciphers[1].beginSealing(packets[1], SEQUENCE + 1);
    assertEquals(0, tickets[1]);
    ciphers[1].completeSealing(tickets[1]);
    assertTrue(others[1].open(packets[1], SEQUENCE + 1));
  }

  @Test
  void onlyVersionsWithAKnownLayoutHaveBursts() {
    IpsecMbFixture.engine();
    InstructionSet best = IpsecMbFixture.instructionSets().get(0);
    String file = IpsecMbFixture.file();
    assertFalse(GcmBursts.bind(file, new IpsecMbVersion(0x01_0201), best));
    assertFalse(GcmBursts.areAvailable());
    make();
    assertEquals(CipherWork.NOT_BEGUN, ciphers[0].beginSealing(packets[0], SEQUENCE));
    assertFalse(GcmBursts.bind(file, new IpsecMbVersion(0x02_0100), best));
    // A library that lacks the functions.
    assertFalse(GcmBursts.bind("libc.so.6", new IpsecMbVersion(0x01_0300), best));
    assertFalse(GcmBursts.areAvailable());
  }

  @Test
  void aPassLeavesNoGarbage() {
    IpsecMbFixture.engine();
    make();
    run(2000);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    run(2000);
    long perPacket = (threads.getCurrentThreadAllocatedBytes() - before) / (2000 * MOST);
    assertEquals(0, perPacket);
  }

  private void run(int rounds) {
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < MOST; i++) {
        tickets[i] = ciphers[i].beginSealing(packets[i], SEQUENCE + i);
      }
      for (int i = 0; i < MOST; i++) {
        ciphers[i].completeSealing(tickets[i]);
      }
      for (int i = 0; i < MOST; i++) {
        tickets[i] = ciphers[i].beginOpening(packets[i], SEQUENCE + i);
      }
      for (int i = 0; i < MOST; i++) {
        if (!ciphers[i].completeOpening(packets[i], SEQUENCE + i, tickets[i])) {
          throw new AssertionError("packet " + i);
        }
      }
    }
  }
}
