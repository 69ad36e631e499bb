package org.kagemusha.core.ipsec.engine;

/** What is done to an ESP packet, and the sizes that follow from it. Keys may differ in length. */
public enum EspTransform {
  /** No encryption (RFC 2410), HMAC-SHA1-96 (RFC 2404). */
  NULL_HMAC_SHA1_96(0, 12, 4),
  /** No encryption (RFC 2410), HMAC-SHA2-256-128 (RFC 4868). */
  NULL_HMAC_SHA2_256_128(0, 16, 4),
  /** AES-CBC (RFC 3602), HMAC-SHA1-96 (RFC 2404). */
  AES_CBC_HMAC_SHA1_96(16, 12, 16),
  /** AES-CBC (RFC 3602), HMAC-SHA2-256-128 (RFC 4868). */
  AES_CBC_HMAC_SHA2_256_128(16, 16, 16),
  /** AES-GCM with a 16-octet ICV (RFC 4106); the key ends with a 4-octet salt. */
  AES_GCM_16(8, 16, 4),
  /** ChaCha20-Poly1305 (RFC 7634); the key ends with a 4-octet salt. */
  CHACHA20_POLY1305(8, 16, 4);

  /** Octets of SPI and Sequence Number, RFC 4303 §2. */
  public static final int HEADER_OCTETS = 8;

  private final int ivOctets;
  private final int icvOctets;
  private final int alignment;

  EspTransform(int ivOctets, int icvOctets, int alignment) {
    this.ivOctets = ivOctets;
    this.icvOctets = icvOctets;
    this.alignment = alignment;
  }

  /** Whether one algorithm encrypts and authenticates. */
  public boolean combinedMode() {
    return this == AES_GCM_16 || this == CHACHA20_POLY1305;
  }

  /** Octets of the initialisation vector that follows the ESP header. */
  public int ivOctets() {
    return ivOctets;
  }

  /** Octets of the integrity check value at the packet's end. */
  public int icvOctets() {
    return icvOctets;
  }

  /** What the length of the ciphertext is a multiple of: the cipher's block, at least 4 octets. */
  public int alignment() {
    return alignment;
  }

  /** Octets that are not ciphertext: ESP header, IV and ICV. */
  public int framing() {
    return HEADER_OCTETS + ivOctets + icvOctets;
  }
}
