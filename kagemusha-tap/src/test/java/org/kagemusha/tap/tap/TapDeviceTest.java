package org.kagemusha.tap.tap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.node.DropReason;
import org.kagemusha.core.wire.EthernetHeader;
import org.kagemusha.core.wire.InternetChecksum;
import org.kagemusha.core.wire.Ipv6Header;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.Errno;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netlink.Link;
import org.kagemusha.tap.netlink.RouteNetlink;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.netns.Readiness;

/** One namespace: a bridge {@code br0} with the address 2001:db8::1, and the tap as its port. */
@Tag("netns")
class TapDeviceTest {

  private static final MacAddress MAC = MacAddress.parse("02:00:5e:00:00:77");

  private final Counters counters = new Counters();
  private NetworkNamespace namespace;

  @BeforeEach
  void create() {
    namespace = NetworkNamespace.create();
    namespace.ip("link add br0 address 02:00:5e:00:00:01 type bridge mcast_snooping 0");
    namespace.ip("link set br0 addrgenmode none up");
    namespace.address("br0", "2001:db8::1/64");
  }

  @AfterEach
  void remove() {
    namespace.close();
  }

  private TapDevice open(String name) {
    TapSettings settings =
        new TapSettings(name, Optional.of(MAC), 1400, Optional.of("br0"));
    return namespace.run(() -> TapDevice.open(settings, counters));
  }

  @Test
  void onlyTheGuestTheGroupAndTheStationWakeTheReader() throws Exception {
    try (TapDevice tap = open("tap0")) {
      MacAddress guest = MacAddress.parse("52:54:00:12:34:10");
      tap.only(guest, MAC);
      PacketBuffer frame = NativeMemory.packetBuffer(TapDevice.LARGEST_FRAME);
      String other = "525400123411";
      String router = "020000002001";
      String[][] frames = {
        {router, other, ""}, {router, "525400123410", "guest"}, {"333300000001", other, "group"},
        {"02005e000077", other, "station"}, {"02005e000078", other, ""},
        {"525400123410", other, "guest's"}, {"525400123510", other, ""},
        {"525500123410", other, ""}, {router, "525400123510", ""}
      };
      for (String[] one : frames) {
        String text = one[0] + one[1] + "88b5" + "00".repeat(50);
        namespace.run(
            () -> {
              FrameSender.send("tap0", HexFormat.of().parseHex(text));
              return null;
            });
        boolean passed = false;
        for (int length = tap.read(frame); length > 0; length = tap.read(frame)) {
          passed |= HexFormat.of().formatHex(frame.toBytes()).equals(text);
        }
        assertEquals(!one[2].isEmpty(), passed, one[0] + " from " + one[1]);
      }
    }
  }

  private KernelException failure(Callable<?> code) {
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> namespace.run(code));
    return (KernelException) e.getCause();
  }

  @Test
  void isAPortOfTheBridgeWithItsMacAndMtuAndWithoutAnAddress() {
    try (TapDevice tap = open("tap0")) {
      Link link = namespace.run(() -> {
        try (RouteNetlink netlink = RouteNetlink.open()) {
          assertTrue(netlink.addresses(tap.index()).isEmpty());
          Link found = netlink.requireLink("tap0");
          assertEquals(netlink.requireLink("br0").index(), found.master());
          return found;
        }
      });
      assertEquals(MAC, link.mac().orElseThrow());
      assertEquals(1400, link.mtu());
      assertTrue(link.isUp());
      assertEquals(tap.index(), link.index());
    }
    assertTrue(namespace.run(() -> {
      try (RouteNetlink netlink = RouteNetlink.open()) {
        return netlink.link("tap0").isEmpty();
      }
    }));
  }

  @Test
  void exchangesFramesWithTheKernelThroughDirectAndHeapBuffers() throws Exception {
    try (TapDevice tap = open("tap0")) {
      PacketBuffer direct = NativeMemory.packetBuffer(2048);
      PacketBuffer heap = PacketBuffer.copyOf(new byte[2048]);
      assertEquals(TapDevice.WOULD_BLOCK, tap.read(direct));
      byte[] request = echoRequest();
      for (PacketBuffer buffer : new PacketBuffer[] {direct, heap}) {
        // The kernel answers to the source, which it has to find first; it asks three times, a
        // second apart, and then again when it is asked again. Its bridge reports multicast groups
        // too.
        int length = 0;
        for (int tries = 0; length != 86 && tries < 10; tries++) {
          buffer.bytes().put(PacketBuffer.HEADROOM, request);
          buffer.set(PacketBuffer.HEADROOM, request.length);
          tap.send(buffer);
          while (length != 86 && Readiness.await(tap.fd(), 2000)) {
            length = tap.read(buffer);
          }
        }
        assertEquals(86, length);
        assertEquals(PacketBuffer.HEADROOM, buffer.offset());
        assertEquals(0x86dd, buffer.bytes().getShort(buffer.offset() + 12) & 0xffff);
        assertEquals("2001:db8::1",
            Ipv6Header.source(buffer.bytes(), buffer.offset() + EthernetHeader.BYTES).toString());
      }
      assertEquals(0, counters.drops(DropReason.SEND_FAILED));
    }
  }

  @Test
  void givesLinkDownWhileTheInterfaceIsDownAndWorksAgainAfterwards() throws Exception {
    try (TapDevice tap = open("tap0")) {
      PacketBuffer frame = PacketBuffer.copyOf(echoRequest());
      namespace.ip("link set tap0 down");
      assertFalse(tap.write(frame));
      tap.send(frame);
      assertEquals(1, counters.drops(DropReason.SEND_FAILED));
      int read;
      do {
        // What was queued before the interface went down comes first.
        read = tap.read(NativeMemory.packetBuffer(2048));
      } while (read > 0);
      assertTrue(read == TapDevice.LINK_DOWN || read == TapDevice.WOULD_BLOCK);
      namespace.ip("link set tap0 up");
      assertTrue(tap.write(frame));
      namespace.ip("link del tap0");
      assertEquals(TapDevice.REMOVED, tap.read(NativeMemory.packetBuffer(2048)));
      assertFalse(tap.write(frame));
    }
  }

  @Test
  void takesAPersistentTapAndLeavesItThere() {
    namespace.ip("tuntap add dev keep mode tap");
    try (TapDevice tap = open("keep")) {
      assertEquals("keep", tap.name());
    }
    assertTrue(namespace.ip("link show keep").contains("keep"));
  }

  @Test
  void adoptsADescriptorThatIsATapWithoutHeaders() {
    try (TapDevice tap = open("tap0")) {
      TapDevice same = namespace.run(() -> TapDevice.adopt(tap.fd(), true, counters));
      assertEquals("tap0", same.name());
      assertEquals(tap.index(), same.index());
    }
  }

  @Test
  void saysWhoHoldsATapThatIsBusy() {
    try (TapDevice tap = open("tap0")) {
      KernelException e =
          failure(() -> TapDevice.open(
              new TapSettings(tap.name(), Optional.empty(), 0, Optional.empty()), counters));
      assertEquals(Errno.EBUSY, e.errno());
      assertTrue(e.getMessage().contains("another process holds tap0"), e.getMessage());
    }
  }

  @Test
  void refusesATunDeviceAndOtherInterfaces() {
    namespace.ip("tuntap add dev tun7 mode tun");
    namespace.ip("link add veth7 type veth peer name veth8");
    for (String name : new String[] {"tun7", "veth7"}) {
      KernelException e =
          failure(() -> TapDevice.open(
              new TapSettings(name, Optional.empty(), 0, Optional.empty()), counters));
      assertEquals(Errno.EINVAL, e.errno());
      assertTrue(e.getMessage().contains("not a tap"), e.getMessage());
    }
  }

  @Test
  void refusesABridgeThatIsNotThereOrNone() {
    KernelException missing =
        failure(() -> TapDevice.open(
            new TapSettings("tap0", Optional.empty(), 0, Optional.of("br9")), counters));
    assertEquals(Errno.ENODEV, missing.errno());
    assertTrue(missing.getMessage().contains("no interface br9"), missing.getMessage());
    KernelException other =
        failure(() -> TapDevice.open(
            new TapSettings("tap0", Optional.empty(), 0, Optional.of("lo")), counters));
    assertTrue(other.getMessage().contains("not a bridge"), other.getMessage());
  }

  @Test
  void refusesNamesThatAreNone() {
    for (String name : new String[] {"", "sixteen-letters-", "tap%d", "a/b", "a b", "a:b"}) {
      assertThrows(IllegalArgumentException.class,
          () -> new TapSettings(name, Optional.empty(), 0, Optional.empty()));
    }
    assertThrows(IllegalArgumentException.class,
        () -> new TapSettings("tap0", Optional.empty(), 1279, Optional.empty()));
  }

  @Test
  void theHostSendsNothingByItselfIntoTheTap() throws Exception {
    namespace.sysctl("net.ipv6.conf.default.accept_dad", "1");
    try (TapDevice tap = open("tap0")) {
      PacketBuffer frame = NativeMemory.packetBuffer(2048);
      while (Readiness.await(tap.fd(), 1500)) {
        assertTrue(tap.read(frame) > 0);
        assertNotEquals(MAC, MacAddress.read(frame.bytes(), frame.offset() + 6));
      }
    }
  }

  /** An Echo Request from 2001:db8::99, 52:54:00:12:34:10, to 2001:db8::1. */
  private static byte[] echoRequest() {
    return HexFormat.of().parseHex(
        "02005e000001" + "525400123410" + "86dd"
            + "60000000" + "0008" + "3a" + "40"
            + "20010db8000000000000000000000099" + "20010db8000000000000000000000001"
            + "8000" + "23af" + "00010001");
  }

  @Test
  void echoRequestOfTheseTestsIsIntact() {
    byte[] frame = echoRequest();
    assertArrayEquals(frame, PacketBuffer.copyOf(frame).toBytes());
    PacketBuffer buffer = PacketBuffer.copyOf(frame);
    long sum = InternetChecksum.pseudoHeader(
            buffer.bytes(), buffer.offset() + 14, 8, 58)
        + InternetChecksum.sum(
            buffer.bytes(), buffer.offset() + 14 + 40, 8);
    assertEquals(0xffff, InternetChecksum.fold(sum));
  }
}
