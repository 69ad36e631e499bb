package org.kagemusha.tap.rawsocket;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.NativeMemory;

/**
 * The vector of sendmmsg(2), laid out as on 64-bit Linux: messages for the raw socket and for the
 * packet socket, of one packet each, and for the UDP socket, of one datagram or of several of the
 * same length that leave by UDP_SEGMENT. What a UDP message's headers say goes with it in control
 * messages, the flow label too: IPV6_FLOWINFO takes any label that nobody on the host holds
 * exclusively.
 */
final class OutgoingBatch {

  /** The socket that takes a message. */
  enum Way {
    /** The raw IPv6 socket. */
    RAW,
    /** The UDP socket. */
    UDP,
    /** The packet socket. */
    DIRECT
  }

  /** Most segments of one message: what Linux 4.18 takes. */
  static final int MOST_SEGMENTS = 64;

  private static final int UDP_HEADER = 8;
  private static final int HEADERS = Ipv6Header.BYTES + UDP_HEADER;
  private static final int UDP_LENGTH = Ipv6Header.BYTES + 4;
  private static final int LARGEST_DATAGRAM = 0xffff - UDP_HEADER;

  private static final int MESSAGE = 64;
  private static final int VECTOR_POINTER = 16;
  private static final int VECTOR_COUNT = 24;
  private static final int CONTROL_POINTER = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int VECTOR = 16;
  private static final int NAME = 32;
  private static final int NAME_SIZE = 28;
  private static final int LINK_NAME_SIZE = 20;
  private static final int CONTROL = 96;
  private static final int CONTROL_MESSAGE = 24;
  private static final int WITHOUT_SEGMENT = 72;
  private static final int VALUE = 16;

  private final NativeMemory memory;
  private final ByteBuffer bytes;
  private final int vectors;
  private final int names;
  private final int controls;
  private final int linkIndex;
  private final PacketBuffer[] first;
  private final Way[] ways;
  private final NextHops.Hop[] hops;
  private final int[] index;
  private int packets;
  private int messages;
  private boolean open;
  private int octets;
  private int segment;

  /**
   * @param size most packets
   * @param linkIndex the scope of destinations that need one
   */
  OutgoingBatch(int size, int linkIndex) {
    this.linkIndex = linkIndex;
    vectors = size * MESSAGE;
    names = vectors + size * VECTOR;
    controls = names + size * NAME;
    memory = new NativeMemory(controls + size * CONTROL);
    bytes = memory.bytes();
    first = new PacketBuffer[size];
    ways = new Way[size];
    hops = new NextHops.Hop[size];
    index = new int[size + 1];
    for (int i = 0; i < size; i++) {
      prepare(i);
    }
  }

  private void prepare(int i) {
    bytes.putLong(i * MESSAGE, memory.address(names + i * NAME));
    bytes.putLong(i * MESSAGE + CONTROL_POINTER, memory.address(controls + i * CONTROL));
    int control = controls + i * CONTROL;
    control(control, 4, Constants.IPPROTO_IPV6, Constants.IPV6_TCLASS);
    control(control + CONTROL_MESSAGE, 4, Constants.IPPROTO_IPV6, Constants.IPV6_HOPLIMIT);
    control(control + 2 * CONTROL_MESSAGE, 4, Constants.IPPROTO_IPV6, Constants.IPV6_FLOWINFO);
    control(control + WITHOUT_SEGMENT, 2, Constants.IPPROTO_UDP, Constants.UDP_SEGMENT);
  }

  private void control(int at, int length, int level, int type) {
    bytes.putLong(at, VALUE + length);
    bytes.putInt(at + 8, level);
    bytes.putInt(at + 12, type);
  }

  void clear() {
    packets = 0;
    messages = 0;
    open = false;
  }

  int packets() {
    return packets;
  }

  int messages() {
    return messages;
  }

  long address(int message) {
    return memory.address(message * MESSAGE);
  }

  Way way(int message) {
    return ways[message];
  }

  /** Where a message for the packet socket goes. */
  NextHops.Hop hop(int message) {
    return hops[message];
  }

  /** The index of a message's first packet; of its end, as that of the next message. */
  int firstPacket(int message) {
    return message == messages ? packets : index[message];
  }

  /** Adds a whole packet for the raw socket; it must have an address. */
  void addRaw(PacketBuffer packet, boolean onLink) {
    int message = begin(packet, Way.RAW);
    vector(packet.address() + packet.offset(), packet.length());
    bytes.putLong(message * MESSAGE + CONTROL_LENGTH, 0);
    int name = destination(packet, message);
    bytes.putShort(name + 2, (short) 0);
    bytes.putInt(name + 24, onLink ? linkIndex : 0);
    open = false;
  }

  /** Adds a whole packet for the packet socket; it must have an address. */
  void addDirect(PacketBuffer packet, NextHops.Hop hop) {
    int message = begin(packet, Way.DIRECT);
    hops[message] = hop;
    vector(packet.address() + packet.offset(), packet.length());
    bytes.putLong(message * MESSAGE + CONTROL_LENGTH, 0);
    bytes.putInt(message * MESSAGE + 8, LINK_NAME_SIZE);
    // struct sockaddr_ll of packet(7).
    int name = names + message * NAME;
    bytes.putShort(name, (short) Constants.AF_PACKET);
    bytes.put(name + 2, (byte) (Constants.ETH_P_IPV6 >>> 8));
    bytes.put(name + 3, (byte) Constants.ETH_P_IPV6);
    bytes.putInt(name + 4, hop.index());
    bytes.putShort(name + 8, (short) 0);
    bytes.put(name + 10, (byte) 0);
    bytes.put(name + 11, (byte) MacAddress.BYTES);
    long mac = hop.mac();
    for (int i = 0; i < MacAddress.BYTES; i++) {
      bytes.put(name + 12 + i, (byte) (mac >>> 40 - 8 * i));
    }
    open = false;
  }

  /**
   * Adds a packet for the UDP socket, to the message before it where that is allowed.
   *
   * @param joins whether messages of several segments are wanted
   */
  void addUdp(PacketBuffer packet, boolean joins) {
    int payload = packet.length() - HEADERS;
    if (joins && open && extend(packet, payload)) {
      return;
    }
    int message = begin(packet, Way.UDP);
    vector(packet.address() + packet.offset() + HEADERS, payload);
    ByteBuffer from = packet.bytes();
    int at = packet.offset();
    int name = destination(packet, message);
    bytes.put(name + 2, from, at + Ipv6Header.BYTES + 2, 2);
    bytes.putInt(name + 24, 0);
    int flow = from.getInt(at);
    int control = controls + message * CONTROL + VALUE;
    bytes.putInt(control, flow >>> 20 & 0xff);
    bytes.putInt(control + CONTROL_MESSAGE, from.get(at + Ipv6Header.HOP_LIMIT) & 0xff);
    int label = control + 2 * CONTROL_MESSAGE;
    bytes.put(label, (byte) 0);
    bytes.put(label + 1, (byte) (flow >>> 16 & 0x0f));
    bytes.put(label + 2, (byte) (flow >>> 8));
    bytes.put(label + 3, (byte) flow);
    bytes.putLong(message * MESSAGE + CONTROL_LENGTH, WITHOUT_SEGMENT);
    bytes.putShort(control + WITHOUT_SEGMENT, (short) payload);
    open = payload > 0;
    octets = payload;
    segment = payload;
  }

  private boolean extend(PacketBuffer packet, int payload) {
    int message = messages - 1;
    int count = packets - index[message];
    if (payload > segment
        || payload <= 0
        || count == MOST_SEGMENTS
        || octets + payload > LARGEST_DATAGRAM
        || !isSameFlow(first[message], packet)) {
      return false;
    }
    vector(packet.address() + packet.offset() + HEADERS, payload);
    bytes.putLong(message * MESSAGE + VECTOR_COUNT, count + 1);
    bytes.putLong(message * MESSAGE + CONTROL_LENGTH, CONTROL);
    octets += payload;
    // Only the last may be shorter.
    open = payload == segment;
    return true;
  }

  /** All of both headers but lengths and checksum is the same. */
  private static boolean isSameFlow(PacketBuffer one, PacketBuffer other) {
    ByteBuffer a = one.bytes();
    ByteBuffer b = other.bytes();
    int i = one.offset();
    int j = other.offset();
    return a.getInt(i) == b.getInt(j)
        && a.getShort(i + Ipv6Header.NEXT_HEADER) == b.getShort(j + Ipv6Header.NEXT_HEADER)
        && a.getLong(i + 8) == b.getLong(j + 8)
        && a.getLong(i + 16) == b.getLong(j + 16)
        && a.getLong(i + 24) == b.getLong(j + 24)
        && a.getLong(i + 32) == b.getLong(j + 32)
        && a.getInt(i + Ipv6Header.BYTES) == b.getInt(j + Ipv6Header.BYTES);
  }

  /** Whether the UDP header right behind the IPv6 header ends with the packet. */
  static boolean isWholeDatagram(PacketBuffer packet) {
    int length = packet.length() - Ipv6Header.BYTES;
    return length >= UDP_HEADER
        && (packet.bytes().getShort(packet.offset() + UDP_LENGTH) & 0xffff) == length
        && Ipv6Header.payloadLength(packet.bytes(), packet.offset()) == length;
  }

  private int begin(PacketBuffer packet, Way way) {
    int message = messages++;
    first[message] = packet;
    ways[message] = way;
    index[message] = packets;
    int at = message * MESSAGE;
    bytes.putLong(at + VECTOR_POINTER, memory.address(vectors + packets * VECTOR));
    bytes.putLong(at + VECTOR_COUNT, 1);
    return message;
  }

  /** Writes what is the same in each {@code struct sockaddr_in6}; gives the index of the name. */
  private int destination(PacketBuffer packet, int message) {
    bytes.putInt(message * MESSAGE + 8, NAME_SIZE);
    int name = names + message * NAME;
    bytes.putShort(name, (short) Constants.AF_INET6);
    bytes.putInt(name + 4, 0);
    bytes.put(
        name + 8, packet.bytes(), packet.offset() + Ipv6Header.DESTINATION, Ipv6Address.BYTES);
    return name;
  }

  private void vector(long address, int length) {
    int at = vectors + packets++ * VECTOR;
    bytes.putLong(at, address);
    bytes.putLong(at + 8, length);
  }
}
