package org.kagemusha.daemon.service;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.kagemusha.core.ipsec.SequenceStore;
import org.kagemusha.daemon.config.FileErrors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reservations of sequence numbers in a small text file, {@code SPI NUMBER} on each line. Writing
 * waits for the disk, so another thread does it; what {@link #load} shows is on the disk.
 */
final class FileSequenceStore implements SequenceStore {

  private static final Logger log = LoggerFactory.getLogger(FileSequenceStore.class);

  private final Path file;
  private final Executor writer;
  private final Map<Integer, Long> durable = new ConcurrentHashMap<>();
  private final Map<Integer, Long> wanted = new TreeMap<>();

  /**
   * Reads what was reserved before.
   *
   * @param writer runs one task after the other
   */
  FileSequenceStore(Path file, Executor writer) {
    this.file = file;
    this.writer = writer;
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

  @Override
  public long load(int spi) {
    return durable.getOrDefault(spi, 0L);
  }

  @Override
  public void reserve(int spi, long upTo) {
    try {
      writer.execute(() -> write(spi, upTo));
    } catch (RejectedExecutionException e) {
      // At the very end nobody writes any more; the clock still keeps numbers apart.
      log.debug("reservation after the end spi={}", Integer.toUnsignedString(spi));
    }
  }

  private void write(int spi, long upTo) {
    wanted.merge(spi, upTo, Math::max);
    StringBuilder text = new StringBuilder();
    wanted.forEach(
        (key, value) ->
            text.append(Integer.toUnsignedString(key)).append(' ').append(value).append('\n'));
    try {
      DurableFile.write(file, text.toString());
      durable.put(spi, wanted.get(spi));
    } catch (IOException e) {
      log.warn("sequence numbers not saved file={} cause={}", file, FileErrors.reason(e));
    }
  }
}
