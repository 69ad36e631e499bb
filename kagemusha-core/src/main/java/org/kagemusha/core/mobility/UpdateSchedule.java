package org.kagemusha.core.mobility;

import org.kagemusha.core.node.NodeEngine;

/**
 * When the next Binding Update of a {@link HomeRegistration} is due: the back-off of RFC 6275
 * §11.8, how many attempts are left, and what puts an update off: the rate limit, or something that
 * it cannot be sent without. Times are monotonic ns.
 */
final class UpdateSchedule {

  /** INITIAL_BINDACK_TIMEOUT, §12. */
  static final long INITIAL_TIMEOUT_NS = 1_000_000_000L;

  /** InitialBindackTimeoutFirstReg, §13: leaves the home agent time for address detection. */
  static final long FIRST_TIMEOUT_NS = 1_500_000_000L;

  /** MAX_BINDACK_TIMEOUT, §12. */
  static final long MAXIMUM_TIMEOUT_NS = 32_000_000_000L;

  /** Attempts without an end. */
  static final int ENDLESS = Integer.MAX_VALUE;

  /** How soon an update that could not be sealed is tried again, and how often in a row. */
  private static final long UNSENT_RETRY_NS = 200_000_000L;

  private static final int MAXIMUM_UNSENT = 3;

  private long dueNs = NodeEngine.NEVER;
  private long timeoutNs = FIRST_TIMEOUT_NS;
  private long postponedFromNs = NodeEngine.NEVER;
  private int retransmissions;
  private int attemptsLeft;
  private int unsent;
  private String obstacle;

  /** An effort of some attempts begins: due at once. */
  void begin(long firstTimeoutNs, int attempts, long nowNs) {
    attemptsLeft = attempts;
    restart(firstTimeoutNs, nowNs);
  }

  /** Due at once, with the back-off at its beginning and the attempts that are left. */
  void restart(long firstTimeoutNs, long nowNs) {
    due(nowNs);
    timeoutNs = firstTimeoutNs;
    retransmissions = 0;
    unsent = 0;
  }

  /** Nothing is due. */
  void stop() {
    due(NodeEngine.NEVER);
    obstacle = null;
  }

  /** Sets when the next update is due. */
  void due(long atNs) {
    dueNs = atNs;
    postponedFromNs = NodeEngine.NEVER;
  }

  /** When the next update is due, or {@link NodeEngine#NEVER}. */
  long dueNs() {
    return dueNs;
  }

  /** Sets how long the next answer is waited for. */
  void timeoutNs(long value) {
    timeoutNs = value;
  }

  /** How long the next answer is waited for. */
  long timeoutNs() {
    return timeoutNs;
  }

  /** An answer came: the next update is the first of its kind. */
  void answered() {
    retransmissions = 0;
    timeoutNs = INITIAL_TIMEOUT_NS;
  }

  /** An update goes out now. */
  void attempt(long nowNs) {
    obstacle = null;
    attemptsLeft -= attemptsLeft == ENDLESS ? 0 : 1;
    due(nowNs + timeoutNs);
  }

  /**
   * The update could not be sealed: it is tried again soon, but not for ever.
   *
   * @return false if it is left to the timeout
   */
  boolean unsealed(long nowNs) {
    if (unsent++ >= MAXIMUM_UNSENT) {
      return false;
    }
    attemptsLeft += attemptsLeft == ENDLESS ? 0 : 1;
    due(nowNs + UNSENT_RETRY_NS);
    return true;
  }

  /** An update went unanswered. */
  void unanswered() {
    retransmissions++;
    backOff();
  }

  private void backOff() {
    // §11.8: "MUST use an exponential back-off process in which the timeout period is doubled upon
    // each retransmission, until either the node receives a response or the timeout period reaches
    // the value MAX_BINDACK_TIMEOUT."
    timeoutNs = Math.min(2 * timeoutNs, MAXIMUM_TIMEOUT_NS);
  }

  /** Says whether an attempt is left. */
  boolean hasAttempts() {
    return attemptsLeft > 0;
  }

  /** Retransmissions since the last answer or the beginning. */
  int retransmissions() {
    return retransmissions;
  }

  /** Puts the next update off, for the rate limit. */
  void postpone(long untilNs) {
    postponedFromNs = Math.min(postponedFromNs, dueNs);
    dueNs = untilNs;
  }

  /** Takes back that the next update was put off: less need be sent than there was to send. */
  void hurry() {
    if (obstacle == null && postponedFromNs != NodeEngine.NEVER) {
      due(postponedFromNs);
    }
  }

  /**
   * No update can be sent. It waits for {@link #resume}; where only some attempts are allowed, this
   * was one.
   *
   * @return true if that is news
   */
  boolean waitFor(String reason, long nowNs) {
    boolean news = !reason.equals(obstacle);
    obstacle = reason;
    if (attemptsLeft == ENDLESS) {
      postpone(NodeEngine.NEVER);
    } else {
      attemptsLeft--;
      due(nowNs + timeoutNs);
      backOff();
    }
    return news;
  }

  /** What an update waits for, or null. */
  String obstacle() {
    return obstacle;
  }

  /**
   * What an update waited for may be there now: it is due again since when it was, but not longer
   * ago than that.
   */
  void resume(long firstTimeoutNs, long atMostNs, long nowNs) {
    if (obstacle != null) {
      long since = postponedFromNs == NodeEngine.NEVER ? dueNs : postponedFromNs;
      due(Math.min(nowNs, Math.max(since, nowNs - atMostNs)));
      timeoutNs = firstTimeoutNs;
    }
  }
}
