package org.kagemusha.core.ipsec.engine;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;

/**
 * AES-CBC with a new IV per packet, but without a new initialisation: that would cost more than the
 * encryption of a short packet and leave garbage. The JDK's cipher runs on as one endless chain, so
 * it combines the first block with the last ciphertext block of the packet before; exchanging that
 * block for the IV by exclusive-or gives what a cipher initialised with the IV would give.
 */
final class CbcChain {

  /** Octets of a block and of the IV. */
  static final int BLOCK = 16;

  /** The JDK's name. */
  static final String CIPHER_NAME = "AES/CBC/NoPadding";

  private Cipher cipher;
  private final byte[] chain = new byte[BLOCK];

  /**
   * Keys it.
   *
   * @param mode {@link Cipher#ENCRYPT_MODE} or {@link Cipher#DECRYPT_MODE}
   */
  CbcChain(int mode, byte[] key) {
    ErasableKey erasable = new ErasableKey(key, key.length, "AES");
    try {
      cipher = Cipher.getInstance(CIPHER_NAME);
      cipher.init(mode, erasable, new IvParameterSpec(chain));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-CBC is missing", e);
    } finally {
      erasable.destroy();
    }
  }

  /** Lets go of the keyed cipher, which cannot be overwritten; not to be used afterwards. */
  void destroy() {
    cipher = null;
    Arrays.fill(chain, (byte) 0);
  }

  /**
   * Encrypts whole blocks from one array to another.
   *
   * @param from plaintext from index 0; its first block is overwritten
   * @param count a positive multiple of {@link #BLOCK}
   * @param to where the ciphertext goes, behind its IV at {@code at - BLOCK}
   * @param at the index of the first ciphertext octet
   */
  void encrypt(byte[] from, int count, byte[] to, int at) {
    for (int i = 0; i < BLOCK; i++) {
      from[i] ^= (byte) (chain[i] ^ to[at - BLOCK + i]);
    }
    run(from, 0, count, to, at);
    System.arraycopy(to, at + count - BLOCK, chain, 0, BLOCK);
  }

  /**
   * Decrypts whole blocks from one array to another.
   *
   * @param from ciphertext at {@code at}, with its IV before it
   * @param at the index of the first ciphertext octet
   * @param count a positive multiple of {@link #BLOCK}
   * @param to where the plaintext goes, from index 0
   */
  void decrypt(byte[] from, int at, int count, byte[] to) {
    run(from, at, count, to, 0);
    for (int i = 0; i < BLOCK; i++) {
      to[i] ^= (byte) (chain[i] ^ from[at - BLOCK + i]);
    }
    System.arraycopy(from, at + count - BLOCK, chain, 0, BLOCK);
  }

  private void run(byte[] from, int fromAt, int count, byte[] to, int at) {
    try {
      if (cipher.update(from, fromAt, count, to, at) != count) {
        Arrays.fill(to, at, at + count, (byte) 0);
        throw new IllegalStateException("AES-CBC held octets back");
      }
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-CBC failed", e);
    }
  }
}
