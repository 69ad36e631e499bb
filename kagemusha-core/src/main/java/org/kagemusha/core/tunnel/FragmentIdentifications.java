package org.kagemusha.core.tunnel;

/**
 * Identifications for Fragment headers that cannot be foretold and do not repeat before 2^32
 * packets (RFC 8200 §4.5, RFC 7739 §4): a counter with a random start under a keyed permutation,
 * which is four rounds of a Feistel network. Allocates nothing.
 */
final class FragmentIdentifications {

  private final KeyedHash hash;
  private int counter;

  FragmentIdentifications(KeyedHash hash, int start) {
    this.hash = hash;
    this.counter = start;
  }

  /** The next identification. */
  int next() {
    int left = counter >>> 16;
    int right = counter & 0xffff;
    counter++;
    for (int round = 0; round < 4; round++) {
      int mixed = left ^ (int) hash.hash(right, round, 0, 0, 0) & 0xffff;
      left = right;
      right = mixed;
    }
    return left << 16 | right;
  }
}
