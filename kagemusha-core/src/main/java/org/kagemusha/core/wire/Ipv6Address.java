package org.kagemusha.core.wire;

import com.google.common.net.InetAddresses;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * An IPv6 address (RFC 4291) as two 64-bit words in network order, so that it can be compared with
 * octets in a buffer without an allocation.
 *
 * @param high the first eight octets: usually the subnet prefix
 * @param low the last eight octets: usually the interface identifier
 */
public record Ipv6Address(long high, long low) implements Comparable<Ipv6Address> {

  /** Octets of an address on the wire. */
  public static final int BYTES = 16;

  /** {@code ::}, RFC 4291 §2.5.2. */
  public static final Ipv6Address UNSPECIFIED = new Ipv6Address(0, 0);

  /** {@code ff02::1}, RFC 4291 §2.7.1. */
  public static final Ipv6Address ALL_NODES = new Ipv6Address(0xff02L << 48, 1);

  /** {@code ff02::2}, RFC 4291 §2.7.1. */
  public static final Ipv6Address ALL_ROUTERS = new Ipv6Address(0xff02L << 48, 2);

  private static final long LINK_LOCAL_HIGH = 0xfe80L << 48;

  /**
   * Reads an address in any of the text forms of RFC 4291 §2.2.
   *
   * @throws IllegalArgumentException if the text is no IPv6 address, or carries a zone
   */
  public static Ipv6Address parse(String text) {
    if (text.indexOf('%') < 0 && text.indexOf(':') >= 0) {
      try {
        InetAddress address = InetAddresses.forString(text);
        if (address instanceof Inet6Address) {
          return of(address.getAddress());
        }
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("not an IPv6 address: " + text, e);
      }
    }
    throw new IllegalArgumentException("not an IPv6 address: " + text);
  }

  /**
   * Takes an address from sixteen octets in network order.
   *
   * @throws IllegalArgumentException if there are not sixteen
   */
  public static Ipv6Address of(byte[] octets) {
    if (octets.length != BYTES) {
      throw new IllegalArgumentException("an IPv6 address has 16 octets, not " + octets.length);
    }
    return read(ByteBuffer.wrap(octets), 0);
  }

  /** Takes an address from a buffer in network order, at an absolute index. */
  public static Ipv6Address read(ByteBuffer buffer, int index) {
    return new Ipv6Address(buffer.getLong(index), buffer.getLong(index + 8));
  }

  /** The link-local address with the modified EUI-64 identifier of a MAC address, RFC 4862 §5.3. */
  public static Ipv6Address linkLocalOf(MacAddress mac) {
    return new Ipv6Address(LINK_LOCAL_HIGH, mac.modifiedEui64());
  }

  /** Puts the address into a buffer in network order, at an absolute index. */
  public void write(ByteBuffer buffer, int index) {
    buffer.putLong(index, high);
    buffer.putLong(index + 8, low);
  }

  /** Says whether the sixteen octets at an absolute index are this address; allocates nothing. */
  public boolean matches(ByteBuffer buffer, int index) {
    return buffer.getLong(index) == high && buffer.getLong(index + 8) == low;
  }

  /** The sixteen octets in network order. */
  public byte[] toBytes() {
    byte[] octets = new byte[BYTES];
    write(ByteBuffer.wrap(octets), 0);
    return octets;
  }

  /** The JDK's form of the address, without a zone. */
  public Inet6Address toInetAddress() {
    try {
      return Inet6Address.getByAddress(null, toBytes(), -1);
    } catch (UnknownHostException e) {
      throw new AssertionError("sixteen octets are an IPv6 address", e);
    }
  }

  /** {@code ff02::1:ffXX:XXXX} for this address, RFC 4291 §2.7.1. */
  public Ipv6Address solicitedNode() {
    return new Ipv6Address(0xff02L << 48, 0x1_ff00_0000L | (low & 0xff_ffff));
  }

  /** {@code fe80::/10}, RFC 4291 §2.5.6. */
  public boolean isLinkLocal() {
    return high >>> 54 == 0xfe80 >>> 6;
  }

  /** {@code ff00::/8}, RFC 4291 §2.7. */
  public boolean isMulticast() {
    return high >>> 56 == 0xff;
  }

  /** The scope of a multicast address (2 is the link), RFC 4291 §2.7; meaningless for others. */
  public int multicastScope() {
    return (int) (high >>> 48) & 0xf;
  }

  /** {@code ::}, RFC 4291 §2.5.2. */
  public boolean isUnspecified() {
    return high == 0 && low == 0;
  }

  /** {@code ::1}, RFC 4291 §2.5.3. */
  public boolean isLoopback() {
    return high == 0 && low == 1;
  }

  /**
   * Says whether a packet may name this address as an endpoint beyond one link: neither
   * unspecified, loopback, multicast, link-local nor IPv4-mapped. The home address and the care-of
   * address must be such (RFC 6275 §9.3.1, §6.1.7).
   */
  public boolean isRoutableUnicast() {
    boolean mapped = high == 0 && low >>> 32 == 0xffff;
    return !isMulticast() && !isLinkLocal() && !isUnspecified() && !isLoopback() && !mapped;
  }

  @Override
  public int compareTo(Ipv6Address other) {
    int order = Long.compareUnsigned(high, other.high);
    return order != 0 ? order : Long.compareUnsigned(low, other.low);
  }

  // Written out: what a record brings is spun at run time, and addresses are compared in every start.

  @Override
  public boolean equals(Object other) {
    return other instanceof Ipv6Address that && high == that.high && low == that.low;
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(high) + Long.hashCode(low);
  }

  /** The canonical text of RFC 5952. */
  @Override
  public String toString() {
    return InetAddresses.toAddrString(toInetAddress());
  }
}
