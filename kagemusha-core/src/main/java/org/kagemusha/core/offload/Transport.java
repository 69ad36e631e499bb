package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.Protocol;

/** TCP's header (RFC 9293 §3.1) and UDP's (RFC 768) as offsets, and where they are in a packet. */
final class Transport {

  /** Octets of a TCP header without options. */
  static final int TCP_HEADER = 20;

  /** Offset of TCP's Sequence Number. */
  static final int TCP_SEQUENCE = 4;

  /** Offset of TCP's Acknowledgment Number. */
  static final int TCP_ACKNOWLEDGMENT = 8;

  /** Offset of TCP's Data Offset; the flags and the Window are in the same 32 bits. */
  static final int TCP_DATA_OFFSET = 12;

  /** Offset of TCP's flags. */
  static final int TCP_FLAGS = 13;

  /** Offset of TCP's Checksum. */
  static final int TCP_CHECKSUM = 16;

  /** Offset of TCP's Urgent Pointer. */
  static final int TCP_URGENT_POINTER = 18;

  /** Octets of a UDP header. */
  static final int UDP_HEADER = 8;

  /** Offset of UDP's Length. */
  static final int UDP_LENGTH = 4;

  /** Offset of UDP's Checksum. */
  static final int UDP_CHECKSUM = 6;

  static final int FIN = 0x01;
  static final int SYN = 0x02;
  static final int PSH = 0x08;
  static final int ACK = 0x10;
  static final int ECE = 0x40;
  static final int CWR = 0x80;

  private static final int MOST_HEADERS = 16;

  private Transport() {}

  /**
   * Octets of the transport header.
   *
   * @param at its absolute index
   * @param end the absolute index behind the packet
   * @return -1 if the packet does not hold it, or a TCP header is shorter than it can be
   */
  static int headerLength(ByteBuffer bytes, int at, int end, boolean tcp) {
    if (!tcp) {
      return end - at < UDP_HEADER ? -1 : UDP_HEADER;
    }
    if (end - at < TCP_HEADER) {
      return -1;
    }
    int length = (bytes.get(at + TCP_DATA_OFFSET) & 0xf0) >>> 2;
    return length < TCP_HEADER || length > end - at ? -1 : length;
  }

  /**
   * The absolute index of a transport header behind the extension headers that stand before one in
   * an unfragmented packet, RFC 8200 §4.
   *
   * @param at the absolute index of the IPv6 header, which is whole
   * @param end the absolute index behind the packet
   * @return -1 if the chain of headers does not lead to that protocol
   */
  static int find(ByteBuffer bytes, int at, int end, int protocol) {
    int next = Ipv6Header.nextHeader(bytes, at);
    int here = at + Ipv6Header.BYTES;
    for (int i = 0; i < MOST_HEADERS; i++) {
      if (next == protocol) {
        return here;
      }
      if (next != Protocol.HOP_BY_HOP
          && next != Protocol.ROUTING
          && next != Protocol.DESTINATION_OPTIONS) {
        return -1;
      }
      if (end - here < 8) {
        return -1;
      }
      next = bytes.get(here) & 0xff;
      here += ((bytes.get(here + 1) & 0xff) + 1) * 8;
    }
    return -1;
  }
}
