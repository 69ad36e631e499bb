package org.kagemusha.core.message;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads classic pcap files (draft-ietf-opsawg-pcap), of either byte order, in microseconds or
 * nanoseconds.
 */
public final class PcapReader {

  /** Link type: Ethernet. */
  public static final int ETHERNET = 1;

  /** Link type: IPv4 or IPv6 packets without a link-layer header. */
  public static final int RAW = 101;

  /** Link type: IPv6 packets without a link-layer header. */
  public static final int IPV6 = 229;

  private static final int MICROSECONDS = 0xa1b2c3d4;
  private static final int NANOSECONDS = 0xa1b23c4d;
  private static final int FILE_HEADER = 24;
  private static final int RECORD_HEADER = 16;
  private static final int LARGEST_PACKET = 1 << 18;

  private final InputStream input;
  private final ByteOrder order;
  private final int fractionNs;
  private final int linkType;

  /**
   * Reads the file header.
   *
   * @throws IOException if it cannot be read, or this is no classic pcap file
   */
  public PcapReader(InputStream input) throws IOException {
    this.input = input;
    ByteBuffer header = ByteBuffer.wrap(input.readNBytes(FILE_HEADER));
    if (header.capacity() < FILE_HEADER) {
      throw new EOFException("a pcap file begins with 24 octets of header");
    }
    int magic = header.getInt(0);
    boolean swapped =
        magic == Integer.reverseBytes(MICROSECONDS) || magic == Integer.reverseBytes(NANOSECONDS);
    order = swapped ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    header.order(order);
    int format = header.getInt(0);
    if (format != MICROSECONDS && format != NANOSECONDS) {
      throw new IOException(String.format("not a pcap file: it begins with %08x", magic));
    }
    fractionNs = format == NANOSECONDS ? 1 : 1000;
    linkType = header.getInt(20) & 0xffff;
  }

  /** The link type of every packet. */
  public int linkType() {
    return linkType;
  }

  /**
   * Reads a packet.
   *
   * @return the packet, or null at the end of the file
   * @throws IOException if the file cannot be read, ends within a record, or states a length beyond
   *     256 KiB
   */
  public CapturedPacket next() throws IOException {
    byte[] octets = input.readNBytes(RECORD_HEADER);
    if (octets.length == 0) {
      return null;
    }
    if (octets.length < RECORD_HEADER) {
      throw new EOFException("the file ends within the header of a record");
    }
    ByteBuffer header = ByteBuffer.wrap(octets).order(order);
    int length = header.getInt(8);
    if (length < 0 || length > LARGEST_PACKET) {
      throw new IOException("a record of " + (length & 0xffff_ffffL) + " octets");
    }
    byte[] packet = input.readNBytes(length);
    if (packet.length < length) {
      throw new EOFException("the file ends within a record");
    }
    long seconds = header.getInt(0) & 0xffff_ffffL;
    long fraction = (header.getInt(4) & 0xffff_ffffL) * fractionNs;
    return new CapturedPacket(seconds * 1_000_000_000L + fraction, header.getInt(12), packet);
  }
}
