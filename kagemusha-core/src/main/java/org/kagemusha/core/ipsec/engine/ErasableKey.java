package org.kagemusha.core.ipsec.engine;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import javax.crypto.SecretKey;

/**
 * A key of the JDK's ciphers whose octets can be overwritten, which those of {@link
 * javax.crypto.spec.SecretKeySpec} cannot. Cannot be written to a stream.
 */
final class ErasableKey implements SecretKey {

  private static final long serialVersionUID = 1L;

  private final String algorithm;
  private final transient byte[] octets;
  private transient boolean destroyed;

  /** Copies the first octets of an array. */
  ErasableKey(byte[] from, int count, String algorithm) {
    octets = Arrays.copyOf(from, count);
    this.algorithm = algorithm;
  }

  @Override
  public String getAlgorithm() {
    return algorithm;
  }

  @Override
  public String getFormat() {
    return "RAW";
  }

  /**
   * A copy, which the caller overwrites.
   *
   * @throws IllegalStateException if the key is destroyed, so that nothing is sealed with zeros
   */
  @Override
  public byte[] getEncoded() {
    if (destroyed) {
      throw new IllegalStateException("the key is destroyed");
    }
    return octets.clone();
  }

  @Override
  public void destroy() {
    destroyed = true;
    Arrays.fill(octets, (byte) 0);
  }

  @Override
  public boolean isDestroyed() {
    return destroyed;
  }

  private void writeObject(ObjectOutputStream stream) throws NotSerializableException {
    throw new NotSerializableException(getClass().getName());
  }
}
