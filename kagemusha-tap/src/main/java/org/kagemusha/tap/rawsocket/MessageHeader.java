package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The {@code msghdr} of recvmsg(2) with one vector, the peer's {@code sockaddr_in6} and control
 * messages, laid out as on 64-bit Linux.
 */
final class MessageHeader {

  private static final int NAME_LENGTH = 8;
  private static final int VECTOR_POINTER = 16;
  private static final int VECTOR_COUNT = 24;
  private static final int CONTROL_POINTER = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;

  private static final int VECTOR = 56;
  private static final int NAME = 72;
  private static final int NAME_ADDRESS = NAME + 8;
  private static final int NAME_SIZE = 28;
  private static final int CONTROL = 104;
  private static final int CONTROL_SIZE = 256;
  private static final int CONTROL_HEADER = 16;

  private final NativeMemory memory = new NativeMemory(CONTROL + CONTROL_SIZE);
  private final ByteBuffer bytes = memory.bytes();
  private final long address = memory.address();
  private int destination;
  private int trafficClass;
  private int hopLimit;

  MessageHeader() {
    bytes.putLong(0, memory.address(NAME));
    bytes.putLong(VECTOR_POINTER, memory.address(VECTOR));
    bytes.putLong(VECTOR_COUNT, 1);
    bytes.putLong(CONTROL_POINTER, memory.address(CONTROL));
  }

  /** Makes it ready for one call and gives its address. */
  long prepare(long target, int room) {
    bytes.putInt(NAME_LENGTH, NAME_SIZE);
    bytes.putLong(CONTROL_LENGTH, CONTROL_SIZE);
    bytes.putLong(VECTOR, target);
    bytes.putLong(VECTOR + 8, room);
    return address;
  }

  /** Says whether the packet was longer than the room. */
  boolean isTruncated() {
    return (bytes.getInt(FLAGS) & Constants.MSG_TRUNC) != 0;
  }

  /** Takes the control messages apart; false where the destination is missing. */
  boolean parse() {
    destination = 0;
    trafficClass = 0;
    hopLimit = 0;
    long end = CONTROL + Math.min(bytes.getLong(CONTROL_LENGTH), CONTROL_SIZE);
    long at = CONTROL;
    while (end - at >= CONTROL_HEADER) {
      int header = (int) at;
      long length = bytes.getLong(header);
      if (length < CONTROL_HEADER || length > end - at) {
        break;
      }
      if (bytes.getInt(header + 8) == Constants.IPPROTO_IPV6) {
        int value = header + CONTROL_HEADER;
        switch (bytes.getInt(header + 12)) {
          case Constants.IPV6_PKTINFO -> destination = value;
          case Constants.IPV6_TCLASS -> trafficClass = bytes.getInt(value);
          case Constants.IPV6_HOPLIMIT -> hopLimit = bytes.getInt(value);
          default -> { }
        }
      }
      at += length + 7 & ~7L;
    }
    return destination != 0;
  }

  /** Writes the peer's port, in network order. */
  void writePort(ByteBuffer packet, int at) {
    packet.put(at, bytes, NAME + 2, 2);
  }

  /** Writes the IPv6 header that the packet came with. */
  void writeHeader(ByteBuffer packet, int at, int payloadLength, int nextHeader) {
    packet.putInt(at, 6 << 28 | (trafficClass & 0xff) << 20);
    packet.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) payloadLength);
    packet.put(at + Ipv6Header.NEXT_HEADER, (byte) nextHeader);
    packet.put(at + Ipv6Header.HOP_LIMIT, (byte) hopLimit);
    packet.put(at + Ipv6Header.SOURCE, bytes, NAME_ADDRESS, Ipv6Address.BYTES);
    packet.put(at + Ipv6Header.DESTINATION, bytes, destination, Ipv6Address.BYTES);
  }
}
