package org.kagemusha.daemon.service;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.kagemusha.core.ipsec.SequenceStore;
import org.kagemusha.daemon.config.FileErrors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reservations of sequence numbers in a small text file, {@code SPI NUMBER} on each line. Writing
 * waits for the disk, so another thread does it; what {@link #load} shows is on the disk. However
 * many reservations are made while one write waits or is under way, they cost one more write: a
 * home agent has two associations for each of its mobile nodes, in one file.
 */
final class FileSequenceStore implements SequenceStore {

  private static final Logger log = LoggerFactory.getLogger(FileSequenceStore.class);

  /** After a write that failed, the next try. */
  private static final long RETRY_NS = 1_000_000_000L;

  private final Path file;
  private final Executor writer;
  private final Map<Integer, Long> durable = new ConcurrentHashMap<>();
  private final Map<Integer, Long> wanted = new ConcurrentHashMap<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final LongSupplier clockNs;
  private final AtomicBoolean failed = new AtomicBoolean();
  private volatile long failedNs;
  private boolean complained;

  /**
   * Reads what was reserved before.
   *
   * @param writer runs one task after the other
   */
  FileSequenceStore(Path file, Executor writer) {
    this(file, writer, System::nanoTime);
  }

  FileSequenceStore(Path file, Executor writer, LongSupplier clockNs) {
    this.file = file;
    this.writer = writer;
    this.clockNs = clockNs;
    for (String line : DurableFile.readLines(file)) {
      String[] words = line.split(" ");
      try {
        durable.put(Integer.parseUnsignedInt(words[0]), Long.parseLong(words[1]));
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        log.warn("sequence store has a line that is not understood file={}", file);
      }
    }
    wanted.putAll(durable);
  }

  /**
   * What is on the disk. Numbers beyond it are refused, and only those that need more ask: so a
   * write that failed, of a disk that was full, is repeated from here.
   */
  @Override
  public long load(int spi) {
    if (failed.get()
        && clockNs.getAsLong() - failedNs >= RETRY_NS
        && failed.compareAndSet(true, false)) {
      schedule();
    }
    return durable.getOrDefault(spi, 0L);
  }

  @Override
  public void reserve(int spi, long upTo) {
    wanted.merge(spi, upTo, Math::max);
    schedule();
  }

  private void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      try {
        writer.execute(this::write);
      } catch (RejectedExecutionException e) {
        // At the very end nobody writes any more; the clock still keeps numbers apart.
        log.debug("reservation after the end file={}", file);
      }
    }
  }

  private void write() {
    // Before the copy: what is reserved from here on either is in it, or has a write of its own.
    scheduled.set(false);
    Map<Integer, Long> written = new TreeMap<>(wanted);
    StringBuilder text = new StringBuilder();
    written.forEach(
        (key, value) ->
            text.append(Integer.toUnsignedString(key)).append(' ').append(value).append('\n'));
    try {
      DurableFile.write(file, text.toString());
      durable.putAll(written);
      if (complained) {
        complained = false;
        log.info("sequence numbers saved again file={}", file);
      }
    } catch (IOException e) {
      failedNs = clockNs.getAsLong();
      failed.set(true);
      if (!complained) {
        complained = true;
        log.error(
            "sequence numbers not saved, packets ahead of the clock are refused file={} cause={}",
            file, FileErrors.reason(e));
      }
    }
  }
}
