package org.kagemusha.core.offload;

import java.nio.ByteBuffer;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;

/**
 * The header that a tap device puts before each frame, struct virtio_net_hdr of virtio 1.2 §5.1.6
 * without num_buffers: {@code flags}, {@code gso_type}, {@code hdr_len}, {@code gso_size},
 * {@code csum_start}, {@code csum_offset}, the last four of 16 bits, little-endian. The byte order
 * of the memory that it lies in does not matter.
 *
 * <p>What it says is checked before it is believed: a guest's own header may come through.
 */
public final class VirtioNetHeader {

  /** Octets of the header. */
  public static final int OCTETS = 10;

  private static final int GSO_TYPE = 1;
  private static final int HEADER_LENGTH = 2;
  private static final int GSO_SIZE = 4;
  private static final int CHECKSUM_START = 6;
  private static final int CHECKSUM_OFFSET = 8;

  private static final int NEEDS_CHECKSUM = 1;
  private static final int DATA_VALID = 2;

  private static final int GSO_NONE = 0;
  private static final int GSO_TCPV4 = 1;
  private static final int GSO_TCPV6 = 4;
  private static final int GSO_UDP_L4 = 5;
  private static final int GSO_ECN = 0x80;

  /** Octets of an IPv4 header without options. */
  private static final int IPV4_HEADER = 20;

  private VirtioNetHeader() {}

  /**
   * Notes in the frame what the header before it says. {@code hdr_len} is a hint that must not be
   * relied on (virtio 1.2 §5.1.6.4), so it is not read; a super-frame that is not larger than one
   * segment is an ordinary frame.
   *
   * @param at the absolute index of the header; the frame is the buffer's packet
   * @return false if the header contradicts the frame or names what was not asked for; the frame is
   *     then to be dropped, and nothing is noted in it
   */
  public static boolean read(ByteBuffer header, int at, PacketBuffer frame) {
    frame.finished();
    int flags = header.get(at);
    int type = header.get(at + GSO_TYPE) & 0xff;
    if ((flags & ~(NEEDS_CHECKSUM | DATA_VALID)) != 0) {
      return false;
    }
    if ((flags & NEEDS_CHECKSUM) == 0) {
      return type == GSO_NONE;
    }
    int start = unsigned(header, at + CHECKSUM_START);
    int offset = unsigned(header, at + CHECKSUM_OFFSET);
    if (start < EthernetHeader.BYTES || start + offset + Short.BYTES > frame.length()) {
      return false;
    }
    int size = 0;
    if (type != GSO_NONE) {
      int payload = payload(frame, type, frame.offset() + start, offset);
      size = unsigned(header, at + GSO_SIZE);
      if (payload < 0 || size == 0) {
        return false;
      }
      if (payload <= size) {
        size = 0;
      }
    }
    frame.unfinished(frame.offset() + start, offset, size);
    return true;
  }

  /** Octets of transport payload of a super-frame, or -1 if it is not what its type says. */
  private static int payload(PacketBuffer frame, int type, int start, int offset) {
    int protocol = type & ~GSO_ECN;
    boolean tcp = protocol == GSO_TCPV4 || protocol == GSO_TCPV6;
    if (!tcp && type != GSO_UDP_L4
        || offset != (tcp ? Transport.TCP_CHECKSUM : Transport.UDP_CHECKSUM)) {
      return -1;
    }
    ByteBuffer bytes = frame.bytes();
    int etherType = EthernetHeader.type(bytes, frame.offset());
    int network = frame.offset() + EthernetHeader.BYTES;
    if (etherType == EthernetHeader.TYPE_IPV6) {
      if (protocol == GSO_TCPV4
          || start - network < Ipv6Header.BYTES
          || start != Transport.find(
              bytes, network, frame.end(), tcp ? Protocol.TCP : Protocol.UDP)) {
        return -1;
      }
    } else if (etherType == EthernetHeader.TYPE_IPV4) {
      if (protocol == GSO_TCPV6 || start - network < IPV4_HEADER) {
        return -1;
      }
    }
    int headerLength = Transport.headerLength(bytes, start, frame.end(), tcp);
    return headerLength < 0 ? -1 : frame.end() - start - headerLength;
  }

  /**
   * Writes the header of an Ethernet frame as its buffer describes it; {@code hdr_len} is that of
   * all headers to the end of TCP's or UDP's.
   *
   * @param at the absolute index of the header
   */
  public static void write(PacketBuffer frame, ByteBuffer header, int at) {
    boolean ipv4 =
        frame.isSuperPacket()
            && EthernetHeader.type(frame.bytes(), frame.offset()) == EthernetHeader.TYPE_IPV4;
    write(frame, ipv4, header, at);
  }

  /**
   * Writes the header of an IPv6 packet without Ethernet, as a tun takes it.
   *
   * @param at the absolute index of the header
   */
  public static void writeIpv6(PacketBuffer packet, ByteBuffer header, int at) {
    write(packet, false, header, at);
  }

  private static void write(PacketBuffer frame, boolean ipv4, ByteBuffer header, int at) {
    header.putLong(at, 0).putShort(at + CHECKSUM_OFFSET, (short) 0);
    if (!frame.isUnfinished()) {
      return;
    }
    int transport = frame.checksumStart();
    int start = transport - frame.offset();
    header.put(at, (byte) NEEDS_CHECKSUM);
    put(header, at + CHECKSUM_START, start);
    put(header, at + CHECKSUM_OFFSET, frame.checksumOffset());
    if (!frame.isSuperPacket()) {
      return;
    }
    ByteBuffer bytes = frame.bytes();
    boolean tcp = frame.checksumOffset() == Transport.TCP_CHECKSUM;
    int type = GSO_UDP_L4;
    if (tcp) {
      boolean reduced = (bytes.get(transport + Transport.TCP_FLAGS) & Transport.CWR) != 0;
      // RFC 3168 §6.1.2: only the first segment may have CWR, which a device must know of.
      type = (ipv4 ? GSO_TCPV4 : GSO_TCPV6) | (reduced ? GSO_ECN : 0);
    }
    header.put(at + GSO_TYPE, (byte) type);
    put(header, at + GSO_SIZE, frame.segmentSize());
    int headerLength = Transport.headerLength(bytes, transport, frame.end(), tcp);
    put(header, at + HEADER_LENGTH, start + Math.max(headerLength, 0));
  }

  private static int unsigned(ByteBuffer header, int at) {
    return header.get(at) & 0xff | (header.get(at + 1) & 0xff) << 8;
  }

  private static void put(ByteBuffer header, int at, int value) {
    header.put(at, (byte) value).put(at + 1, (byte) (value >>> 8));
  }
}
