package org.kagemusha.core.mobility;

import org.kagemusha.core.node.NodeEngine;

/**
 * Whether the VM is really here. A Binding Update of a host that the VM has left is authentic and
 * in sequence, and would take the binding away from the host where the VM is now; so no host speaks
 * for a VM of which it has seen no sign of life.
 *
 * <p>Any frame of the guest is a sign. Where one is needed and does not come by itself, the guest
 * is asked as Neighbor Unreachability Detection does (RFC 4861 §7.3.3): MAX_UNICAST_SOLICIT times,
 * RetransTimer apart. A guest that answers and says nothing else is asked ever more seldom: dozens
 * of idle guests on a host shall cost it nothing.
 */
final class GuestPresence {

  /** What is known. */
  enum State {
    /** It never came, or was said to have left. */
    ABSENT,
    /** It was heard, or said to have come. */
    PRESENT,
    /** It is being asked. */
    ASKED,
    /** Its VMM has stopped it here, and has not said that it left. */
    PAUSED,
    /** It did not answer. */
    SILENT
  }

  /** RetransTimer, RFC 4861 §10. */
  static final long ASK_INTERVAL_NS = 1_000_000_000L;

  /** MAX_UNICAST_SOLICIT, RFC 4861 §10. */
  static final int ASK_TIMES = 3;

  /** Frames that were on their way when the VM was paused do not say that it runs again. */
  static final long GUARD_NS = 100_000_000L;

  /** How many times as long as the first silence the longest one is. */
  static final int MOST_PATIENCE = 8;

  /** What a VMM and a guest say by themselves of an arrival, they have said by then. */
  static final long SEEK_DELAY_NS = 3_000_000_000L;

  /** How often a guest that fell silent is asked again. */
  static final long SILENT_INTERVAL_NS = 10_000_000_000L;

  private final Runnable ask;
  private long timeoutNs;
  private int patience = 1;
  private long askedNs;
  private State state = State.ABSENT;
  private boolean watched;
  private long heardNs;
  private long nextNs = NodeEngine.NEVER;
  private int asked;
  private long pausedNs;
  private boolean certain;
  private boolean expected;

  /**
   * @param ask sends the guest a question that it answers if it is there
   */
  GuestPresence(Runnable ask) {
    this.ask = ask;
  }

  /** Silence of the guest after which it is asked, ns, if it was not silent before that. */
  void timeoutNs(long value) {
    timeoutNs = value;
  }

  /**
   * Whether frames of the guest are to be seen at all here, so that silence means something; at
   * home, the bridge does not pass them on.
   */
  void watched(boolean value) {
    watched = value;
  }

  /**
   * The guest was heard. Allocates nothing.
   *
   * @return true if that was in doubt; {@link #confirm} then says what follows
   */
  boolean heard(long nowNs) {
    heardNs = nowNs;
    if (patience > 1 && nowNs - askedNs > ASK_INTERVAL_NS) {
      patience = 1;
    }
    return state != State.PRESENT;
  }

  /** Puts the doubt aside and returns the state before. */
  State confirm(long nowNs) {
    State before = state;
    patience = before == State.ASKED ? Math.min(2 * patience, MOST_PATIENCE) : 1;
    state = State.PRESENT;
    certain = false;
    expected = false;
    heardNs = nowNs;
    nextNs = NodeEngine.NEVER;
    return before;
  }

  /**
   * The VM was stopped and may go on here: it cannot answer, and nothing is refreshed for it.
   *
   * @param byVmm whether its VMM said so, which says too if it goes on here: who is heard meanwhile
   *     is elsewhere
   * @return false if it was not here
   */
  boolean paused(boolean byVmm, long nowNs) {
    certain |= byVmm;
    if (!isHere()) {
      return false;
    }
    state = State.PAUSED;
    pausedNs = nowNs;
    nextNs = NodeEngine.NEVER;
    return true;
  }

  /** The VMM may say no more. */
  void uncertain() {
    certain = false;
  }

  /** Says whether only the VMM's word, and no frame, tells that a paused VM goes on here. */
  boolean isCertain() {
    return state == State.PAUSED && certain;
  }

  /** Says whether a frame may be one that was on its way when the VM was paused. */
  boolean isGuarded(long nowNs) {
    return state == State.PAUSED && nowNs - pausedNs < GUARD_NS;
  }

  /** The VM has left. */
  void left() {
    state = State.ABSENT;
    certain = false;
    nextNs = NodeEngine.NEVER;
  }

  /**
   * Asks the guest unless it is being asked already; it must answer before anything is believed.
   */
  void doubt(long nowNs) {
    if (state == State.PRESENT) {
      state = State.ASKED;
      asked = 0;
      askAgain(nowNs);
    }
  }

  /**
   * Asks a guest that never came, or left, whether it is here after all; not before its own reports
   * and its VMM's would have told.
   */
  void seek(long nowNs) {
    if (state == State.ABSENT && !expected) {
      asked = 0;
      nextNs = nowNs + SEEK_DELAY_NS;
    }
  }

  /** Whether the VM is about to come: if it answered now, that would be from elsewhere. */
  void expected(boolean coming) {
    expected = coming;
    if (coming && state == State.ABSENT) {
      nextNs = NodeEngine.NEVER;
    }
  }

  /** Says whether the VM is not here, as far as is known, and is not about to come. */
  boolean isAway() {
    boolean givenUp = state == State.SILENT && nextNs == NodeEngine.NEVER;
    return !expected && (state == State.ABSENT || givenUp);
  }

  private void askAgain(long nowNs) {
    asked++;
    askedNs = nowNs;
    nextNs = nowNs + (state == State.SILENT ? SILENT_INTERVAL_NS : ASK_INTERVAL_NS);
    ask.run();
  }

  /**
   * Does what is due.
   *
   * @return true if the guest has just been found silent
   */
  boolean onDeadline(long nowNs) {
    if (nextDeadlineNs() > nowNs) {
      return false;
    }
    if (state == State.PRESENT) {
      doubt(nowNs);
      return false;
    }
    if (state == State.ABSENT && asked >= ASK_TIMES) {
      nextNs = NodeEngine.NEVER;
      return false;
    }
    if (state == State.ASKED && asked >= ASK_TIMES) {
      state = State.SILENT;
      nextNs = nowNs + SILENT_INTERVAL_NS;
      return true;
    }
    askAgain(nowNs);
    return false;
  }

  /** Stops asking a guest that fell silent. */
  void giveUp() {
    if (state == State.SILENT) {
      nextNs = NodeEngine.NEVER;
    }
  }

  /** When {@link #onDeadline} wants to be called. */
  long nextDeadlineNs() {
    if (state == State.PRESENT) {
      return watched ? heardNs + patience * timeoutNs : NodeEngine.NEVER;
    }
    return nextNs;
  }

  /** What is known. */
  State state() {
    return state;
  }

  /** Says whether the guest was heard at or after a time. */
  boolean isHeardSince(long sinceNs) {
    return state == State.PRESENT && heardNs >= sinceNs;
  }

  /** Says whether the guest is here as far as is known; a question may be under way. */
  boolean isHere() {
    return state == State.PRESENT || state == State.ASKED;
  }
}
