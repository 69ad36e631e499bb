package org.kagemusha.tap.netlink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Steps through the messages of one netlink datagram and finds their attributes. The buffer is in
 * the machine's byte order. Nothing throws on octets: a message or attribute that runs over the end
 * is the end.
 */
final class NetlinkReader {

  private final ByteBuffer bytes;
  private final int length;
  private int next;
  private int message;
  private int end;

  /**
   * @param length octets received, at most the buffer's capacity
   */
  NetlinkReader(ByteBuffer bytes, int length) {
    this.bytes = bytes;
    this.length = length;
  }

  /** Goes to the next message; false where there is none. */
  boolean next() {
    message = next;
    if (length - message < Netlink.HEADER) {
      return false;
    }
    int size = bytes.getInt(message);
    if (size < Netlink.HEADER || size > length - message) {
      return false;
    }
    end = message + size;
    next = size > length - message - 3 ? length : message + Netlink.align(size);
    return true;
  }

  /** The message's type. */
  int type() {
    return bytes.getShort(message + 4) & 0xffff;
  }

  /** The message's flags. */
  int flags() {
    return bytes.getShort(message + 6) & 0xffff;
  }

  /** The message's sequence number. */
  int sequence() {
    return bytes.getInt(message + 8);
  }

  /** Octets behind the header. */
  int bodyLength() {
    return end - message - Netlink.HEADER;
  }

  /** An octet of the body; 0 beyond its end. */
  int body8(int offset) {
    return offset < bodyLength() ? bytes.get(message + Netlink.HEADER + offset) & 0xff : 0;
  }

  /** 16 bits of the body; 0 beyond its end. */
  int body16(int offset) {
    return offset + 2 <= bodyLength()
        ? bytes.getShort(message + Netlink.HEADER + offset) & 0xffff
        : 0;
  }

  /** 32 bits of the body; 0 beyond its end. */
  int body32(int offset) {
    return offset + 4 <= bodyLength() ? bytes.getInt(message + Netlink.HEADER + offset) : 0;
  }

  /**
   * Finds an attribute of the message.
   *
   * @param bodyLength octets of the fixed body that the attributes follow
   * @return the index of its value, or -1
   */
  int attribute(int bodyLength, int type) {
    return find(message + Netlink.HEADER + Netlink.align(bodyLength), end, type);
  }

  /** Finds an attribute within another, whose value is at an index. */
  int nested(int value, int type) {
    return find(value, value + lengthOf(value), type);
  }

  /** The length of the attribute whose value is at an index. */
  int lengthOf(int value) {
    return (bytes.getShort(value - Netlink.ATTRIBUTE_HEADER) & 0xffff) - Netlink.ATTRIBUTE_HEADER;
  }

  /** The 32 bits at the start of a value, or another value where it is absent or shorter. */
  int value32(int value, int otherwise) {
    return value >= 0 && lengthOf(value) >= 4 ? bytes.getInt(value) : otherwise;
  }

  /** The 32 bits at an index inside of a value. */
  int word(int index) {
    return bytes.getInt(index);
  }

  /** The octets of a value. */
  byte[] octets(int value) {
    byte[] octets = new byte[lengthOf(value)];
    bytes.get(value, octets);
    return octets;
  }

  /** The text of a value up to its first zero; empty where it is absent. */
  String string(int value) {
    if (value < 0) {
      return "";
    }
    String text = new String(octets(value), StandardCharsets.UTF_8);
    int zero = text.indexOf('\0');
    return zero < 0 ? text : text.substring(0, zero);
  }

  /** The error number of an error message, positive; 0 for an acknowledgement. */
  int error() {
    return Math.abs(body32(0));
  }

  /** What the kernel says about an error or acknowledgement in words; often empty. */
  String errorText() {
    if ((flags() & Netlink.NLM_F_ACK_TLVS) == 0) {
      return "";
    }
    int quoted = body32(4);
    boolean capped = (flags() & Netlink.NLM_F_CAPPED) != 0 || quoted < Netlink.HEADER;
    int skip = capped ? Netlink.HEADER : quoted;
    return skip > bodyLength() - 4
        ? ""
        : string(attribute(4 + skip, Netlink.NLMSGERR_ATTR_MSG));
  }

  private int find(int from, int limit, int type) {
    int at = from;
    while (limit - at >= Netlink.ATTRIBUTE_HEADER) {
      int size = bytes.getShort(at) & 0xffff;
      if (size < Netlink.ATTRIBUTE_HEADER || size > limit - at) {
        return -1;
      }
      if ((bytes.getShort(at + 2) & Netlink.NLA_TYPE_MASK) == type) {
        return at + Netlink.ATTRIBUTE_HEADER;
      }
      at += Netlink.align(size);
    }
    return -1;
  }
}
