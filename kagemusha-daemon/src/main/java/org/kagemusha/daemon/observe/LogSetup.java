package org.kagemusha.daemon.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UnsupportedEncodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;

/** Sends every log line to standard error, in the form that suits its reader. */
public final class LogSetup {

  static final String AUDIT_NAME = "audit";

  private static final Logger OURS = Logger.getLogger("org.kagemusha");
  private static final Logger AUDIT = Logger.getLogger(AUDIT_NAME);
  private static volatile Thread muted;

  private LogSetup() {}

  /**
   * Sets the root logger up: this project's lines from a level on, libraries' from warnings on, the
   * audit's always and all of them.
   */
  public static void configure(Level level) {
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    root.addHandler(handler(System.err, isJournal(), System::nanoTime));
    root.setLevel(Level.WARNING);
    OURS.setLevel(level);
    AUDIT.setLevel(Level.INFO);
  }

  /** Changes the least important level of this project's lines, while others log. */
  public static void level(Level level) {
    OURS.setLevel(level);
  }

  /**
   * Does something whose lines, as far as this thread writes them, are formatted, so that this is
   * practised too, and then discarded. One thread at a time.
   */
  public static void muted(Runnable work) {
    muted = Thread.currentThread();
    try {
      work.run();
    } finally {
      muted = null;
    }
  }

  static Handler handler(
      OutputStream stream, boolean journal, LongSupplier clockNs) {
    StreamHandler handler =
        new StreamHandler(stream, new LineFormatter(journal)) {
          @Override
          public synchronized void publish(LogRecord record) {
            if (muted == Thread.currentThread()) {
              getFormatter().format(record);
              return;
            }
            super.publish(record);
            flush();
          }
        };
    try {
      handler.setEncoding(StandardCharsets.UTF_8.name());
    } catch (UnsupportedEncodingException e) {
      throw new AssertionError("UTF-8 is always there", e);
    }
    handler.setLevel(Level.ALL);
    RepeatFilter repeats = new RepeatFilter(clockNs);
    handler.setFilter(
        record -> AUDIT_NAME.equals(record.getLoggerName()) || repeats.isLoggable(record));
    return handler;
  }

  /**
   * Says whether standard error is the journal: {@code $JOURNAL_STREAM} names its device and inode.
   */
  static boolean isJournal() {
    String stream = System.getenv("JOURNAL_STREAM");
    if (stream == null) {
      return false;
    }
    try {
      Path stderr = Path.of("/proc/self/fd/2");
      return stream.equals(
          Files.getAttribute(stderr, "unix:dev") + ":" + Files.getAttribute(stderr, "unix:ino"));
    } catch (IOException | RuntimeException e) {
      return false;
    }
  }
}
