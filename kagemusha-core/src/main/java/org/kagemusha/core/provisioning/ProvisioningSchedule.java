package org.kagemusha.core.provisioning;

import java.util.random.RandomGenerator;
import org.kagemusha.core.node.NodeEngine;

/**
 * When a mobile node asks its controller: at once where keys are missing, else in good time; after
 * a failure later and later, so that a controller that comes back is not overrun.
 */
public final class ProvisioningSchedule {

  /** The first wait after a failure. */
  static final long FIRST_WAIT_NS = 1_000_000_000L;

  /** The longest wait that this end chooses. */
  static final long LONGEST_WAIT_NS = 60_000_000_000L;

  /** The longest Retry After (RFC 6618 §5.5.6) that is obeyed. */
  static final int LONGEST_RETRY_SECONDS = 600;

  private static final long SECOND_NS = 1_000_000_000L;
  private static final double SPREAD = 0.2;

  private final RandomGenerator random;
  private long nextNs = NodeEngine.NEVER;
  private long waitNs;
  private long notBeforeNs = Long.MIN_VALUE;
  private boolean running;

  /**
   * Nothing is wanted at first.
   *
   * @param random spreads the attempts of many nodes
   */
  public ProvisioningSchedule(RandomGenerator random) {
    this.random = random;
  }

  /** Keys are wanted at a time; a running or earlier attempt is enough, a back-off is kept. */
  public void wanted(long atNs) {
    if (!running) {
      nextNs = Math.min(nextNs, Math.max(atNs, notBeforeNs));
    }
  }

  /** Somebody waits for keys: now, whatever failed before. */
  public void urgent(long nowNs) {
    if (!running) {
      nextNs = nowNs;
    }
  }

  /** Says whether an attempt is due. */
  public boolean isDue(long nowNs) {
    return !running && nextNs <= nowNs;
  }

  /** An attempt has begun; none is due until it ends. */
  public void started() {
    running = true;
    nextNs = NodeEngine.NEVER;
  }

  /** The attempt gave keys; the next one is due at a time. */
  public void succeeded(long renewalNs) {
    running = false;
    waitNs = 0;
    notBeforeNs = Long.MIN_VALUE;
    nextNs = renewalNs;
  }

  /** The attempt failed; the controller may have said when to come again, seconds, or 0. */
  public void failed(int retryAfterSeconds, long nowNs) {
    running = false;
    waitNs = waitNs == 0 ? FIRST_WAIT_NS : Math.min(2 * waitNs, LONGEST_WAIT_NS);
    long spread = (long) (waitNs * SPREAD * (2 * random.nextDouble() - 1));
    long told = Math.min(retryAfterSeconds, LONGEST_RETRY_SECONDS) * SECOND_NS;
    notBeforeNs = nowNs + Math.max(waitNs + spread, told);
    nextNs = notBeforeNs;
  }

  /** When an attempt is due, or NEVER. */
  public long nextNs() {
    return running ? NodeEngine.NEVER : nextNs;
  }
}
