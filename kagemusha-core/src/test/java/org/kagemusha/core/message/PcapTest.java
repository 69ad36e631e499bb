package org.kagemusha.core.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class PcapTest {

  private static byte[] file(ByteOrder order, int magic, byte[] packet) {
    ByteBuffer file = ByteBuffer.allocate(40 + packet.length).order(order);
    file.putInt(magic).putShort((short) 2).putShort((short) 4).putLong(0);
    file.putInt(65_536).putInt(PcapReader.IPV6);
    file.putInt(7).putInt(9).putInt(packet.length).putInt(1500).put(packet);
    return file.array();
  }

  private static PcapReader reader(byte[] file) throws IOException {
    return new PcapReader(new ByteArrayInputStream(file));
  }

  @Test
  void bothByteOrdersAndResolutionsAreRead() throws IOException {
    byte[] packet = {1, 2, 3};
    for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
      for (int magic : List.of(0xa1b2c3d4, 0xa1b23c4d)) {
        PcapReader reader = reader(file(order, magic, packet));
        assertEquals(PcapReader.IPV6, reader.linkType());
        CapturedPacket read = reader.next();
        assertEquals(
            7_000_000_000L + (magic == 0xa1b2c3d4 ? 9000 : 9), read.timestampNs());
        assertEquals(1500, read.originalLength());
        assertArrayEquals(packet, read.octets());
        assertNull(reader.next());
      }
    }
  }

  @Test
  void aTruncatedFileIsAnErrorUnlessItEndsBetweenRecords() throws IOException {
    byte[] file = file(ByteOrder.LITTLE_ENDIAN, 0xa1b2c3d4, new byte[] {1, 2, 3});
    for (int length = 0; length < file.length; length++) {
      byte[] part = Arrays.copyOf(file, length);
      if (length == 24) {
        assertNull(reader(part).next());
      } else {
        assertThrows(IOException.class, () -> reader(part).next());
      }
    }
  }

  @Test
  void anotherFormatIsRefused() {
    assertThrows(IOException.class, () -> reader(new byte[24]));
  }

  @Test
  void anImpossibleLengthIsRefusedBeforeMemoryIsTaken() throws IOException {
    byte[] file = file(ByteOrder.BIG_ENDIAN, 0xa1b2c3d4, new byte[3]);
    ByteBuffer.wrap(file).putInt(32, 0x7fff_ffff);
    assertThrows(IOException.class, () -> reader(file).next());
    ByteBuffer.wrap(file).putInt(32, -1);
    assertThrows(IOException.class, () -> reader(file).next());
  }

  @Test
  void blocksAreWrittenAsTheFormatDrawsThem() throws IOException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    try (PcapWriter writer =
        new PcapWriter(output, List.of(new PcapWriter.Interface("tap", PcapReader.ETHERNET)))) {
      writer.write(
          0,
          PcapWriter.Direction.OUTBOUND,
          0x1_0000_0002L,
          ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 4, 5}),
          1,
          5);
    }
    String expected =
        "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
            + "00000001 00000020 0001 0000 00010000 0002 0003 74617000 00000000 00000020"
            + "00000006 00000034 00000000 00000001 00000002 00000005 00000005"
            + "01020304 05000000 0002 0004 00000002 00000000 00000034";
    assertEquals(
        expected.replace(" ", ""), HexFormat.of().formatHex(output.toByteArray()));
  }

  @Test
  void aLargePacketIsCutOff() throws IOException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    PcapWriter writer =
        new PcapWriter(output, List.of(new PcapWriter.Interface("tap", PcapReader.ETHERNET)));
    int head = output.size();
    writer.write(0, PcapWriter.Direction.INBOUND, 0, ByteBuffer.allocate(70_000), 0, 70_000);
    ByteBuffer block = ByteBuffer.wrap(output.toByteArray());
    assertEquals(65_536, block.getInt(head + 20));
    assertEquals(70_000, block.getInt(head + 24));
    assertThrows(
        IllegalArgumentException.class,
        () -> writer.write(1, PcapWriter.Direction.INBOUND, 0, ByteBuffer.allocate(1), 0, 1));
  }
}
