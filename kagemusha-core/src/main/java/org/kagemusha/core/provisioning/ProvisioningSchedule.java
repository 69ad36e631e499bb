package org.kagemusha.core.provisioning;

import java.util.random.RandomGenerator;

/** When a mobile node asks its controller: at once where keys are missing, else in good time. */
public final class ProvisioningSchedule {

  /** Nothing is wanted at first. */
  public ProvisioningSchedule(RandomGenerator random) {
    throw new IllegalStateException("skeleton");
  }

  /** Keys are wanted as soon as may be; a running attempt is enough. */
  public void wanted(long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** Says whether an attempt is due. */
  public boolean isDue(long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** An attempt has begun; none is due until it ends. */
  public void started(long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** The attempt gave keys; the next one is due at a time. */
  public void succeeded(long renewalNs, long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** The attempt failed; the controller may have said when to come again, seconds, or 0. */
  public void failed(int retryAfterSeconds, long nowNs) {
    throw new IllegalStateException("skeleton");
  }

  /** When an attempt is due, or NEVER. */
  public long nextNs() {
    throw new IllegalStateException("skeleton");
  }
}
