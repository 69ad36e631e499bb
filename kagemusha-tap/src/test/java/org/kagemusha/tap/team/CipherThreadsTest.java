package org.kagemusha.tap.team;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.ipsec.EncryptionAlgorithm;
import org.kagemusha.core.ipsec.InboundSecurityAssociation;
import org.kagemusha.core.ipsec.IntegrityAlgorithm;
import org.kagemusha.core.ipsec.OutboundSecurityAssociation;
import org.kagemusha.core.ipsec.SecurityAssociationParameters;
import org.kagemusha.core.ipsec.engine.CipherEngine;
import org.kagemusha.core.ipsec.engine.CipherEngines;
import org.kagemusha.core.ipsec.engine.CipherTeam;
import org.kagemusha.core.ipsec.engine.DeferredPasses;
import org.kagemusha.core.ipsec.engine.InitialisationVectors;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.ipsecmb.IpsecMbCipherEngine;
import org.kagemusha.tap.libc.NativeMemory;

/** What the members of a team do together is what one would do, whatever the kernel lets run. */
@Timeout(60)
class CipherThreadsTest {

  private static final long STRESS_NS = TimeUnit.MILLISECONDS.toNanos(1500);
  private static final int BATCH = 64;

  /** Algorithms, each of its own way to work. */
  enum Suite {
    NULL(EncryptionAlgorithm.NULL, IntegrityAlgorithm.HMAC_SHA1_96),
    CBC(EncryptionAlgorithm.AES_CBC_128, IntegrityAlgorithm.HMAC_SHA2_256_128),
    GCM(EncryptionAlgorithm.AES_GCM_16_128, IntegrityAlgorithm.NONE),
    CHACHA(EncryptionAlgorithm.CHACHA20_POLY1305, IntegrityAlgorithm.NONE);

    private final EncryptionAlgorithm encryption;
    private final IntegrityAlgorithm integrity;

    Suite(EncryptionAlgorithm encryption, IntegrityAlgorithm integrity) {
      this.encryption = encryption;
      this.integrity = integrity;
    }

    private SecurityAssociationParameters parameters() {
      byte[] key = new byte[encryption.keyOctets()];
      byte[] other = new byte[integrity.keyOctets()];
      Arrays.fill(key, (byte) 0x35);
      Arrays.fill(other, (byte) 0x53);
      return new SecurityAssociationParameters(
          0x4001, encryption, integrity, key, other, true, 1024);
    }
  }

  /** Both directions of one association, and a batch. */
  private static final class Traffic {
    private final PacketBuffer[] buffers = new PacketBuffer[BATCH];
    private final CipherTeam.Task task = new DeferredPasses(buffers);
    private final OutboundSecurityAssociation outbound;
    private final InboundSecurityAssociation inbound;
    private final CipherTeam team;
    private long number;

    private Traffic(Suite suite, CipherTeam team) {
      this.team = team;
      CipherEngines engines = CipherEngines.withAccelerators(accelerators(), team.members());
      outbound =
          OutboundSecurityAssociation.of(
              suite.parameters(), () -> ++number, engines, InitialisationVectors.random());
      inbound = InboundSecurityAssociation.of(suite.parameters(), () -> 0, engines);
      for (int i = 0; i < BATCH; i++) {
        buffers[i] = NativeMemory.packetBuffer(1500);
      }
    }

    private static List<CipherEngine> accelerators() {
      return IpsecMbCipherEngine.load().stream().toList();
    }

    private void exchange(int packets) {
      for (int i = 0; i < packets; i++) {
        int length = 100 + (i * 37 & 0x3ff);
        PacketBuffer buffer = buffers[i].finished().set(PacketBuffer.HEADROOM, length);
        for (int at = 0; at < length; at += Integer.BYTES) {
          buffer.bytes().putInt(buffer.offset() + at, (int) number * 31 + at);
        }
        outbound.seal(buffer, 41, true);
      }
      team.run(packets, task);
      for (int i = 0; i < packets; i++) {
        if (!buffers[i].isSettled()) {
          throw new AssertionError("not sealed " + i);
        }
        inbound.prepare(buffers[i].finished());
      }
      team.run(packets, task);
      for (int i = 0; i < packets; i++) {
        PacketBuffer buffer = buffers[i];
        if (inbound.open(buffer) != null || buffer.length() != 100 + (i * 37 & 0x3ff)) {
          throw new AssertionError("not opened " + i);
        }
        int before = (int) number - packets + i;
        for (int at = 0; at < buffer.length() - 3; at += Integer.BYTES) {
          if (buffer.bytes().getInt(buffer.offset() + at) != before * 31 + at) {
            throw new AssertionError("other octets " + i);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyJobIsDoneOnceAndSeenByTheCaller(int members) {
    try (CipherThreads team = new CipherThreads(members)) {
      assertEquals(members, team.members());
      SplittableRandom random = new SplittableRandom(members);
      int[] done = new int[4096];
      int[] by = new int[4096];
      CipherTeam.Task task =
          (job, member) -> {
            done[job]++;
            by[job] = member;
          };
      long end = System.nanoTime() + STRESS_NS;
      while (System.nanoTime() - end < 0) {
        int jobs = random.nextInt(10) == 0 ? random.nextInt(4096) : random.nextInt(70);
        Arrays.fill(done, 0);
        team.run(jobs, task);
        for (int i = 0; i < done.length; i++) {
          assertEquals(i < jobs ? 1 : 0, done[i]);
          assertTrue(by[i] < members);
        }
        if (random.nextInt(50) == 0) {
          // Long enough for the others to fall asleep.
          long pause = System.nanoTime() + 300_000;
          while (System.nanoTime() - pause < 0) {
            Thread.onSpinWait();
          }
        }
      }
    }
  }

  /** A task that counts, and throws now and then. */
  private static final class Counting implements CipherTeam.Task {
    private final int[] run = new int[BATCH];
    private final int[] begun = new int[BATCH];
    private final int[] completed = new int[BATCH];
    private final int[] by = new int[BATCH];
    private final int[] open = new int[CipherTeam.MOST_MEMBERS];
    private final int[] mostOpen = new int[CipherTeam.MOST_MEMBERS];

    @Override
    public void run(int job, int member) {
      run[job]++;
    }

    @Override
    public void begin(int job, int member) {
      begun[job]++;
      by[job] = member;
      mostOpen[member] = Math.max(mostOpen[member], ++open[member]);
      if (job % 7 == 0) {
        throw new IllegalStateException("begin");
      }
    }

    @Override
    public void complete(int job, int member) {
      completed[job] += by[job] == member ? 1 : 100;
      open[member]--;
      if (job % 5 == 0) {
        throw new IllegalStateException("complete");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void whatAMemberBeginsItCompletesInOnePass(int members) {
    try (CipherThreads team = new CipherThreads(members)) {
      for (int jobs = 0; jobs <= BATCH; jobs++) {
        Counting task = new Counting();
        team.run(jobs, task);
        for (int i = 0; i < BATCH; i++) {
          assertEquals(i < jobs ? 1 : 0, task.run[i] + task.begun[i]);
          assertEquals(task.begun[i], task.completed[i]);
        }
        assertArrayEquals(new int[CipherTeam.MOST_MEMBERS], task.open);
        for (int most : task.mostOpen) {
          assertTrue(most <= CipherTeam.MOST_IN_ONE_PASS, most + " at once");
        }
        // Too few for a pass are run, and so may be what is left of many.
        int begun = Arrays.stream(task.begun).sum();
        assertTrue(
            jobs < CipherTeam.FEWEST_IN_ONE_PASS
                ? begun == 0
                : begun > jobs - CipherTeam.FEWEST_IN_ONE_PASS,
            begun + " of " + jobs);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Suite.class)
  void streamsThroughManyBatchesAreWholeByOneThread(Suite suite) {
    try (CipherThreads team = new CipherThreads(1)) {
      Traffic traffic = new Traffic(suite, team);
      for (int i = 1; i < 500; i++) {
        traffic.exchange(1 + i % BATCH);
      }
      assertEquals(traffic.number, traffic.inbound.packets());
    }
  }

  @ParameterizedTest
  @EnumSource(Suite.class)
  void streamsThroughManyBatchesAreWhole(Suite suite) {
    try (CipherThreads team = new CipherThreads(3)) {
      Traffic traffic = new Traffic(suite, team);
      SplittableRandom random = new SplittableRandom(1);
      long end = System.nanoTime() + STRESS_NS;
      while (System.nanoTime() - end < 0) {
        traffic.exchange(random.nextInt(1, BATCH + 1));
      }
      assertEquals(traffic.number, traffic.inbound.packets());
      assertEquals(traffic.number, traffic.inbound.highestSequence());
    }
  }

  @Test
  void otherThreadsTakePart() {
    try (CipherThreads team = new CipherThreads(2)) {
      // A caller that is held up until another has begun: nobody else can let it go on.
      CountDownLatch begun = new CountDownLatch(1);
      CipherTeam.Task task =
          (job, member) -> {
            if (member > 0) {
              begun.countDown();
            } else {
              try {
                begun.await(10, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }
          };
      team.run(BATCH, task);
      // Not whether the caller saw it: a caller that the kernel does not run is left without a job.
      assertEquals(0, begun.getCount());
    }
  }

  @Test
  void aFewJobsAreTheCallersAlone() {
    try (CipherThreads team = new CipherThreads(4)) {
      List<Thread> by = new ArrayList<>();
      team.run(CipherTeam.FEWEST_JOBS - 1, (job, member) -> by.add(Thread.currentThread()));
      assertEquals(CipherTeam.FEWEST_JOBS - 1, by.size());
      by.forEach(thread -> assertEquals(Thread.currentThread(), thread));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void whatIsThrownHoldsUpNoOther(int members) {
    try (CipherThreads team = new CipherThreads(members)) {
      for (int round = 0; round < 100; round++) {
        boolean[] done = new boolean[BATCH];
        team.run(
            BATCH,
            (job, member) -> {
              if (job % 10 == 0) {
                throw new IllegalStateException("job");
              }
              if (job % 5 == 0) {
                throw new StackOverflowError();
              }
              done[job] = true;
            });
        for (int i = 0; i < BATCH; i++) {
          assertEquals(i % 5 != 0, done[i]);
        }
      }
    }
  }

  @Test
  void whatIsThrownIsToldOnce() {
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    StreamHandler handler = new StreamHandler(told, new SimpleFormatter());
    Logger log = Logger.getLogger(CipherThreads.class.getName());
    log.addHandler(handler);
    log.setUseParentHandlers(false);
    try (CipherThreads team = new CipherThreads(1)) {
      for (int i = 0; i < 3; i++) {
        team.run(
            BATCH,
            (job, member) -> {
              throw new IllegalStateException("job");
            });
      }
    } finally {
      log.removeHandler(handler);
      log.setUseParentHandlers(true);
    }
    handler.flush();
    String text = told.toString(StandardCharsets.UTF_8);
    assertTrue(
        text.contains(
            Level.SEVERE.getLocalizedName()
                + ": cipher failed, packets are dropped and counted thread=0"),
        text);
    assertEquals(2, text.split("cipher failed", -1).length, text);
    assertTrue(text.contains("IllegalStateException: job"), text);
  }

  @Test
  void threadsEndWithTheTeamAndTheCallerGoesOnAlone() throws InterruptedException {
    CipherThreads team = new CipherThreads(3);
    List<Thread> threads = helpers();
    assertEquals(2, threads.size());
    threads.forEach(thread -> assertTrue(thread.isDaemon()));
    team.close();
    for (Thread thread : threads) {
      thread.join(10_000);
      assertFalse(thread.isAlive());
    }
    int[] done = new int[BATCH];
    team.run(BATCH, (job, member) -> done[job] += 1 + member);
    int[] expected = new int[BATCH];
    Arrays.fill(expected, 1);
    assertArrayEquals(expected, done);
  }

  @Test
  void aTeamHasBounds() {
    assertThrows(IllegalArgumentException.class, () -> new CipherThreads(0));
    assertThrows(IllegalArgumentException.class, () -> new CipherThreads(9));
    try (CipherThreads team = new CipherThreads(1)) {
      assertEquals(0, helpers().size());
      assertThrows(
          IllegalArgumentException.class, () -> team.run(1 << 16, (job, member) -> { }));
    }
  }

  /** The JDK's AEAD ciphers allocate by themselves; all others leave nothing on any thread. */
  @ParameterizedTest
  @EnumSource(names = {"NULL", "CBC", "GCM"})
  void aPacketLeavesNoGarbageOnAnyThread(Suite suite) {
    boolean accelerated = IpsecMbCipherEngine.load().isPresent();
    if (suite == Suite.GCM && !accelerated) {
      return;
    }
    ThreadMXBean beans = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (CipherThreads team = new CipherThreads(2)) {
      Traffic traffic = new Traffic(suite, team);
      for (int i = 0; i < 500; i++) {
        traffic.exchange(BATCH);
      }
      long helper = helpers().get(0).getId();
      final int rounds = 500;
      long before = beans.getCurrentThreadAllocatedBytes();
      final long helpersBefore = beans.getThreadAllocatedBytes(helper);
      for (int i = 0; i < rounds; i++) {
        traffic.exchange(BATCH);
      }
      long allocated = beans.getCurrentThreadAllocatedBytes() - before;
      allocated += beans.getThreadAllocatedBytes(helper) - helpersBefore;
      assertEquals(0, allocated / (rounds * BATCH), allocated + " octets");
    }
  }

  private static List<Thread> helpers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("cipher-") && thread.isAlive())
        .toList();
  }
}
