package org.kagemusha.core.ipsec.engine;

import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * A keyed HMAC (RFC 2104 §2), truncated (RFC 2404 §2, RFC 4868 §2.3). Computed with the digests
 * that the associations of a thread share: the JDK's own Mac would hold two more per association,
 * and allocate the result of each packet.
 */
final class Hmac {

  /** The hash functions. */
  enum Hash {
    /** SHA-1. */
    SHA1("SHA-1", 20),
    /** SHA-256. */
    SHA256("SHA-256", 32);

    private final String digestName;
    private final int octets;

    Hash(String digestName, int octets) {
      this.digestName = digestName;
      this.octets = octets;
    }

    /** The JDK's name. */
    String digestName() {
      return digestName;
    }
  }

  private static final int BLOCK = 64;
  private static final int INNER = 0x36;
  private static final int OUTER = 0x5c;

  private final Hash hash;
  private final int icvOctets;
  private final byte[] inner;
  private final byte[] outer;

  /**
   * Keys it.
   *
   * @param key at most 64 octets
   * @throws IllegalArgumentException if the key is longer
   */
  Hmac(Hash hash, byte[] key, int icvOctets) {
    if (key.length > BLOCK) {
      throw new IllegalArgumentException("a key of " + key.length + " octets is too long");
    }
    this.hash = hash;
    this.icvOctets = icvOctets;
    inner = Arrays.copyOf(key, BLOCK);
    outer = inner.clone();
    for (int i = 0; i < BLOCK; i++) {
      inner[i] ^= INNER;
      outer[i] ^= OUTER;
    }
  }

  /** Overwrites the key; not to be used afterwards. */
  void destroy() {
    Arrays.fill(inner, (byte) 0);
    Arrays.fill(outer, (byte) 0);
  }

  /** Computes the ICV of {@code octets[0, count)} to the front of the workspace's tag. */
  void compute(byte[] octets, int count, Workspace workspace) {
    MessageDigest digest = workspace.digest(hash);
    byte[] tag = workspace.tag();
    digest.update(inner, 0, BLOCK);
    digest.update(octets, 0, count);
    try {
      digest.digest(tag, 0, hash.octets);
      digest.update(outer, 0, BLOCK);
      digest.update(tag, 0, hash.octets);
      digest.digest(tag, 0, hash.octets);
    } catch (DigestException e) {
      throw new IllegalStateException("HMAC failed", e);
    }
  }

  /**
   * Compares the ICV in the workspace's tag with the one at an index, in time that tells nothing.
   */
  boolean matches(Workspace workspace, byte[] octets, int at) {
    byte[] tag = workspace.tag();
    int difference = 0;
    for (int i = 0; i < icvOctets; i++) {
      difference |= tag[i] ^ octets[at + i];
    }
    return difference == 0;
  }
}
