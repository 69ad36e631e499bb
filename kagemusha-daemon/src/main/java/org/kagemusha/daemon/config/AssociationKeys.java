package org.kagemusha.daemon.config;

import java.util.Arrays;

/**
 * The secret part of an association pair. Its text never shows a key.
 *
 * @param encryptionOut empty for the NULL cipher
 * @param integrityOut seals what this node sends
 * @param encryptionIn empty for the NULL cipher
 * @param integrityIn checks what this node receives
 */
public record AssociationKeys(
    byte[] encryptionOut, byte[] integrityOut, byte[] encryptionIn, byte[] integrityIn) {

  @Override
  public boolean equals(Object other) {
    return other instanceof AssociationKeys keys
        && Arrays.equals(encryptionOut, keys.encryptionOut)
        && Arrays.equals(integrityOut, keys.integrityOut)
        && Arrays.equals(encryptionIn, keys.encryptionIn)
        && Arrays.equals(integrityIn, keys.integrityIn);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(integrityOut);
  }

  @Override
  public String toString() {
    return "AssociationKeys[secret]";
  }
}
