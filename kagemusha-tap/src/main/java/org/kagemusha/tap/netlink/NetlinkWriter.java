package org.kagemusha.tap.netlink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes one netlink message into a buffer that is in the machine's byte order: header, fixed body,
 * attributes (RFC 3549 §2.3.2).
 */
final class NetlinkWriter {

  private final ByteBuffer bytes;
  private int end;

  NetlinkWriter(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** Starts a message with a body of zeros. */
  NetlinkWriter begin(int type, int flags, int sequence, int bodyLength) {
    end = Netlink.HEADER + Netlink.align(bodyLength);
    for (int i = 0; i < end; i++) {
      bytes.put(i, (byte) 0);
    }
    bytes.putShort(4, (short) type);
    bytes.putShort(6, (short) flags);
    bytes.putInt(8, sequence);
    return this;
  }

  /** Sets an octet of the body. */
  NetlinkWriter body8(int offset, int value) {
    bytes.put(Netlink.HEADER + offset, (byte) value);
    return this;
  }

  /** Sets 32 bits of the body. */
  NetlinkWriter body32(int offset, int value) {
    bytes.putInt(Netlink.HEADER + offset, value);
    return this;
  }

  /** Adds an attribute of octets. */
  NetlinkWriter attribute(int type, byte[] value) {
    int at = open(type, value.length);
    bytes.put(at, value);
    return this;
  }

  /** Adds an attribute of 32 bits. */
  NetlinkWriter attribute32(int type, int value) {
    int at = open(type, 4);
    bytes.putInt(at, value);
    return this;
  }

  /** Adds an attribute of 16 bits. */
  NetlinkWriter attribute16(int type, int value) {
    int at = open(type, 2);
    bytes.putShort(at, (short) value);
    return this;
  }

  /** Adds an attribute of one octet. */
  NetlinkWriter attribute8(int type, int value) {
    int at = open(type, 1);
    bytes.put(at, (byte) value);
    return this;
  }

  /** Adds an attribute of 32 bits and octets behind them. */
  NetlinkWriter attributeBehind32(int type, int first, byte[] rest) {
    int at = open(type, 4 + rest.length);
    bytes.putInt(at, first);
    bytes.put(at + 4, rest);
    return this;
  }

  /** Adds a text with its terminating zero. */
  NetlinkWriter attributeString(int type, String value) {
    return attribute(type, (value + '\0').getBytes(StandardCharsets.US_ASCII));
  }

  /** Opens a nested attribute; what it returns closes it. */
  int beginNested(int type) {
    int at = open(type | Netlink.NLA_F_NESTED, 0);
    return at - Netlink.ATTRIBUTE_HEADER;
  }

  /** Closes a nested attribute. */
  NetlinkWriter endNested(int nested) {
    bytes.putShort(nested, (short) (end - nested));
    return this;
  }

  /** Completes the message and gives its length in octets. */
  int finish() {
    bytes.putInt(0, end);
    return end;
  }

  private int open(int type, int length) {
    int at = end + Netlink.ATTRIBUTE_HEADER;
    bytes.putShort(end, (short) (Netlink.ATTRIBUTE_HEADER + length));
    bytes.putShort(end + 2, (short) type);
    end = at + Netlink.align(length);
    for (int i = at + length; i < end; i++) {
      bytes.put(i, (byte) 0);
    }
    return at;
  }
}
