package org.kagemusha.core.ipsec.engine;

import org.kagemusha.core.wire.CipherWork;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * One keyed transform, for one direction of one association and one thread. The packet is always
 * the whole ESP packet (RFC 4303 §2): SPI, Sequence Number, IV, payload with padding, Pad Length
 * and Next Header, ICV. An implementation works where the packet lies or in memory of its own, as
 * suits it; between the octets that it must write and the rest of the buffer it changes nothing.
 */
public interface EspCipher {

  /**
   * Encrypts in place and fills in IV and ICV; header and plaintext are there already.
   *
   * @param packet whose ciphertext is a positive multiple of {@link EspTransform#alignment()}
   * @param sequence the 64-bit sequence number, whose lower half stands in the header; never one
   *     that this key was used with before (RFC 4106 §2)
   */
  void seal(PacketBuffer packet, long sequence);

  /**
   * Checks the ICV in constant time and, if it is right, decrypts in place; else the packet is as
   * it was.
   *
   * @param packet whose ciphertext is a positive multiple of the cipher's block
   * @param sequence the 64-bit sequence number; its upper half counts for the ICV if the
   *     association has extended sequence numbers (RFC 4303 §2.2.1)
   * @return whether the packet is authentic
   */
  boolean open(PacketBuffer packet, long sequence);

  /**
   * Begins what {@link #seal} does, to be done in one pass with all else that is begun by this
   * thread: until {@link #completeSealing}, which must follow on the same thread, the packet is the
   * cipher's.
   *
   * @return what to complete it by, or {@link CipherWork#NOT_BEGUN}: then nothing was done
   */
  default int beginSealing(PacketBuffer packet, long sequence) {
    return CipherWork.NOT_BEGUN;
  }

  /**
   * Completes what was begun, and in the same pass all else that was begun to be sealed.
   *
   * @throws IllegalStateException if the library did not do it; the packet is of no use then
   */
  default void completeSealing(int ticket) {
    throw new IllegalStateException("nothing was begun");
  }

  /** Begins what {@link #open} does; see {@link #beginSealing}. */
  default int beginOpening(PacketBuffer packet, long sequence) {
    return CipherWork.NOT_BEGUN;
  }

  /**
   * Completes what was begun, and in the same pass all else that was begun to be opened.
   *
   * @param packet as it was begun
   * @param sequence as it was begun
   * @return what {@link #open} says
   * @throws IllegalStateException if the library did not do it; the packet is of no use then
   */
  default boolean completeOpening(PacketBuffer packet, long sequence, int ticket) {
    throw new IllegalStateException("nothing was begun");
  }

  /**
   * Overwrites the keys held here, as far as the library lets it, and lets go of the rest. Neither
   * {@link #seal} nor {@link #open} may be called afterwards; may be called again itself.
   */
  void destroy();
}
