package org.kagemusha.tap.vmsocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.port.FramePort;

/** Sockets as QEMU has them, with names of their own, at a real one. */
@Timeout(60)
class DatagramSocketPortTest {

  @TempDir Path directory;

  private final Counters counters = new Counters();
  private final HeardPeers peers = new HeardPeers();
  private final PacketBuffer frame = NativeMemory.packetBuffer(65_550);
  private final NativeMemory memory = new NativeMemory(70_000);
  private FramePort port;
  private Path path;

  @BeforeEach
  void open() throws IOException {
    path = directory.resolve("vm1.net");
    port = new VmSocketSettings(true, path, Optional.empty()).open(counters, peers);
  }

  @AfterEach
  void close() {
    port.close();
  }

  private Descriptor peer(String name) throws IOException {
    Files.deleteIfExists(directory.resolve(name));
    Descriptor peer =
        UnixAddress.openAt(
            new VmSocketSettings(true, directory.resolve(name), Optional.empty()));
    assertEquals(0, UnixAddress.of(path).connect(peer));
    // QEMU does not connect, so that anybody may answer; neither does this one then.
    NativeMemory nobody = new NativeMemory(8);
    Libc.connect(peer.fd(), nobody.address(), 2);
    return peer;
  }

  private void say(Descriptor peer, int length, int value) {
    for (int i = 0; i < length; i++) {
      memory.bytes().put(i, (byte) value);
    }
    NativeMemory to = new NativeMemory(UnixAddress.LONGEST);
    to.bytes().putShort(0, (short) Constants.AF_UNIX);
    to.putString(2, path.toString());
    assertEquals(
        length,
        Libc.sendto(
            peer.fd(), memory.address(), length, 0, to.address(),
            2 + path.toString().length() + 1));
  }

  private byte[] receive(Descriptor peer) {
    long got = Libc.recv(peer.fd(), memory.address(), 70_000, 0);
    if (got < 0) {
      assertEquals(Errno.EAGAIN, Libc.errno());
      return null;
    }
    byte[] octets = new byte[(int) got];
    memory.bytes().get(0, octets);
    return octets;
  }

  private byte[] read() throws IOException {
    return port.read(frame) > 0 ? frame.toBytes() : null;
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

  @Test
  void answersTheOneThatSpokeLast() throws IOException {
    assertEquals("dgram", port.kind());
    send(60, 1);
    assertEquals(1, counters.drops(DropReason.VMM_NOT_CONNECTED));
    try (Descriptor before = peer("a"); Descriptor after = peer("b")) {
      say(before, 60, 1);
      say(before, 65_550, 2);
      assertArrayEquals(filled(60, 1), read());
      assertArrayEquals(filled(65_550, 2), read());
      assertEquals(null, read());
      send(61, 3);
      assertArrayEquals(filled(61, 3), receive(before));
      say(after, 60, 4);
      assertEquals(60, read().length);
      send(61, 5);
      assertArrayEquals(filled(61, 5), receive(after));
      assertEquals(null, receive(before));
      assertEquals(List.of("connected 1", "speaks", "speaks"), peers.take());
    }
  }

  @Test
  void framesOfNoLengthOrTooMuchArePassedOver() throws IOException {
    try (Descriptor peer = peer("a")) {
      say(peer, 0, 0);
      say(peer, 65_601, 1);
      say(peer, 60, 2);
      assertArrayEquals(filled(60, 2), read());
      assertEquals(1, counters.drops(DropReason.FRAME_TRUNCATED));
      assertEquals(1, counters.drops(DropReason.RECEIVE_TRUNCATED));
    }
  }

  @Test
  void aFullQueueIsABacklogAndThenDropsAndGoesOnByItself() throws IOException {
    try (Descriptor peer = peer("a")) {
      say(peer, 60, 0);
      assertEquals(60, read().length);
      int sent = 0;
      while (counters.drops(DropReason.QUEUE_FULL) == 0) {
        send(1000, sent++);
      }
      int kept = sent - 1;
      assertTrue(kept > 200, kept + " frames");
      for (int i = 0; i < kept; i++) {
        assertArrayEquals(filled(1000, i), receive(peer), "frame " + i);
        assertEquals(null, read());
      }
      send(1000, 7);
      assertArrayEquals(filled(1000, 7), receive(peer));
      assertEquals(1, counters.drops(DropReason.QUEUE_FULL));
    }
  }

  @Test
  void aVmmThatIsStartedAnewIsFoundUnderItsName() throws IOException {
    try (Descriptor first = peer("a")) {
      say(first, 60, 0);
      assertEquals(60, read().length);
    }
    try (Descriptor second = peer("a")) {
      send(60, 1);
      assertArrayEquals(filled(60, 1), receive(second));
    }
    send(60, 2);
    assertEquals(1, counters.drops(DropReason.VMM_NOT_CONNECTED));
    assertEquals(
        List.of("connected 1", "speaks", "disconnected 0: ECONNREFUSED"), peers.take());
    try (Descriptor third = peer("a")) {
      say(third, 60, 0);
      assertEquals(60, read().length);
      send(60, 3);
      assertArrayEquals(filled(60, 3), receive(third));
    }
  }

  @Test
  void oneWithoutANameIsHeardButNotAnswered() throws IOException {
    try (Descriptor peer =
        Descriptor.openSocket(Constants.AF_UNIX, Constants.SOCK_DGRAM, 0, "unnamed")) {
      say(peer, 60, 1);
      assertEquals(60, read().length);
      send(60, 2);
      assertEquals(1, counters.drops(DropReason.VMM_NOT_CONNECTED));
      assertEquals(List.of(), peers.take());
    }
  }
}
