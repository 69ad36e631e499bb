package org.kagemusha.daemon.loop;

/** What is kept back during a wake-up to go out together: the way out of either side. */
@FunctionalInterface
public interface PacketSink {

  /**
   * Gives everything to the kernel. Called by the loop's thread at the end of each wake-up, so that
   * nothing waits for what has not come yet; cheap where nothing is kept.
   *
   * @param nowNs monotonic time
   */
  void flush(long nowNs);
}
