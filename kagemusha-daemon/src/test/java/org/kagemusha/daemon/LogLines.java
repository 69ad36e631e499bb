package org.kagemusha.daemon;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What is logged under a name at level {@code info} and above until this is closed. */
public final class LogLines extends Handler implements AutoCloseable {

  private static final long LONGEST_WAIT_NS = TimeUnit.SECONDS.toNanos(40);

  private final Logger logger;
  private final Level before;
  private final SimpleFormatter formatter = new SimpleFormatter();
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final Queue<String> warnings = new ConcurrentLinkedQueue<>();

  /** Listens from now on. */
  public LogLines(String name) {
    logger = Logger.getLogger(name);
    before = logger.getLevel();
    logger.setLevel(Level.INFO);
    logger.setUseParentHandlers(false);
    logger.addHandler(this);
  }

  /** What a class logs. */
  public LogLines(Class<?> type) {
    this(type.getName());
  }

  @Override
  public void publish(LogRecord message) {
    String line = formatter.formatMessage(message);
    if (message.getLevel().intValue() >= Level.WARNING.intValue()) {
      warnings.add(line);
    }
    lines.add(line);
  }

  /** Waits for a line with all these words, and takes it and those before it. */
  public String await(String... words) throws InterruptedException {
    List<String> others = new ArrayList<>();
    long endNs = System.nanoTime() + LONGEST_WAIT_NS;
    while (true) {
      String line = lines.poll(endNs - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        return fail("no line with " + List.of(words) + " but " + others);
      }
      if (List.of(words).stream().allMatch(line::contains)) {
        return line;
      }
      others.add(line);
    }
  }

  /** The lines that were not taken yet. */
  public List<String> all() {
    return List.copyOf(lines);
  }

  /** Those of all lines that are warnings or worse. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setUseParentHandlers(true);
    logger.setLevel(before);
  }
}
