package org.kagemusha.core.message;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes a capture of several interfaces as one pcapng file (draft-ietf-opsawg-pcapng), so that
 * both sides of a node stand in one file, each under its name and with its own link type. Time
 * stamps are in microseconds.
 */
public final class PcapWriter implements Closeable {

  private static final int SECTION_HEADER = 0x0a0d0d0a;
  private static final int BYTE_ORDER_MAGIC = 0x1a2b3c4d;
  private static final int INTERFACE_DESCRIPTION = 1;
  private static final int ENHANCED_PACKET = 6;
  private static final int PACKET_FIELDS = 28;
  private static final int OPTION_END = 0;
  private static final int OPTION_INTERFACE_NAME = 2;
  private static final int OPTION_PACKET_FLAGS = 2;
  private static final int SNAP_LENGTH = 1 << 16;

  private final OutputStream output;
  private final int interfaces;
  private final ByteBuffer block =
      ByteBuffer.allocate(PACKET_FIELDS + SNAP_LENGTH + 20).order(ByteOrder.BIG_ENDIAN);

  /**
   * An interface of a capture.
   *
   * @param name as it is shown
   * @param linkType {@link PcapReader#ETHERNET}, {@link PcapReader#IPV6} or another
   */
  public record Interface(String name, int linkType) {}

  /** Which way a packet went, seen from the node; the number is that of the packet flags. */
  public enum Direction {
    /** The node received it. */
    INBOUND,
    /** The node sent it. */
    OUTBOUND
  }

  /**
   * Writes the file's head.
   *
   * @param output where to; this writer closes it
   * @param interfaces in the order of their numbers
   * @throws IOException if that fails
   */
  public PcapWriter(OutputStream output, List<Interface> interfaces) throws IOException {
    this.output = output;
    this.interfaces = interfaces.size();
    begin(SECTION_HEADER);
    block.putInt(BYTE_ORDER_MAGIC).putShort((short) 1).putShort((short) 0).putLong(-1);
    end();
    for (Interface description : interfaces) {
      begin(INTERFACE_DESCRIPTION);
      block.putShort((short) description.linkType()).putShort((short) 0).putInt(SNAP_LENGTH);
      byte[] name = description.name().getBytes(StandardCharsets.UTF_8);
      block.putShort((short) OPTION_INTERFACE_NAME).putShort((short) name.length).put(name);
      align();
      block.putInt(OPTION_END);
      end();
    }
  }

  /**
   * Writes a packet; what lies beyond 65,536 octets is cut off. Allocates nothing.
   *
   * @param number of the interface, from 0
   * @param micros microseconds since 1970
   * @param from the absolute index of the packet's first octet
   * @throws IOException if that fails
   */
  public void write(
      int number, Direction direction, long micros, ByteBuffer bytes, int from, int length)
      throws IOException {
    if (number < 0 || number >= interfaces) {
      throw new IllegalArgumentException("no interface " + number);
    }
    int captured = Math.min(length, SNAP_LENGTH);
    begin(ENHANCED_PACKET);
    block.putInt(number).putInt((int) (micros >>> 32)).putInt((int) micros);
    block.putInt(captured).putInt(length);
    block.put(block.position(), bytes, from, captured);
    block.position(block.position() + captured);
    align();
    block.putShort((short) OPTION_PACKET_FLAGS).putShort((short) 4).putInt(direction.ordinal() + 1);
    block.putInt(OPTION_END);
    end();
  }

  /** Sends what is buffered on its way. */
  public void flush() throws IOException {
    output.flush();
  }

  @Override
  public void close() throws IOException {
    output.close();
  }

  private void begin(int type) {
    block.clear();
    block.putInt(type).putInt(0);
  }

  private void align() {
    while (block.position() % 4 != 0) {
      block.put((byte) 0);
    }
  }

  private void end() throws IOException {
    int length = block.position() + 4;
    block.putInt(length).putInt(4, length);
    output.write(block.array(), 0, length);
  }
}
