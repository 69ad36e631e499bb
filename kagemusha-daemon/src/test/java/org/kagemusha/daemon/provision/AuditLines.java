package org.kagemusha.daemon.provision;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** The lines of the audit log while a test runs. */
final class AuditLines extends Handler implements AutoCloseable {

  private final Logger logger = Logger.getLogger(AuditLog.NAME);
  private final SimpleFormatter formatter = new SimpleFormatter();
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  AuditLines() {
    logger.setLevel(Level.INFO);
    logger.setUseParentHandlers(false);
    logger.addHandler(this);
  }

  @Override
  public void publish(LogRecord record) {
    lines.add(formatter.formatMessage(record));
  }

  @Override
  public void flush() {}

  /** Waits for a line with all these words. */
  String await(String... words) throws InterruptedException {
    List<String> others = new ArrayList<>();
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
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

  List<String> all() {
    return new ArrayList<>(lines);
  }

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setUseParentHandlers(true);
  }
}
