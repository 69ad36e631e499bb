package org.kagemusha.core.wire;

/**
 * The pass of a cipher over a packet, which may be left for another thread; see {@link CipherJob}.
 */
@FunctionalInterface
public interface CipherWork {

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
}
