package org.kagemusha.core.wire;

import java.nio.ByteBuffer;

/** The Ethernet header in front of IPv6 (RFC 2464 §3), as offsets and accessors over a buffer. */
public final class EthernetHeader {

  /** Octets of the header. */
  public static final int BYTES = 14;

  /** Offset of the destination address. */
  public static final int DESTINATION = 0;

  /** Offset of the source address. */
  public static final int SOURCE = 6;

  /** Offset of the EtherType. */
  public static final int TYPE = 12;

  /** EtherType of IPv4. */
  public static final int TYPE_IPV4 = 0x0800;

  /** EtherType of ARP. */
  public static final int TYPE_ARP = 0x0806;

  /** EtherType of an 802.1Q tag. */
  public static final int TYPE_VLAN = 0x8100;

  /** EtherType of RARP, with which a VMM announces a VM that has arrived. */
  public static final int TYPE_RARP = 0x8035;

  /** EtherType of IPv6. */
  public static final int TYPE_IPV6 = 0x86dd;

  private EthernetHeader() {}

  /** Writes a whole header. */
  public static void write(
      ByteBuffer buffer, int at, MacAddress destination, MacAddress source, int type) {
    destination.write(buffer, at + DESTINATION);
    source.write(buffer, at + SOURCE);
    buffer.putShort(at + TYPE, (short) type);
  }

  /** The EtherType. */
  public static int type(ByteBuffer buffer, int at) {
    return buffer.getShort(at + TYPE) & 0xffff;
  }

  /** The 48 bits of the destination address; allocates nothing. */
  public static long destinationBits(ByteBuffer buffer, int at) {
    return MacAddress.readBits(buffer, at + DESTINATION);
  }

  /** The 48 bits of the source address; allocates nothing. */
  public static long sourceBits(ByteBuffer buffer, int at) {
    return MacAddress.readBits(buffer, at + SOURCE);
  }
}
