package org.kagemusha.core.mobility;

import java.util.Locale;
import org.kagemusha.core.node.DropReason;
import org.slf4j.Logger;

/**
 * Log lines for dropped signalling that an operator should know of (somebody forges it, or a
 * configuration is wrong): one in ten seconds at most, with the count of those not told.
 */
final class DropAlarm {

  private static final long INTERVAL_NS = 10_000_000_000L;

  private final Logger log;
  private long nextNs = Long.MIN_VALUE;
  private long untold;

  DropAlarm(Logger log) {
    this.log = log;
  }

  /** Tells of a drop, or counts it. */
  void raise(String vm, DropReason reason, Object peer, long nowNs) {
    if (nowNs < nextNs) {
      untold++;
      return;
    }
    log.warn(
        "signalling dropped vm={} reason={} peer={} more={}",
        vm,
        reason.name().toLowerCase(Locale.ROOT),
        peer,
        untold);
    untold = 0;
    nextNs = nowNs + INTERVAL_NS;
  }
}
