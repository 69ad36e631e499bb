package org.kagemusha.daemon.qmp;

/** What follows from what the VMM says; on the loop's thread. Each may be said again. */
public interface VmmListener {

  /**
   * The VMM's own time of what it tells next, as far as it tells one.
   *
   * @param resumed whether the VM goes on; else it was stopped
   * @param unixUs microseconds since 1970
   */
  default void happenedAt(boolean resumed, long unixUs) {}

  /** The VM runs here. */
  void arrived();

  /**
   * A migration of the VM from here is under way, so it may be stopped at any moment; or none is
   * any more, and the VM stays.
   */
  default void migrating(boolean underWay) {}

  /** The VM was stopped here, and may go on here or elsewhere. */
  void paused();

  /** The VM was handed over to another host. */
  void left();

  /** The VM was shut down. */
  void released();

  /** A VMM waits for the VM to come. */
  void expected();

  /**
   * The VM that was waited for does not come.
   *
   * @param reason for a log line
   */
  void notComing(String reason);
}
