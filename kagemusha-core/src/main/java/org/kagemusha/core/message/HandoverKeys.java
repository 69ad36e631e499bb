package org.kagemusha.core.message;

import java.util.Arrays;
import java.util.Objects;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * What a home agent tells a mobile node's host in a Binding Acknowledgement, so that a former host
 * forwards packets to it: a key of its own, by which the next host will prove that the home agent
 * has named it, and, if the binding has just moved, where from and the key of that host. Never in
 * clear.
 *
 * @param key of the binding's present place, {@value #KEY_OCTETS} octets
 * @param previousCareOf where the binding was, or null if it has not just moved
 * @param previousKey of that place; null if and only if there is none
 */
public record HandoverKeys(byte[] key, Ipv6Address previousCareOf, byte[] previousKey) {

  /** Octets of a key. */
  public static final int KEY_OCTETS = 32;

  /**
   * Keeps the arrays, which nobody changes.
   *
   * @throws IllegalArgumentException if a key has another length, or one half of the previous place
   *     is missing
   */
  public HandoverKeys {
    Objects.requireNonNull(key, "key");
    if (key.length != KEY_OCTETS
        || (previousCareOf == null) != (previousKey == null)
        || previousKey != null && previousKey.length != KEY_OCTETS) {
      throw new IllegalArgumentException("handover keys are incomplete");
    }
  }

  /** Overwrites the keys. */
  public void destroy() {
    Arrays.fill(key, (byte) 0);
    if (previousKey != null) {
      Arrays.fill(previousKey, (byte) 0);
    }
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return "HandoverKeys[previousCareOf=" + previousCareOf + "]";
  }
}
