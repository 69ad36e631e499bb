package org.kagemusha.core.ipsec.engine;

/** A library that seals and opens ESP packets: the JDK, Bouncy Castle, or an accelerator. */
public interface CipherEngine {

  /** The engine's name for logs and {@code status}, such as {@code jdk}. */
  String name();

  /** Whether this engine has the transform on this machine; cheap, and never throws. */
  boolean supports(EspTransform transform);

  /**
   * Whether its ciphers do many packets in one pass quicker than one by one, so that it is worth to
   * leave packets for later: {@link EspCipher#beginSealing}.
   */
  default boolean gathers() {
    return false;
  }

  /**
   * Keys a cipher that seals.
   *
   * @param transform one that is supported
   * @param encryptionKey with the salt at its end where the transform has one; copied; empty for
   *     NULL
   * @param integrityKey copied; empty for combined-mode transforms
   * @param extendedSequenceNumbers whether the ICV covers the upper half of the sequence number
   * @param ivs where AES-CBC takes its IVs from
   * @throws IllegalArgumentException if a key has a length that the transform does not take
   */
  EspCipher sealing(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers,
      InitialisationVectors ivs);

  /**
   * Keys a cipher that opens; the arguments are those of {@link #sealing}.
   *
   * @throws IllegalArgumentException if a key has a length that the transform does not take
   */
  EspCipher opening(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers);
}
