package org.kagemusha.core.ipsec.engine;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Unpredictable IVs without a system call each: the key stream of AES-CTR under a key drawn once
 * from {@link SecureRandom}, so an observer of IVs cannot foresee the next (RFC 3602 §3). Allocates
 * nothing per IV.
 */
final class RandomInitialisationVectors implements InitialisationVectors {

  private static final int IV_OCTETS = 16;
  private static final int STOCK_OCTETS = 128 * IV_OCTETS;

  private final byte[] zeros = new byte[STOCK_OCTETS];
  private final byte[] stock = new byte[STOCK_OCTETS];
  private final Cipher stream;
  private int used = STOCK_OCTETS;

  RandomInitialisationVectors() {
    byte[] seed = new byte[2 * IV_OCTETS];
    new SecureRandom().nextBytes(seed);
    try {
      stream = Cipher.getInstance("AES/CTR/NoPadding");
      stream.init(
          Cipher.ENCRYPT_MODE,
          new SecretKeySpec(seed, 0, IV_OCTETS, "AES"),
          new IvParameterSpec(seed, IV_OCTETS, IV_OCTETS));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-CTR is missing", e);
    } finally {
      Arrays.fill(seed, (byte) 0);
    }
  }

  @Override
  public void next(byte[] into, int at) {
    if (used == STOCK_OCTETS) {
      refill();
    }
    System.arraycopy(stock, used, into, at, IV_OCTETS);
    used += IV_OCTETS;
  }

  private void refill() {
    try {
      stream.update(zeros, 0, STOCK_OCTETS, stock, 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-CTR failed", e);
    }
    used = 0;
  }
}
