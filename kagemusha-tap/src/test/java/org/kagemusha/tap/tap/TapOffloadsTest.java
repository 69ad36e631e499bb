package org.kagemusha.tap.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.core.wire.Protocol;
import org.kagemusha.tap.libc.Constants;
import org.kagemusha.tap.libc.Descriptor;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.Libc;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/** Two taps in one bridge, with offloads or without: what one writes the other reads. */
@Tag("netns")
class TapOffloadsTest {

  private static final Ipv6Address A = Ipv6Address.parse("2001:db8::a");
  private static final Ipv6Address B = Ipv6Address.parse("2001:db8::b");
  private static final int TRANSPORT = EthernetHeader.BYTES + Ipv6Header.BYTES;
  private static final int TCP_HEADER = 20;
  private static final int UDP_HEADER = 8;
  private static final int TCP_CHECKSUM = 16;
  private static final int UDP_CHECKSUM = 6;
  private static final int SEGMENT = 1340;

  private final Counters counters = new Counters();
  private NetworkNamespace namespace;

  @BeforeEach
  void create() {
    namespace = NetworkNamespace.create();
    namespace.ip("link add br0 type bridge mcast_snooping 0");
    namespace.ip("link set br0 addrgenmode none up");
  }

  @AfterEach
  void remove() {
    namespace.close();
  }

  private TapDevice open(String name, boolean offloads) {
    TapSettings settings =
        new TapSettings(name, Optional.empty(), 1400, Optional.of("br0"), offloads);
    return namespace.run(() -> TapDevice.open(settings, counters));
  }

  /** A tap as another process hands it over: the test writes and reads its own headers. */
  private Descriptor raw(String name, int flags, int headerOctets) {
    return namespace.run(() -> {
      Descriptor descriptor = TapAttachment.openCloneDevice();
      NativeMemory request = new NativeMemory(40);
      request.putString(0, name);
      request.bytes().putShort(16, (short) flags);
      assertEquals(0, Libc.ioctl(descriptor.fd(), Constants.TUNSETIFF, request.address()));
      if (headerOctets != 0) {
        request.bytes().putInt(0, headerOctets);
        assertEquals(
            0, Libc.ioctl(descriptor.fd(), Constants.TUNSETVNETHDRSZ, request.address()));
      }
      namespace.ip("link set " + name + " addrgenmode none mtu 1400 master br0 up");
      return descriptor;
    });
  }

  /** An Ethernet frame with an unfinished checksum, of one segment or several. */
  private static PacketBuffer unfinished(
      PacketBuffer frame, int protocol, int payload, int segment) {
    boolean tcp = protocol == Protocol.TCP;
    int upper = (tcp ? TCP_HEADER : UDP_HEADER) + payload;
    int at = PacketBuffer.HEADROOM;
    frame.finished().set(at, TRANSPORT + upper);
    byte[] octets = new byte[frame.length()];
    for (int i = 0; i < octets.length; i++) {
      octets[i] = (byte) (i * 31 >>> 3);
    }
    Arrays.fill(octets, TRANSPORT, TRANSPORT + TCP_HEADER, (byte) 0);
    octets[TRANSPORT + 1] = 9;
    octets[TRANSPORT + 3] = 9;
    if (tcp) {
      octets[TRANSPORT + 12] = TCP_HEADER / 4 << 4;
      octets[TRANSPORT + 13] = 0x10;
    } else {
      octets[TRANSPORT + 4] = (byte) (upper >>> 8);
      octets[TRANSPORT + 5] = (byte) upper;
    }
    frame.bytes().put(at, octets);
    frame.bytes().putLong(at, 0x0200_0000_000b_0200L).putInt(at + 8, 0x0000_000a);
    frame.bytes().putShort(at + 12, (short) EthernetHeader.TYPE_IPV6);
    Ipv6Header.write(frame.bytes(), at + EthernetHeader.BYTES, 0, 0, upper, protocol, 64, A, B);
    int field = tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
    int pseudo = InternetChecksum.fold(InternetChecksum.pseudoHeader(A, B, upper, protocol));
    frame.bytes().putShort(at + TRANSPORT + field, (short) pseudo);
    return frame.unfinished(at + TRANSPORT, field, segment);
  }

  private static PacketBuffer room() {
    return NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
  }

  private static PacketBuffer heapRoom() {
    return PacketBuffer.copyOf(new byte[TapDevice.LARGEST_FRAME]);
  }

  /** Reads the next frame of this test; the kernel's own are passed over. */
  private static int read(TapDevice tap, PacketBuffer frame) throws Exception {
    return read(tap, frame, 2000);
  }

  private static int read(TapDevice tap, PacketBuffer frame, int milliseconds)
      throws Exception {
    while (Readiness.await(tap.fd(), milliseconds)) {
      int length = tap.read(frame);
      if (length > 0 && frame.bytes().getLong(frame.offset()) == 0x0200_0000_000b_0200L) {
        return length;
      }
    }
    return TapDevice.WOULD_BLOCK;
  }

  /**
   * Returns when frames pass between two taps. The kernel notices up to a second late that a tap
   * which was there before has its carrier back, and the bridge passes nothing to it until then.
   */
  private static void awaitPath(TapDevice from, TapDevice to) throws Exception {
    PacketBuffer probe = unfinished(room(), Protocol.UDP, 100, 0).finished();
    int sent = 0;
    do {
      assertTrue(sent++ < 50, "nothing passes from " + from.name() + " to " + to.name());
      assertTrue(from.write(probe));
    } while (read(to, room(), 100) != probe.length());
    while (sent-- > 1 && read(to, room(), 100) > 0) {
      // One of those that were held up.
    }
  }

  private static boolean isIntact(PacketBuffer frame) {
    int ip = frame.offset() + EthernetHeader.BYTES;
    int upper = frame.length() - TRANSPORT;
    int protocol = Ipv6Header.nextHeader(frame.bytes(), ip);
    long sum = InternetChecksum.pseudoHeader(frame.bytes(), ip, upper, protocol)
        + InternetChecksum.sum(frame.bytes(), ip + Ipv6Header.BYTES, upper);
    return InternetChecksum.fold(sum) == 0xffff;
  }

  @Test
  void saysWhatItHas() {
    try (TapDevice on = open("on0", true);
        TapDevice off = open("off0", false)) {
      assertTrue(on.offloads());
      assertTrue(on.offloadText().startsWith("checksum+tcp"), on.offloadText());
      assertEquals(on.segmentsUdp(), on.offloadText().equals("checksum+tcp+udp"));
      assertFalse(off.offloads());
      assertFalse(off.segmentsUdp());
      assertEquals("none", off.offloadText());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Protocol.TCP, Protocol.UDP})
  void superFramesFarBeyondTheMtuArriveAsTheyWereWritten(int protocol) throws Exception {
    try (TapDevice from = open("tap0", true);
        TapDevice to = open("tap1", true)) {
      if (protocol == Protocol.UDP && !from.segmentsUdp()) {
        return;
      }
      for (PacketBuffer sent : new PacketBuffer[] {room(), heapRoom()}) {
        for (PacketBuffer got : new PacketBuffer[] {room(), heapRoom()}) {
          unfinished(sent, protocol, 45 * SEGMENT + 7, SEGMENT);
          byte[] octets = sent.toBytes();
          from.send(sent);
          assertEquals(octets.length, read(to, got));
          assertTrue(got.isSuperPacket());
          assertEquals(SEGMENT, got.segmentSize());
          assertEquals(PacketBuffer.HEADROOM + TRANSPORT, got.checksumStart());
          assertEquals(sent.checksumOffset(), got.checksumOffset());
          assertTrue(Arrays.equals(octets, got.toBytes()));
        }
      }
      assertEquals(0, counters.drops(DropReason.SEND_FAILED));
    }
  }

  @Test
  void theLongestFrameThereIsPasses() throws Exception {
    try (TapDevice from = open("tap0", true);
        TapDevice to = open("tap1", true)) {
      int payload = 65_535 - TRANSPORT - TCP_HEADER;
      assertTrue(from.write(unfinished(room(), Protocol.TCP, payload, SEGMENT)));
      PacketBuffer got = room();
      assertEquals(65_535, read(to, got));
      assertTrue(got.isSuperPacket());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Protocol.TCP, Protocol.UDP})
  void anOrdinaryFrameMayHaveAnUnfinishedChecksum(int protocol) throws Exception {
    try (TapDevice from = open("tap0", true);
        TapDevice to = open("tap1", true)) {
      PacketBuffer sent = unfinished(room(), protocol, 100, 0);
      assertTrue(from.write(sent));
      PacketBuffer got = room();
      assertEquals(sent.length(), read(to, got));
      assertTrue(got.isUnfinished());
      assertFalse(got.isSuperPacket());
      assertTrue(Arrays.equals(sent.toBytes(), got.toBytes()));
    }
  }

  /** What the buffer said of the packet before must not cling to the next one. */
  @Test
  void aFinishedFrameClearsWhatTheBufferSaidBefore() throws Exception {
    for (boolean offloads : new boolean[] {true, false}) {
      try (TapDevice from = open("tap0", offloads);
          TapDevice to = open("tap1", offloads)) {
        PacketBuffer sent = unfinished(room(), Protocol.UDP, 100, 0).finished();
        assertTrue(from.write(sent));
        PacketBuffer got = unfinished(room(), Protocol.TCP, 9000, 1000);
        assertEquals(sent.length(), read(to, got));
        assertFalse(got.isUnfinished());
        assertFalse(got.isSuperPacket());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"6, 45", "17, 45", "6, 1", "17, 1"})
  void aPlainTapGetsFinishedSegments(int protocol, int segments) throws Exception {
    try (TapDevice from = open("tap0", true);
        TapDevice to = open("tap1", false)) {
      if (protocol == Protocol.UDP && segments > 1 && !from.segmentsUdp()) {
        return;
      }
      assertTrue(from.write(
          unfinished(room(), protocol, segments * SEGMENT, segments > 1 ? SEGMENT : 0)));
      PacketBuffer got = NativeMemory.packetBuffer(1418);
      for (int i = 0; i < segments; i++) {
        int header = protocol == Protocol.TCP ? TCP_HEADER : UDP_HEADER;
        assertEquals(TRANSPORT + header + SEGMENT, read(to, got));
        assertFalse(got.isUnfinished());
        assertTrue(isIntact(got));
      }
    }
  }

  @Test
  void aPlainTapRefusesWhatIsNotFinished() {
    try (TapDevice tap = open("tap0", false)) {
      tap.send(unfinished(room(), Protocol.TCP, 100, 0));
      tap.send(unfinished(room(), Protocol.TCP, 5000, SEGMENT));
      assertEquals(2, counters.drops(DropReason.SEND_FAILED));
      assertTrue(tap.write(unfinished(room(), Protocol.TCP, 100, 0).finished()));
    }
  }

  @Test
  void aFrameLongerThanTheRoomIsCountedAndTheNextIsRead() throws Exception {
    for (boolean offloads : new boolean[] {true, false}) {
      long before = counters.drops(DropReason.RECEIVE_TRUNCATED);
      try (TapDevice from = open("tap0", offloads);
          TapDevice to = open("tap1", offloads)) {
        for (PacketBuffer got :
            new PacketBuffer[] {
              NativeMemory.packetBuffer(500), PacketBuffer.copyOf(new byte[500])}) {
          int headers = TRANSPORT + UDP_HEADER;
          for (int payload : new int[] {501 - headers, 1300, 500 - headers}) {
            assertTrue(from.write(unfinished(room(), Protocol.UDP, payload, 0).finished()));
          }
          assertEquals(500, read(to, got));
        }
      }
      assertEquals(before + 4, counters.drops(DropReason.RECEIVE_TRUNCATED));
    }
  }

  /** The kernel itself checks what is written; virtio 1.2 §5.1.6. */
  @Test
  void theKernelTakesNoSumThatBeginsOutsideOfThePacket() {
    try (TapDevice tap = open("tap0", true)) {
      PacketBuffer sent = unfinished(room(), Protocol.UDP, 100, 0);
      int at = sent.offset();
      tap.send(sent.unfinished(at + 2, 2, 0));
      tap.send(sent.unfinished(at + sent.length() + 1, UDP_CHECKSUM, 0));
      assertEquals(2, counters.drops(DropReason.SEND_FAILED));
      assertTrue(tap.write(sent.unfinished(at + TRANSPORT, UDP_CHECKSUM, 0)));
    }
  }

  /**
   * Two octets of header more than were agreed on: by them the header of a super-frame points
   * beside TCP's header, and what is no super-frame comes with two octets too many.
   */
  private static void shift(Descriptor descriptor) {
    NativeMemory size = new NativeMemory(Integer.BYTES);
    size.bytes().putInt(0, 12);
    assertEquals(
        0, Libc.ioctl(descriptor.fd(), Constants.TUNSETVNETHDRSZ, size.address()));
  }

  @Test
  void aFrameWhoseHeaderLiesIsCountedAndTheNextIsRead() throws Exception {
    try (Descriptor descriptor = raw("tap7", 0x5002, 10);
        TapDevice from = open("tap0", true)) {
      TapDevice to = namespace.run(() -> TapDevice.adopt(descriptor.fd(), true, counters));
      shift(descriptor);
      PacketBuffer got = room();
      while (to.read(got) > 0) {
        // The kernel's own frames.
        assertTrue(got.length() > 0);
      }
      assertTrue(from.write(unfinished(room(), Protocol.TCP, 2 * SEGMENT, SEGMENT)));
      PacketBuffer next = unfinished(room(), Protocol.UDP, 100, 0).finished();
      assertTrue(from.write(next));
      do {
        assertTrue(Readiness.await(to.fd(), 2000));
      } while (to.read(got) != next.length() + 2);
      assertEquals(1, counters.drops(DropReason.OFFLOAD_INVALID));
    }
  }

  @Test
  void frameAfterFrameThatLiesGivesTheOthersTheirTurn() throws Exception {
    try (Descriptor descriptor = raw("tap7", 0x5002, 10);
        TapDevice from = open("tap0", true)) {
      TapDevice to = namespace.run(() -> TapDevice.adopt(descriptor.fd(), true, counters));
      shift(descriptor);
      PacketBuffer got = room();
      while (to.read(got) > 0) {
        assertTrue(got.length() > 0);
      }
      PacketBuffer sent = unfinished(room(), Protocol.TCP, 2 * SEGMENT, SEGMENT);
      for (int i = 0; i < 300; i++) {
        assertTrue(from.write(sent));
      }
      long passedOver = 0;
      while (passedOver < 300) {
        assertTrue(Readiness.await(to.fd(), 2000));
        int length = to.read(got);
        long now = counters.drops(DropReason.OFFLOAD_INVALID);
        assertTrue(now - passedOver <= 64, "passed over " + (now - passedOver));
        assertTrue(length == TapDevice.WOULD_BLOCK || length != sent.length() + 2);
        passedOver = now;
      }
      assertEquals(300, passedOver);
    }
  }

  @ParameterizedTest
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void takesAPersistentTapOfEachKindAsItIsWanted(boolean header, boolean offloads)
      throws Exception {
    namespace.ip("tuntap add dev keep mode tap" + (header ? " vnet_hdr" : ""));
    try (TapDevice other = open("tap0", true)) {
      // Twice: closing takes the offloads away, so they have to be set anew.
      for (int i = 0; i < 2; i++) {
        try (TapDevice tap = open("keep", offloads)) {
          assertEquals(offloads, tap.offloads());
          awaitPath(other, tap);
          assertTrue(other.write(unfinished(room(), Protocol.TCP, 3 * SEGMENT, SEGMENT)));
          PacketBuffer got = room();
          int frames = offloads ? 1 : 3;
          for (int frame = 0; frame < frames; frame++) {
            assertTrue(read(tap, got) > 0);
            assertEquals(offloads, got.isSuperPacket());
            assertTrue(offloads || isIntact(got));
          }
          got.finished();
          assertTrue(tap.write(unfinished(room(), Protocol.TCP, 100, 0).finished()));
        }
      }
    }
    assertTrue(namespace.ip("link show keep").contains("keep"));
  }

  /** QEMU leaves headers of 12 octets behind. */
  @Test
  void aPersistentTapsHeaderIsSetToOurSize() throws Exception {
    namespace.ip("tuntap add dev keep mode tap vnet_hdr");
    raw("keep", 0x5002, 12).close();
    try (TapDevice tap = open("keep", true);
        TapDevice other = open("tap0", true)) {
      awaitPath(other, tap);
      PacketBuffer sent = unfinished(room(), Protocol.TCP, 3 * SEGMENT, SEGMENT);
      assertTrue(other.write(sent));
      PacketBuffer got = room();
      assertEquals(sent.length(), read(tap, got));
      assertTrue(Arrays.equals(sent.toBytes(), got.toBytes()));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, true", "0, false", "10, true", "10, false", "12, true", "12, false"
  })
  void adoptsADescriptorOfEachKind(int header, boolean offloads) throws Exception {
    int flags = header == 0 ? 0x1002 : 0x5002;
    boolean expected = header != 0 && offloads;
    try (Descriptor descriptor = raw("tap7", flags, header);
        TapDevice other = open("tap0", true)) {
      TapDevice tap =
          namespace.run(() -> TapDevice.adopt(descriptor.fd(), offloads, counters));
      assertEquals("tap7", tap.name());
      assertEquals(expected, tap.offloads());
      assertEquals(
          header == 0 && offloads, tap.offloadText().contains("tap7 was made without vnet_hdr"));
      for (PacketBuffer got : new PacketBuffer[] {room(), heapRoom()}) {
        assertTrue(other.write(unfinished(room(), Protocol.TCP, 2 * SEGMENT, SEGMENT)));
        for (int frame = 0; frame < (expected ? 1 : 2); frame++) {
          assertTrue(read(tap, got) > 0);
          assertEquals(expected, got.isSuperPacket());
        }
        byte[] octets = got.toBytes();
        assertTrue(tap.write(got));
        assertEquals(octets.length, read(other, got));
        assertEquals(expected, got.isSuperPacket());
        assertTrue(Arrays.equals(octets, got.toBytes()));
      }
    }
  }

  @Test
  void adoptsNoHeaderOfAnotherSize() {
    try (Descriptor odd = raw("tap7", 0x5002, 20)) {
      IllegalStateException e =
          assertThrows(IllegalStateException.class,
              () -> namespace.run(() -> TapDevice.adopt(odd.fd(), true, counters)));
      KernelException cause = (KernelException) e.getCause();
      assertEquals(Errno.EINVAL, cause.errno());
      assertTrue(cause.getMessage().contains("has 20 octets"), cause.getMessage());
    }
  }

  @Test
  void refusesATapOfSeveralQueuesOnBothWays() {
    namespace.ip("tuntap add dev keep mode tap multi_queue");
    for (boolean offloads : new boolean[] {true, false}) {
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> open("keep", offloads));
      assertEquals(Errno.EINVAL, ((KernelException) e.getCause()).errno());
    }
  }
}
