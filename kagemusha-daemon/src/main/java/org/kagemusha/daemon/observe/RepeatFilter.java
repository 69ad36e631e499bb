package org.kagemusha.daemon.observe;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.logging.Filter;
import java.util.logging.LogRecord;

/**
 * Holds back lines that repeat: of each kind a burst goes through, then as many in each interval. A
 * line's kind is its logger and its words before the first {@code key=value}. The next line that
 * goes through says how many did not.
 */
public final class RepeatFilter implements Filter {

  /** Lines of one kind in one interval. */
  static final int BURST = 20;

  /** The interval. */
  static final long INTERVAL_NS = 10_000_000_000L;

  private static final int MOST_KINDS = 256;

  private static final class Kind {
    private long beganNs;
    private int passed;
    private long suppressed;
  }

  private final LongSupplier clockNs;
  private final Map<String, Kind> kinds =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kind> eldest) {
          return size() > MOST_KINDS;
        }
      };

  /** On a monotonic clock in nanoseconds. */
  public RepeatFilter(LongSupplier clockNs) {
    this.clockNs = clockNs;
  }

  @Override
  public synchronized boolean isLoggable(LogRecord record) {
    long nowNs = clockNs.getAsLong();
    String key = record.getLoggerName() + " " + kindOf(record.getMessage());
    Kind kind = kinds.get(key);
    if (kind == null) {
      kind = new Kind();
      kind.beganNs = nowNs;
      kinds.put(key, kind);
    }
    if (nowNs - kind.beganNs >= INTERVAL_NS) {
      kind.beganNs = nowNs;
      kind.passed = 0;
    }
    if (kind.passed >= BURST) {
      kind.suppressed++;
      return false;
    }
    kind.passed++;
    if (kind.suppressed > 0) {
      record.setMessage(record.getMessage() + " suppressed=" + kind.suppressed);
      kind.suppressed = 0;
    }
    return true;
  }

  private static String kindOf(String message) {
    if (message == null) {
      return "";
    }
    int equals = message.indexOf('=');
    int space = equals < 0 ? -1 : message.lastIndexOf(' ', equals);
    return equals < 0 ? message : message.substring(0, Math.max(space, 0));
  }
}
