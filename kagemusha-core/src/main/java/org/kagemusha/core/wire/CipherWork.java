package org.kagemusha.core.wire;

/**
 * The pass of a cipher over a packet, which may be left for another thread; see {@link CipherJob}.
 */
public interface CipherWork {

  /** What {@link #begin} says where it has not begun anything. */
  int NOT_BEGUN = -1;

  /**
   * Does it in place.
   *
   * @param packet is set to the octets to work on, for the time of this call
   * @param number the sequence number
   * @param member who does it: 0 for the thread that owns the packet, up to the number of members
   *     less 1; nobody else has the same at the same time
   * @return whether it is done: false where the packet is not authentic, or the keys are gone
   */
  boolean perform(PacketBuffer packet, long number, int member);

  /**
   * Leaves the pass to the member's cipher, where that does many packets in one; the arguments are
   * those of {@link #perform}. Until {@link #complete}, which the same thread must call, the packet
   * belongs to the cipher.
   *
   * @return what to complete it by, or {@link #NOT_BEGUN}: then the packet is to be performed
   */
  default int begin(PacketBuffer packet, long number, int member) {
    return NOT_BEGUN;
  }

  /**
   * Completes what was begun, and with it, in one pass, all else that was begun by this member.
   *
   * @param ticket what {@link #begin} gave
   * @return what {@link #perform} would
   */
  default boolean complete(PacketBuffer packet, long number, int member, int ticket) {
    throw new IllegalStateException("nothing was begun");
  }
}
