package org.kagemusha.core.ipsec.engine;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Cipher;

/** The JDK's own ciphers, on heap arrays. */
public final class JdkCipherEngine implements CipherEngine {

  @Override
  public String name() {
    return "jdk";
  }

  @Override
  public boolean supports(EspTransform transform) {
    try {
      switch (transform) {
        case AES_GCM_16, CHACHA20_POLY1305 -> Cipher.getInstance(JdkAead.cipherName(transform));
        case AES_CBC_HMAC_SHA1_96, AES_CBC_HMAC_SHA2_256_128 -> {
          Cipher.getInstance(CbcChain.CIPHER_NAME);
          MessageDigest.getInstance(hash(transform).digestName());
        }
        case NULL_HMAC_SHA1_96, NULL_HMAC_SHA2_256_128 ->
            MessageDigest.getInstance(hash(transform).digestName());
      }
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  @Override
  public EspCipher sealing(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers,
      InitialisationVectors ivs) {
    return create(
        Cipher.ENCRYPT_MODE, transform, encryptionKey, integrityKey, extendedSequenceNumbers, ivs);
  }

  @Override
  public EspCipher opening(
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extendedSequenceNumbers) {
    return create(
        Cipher.DECRYPT_MODE, transform, encryptionKey, integrityKey, extendedSequenceNumbers, null);
  }

  private static EspCipher create(
      int mode,
      EspTransform transform,
      byte[] encryptionKey,
      byte[] integrityKey,
      boolean extended,
      InitialisationVectors ivs) {
    if (transform.combinedMode()) {
      return new JdkAead(transform, encryptionKey, extended);
    }
    CbcChain cbc = transform.ivOctets() == 0 ? null : new CbcChain(mode, encryptionKey);
    Hmac hmac = new Hmac(hash(transform), integrityKey, transform.icvOctets());
    return new EncryptThenMac(transform, cbc, hmac, ivs, extended);
  }

  private static Hmac.Hash hash(EspTransform transform) {
    return switch (transform) {
      case NULL_HMAC_SHA1_96, AES_CBC_HMAC_SHA1_96 -> Hmac.Hash.SHA1;
      default -> Hmac.Hash.SHA256;
    };
  }
}
