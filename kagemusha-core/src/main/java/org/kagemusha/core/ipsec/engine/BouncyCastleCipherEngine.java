package org.kagemusha.core.ipsec.engine;

/**
 * Bouncy Castle, for ChaCha20-Poly1305 only, where a JDK lacks it (it is not among the algorithms
 * that every JDK must have). Takes half as long again as the JDK for a large packet, but leaves a
 * sixth of its garbage.
 */
public final class BouncyCastleCipherEngine implements CipherEngine {

  @Override
  public String name() {
    return "bouncy-castle";
  }

  @Override
  public boolean supports(EspTransform transform) {
    return transform == EspTransform.CHACHA20_POLY1305;
  }

  @Override
  public EspCipher sealing(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers,
      InitialisationVectors ivs) {
    return new BouncyCastleChaCha20Poly1305(encryptionKey, extendedSequenceNumbers);
  }

  @Override
  public EspCipher opening(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers) {
    return new BouncyCastleChaCha20Poly1305(encryptionKey, extendedSequenceNumbers);
  }
}
