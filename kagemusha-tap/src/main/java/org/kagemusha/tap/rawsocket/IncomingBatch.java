package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.LazyMemory;

/**
 * The vector of recvmmsg(2), laid out as on 64-bit Linux: messages with one slot each, the peer's
 * {@code sockaddr_in6} and control messages. A slot takes the largest packet; its pages come as
 * they are used. The vector begins short and doubles when a call has filled it.
 */
final class IncomingBatch {

  /** Room for the largest packet, rounded up to pages. */
  private static final int SLOT = 17 * 4096;

  private static final int FIRST_LENGTH = 4;
  private static final int MESSAGE = 64;
  private static final int NAME_LENGTH = 8;
  private static final int VECTOR_POINTER = 16;
  private static final int VECTOR_COUNT = 24;
  private static final int CONTROL_POINTER = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int FLAGS = 48;
  private static final int RECEIVED = 56;

  /** What a joined message usually has at most. */
  private static final int JOINED = 64;

  private static final int ANNEX = 256;
  private static final int NAME = 16;
  private static final int NAME_SIZE = 28;
  private static final int CONTROL = 48;
  private static final int CONTROL_SIZE = 208;
  private static final int CONTROL_HEADER = 16;

  private final LazyMemory memory;
  private final ByteBuffer bytes;
  private final PacketBuffer[] packets;
  private final PacketBuffer[][] views;
  private final int most;
  private final int start;
  private final int vector;
  private final int annex;
  private int ready;
  private int received;
  private int destination;
  private int trafficClass;
  private int hopLimit;
  private int peer;
  private int segment;
  private int kernelDrops;

  /**
   * @param most messages of one call
   * @param headers octets that are put before what the kernel hands over
   */
  IncomingBatch(int most, int headers) throws KernelException {
    this.most = most;
    start = PacketBuffer.HEADROOM + headers;
    packets = new PacketBuffer[most];
    views = new PacketBuffer[most][];
    vector = most * SLOT;
    annex = vector + most * MESSAGE;
    int size = annex + most * ANNEX;
    memory = new LazyMemory(size + 4095 & ~4095);
    bytes = memory.slice(0, size).order(ByteOrder.nativeOrder());
    grow();
  }

  private void grow() {
    int length = Math.min(most, Math.max(FIRST_LENGTH, 2 * ready));
    for (; ready < length; ready++) {
      int slot = ready * SLOT;
      packets[ready] = new PacketBuffer(memory.slice(slot, SLOT), memory.address(slot));
      int message = vector + ready * MESSAGE;
      int extra = annex + ready * ANNEX;
      bytes.putLong(message, memory.address(extra + NAME));
      bytes.putLong(message + VECTOR_POINTER, memory.address(extra));
      bytes.putLong(message + VECTOR_COUNT, 1);
      bytes.putLong(message + CONTROL_POINTER, memory.address(extra + CONTROL));
      bytes.putLong(extra, memory.address(slot + start));
      bytes.putLong(extra + 8, 0xffff + Ipv6Header.BYTES + PacketBuffer.HEADROOM - start);
      arm(ready);
    }
  }

  private void arm(int message) {
    bytes.putInt(vector + message * MESSAGE + NAME_LENGTH, NAME_SIZE);
    bytes.putLong(vector + message * MESSAGE + CONTROL_LENGTH, CONTROL_SIZE);
  }

  /** Makes it ready for the next call, and gives the vector's address. */
  long prepare() {
    if (received == ready && ready < most) {
      grow();
    }
    for (int i = 0; i < received; i++) {
      arm(i);
    }
    received = 0;
    return memory.address(vector);
  }

  /** Messages in the vector. */
  int length() {
    return ready;
  }

  /** Says how many the call has filled. */
  void filled(int count) {
    received = count;
  }

  int received() {
    return received;
  }

  /** An address for a recv(2) of a few octets whose content does not matter. */
  long scratch() {
    return memory.address(start);
  }

  PacketBuffer packet(int message) {
    return packets[message];
  }

  /** One of the packets that a message joins, on its memory; made when it is first asked for. */
  PacketBuffer view(int message, int number) {
    PacketBuffer[] all = views[message];
    if (all == null || number >= all.length) {
      all = all == null ? new PacketBuffer[JOINED] : Arrays.copyOf(all, 2 * number);
      views[message] = all;
    }
    if (all[number] == null) {
      PacketBuffer whole = packets[message];
      all[number] = new PacketBuffer(whole.bytes(), whole.address());
    }
    return all[number];
  }

  /** Octets that the kernel handed over. */
  int octets(int message) {
    return bytes.getInt(vector + message * MESSAGE + RECEIVED);
  }

  /** Takes the control messages apart; false where the packet was cut or has no destination. */
  boolean parse(int message) {
    destination = 0;
    trafficClass = 0;
    hopLimit = 0;
    segment = 0;
    int extra = annex + message * ANNEX;
    peer = extra + NAME;
    long control = bytes.getLong(vector + message * MESSAGE + CONTROL_LENGTH);
    long end = extra + CONTROL + Math.min(control, CONTROL_SIZE);
    long at = extra + CONTROL;
    while (end - at >= CONTROL_HEADER) {
      int header = (int) at;
      long length = bytes.getLong(header);
      if (length < CONTROL_HEADER || length > end - at) {
        break;
      }
      take(bytes.getInt(header + 8), bytes.getInt(header + 12), header + CONTROL_HEADER);
      at += length + 7 & ~7L;
    }
    int flags = bytes.getInt(vector + message * MESSAGE + FLAGS);
    return destination != 0 && (flags & Constants.MSG_TRUNC) == 0;
  }

  private void take(int level, int type, int value) {
    if (level == Constants.IPPROTO_IPV6) {
      switch (type) {
        case Constants.IPV6_PKTINFO -> destination = value;
        case Constants.IPV6_TCLASS -> trafficClass = bytes.getInt(value);
        case Constants.IPV6_HOPLIMIT -> hopLimit = bytes.getInt(value);
        default -> { }
      }
    } else if (level == Constants.IPPROTO_UDP && type == Constants.UDP_GRO) {
      segment = bytes.getInt(value);
    } else if (level == Constants.SOL_SOCKET && type == Constants.SO_RXQ_OVFL) {
      kernelDrops = bytes.getInt(value);
    }
  }

  /** Octets of each datagram that the parsed message joins, or 0. */
  int segment() {
    return segment;
  }

  /** What the socket has dropped up to the parsed message, of 32 bits. */
  int kernelDrops() {
    return kernelDrops;
  }

  /** Sets what {@link #kernelDrops()} tells until a message tells otherwise. */
  void kernelDrops(int all) {
    kernelDrops = all;
  }

  /** Writes the peer's port of the parsed message, in network order. */
  void writePort(ByteBuffer packet, int at) {
    packet.put(at, bytes, peer + 2, 2);
  }

  /** Writes the IPv6 header that the parsed message came with. */
  void writeHeader(ByteBuffer packet, int at, int payloadLength, int nextHeader) {
    packet.putInt(at, 6 << 28 | (trafficClass & 0xff) << 20);
    packet.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) payloadLength);
    packet.put(at + Ipv6Header.NEXT_HEADER, (byte) nextHeader);
    packet.put(at + Ipv6Header.HOP_LIMIT, (byte) hopLimit);
    packet.put(at + Ipv6Header.SOURCE, bytes, peer + 8, Ipv6Address.BYTES);
    packet.put(at + Ipv6Header.DESTINATION, bytes, destination, Ipv6Address.BYTES);
  }

  /** Gives the memory back. */
  void release() {
    memory.release();
  }
}
