package org.kagemusha.core.wire;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * An Ethernet address (EUI-48).
 *
 * @param bits the six octets in the low 48 bits, the first octet highest
 */
public record MacAddress(long bits) {

  /** Octets of an address on the wire. */
  public static final int BYTES = 6;

  /** {@code ff:ff:ff:ff:ff:ff}. */
  public static final MacAddress BROADCAST = new MacAddress(0xffff_ffff_ffffL);

  private static final HexFormat COLONS = HexFormat.ofDelimiter(":");

  /**
   * @throws IllegalArgumentException if more than 48 bits are given
   */
  public MacAddress {
    if (bits >>> 48 != 0) {
      throw new IllegalArgumentException("a MAC address has 48 bits");
    }
  }

  /**
   * Reads {@code 52:54:00:12:34:10}; hyphens will do as well.
   *
   * @throws IllegalArgumentException if it is not of that form
   */
  public static MacAddress parse(String text) {
    try {
      byte[] octets = COLONS.parseHex(text.replace('-', ':'));
      if (octets.length == BYTES) {
        return of(octets);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("not a MAC address: " + text, e);
    }
    throw new IllegalArgumentException("not a MAC address: " + text);
  }

  /**
   * Takes an address from six octets.
   *
   * @throws IllegalArgumentException if there are not six
   */
  public static MacAddress of(byte[] octets) {
    if (octets.length != BYTES) {
      throw new IllegalArgumentException("a MAC address has 6 octets, not " + octets.length);
    }
    long bits = 0;
    for (byte octet : octets) {
      bits = bits << 8 | octet & 0xff;
    }
    return new MacAddress(bits);
  }

  /** Takes an address from a buffer, at an absolute index. */
  public static MacAddress read(ByteBuffer buffer, int index) {
    return new MacAddress(readBits(buffer, index));
  }

  /** The 48 bits at an absolute index of a buffer; allocates nothing. */
  public static long readBits(ByteBuffer buffer, int index) {
    return (buffer.getShort(index) & 0xffffL) << 32 | buffer.getInt(index + 2) & 0xffff_ffffL;
  }

  /** The Ethernet address to which a multicast IPv6 address maps, RFC 2464 §7. */
  public static MacAddress multicastOf(Ipv6Address group) {
    return new MacAddress(0x3333_0000_0000L | group.low() & 0xffff_ffffL);
  }

  /** Puts the address into a buffer, at an absolute index. */
  public void write(ByteBuffer buffer, int index) {
    buffer.putShort(index, (short) (bits >>> 32));
    buffer.putInt(index + 2, (int) bits);
  }

  /** The six octets. */
  public byte[] toBytes() {
    byte[] octets = new byte[BYTES];
    write(ByteBuffer.wrap(octets), 0);
    return octets;
  }

  /** The interface identifier of RFC 4291, appendix A: the universal bit inverted, fffe inside. */
  public long modifiedEui64() {
    long company = bits >>> 24 ^ 0x02_0000;
    return company << 40 | 0xff_fe00_0000L | bits & 0xff_ffff;
  }

  /** Says whether the group bit is set: multicast or broadcast. */
  public boolean isGroup() {
    return (bits >>> 40 & 1) != 0;
  }

  // Written out for the reason that it is in Ipv6Address.

  @Override
  public boolean equals(Object other) {
    return other instanceof MacAddress that && bits == that.bits;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(bits);
  }

  /** Lower-case octets with colons. */
  @Override
  public String toString() {
    return COLONS.formatHex(toBytes());
  }
}
