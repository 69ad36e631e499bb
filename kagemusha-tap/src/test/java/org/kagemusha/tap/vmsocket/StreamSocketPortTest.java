package org.kagemusha.tap.vmsocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.port.FramePort;

/** Clients of the JDK's own at a real socket; a Unix socket has what was written at once. */
@Timeout(60)
class StreamSocketPortTest {

  @TempDir Path directory;

  private final Counters counters = new Counters();
  private final HeardPeers peers = new HeardPeers();
  private final PacketBuffer frame = NativeMemory.packetBuffer(65_550);
  private FramePort port;
  private Path path;

  @BeforeEach
  void open() throws IOException {
    path = directory.resolve("made/vm1.net");
    port = new VmSocketSettings(false, path, Optional.empty()).open(counters, peers);
  }

  @AfterEach
  void close() {
    port.close();
    assertFalse(Files.exists(path));
  }

  private SocketChannel connect() throws IOException {
    SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX);
    client.connect(UnixDomainSocketAddress.of(path));
    return client;
  }

  private static void write(SocketChannel client, int length, byte... octets)
      throws IOException {
    ByteBuffer all = ByteBuffer.allocate(4 + octets.length).putInt(length).put(octets).flip();
    while (all.hasRemaining()) {
      client.write(all);
    }
  }

  private static void say(SocketChannel client, int length, int value) throws IOException {
    byte[] octets = new byte[length];
    Arrays.fill(octets, (byte) value);
    write(client, length, octets);
  }

  private byte[] read() throws IOException {
    int length = port.read(frame);
    return length > 0 ? frame.toBytes() : null;
  }

  private static byte[] filled(int length, int value) {
    byte[] octets = new byte[length];
    Arrays.fill(octets, (byte) value);
    return octets;
  }

  private void send(int length, int value) {
    port.send(PacketBuffer.copyOf(filled(length, value)));
    port.flush();
  }

  private static byte[] receive(SocketChannel client) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(4);
    while (length.hasRemaining() && client.read(length) >= 0) {
      continue;
    }
    ByteBuffer octets = ByteBuffer.allocate(length.getInt(0));
    while (octets.hasRemaining() && client.read(octets) >= 0) {
      continue;
    }
    return octets.array();
  }

  @Test
  void framesPassBothWaysAndTheSocketIsForTheGroup() throws IOException {
    assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    assertEquals("stream", port.kind());
    assertFalse(port.offloads());
    assertEquals(null, read());
    try (SocketChannel client = connect()) {
      assertEquals(null, read());
      assertEquals(List.of("connected 1"), peers.take());
      // Before any frame of the guest: it may be silent, and the daemon has just been started.
      send(60, 1);
      assertArrayEquals(filled(60, 1), receive(client));
      say(client, 60, 2);
      say(client, 65_550, 3);
      assertArrayEquals(filled(60, 2), read());
      assertArrayEquals(filled(65_550, 3), read());
      assertEquals(null, read());
      assertEquals(List.of("speaks"), peers.take());
      send(65_549, 4);
      assertArrayEquals(filled(65_549, 4), receive(client));
    }
    assertEquals(null, read());
    assertEquals(List.of("disconnected 0: closed by the VMM"), peers.take());
    send(60, 5);
    assertEquals(1, counters.drops(DropReason.VMM_NOT_CONNECTED));
  }

  @Test
  void whatWasSentBeforeTheCloseIsRead() throws IOException {
    try (SocketChannel client = connect()) {
      say(client, 60, 1);
      say(client, 61, 2);
    }
    assertEquals(60, read().length);
    assertEquals(61, read().length);
    assertEquals(null, read());
    assertEquals(
        List.of("connected 1", "speaks", "disconnected 0: closed by the VMM"), peers.take());
    try (SocketChannel again = connect()) {
      say(again, 62, 3);
      assertEquals(62, read().length);
    }
  }

  @Test
  void aFrameInPiecesIsWaitedFor() throws IOException {
    try (SocketChannel client = connect()) {
      ByteBuffer all = ByteBuffer.allocate(24).putInt(20).put(filled(20, 7)).flip();
      while (all.hasRemaining()) {
        assertEquals(null, read());
        assertFalse(port.pending());
        all.limit(all.position() + 1);
        client.write(all);
        all.limit(24);
      }
      assertArrayEquals(filled(20, 7), read());
    }
  }

  @Test
  void aWrongLengthClosesAndIsCounted() throws IOException {
    for (int length : new int[] {0, -1, 69_633, 0x47455420}) {
      try (SocketChannel client = connect()) {
        say(client, 60, 1);
        write(client, length, filled(10, 0));
        assertEquals(60, read().length);
        assertEquals(null, read());
        assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        assertEquals(
            "disconnected 0 wrong: sent " + Integer.toUnsignedLong(length)
                + " as the length of a frame",
            peers.take().get(2));
      }
    }
    assertEquals(4, counters.drops(DropReason.VMM_LENGTH_INVALID));
    try (SocketChannel client = connect()) {
      say(client, 69_632, 1);
      say(client, 60, 2);
      assertEquals(60, read().length);
      assertEquals(1, counters.drops(DropReason.RECEIVE_TRUNCATED));
    }
  }

  @Test
  void framesGoToTheOneWhoseGuestSpokeLast() throws IOException {
    try (SocketChannel before = connect()) {
      say(before, 60, 1);
      assertEquals(60, read().length);
      try (SocketChannel after = connect()) {
        // A QEMU that waits for a migration has nothing to say, and gets nothing.
        assertEquals(null, read());
        send(60, 2);
        assertEquals(2, receive(before)[0]);
        say(after, 60, 3);
        assertEquals(60, read().length);
        send(60, 4);
        assertEquals(4, receive(after)[0]);
        // The migration failed.
        say(before, 60, 5);
        assertEquals(60, read().length);
        send(60, 6);
        assertEquals(6, receive(before)[0]);
        say(after, 60, 7);
        assertEquals(60, read().length);
        assertEquals(
            List.of(
                "connected 1", "speaks", "connected 2", "speaks", "speaks", "speaks"),
            peers.take());
      }
      assertEquals(null, read());
      send(60, 8);
      assertEquals(8, receive(before)[0]);
    }
  }

  @Test
  void aFrameThatWaitsForTheFlushGoesWhereItWasMeant() throws IOException {
    try (SocketChannel before = connect(); SocketChannel after = connect()) {
      say(before, 60, 1);
      assertEquals(60, read().length);
      port.send(PacketBuffer.copyOf(filled(60, 2)));
      say(after, 60, 3);
      assertEquals(60, read().length);
      port.flush();
      assertEquals(2, receive(before)[0]);
    }
  }

  @Test
  void aSlowVmmGetsABacklogAndThenDropsAndTheRestUnharmed() throws IOException {
    try (SocketChannel client = connect()) {
      assertEquals(null, read());
      int sent = 0;
      while (counters.drops(DropReason.QUEUE_FULL) == 0) {
        send(1000, sent++);
      }
      int kept = sent - 1;
      assertTrue(kept > 200, kept + " frames");
      for (int i = 0; i < kept; i++) {
        assertArrayEquals(filled(1000, i), receive(client));
        // What waits goes on as soon as there is room, without another frame to send.
        assertEquals(null, read());
      }
      send(1000, 7);
      assertEquals(7, receive(client)[0]);
      assertEquals(1, counters.drops(DropReason.QUEUE_FULL));
      assertEquals(0, counters.drops(DropReason.VMM_NOT_CONNECTED));
    }
  }

  @Test
  void whatWaitsForOneThatGoesIsCounted() throws IOException {
    SocketChannel client = connect();
    assertEquals(null, read());
    int sent = 0;
    while (counters.drops(DropReason.QUEUE_FULL) == 0) {
      send(1000, sent++);
    }
    client.close();
    assertEquals(null, read());
    assertTrue(counters.drops(DropReason.VMM_NOT_CONNECTED) > 100);
    assertEquals("disconnected 0", peers.take().get(1).substring(0, 14));
  }

  @Test
  void tooManyAreRefused() throws IOException {
    SocketChannel[] clients = new SocketChannel[StreamSocketPort.MOST_PEERS];
    for (int i = 0; i < clients.length; i++) {
      clients[i] = connect();
    }
    try (SocketChannel refused = connect()) {
      assertEquals(null, read());
      assertEquals(-1, refused.read(ByteBuffer.allocate(1)));
      assertEquals("refused: there are 4 already", peers.take().get(4));
    }
    clients[2].close();
    assertEquals(null, read());
    try (SocketChannel next = connect()) {
      say(next, 60, 9);
      assertEquals(60, read().length);
    }
    for (SocketChannel client : clients) {
      client.close();
    }
  }

  @Test
  void aSocketOfALivingProcessIsLeftAloneAndADeadOneReplaced() throws IOException {
    VmSocketSettings settings = new VmSocketSettings(false, path, Optional.empty());
    KernelException taken =
        assertThrows(KernelException.class, () -> settings.open(counters, peers));
    assertTrue(taken.getMessage().contains("another process has this socket"), taken.getMessage());
    Path dead = directory.resolve("dead");
    try (var server =
        java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(dead));
    }
    new VmSocketSettings(false, dead, Optional.empty()).open(counters, peers).close();
    Path file = Files.writeString(directory.resolve("file"), "kept");
    VmSocketSettings wrong = new VmSocketSettings(true, file, Optional.empty());
    assertThrows(KernelException.class, () -> wrong.open(counters, peers));
    assertEquals("kept", Files.readString(file));
    VmSocketSettings nobody =
        new VmSocketSettings(false, directory.resolve("x"), Optional.of("no-such-group"));
    assertTrue(
        assertThrows(IOException.class, () -> nobody.open(counters, peers))
            .getMessage()
            .contains("there is no group no-such-group"));
  }
}
