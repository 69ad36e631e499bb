package org.kagemusha.daemon.qmp;

/**
 * When to try again. A socket that is missing appears when the VMM starts, and is looked for often,
 * more so while the VM is expected; a VMM that does not speak as it should is asked seldom.
 */
final class BackOff {

  /** While the VM is expected, ms. */
  static final long HURRY_MS = 50;

  /** Where there is no socket, or nobody listens, ms. */
  static final long MISSING_MS = 1_000;

  /** After the first failure, doubled with each, ms. */
  static final long FIRST_FAILURE_MS = 1_000;

  /** The longest, ms. */
  static final long LONGEST_MS = 30_000;

  /** How long hurry lasts, ns. */
  static final long HURRY_NS = 60_000_000_000L;

  private int failures;
  private long hurryUntilNs = Long.MIN_VALUE;

  /** The VM is expected. */
  void hurry(long nowNs) {
    hurryUntilNs = nowNs + HURRY_NS;
  }

  /** A session served. */
  void served() {
    failures = 0;
  }

  /** There was nobody to connect to, or who served has ended in order; until the next try, ms. */
  long missingMs(long nowNs) {
    failures = 0;
    return nowNs < hurryUntilNs ? HURRY_MS : MISSING_MS;
  }

  /** Something else was wrong; until the next try, ms. */
  long failedMs() {
    return Math.min(LONGEST_MS, FIRST_FAILURE_MS << Math.min(failures++, 5));
  }
}
