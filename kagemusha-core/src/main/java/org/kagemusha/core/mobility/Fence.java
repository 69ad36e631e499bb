package org.kagemusha.core.mobility;

/**
 * Whether the VM was said to have left, or to be shut down. A fenced node sends nothing, but for
 * the deregistration of a VM that is shut down.
 */
final class Fence {

  /** Frames that were on their way when the VM was said to have left are not its return. */
  static final long GUARD_NS = 100_000_000L;

  private enum State {
    UP,
    LEFT,
    RELEASING,
    RELEASED
  }

  private State state = State.UP;
  private long guardedUntilNs = Long.MIN_VALUE;

  /** The VM is here. */
  void lift() {
    state = State.UP;
  }

  /**
   * The VM has left.
   *
   * @return true if that is news
   */
  boolean left(long nowNs) {
    boolean news = state != State.LEFT;
    state = State.LEFT;
    guardedUntilNs = nowNs + GUARD_NS;
    return news;
  }

  /** The VM is shut down. */
  void release(boolean somethingToDeregister, long nowNs) {
    state = somethingToDeregister ? State.RELEASING : State.RELEASED;
    guardedUntilNs = nowNs + GUARD_NS;
  }

  /** The deregistration of the VM that is shut down has ended. */
  void released() {
    state = State.RELEASED;
  }

  /** Says whether the node is fenced. */
  boolean isDown() {
    return state != State.UP;
  }

  /** Says whether the bindings of a VM that is shut down are being deleted. */
  boolean isReleasing() {
    return state == State.RELEASING;
  }

  /** Says whether a frame may be one that was on its way when the VM left. */
  boolean isGuarded(long nowNs) {
    return nowNs < guardedUntilNs;
  }

  /** One word for a VM that is not here. */
  String text() {
    return switch (state) {
      case UP -> "waiting";
      case LEFT -> "fenced";
      case RELEASING -> "deregistering";
      case RELEASED -> "released";
    };
  }
}
