package org.kagemusha.core.ipsec;

/**
 * Where an outbound association gets its sequence numbers from (RFC 4303 §3.3.3). With static keys
 * it must be one that survives a restart and a move to another host: {@link
 * ClockedSequenceNumbers}, {@link ReservedSequenceNumbers}. With fresh keys, {@link
 * CountedSequenceNumbers} do.
 */
@FunctionalInterface
public interface SequenceNumbers {
  /**
   * The next number, greater than any before and than any the peer has seen; 0 if used up.
   *
   * @return 1 to 2^32-1, or to 2^63-1 with extended sequence numbers; 0 if there is none left
   */
  long next();

  /**
   * The VM has come back to this host: another may have sent in between, with numbers that are
   * ahead of this one's. The number after this is one that a fresh start would give, or a greater
   * one. To be called only on arrival, for packets on their way then fall out of the peer's window.
   */
  default void catchUp() {}
}
