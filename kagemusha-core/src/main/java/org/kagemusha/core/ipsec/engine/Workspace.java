package org.kagemusha.core.ipsec.engine;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Heap memory and digests that the ciphers of one thread share, since the JDK's ciphers are fastest
 * from array to array: ten thousand associations need it once. Grows to the largest packet seen.
 */
final class Workspace {

  private static final int FIRST_OCTETS = 4096;
  private static final ThreadLocal<Workspace> OF_THREAD = ThreadLocal.withInitial(Workspace::new);

  private final InitialisationVectors ivs = new RandomInitialisationVectors();
  private final MessageDigest[] digests = new MessageDigest[Hmac.Hash.values().length];
  private final byte[] tag = new byte[64];
  private byte[] input = new byte[FIRST_OCTETS];
  private byte[] output = new byte[FIRST_OCTETS];

  private Workspace() {}

  /** The memory of the calling thread. */
  static Workspace ofThisThread() {
    return OF_THREAD.get();
  }

  /** Makes both arrays hold at least that many octets; what they held may be lost. */
  void reserve(int octets) {
    if (input.length < octets) {
      int size = Integer.highestOneBit(octets - 1) << 1;
      input = new byte[size];
      output = new byte[size];
    }
  }

  /** The first array. */
  byte[] input() {
    return input;
  }

  /** The second array, as long as the first. */
  byte[] output() {
    return output;
  }

  /** Room for the longest digest. */
  byte[] tag() {
    return tag;
  }

  /** This thread's digest, at the beginning of a message. */
  MessageDigest digest(Hmac.Hash hash) {
    MessageDigest digest = digests[hash.ordinal()];
    if (digest == null) {
      try {
        digest = MessageDigest.getInstance(hash.digestName());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(hash.digestName() + " is missing", e);
      }
      digests[hash.ordinal()] = digest;
    }
    return digest;
  }

  /** This thread's generator. */
  InitialisationVectors ivs() {
    return ivs;
  }
}
