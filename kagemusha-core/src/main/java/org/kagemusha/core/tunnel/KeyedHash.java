package org.kagemusha.core.tunnel;

/**
 * SipHash-2-4 over five words: a keyed hash whose outcome cannot be foretold without the key, for
 * flow labels (RFC 6437 §3) and fragment identifications (RFC 7739 §4). Allocates nothing; for one
 * thread.
 */
final class KeyedHash {

  private final long key0;
  private final long key1;
  private long v0;
  private long v1;
  private long v2;
  private long v3;

  KeyedHash(long key0, long key1) {
    this.key0 = key0;
    this.key1 = key1;
  }

  /** The hash of forty octets, given as five words of which the first octet is the lowest. */
  long hash(long a, long b, long c, long d, long e) {
    v0 = key0 ^ 0x736f_6d65_7073_6575L;
    v1 = key1 ^ 0x646f_7261_6e64_6f6dL;
    v2 = key0 ^ 0x6c79_6765_6e65_7261L;
    v3 = key1 ^ 0x7465_6462_7974_6573L;
    take(a);
    take(b);
    take(c);
    take(d);
    take(e);
    take(40L << 56);
    v2 ^= 0xff;
    round();
    round();
    round();
    round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  private void take(long word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }

  private void round() {
    long a = v0 + v1;
    long b = Long.rotateLeft(v1, 13) ^ a;
    long c = v2 + v3;
    long d = Long.rotateLeft(v3, 16) ^ c;
    a = Long.rotateLeft(a, 32) + d;
    c += b;
    v0 = a;
    v1 = Long.rotateLeft(b, 17) ^ c;
    v2 = Long.rotateLeft(c, 32);
    v3 = Long.rotateLeft(d, 21) ^ a;
  }
}
