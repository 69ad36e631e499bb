package org.kagemusha.core;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What a class logs at level {@code info} and above until this is closed. */
public final class LogLines extends Handler implements AutoCloseable {

  private final Logger logger;
  private final Level before;
  private final SimpleFormatter formatter = new SimpleFormatter();
  private final List<String> all = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  /** Listens from now on; not for engines on other threads. */
  public LogLines(Class<?> type) {
    logger = Logger.getLogger(type.getName());
    before = logger.getLevel();
    logger.setLevel(Level.INFO);
    logger.setUseParentHandlers(false);
    logger.addHandler(this);
  }

  @Override
  public void publish(LogRecord record) {
    String line = formatter.formatMessage(record);
    all.add(line);
    if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
      warnings.add(line);
    }
  }

  /** The lines that begin so. */
  public List<String> of(String beginning) {
    return all.stream().filter(line -> line.startsWith(beginning)).toList();
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
