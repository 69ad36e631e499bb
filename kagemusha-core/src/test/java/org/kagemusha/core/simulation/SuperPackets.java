package org.kagemusha.core.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Super-packets, and what they stand for: built and taken apart octet by octet, with none of the
 * code under test. Their transport header is right behind the IPv6 header unless extensions are
 * given.
 */
public final class SuperPackets {

  public static final int FIN = 1;
  public static final int SYN = 2;
  public static final int PSH = 8;
  public static final int ACK = 16;
  public static final int CWR = 128;

  private static final int TCP = 6;
  private static final int UDP = 17;

  private SuperPackets() {}

  /** TCP data with a timestamp option, to be segmented. */
  public static PacketBuffer tcp(
      Ipv6Address source, Ipv6Address destination, int flags, int segment, byte[] data) {
    return tcp(source, destination, 0, new byte[0], TCP, flags, segment, data);
  }

  /**
   * TCP data behind extension headers.
   *
   * @param first the Next Header of the IPv6 header
   */
  public static PacketBuffer tcp(
      Ipv6Address source,
      Ipv6Address destination,
      int classAndLabel,
      byte[] extensions,
      int first,
      int flags,
      int segment,
      byte[] data) {
    ByteBuffer upper = ByteBuffer.allocate(32 + data.length);
    upper.putShort((short) 40000).putShort((short) 5001).putInt(0xffff_f000).putInt(0x0a0b0c0d);
    upper.putShort((short) (8 << 12 | flags)).putShort((short) 500).putInt(0);
    upper.putInt(0x0101080a).putInt(77).putInt(88).put(data);
    return build(
        source, destination, classAndLabel, extensions, first, TCP, upper.array(), 16, segment);
  }

  /** UDP datagrams to one port, joined. */
  public static PacketBuffer udp(
      Ipv6Address source, Ipv6Address destination, int segment, byte[] data) {
    ByteBuffer upper = ByteBuffer.allocate(8 + data.length);
    upper.putShort((short) 4000).putShort((short) 4001).putShort((short) upper.capacity());
    upper.putShort((short) 0).put(data);
    return build(source, destination, 0, new byte[0], UDP, UDP, upper.array(), 6, segment);
  }

  private static PacketBuffer build(
      Ipv6Address source,
      Ipv6Address destination,
      int classAndLabel,
      byte[] extensions,
      int first,
      int protocol,
      byte[] upper,
      int field,
      int segment) {
    byte[] packet = new byte[40 + extensions.length + upper.length];
    ByteBuffer bytes = ByteBuffer.wrap(packet);
    bytes.putInt(6 << 28 | classAndLabel).putShort((short) (packet.length - 40));
    bytes.put((byte) first).put((byte) 64);
    bytes.put(source.toBytes()).put(destination.toBytes()).put(extensions).put(upper);
    int start = 40 + extensions.length;
    bytes.putShort(start + field, (short) fold(pseudo(packet, upper.length, protocol)));
    PacketBuffer buffer = PacketBuffer.copyOf(packet);
    return buffer.unfinished(buffer.offset() + start, field, segment);
  }

  /** Random TCP (mostly) or UDP data of at least two segments. */
  public static PacketBuffer random(
      RandomGenerator random, Ipv6Address source, Ipv6Address destination, int largestSegment) {
    int segment = random.nextInt(1, largestSegment + 1);
    int most = Math.min(65_000, segment * 45);
    byte[] data = new byte[random.nextInt(segment + 1, Math.max(segment + 2, most))];
    random.nextBytes(data);
    if (random.nextInt(5) == 0) {
      return udp(source, destination, segment, data);
    }
    int flags = ACK;
    for (int flag : new int[] {FIN, PSH, CWR}) {
      flags |= random.nextInt(3) == 0 ? flag : 0;
    }
    boolean options = random.nextInt(8) == 0;
    // Destination Options with a PadN of four octets, RFC 8200 §4.2.
    byte[] extensions = options ? new byte[] {TCP, 0, 1, 4, 0, 0, 0, 0} : new byte[0];
    int label = random.nextBoolean() ? random.nextInt(1 << 20) : 0;
    int ecn = random.nextInt(4);
    return tcp(
        source, destination, ecn << 20 | label, extensions, options ? 60 : TCP, flags, segment,
        data);
  }

  /** The state-carrying packet as a frame. */
  public static PacketBuffer frame(PacketBuffer packet, byte[] to, byte[] from) {
    packet.prepend(14);
    packet.bytes().put(packet.offset(), to).put(packet.offset() + 6, from);
    packet.bytes().putShort(packet.offset() + 12, (short) 0x86dd);
    return packet;
  }

  /** Puts an IPv6 header before the packet: what GRO makes of a tunnel's packets. */
  public static PacketBuffer tunnelled(PacketBuffer packet, Ipv6Address from, Ipv6Address to) {
    int length = packet.length();
    packet.prepend(40);
    ByteBuffer bytes = packet.bytes();
    int at = packet.offset();
    bytes.putInt(at, 6 << 28).putShort(at + 4, (short) length);
    bytes.put(at + 6, (byte) 41).put(at + 7, (byte) 64);
    bytes.put(at + 8, from.toBytes()).put(at + 24, to.toBytes());
    return packet;
  }

  /**
   * What a wire would carry in the place of a packet. RFC 9293 §3.1, RFC 3168 §6.1.2: FIN and PSH
   * are the last segment's, CWR is the first's.
   *
   * @param packet its IPv6 header begins some octets behind its start, which each segment gets
   * @param innermost the offset of that IPv6 header from the packet's start; headers of IPv6 in
   *     front of it, 40 octets each, get lengths of their own
   */
  public static List<byte[]> onWire(PacketBuffer packet, int innermost) {
    byte[] whole = packet.toBytes();
    if (!packet.isUnfinished()) {
      return List.of(whole);
    }
    boolean tcp = packet.checksumOffset() == 16;
    int upper = packet.checksumStart() - packet.offset();
    boolean cut = packet.isSuperPacket();
    int header =
        cut ? upper + (tcp ? (whole[upper + 12] >> 4 & 0xf) * 4 : 8) : whole.length;
    int size = cut ? packet.segmentSize() : whole.length;
    List<byte[]> all = new ArrayList<>();
    for (int from = header; from < whole.length || all.isEmpty(); from += size) {
      int to = Math.min(whole.length, from + size);
      byte[] one = Arrays.copyOf(whole, header + to - from);
      System.arraycopy(whole, from, one, header, to - from);
      ByteBuffer bytes = ByteBuffer.wrap(one);
      for (int ipv6 = innermost % 40 == 14 ? 14 : 0; ipv6 <= innermost; ipv6 += 40) {
        bytes.putShort(ipv6 + 4, (short) (one.length - ipv6 - 40));
      }
      if (cut && tcp) {
        bytes.putInt(upper + 4, bytes.getInt(upper + 4) + from - header);
        int flags = one[upper + 13];
        flags &= to == whole.length ? 0xff : ~(FIN | PSH);
        flags &= from == header ? 0xff : ~CWR;
        one[upper + 13] = (byte) flags;
      } else if (cut) {
        bytes.putShort(upper + 4, (short) (one.length - upper));
      }
      int field = upper + packet.checksumOffset();
      bytes.putShort(field, (short) 0);
      byte[] inner = Arrays.copyOfRange(one, innermost, one.length);
      int length = one.length - upper;
      int sum =
          fold(pseudo(inner, length, tcp ? TCP : UDP) + sum(inner, upper - innermost)) ^ 0xffff;
      bytes.putShort(field, (short) (sum == 0 && !tcp ? 0xffff : sum));
      all.add(one);
    }
    return all;
  }

  private static long pseudo(byte[] packet, int length, int protocol) {
    return sum(Arrays.copyOfRange(packet, 8, 40), 0) + length + protocol;
  }

  private static long sum(byte[] octets, int from) {
    long sum = 0;
    for (int i = from; i < octets.length; i++) {
      sum += (i - from) % 2 == 0 ? (octets[i] & 0xff) << 8 : octets[i] & 0xff;
    }
    return sum;
  }

  private static int fold(long sum) {
    long folded = sum;
    while (folded >> 16 != 0) {
      folded = (folded & 0xffff) + (folded >> 16);
    }
    return (int) folded;
  }
}
