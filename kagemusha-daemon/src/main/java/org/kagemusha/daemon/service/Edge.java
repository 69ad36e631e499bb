package org.kagemusha.daemon.service;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread for what waits: the disk, nft, netlink dumps. Never packets. */
final class Edge implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Edge.class);
  private static final long END_SECONDS = 10;

  private final ExecutorService executor =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "edge");
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler(
                (self, cause) -> log.error("edge task failed", cause));
            return thread;
          });

  ExecutorService executor() {
    return executor;
  }

  /** Something that may fail. */
  interface Work {
    void run() throws Exception;
  }

  /** Does something on the thread, after what it was given before, and waits for it. */
  void call(Work work) throws Exception {
    executor
        .submit(
            () -> {
              work.run();
              return null;
            })
        .get();
  }

  /** Does what was asked for before, and ends. */
  @Override
  public void close() {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
        executor.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
