package org.kagemusha.tap.scheduling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.opentest4j.TestAbortedException;

class ThreadSchedulingTest {

  /** Each on a thread of its own, which ends with it. */
  private static <T> T onThread(Callable<T> code) throws Exception {
    FutureTask<T> task = new FutureTask<>(code);
    new Thread(task).start();
    try {
      return task.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TestAbortedException aborted) {
        throw aborted;
      }
      throw e;
    }
  }

  /** proc(5): fields 40 and 41 of stat, after the name in parentheses. */
  private static List<String> priorityAndPolicy() throws Exception {
    String stat = Files.readString(Path.of("/proc/thread-self/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return List.of(fields[40 - 3], fields[41 - 3]);
  }

  private static void beRealTime() throws KernelException {
    try {
      ThreadScheduling.realTime();
    } catch (KernelException e) {
      assertEquals(Errno.EPERM, e.errno());
      abort(e.getMessage());
    }
  }

  @Test
  void aThreadIsRealTimeAsLongAsItWants() throws Exception {
    List<List<String>> seen =
        onThread(
            () -> {
              final List<String> before = priorityAndPolicy();
              beRealTime();
              assertTrue(ThreadScheduling.isRealTime());
              final List<String> between = priorityAndPolicy();
              ThreadScheduling.ordinary();
              assertFalse(ThreadScheduling.isRealTime());
              return List.of(before, between, priorityAndPolicy());
            });
    assertEquals(List.of(List.of("0", "0"), List.of("1", "2"), List.of("0", "0")), seen);
  }

  @Test
  void whatARealTimeThreadStartsIsOrdinary() throws Exception {
    boolean inherited =
        onThread(
            () -> {
              beRealTime();
              return onThread(ThreadScheduling::isRealTime);
            });
    assertFalse(inherited);
  }

  @Test
  void theTimeThatAThreadHasRunGrowsWithItsWork() throws Exception {
    long[] ran =
        onThread(
            () -> {
              ThreadClock clock = new ThreadClock();
              final long startNs = System.nanoTime();
              final long began = clock.runNs();
              while (clock.runNs() - began < TimeUnit.MILLISECONDS.toNanos(2)) {
                Thread.onSpinWait();
              }
              return new long[] {clock.runNs() - began, System.nanoTime() - startNs};
            });
    assertTrue(ran[0] <= ran[1], ran[0] + " of " + ran[1]);
  }
}
