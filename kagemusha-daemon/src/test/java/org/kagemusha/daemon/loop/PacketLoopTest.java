package org.kagemusha.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.NodeEngine;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.scheduling.ThreadClock;
import org.kagemusha.tap.scheduling.ThreadScheduling;

@Timeout(60)
class PacketLoopTest {

  /** Takes one octet at a time as a packet. */
  private static final class PipeSource implements PacketSource {
    private final FileDescriptor[] pipe;
    private final ByteBuffer octet = ByteBuffer.allocateDirect(1);
    private final Runnable onPacket;
    private IOException failure;
    private int weight = 1;

    PipeSource(Runnable onPacket) throws IOException {
      this.pipe = FileDescriptor.pipe();
      this.onPacket = onPacket;
    }

    void send(int count) throws IOException {
      ByteBuffer octets = ByteBuffer.allocateDirect(count);
      int sent = 0;
      while (sent < count) {
        sent += Math.max(0, pipe[1].write(octets, sent, count));
      }
    }

    @Override
    public int descriptor() {
      return pipe[0].intValue();
    }

    @Override
    public int receive(long nowNs) throws IOException {
      if (failure != null) {
        throw failure;
      }
      int got = pipe[0].read(octet, 0, 1);
      if (got <= 0) {
        return 0;
      }
      onPacket.run();
      return weight;
    }

    @Override
    public String name() {
      return "pipe";
    }
  }

  private static final class FakeEngine implements NodeEngine {
    private final BlockingQueue<Long> deadlines = new LinkedBlockingQueue<>();
    private long nextNs = NEVER;
    private boolean fails;
    private Error error;

    @Override
    public void onHomeFrame(PacketBuffer frame, long nowNs) {}

    @Override
    public void onUnderlayPacket(PacketBuffer packet, long nowNs) {}

    @Override
    public void onDeadline(long nowNs) {
      if (fails) {
        fails = false;
        throw new IllegalStateException("a bug");
      }
      nextNs = NEVER;
      if (error != null) {
        throw error;
      }
      deadlines.add(nowNs);
    }

    @Override
    public long nextDeadlineNs() {
      return nextNs;
    }
  }

  private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
  private PacketLoop loop;
  private FakeEngine engine;
  private final PacketSink sink = nowNs -> { };

  @BeforeEach
  void open() {
    loop = new PacketLoop("test", broken::complete);
    engine = new FakeEngine();
    loop.engine(engine, sink, () -> { });
  }

  @AfterEach
  void close() {
    loop.close();
  }

  @Test
  void deadlinesAreKeptAndNeverEarly() throws Exception {
    long wantedNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
    loop.execute(() -> engine.nextNs = wantedNs);
    assertTrue(engine.deadlines.take() >= wantedNs);
  }

  @Test
  void anEarlierDeadlineReplacesALaterOne() throws Exception {
    loop.execute(() -> engine.nextNs = System.nanoTime() + TimeUnit.HOURS.toNanos(1));
    loop.execute(() -> engine.nextNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(5));
    engine.deadlines.take();
    loop.execute(() -> engine.nextNs = System.nanoTime());
    engine.deadlines.take();
  }

  /** A deadline is set on the loop; gives when the loop wakes by itself. */
  private long wakesWith(long deadlineNs) {
    loop.call(
        () -> {
          engine.nextNs = deadlineNs;
          return null;
        });
    loop.execute(() -> { });
    return loop.call(loop::wakesNs);
  }

  @Test
  void aTimerThatIsMuchTooEarlyIsReplacedAndOthersStay() {
    long soonNs = System.nanoTime() + TimeUnit.HOURS.toNanos(1);
    assertEquals(soonNs, wakesWith(soonNs));
    assertEquals(soonNs, wakesWith(soonNs + PacketLoop.TOO_EARLY_NS - 1));
    long laterNs = soonNs + PacketLoop.TOO_EARLY_NS;
    assertEquals(laterNs, wakesWith(laterNs));
    assertEquals(NodeEngine.NEVER, wakesWith(NodeEngine.NEVER));
    assertEquals(soonNs, wakesWith(soonNs));
  }

  @Test
  void aWakeUpTakesAtMostABudgetSoThatTheOtherSideIsServed() throws Exception {
    List<String> order = new ArrayList<>();
    CountDownLatch all = new CountDownLatch(1000);
    PipeSource busy = new PipeSource(() -> {
      order.add("busy");
      all.countDown();
    });
    PipeSource rare = new PipeSource(() -> {
      order.add("rare");
      all.countDown();
    });
    busy.send(999);
    rare.send(1);
    loop.call(
        () -> {
          loop.addOnLoop(busy);
          loop.addOnLoop(rare);
          return null;
        });
    all.await();
    int rarePlace = loop.call(() -> order.indexOf("rare"));
    assertTrue(rarePlace <= 2 * PacketLoop.BUDGET, "served after " + rarePlace);
  }

  @Test
  void aSuperPacketWeighsAsItsSegmentsAndAsItsOctets() {
    PacketBuffer small = PacketBuffer.copyOf(new byte[64]);
    assertEquals(1, PacketSource.weight(small));
    assertEquals(3, PacketSource.weight(PacketBuffer.copyOf(new byte[9000])));
    PacketBuffer joined = PacketBuffer.copyOf(new byte[30_000]).unfinished(54, 16, 1000);
    assertEquals(31, PacketSource.weight(joined));
    assertEquals(8, PacketSource.weight(joined.unfinished(54, 16, 8000)));
  }

  @Test
  void heavyPacketsUseUpTheBudgetOfAWakeUpEarlier() throws Exception {
    List<Integer> takenAtFlush = new ArrayList<>();
    CountDownLatch all = new CountDownLatch(8);
    PipeSource source = new PipeSource(all::countDown);
    source.weight = PacketLoop.BUDGET / 2;
    loop.engine(engine, nowNs -> takenAtFlush.add((int) all.getCount()), () -> { });
    source.send(8);
    loop.add(source);
    all.await();
    List<Integer> seen = loop.call(() -> List.copyOf(takenAtFlush));
    assertTrue(seen.containsAll(List.of(6, 4, 2)), seen.toString());
    assertFalse(seen.contains(5) || seen.contains(3), seen.toString());
  }

  /** Takes as many packets at a time as a list says; between two of them there is none. */
  private static final class BurstSource implements PacketSource {
    private final PipeSource pipe;
    private final List<Integer> bursts;
    private final boolean isModerated;
    private int taken;

    BurstSource(PipeSource pipe, List<Integer> bursts, boolean isModerated) {
      this.pipe = pipe;
      this.bursts = new ArrayList<>(bursts);
      this.isModerated = isModerated;
    }

    @Override
    public int descriptor() {
      return pipe.descriptor();
    }

    @Override
    public int receive(long nowNs) throws IOException {
      if (bursts.isEmpty()) {
        return pipe.receive(nowNs);
      }
      int left = bursts.get(0);
      if (left == 0) {
        bursts.remove(0);
        return 0;
      }
      bursts.set(0, left - 1);
      taken++;
      return 1;
    }

    @Override
    public boolean isModerated() {
      return isModerated;
    }

    @Override
    public String name() {
      return "bursts";
    }
  }

  private List<Integer> takenAtFlushes(List<Integer> bursts, boolean isModerated)
      throws Exception {
    List<Integer> flushed = new ArrayList<>();
    CountDownLatch done = new CountDownLatch(1);
    PipeSource pipe = new PipeSource(done::countDown);
    BurstSource source = new BurstSource(pipe, bursts, isModerated);
    loop.engine(engine, nowNs -> flushed.add(source.taken), () -> { });
    pipe.send(1);
    loop.add(source);
    done.await();
    return loop.call(() -> List.copyOf(flushed));
  }

  @Test
  void aWakeUpThatFoundMuchLooksOnceMore() throws Exception {
    List<Integer> flushed = takenAtFlushes(List.of(PacketLoop.BUSY, 3, 1), true);
    assertTrue(flushed.contains(PacketLoop.BUSY + 3), flushed.toString());
    assertFalse(flushed.contains(PacketLoop.BUSY), flushed.toString());
    assertTrue(flushed.contains(PacketLoop.BUSY + 4), flushed.toString());
  }

  @Test
  void aFewPacketsAreNotKeptWaitingForMore() throws Exception {
    List<Integer> few = takenAtFlushes(List.of(PacketLoop.BUSY - 1, 3), true);
    assertTrue(few.contains(PacketLoop.BUSY - 1), few.toString());
  }

  @Test
  void sourcesThatAreNotModeratedNeverWait() throws Exception {
    List<Integer> other = takenAtFlushes(List.of(PacketLoop.BUSY, 3), false);
    assertTrue(other.contains(PacketLoop.BUSY), other.toString());
  }

  @Test
  void whatIsSentGoesOutAtTheEndOfEachWakeUpAndOutsideOfOneAtOnce() throws Exception {
    List<String> order = new ArrayList<>();
    loop.engine(engine, nowNs -> order.add("flush"), () -> order.add("after"));
    loop.call(
        () -> {
          order.clear();
          return null;
        });
    PipeSource source = new PipeSource(() -> order.add("packet " + loop.isWorking()));
    loop.add(source);
    source.send(1);
    while (loop.call(() -> !order.contains("packet true"))) {
      Thread.onSpinWait();
    }
    List<String> seen = loop.call(() -> List.copyOf(order));
    int packet = seen.indexOf("packet true");
    assertEquals(List.of("flush", "after"), seen.subList(packet + 1, packet + 3));
    loop.execute(() -> order.add("work " + loop.isWorking()));
    List<String> worked = loop.call(() -> List.copyOf(order));
    int work = worked.indexOf("work true");
    assertEquals("flush", worked.get(work + 1));
    assertFalse(loop.eventLoop().submit(loop::isWorking).get());
    loop.retire();
    assertFalse(loop.call(loop::isWorking));
  }

  @Test
  void whatNoPollTellsOfIsReadToo() throws Exception {
    CompletableFuture<Integer> done = new CompletableFuture<>();
    PipeSource pipe = new PipeSource(() -> { });
    PacketSource divided =
        new PacketSource() {
          private int left;
          private int taken;

          @Override
          public int descriptor() {
            return pipe.descriptor();
          }

          @Override
          public int receive(long nowNs) throws IOException {
            if (left == 0 && pipe.receive(nowNs) > 0) {
              left = 200;
            }
            if (left == 0) {
              return 0;
            }
            left--;
            if (++taken == 200) {
              done.complete(taken);
            }
            return 1;
          }

          @Override
          public boolean pending() {
            return left > 0;
          }

          @Override
          public String name() {
            return "divided";
          }
        };
    loop.add(divided);
    pipe.send(1);
    assertEquals(200, done.get());
  }

  @Test
  void aPacketThatBreaksTheEngineDoesNotStopTheNext() throws Exception {
    CountDownLatch survived = new CountDownLatch(3);
    PipeSource source =
        new PipeSource(
            () -> {
              survived.countDown();
              throw new IllegalStateException("a bug");
            });
    loop.add(source);
    source.send(3);
    survived.await();
    loop.execute(
        () -> {
          engine.fails = true;
          engine.nextNs = System.nanoTime();
        });
    engine.deadlines.take();
  }

  @Test
  void aDeviceOfNoUseEndsTheService() throws Exception {
    PipeSource source = new PipeSource(() -> { });
    source.failure = new IOException("gone");
    loop.add(source);
    source.send(1);
    assertEquals("gone", broken.get().getMessage());
  }

  @Test
  void aBrokenJvmEndsTheServiceRatherThanItsThread() throws Exception {
    PipeSource source =
        new PipeSource(
            () -> {
              throw new NoClassDefFoundError("gone");
            });
    loop.add(source);
    source.send(1);
    assertEquals("gone", broken.get().getMessage());
    loop.call(() -> null);
  }

  @Test
  void aJvmThatBreaksAtADeadlineEndsTheServiceToo() throws Exception {
    loop.execute(
        () -> {
          engine.error = new StackOverflowError("deep");
          engine.nextNs = System.nanoTime();
        });
    assertEquals("deep", broken.get().getMessage());
    loop.call(() -> null);
  }

  @Test
  void aRetiredLoopTouchesNeitherEngineNorDescriptors() throws Exception {
    List<Integer> taken = new ArrayList<>();
    PipeSource source = new PipeSource(() -> taken.add(1));
    loop.add(source);
    loop.retire();
    engine.nextNs = System.nanoTime();
    source.send(1);
    loop.call(() -> null);
    loop.call(() -> null);
    assertEquals(0, taken.size());
    assertEquals(0, engine.deadlines.size());
  }

  @Test
  void aDeviceOfNoUseIsReportedOnce() throws Exception {
    AtomicInteger reports = new AtomicInteger();
    try (PacketLoop own = new PacketLoop("test", cause -> reports.incrementAndGet())) {
      PipeSource source = new PipeSource(() -> { });
      source.failure = new IOException("gone");
      own.add(source);
      // Nothing takes the octet out, so the descriptor stays readable.
      source.send(1);
      for (int wakeUps = 0; wakeUps < 1000; wakeUps++) {
        own.call(() -> null);
      }
      assertEquals(1, reports.get());
    }
  }

  @Test
  void aSourceTakenOffIsReadNoMore() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    List<Integer> taken = new ArrayList<>();
    PipeSource source =
        new PipeSource(
            () -> {
              taken.add(1);
              first.countDown();
            });
    AutoCloseable registration = loop.add(source);
    source.send(1);
    first.await();
    registration.close();
    loop.call(() -> null);
    source.send(1);
    loop.call(() -> null);
    assertEquals(1, taken.size());
    assertThrows(IllegalStateException.class, () -> loop.call(() -> {
      throw new IOException("told to the caller");
    }));
  }

  private void beRealTime() {
    String refusal = loop.realTime();
    assumeTrue(refusal == null, refusal);
  }

  private void work(long runNs) {
    loop.call(
        () -> {
          ThreadClock clock = new ThreadClock();
          long untilNs = clock.runNs() + runNs;
          while (clock.runNs() < untilNs) {
            Thread.onSpinWait();
          }
          return null;
        });
  }

  @Test
  void theThreadIsRealTimeUntilItDoesTooMuchAndAgainWhenItRests() throws Exception {
    assertEquals("ordinary", loop.call(loop::scheduling));
    assertFalse(loop.call(ThreadScheduling::isRealTime));
    beRealTime();
    assertEquals("real time", loop.call(loop::scheduling));
    assertTrue(loop.call(ThreadScheduling::isRealTime));
    work(2 * RealTimeShare.BURST_NS);
    assertEquals("real time, busy: ordinary now", loop.call(loop::scheduling));
    assertFalse(loop.call(ThreadScheduling::isRealTime));
    loop.eventLoop()
        .schedule(() -> { }, 3 * LoopScheduling.LOOK_NS, TimeUnit.NANOSECONDS)
        .get();
    assertEquals("real time", loop.call(loop::scheduling));
    assertTrue(loop.call(ThreadScheduling::isRealTime));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPacketCostsNoAllocation(boolean realTime) throws Exception {
    if (realTime) {
      beRealTime();
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int count = 50_000;
    CountDownLatch[] latch = {new CountDownLatch(count)};
    PipeSource source = new PipeSource(() -> latch[0].countDown());
    loop.add(source);
    source.send(count);
    latch[0].await();
    long id = loop.call(() -> Thread.currentThread().getId());
    latch[0] = new CountDownLatch(count);
    long before = threads.getThreadAllocatedBytes(id);
    source.send(count);
    latch[0].await();
    long octets = threads.getThreadAllocatedBytes(id) - before;
    // The odd kilobyte is the JIT's and the measurement's; one object per packet would be 800,000.
    assertTrue(octets < count * 2L, octets + " octets for " + count + " packets");
  }
}
