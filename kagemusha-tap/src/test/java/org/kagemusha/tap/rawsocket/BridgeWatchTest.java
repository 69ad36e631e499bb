package org.kagemusha.tap.rawsocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.kagemusha.core.node.Counters;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.nft.KernelQuiet;
import org.kagemusha.tap.tap.TapDevice;
import org.kagemusha.tap.tap.TapSettings;

/**
 * A bridge with two taps as ports: {@code guest} is where the guest is, {@code link} the way out.
 */
@Tag("netns")
class BridgeWatchTest {

  private static final MacAddress GUEST = MacAddress.parse("52:54:00:12:34:10");
  private static final MacAddress ROUTER = MacAddress.parse("02:00:00:00:00:01");
  private static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");
  private static final Ipv6Address SECOND_AGENT = Ipv6Address.parse("2001:db8:2000::5");
  private static final List<Ipv6Address> HOME_AGENTS = List.of(HOME_AGENT, SECOND_AGENT);
  private static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  private static final Ipv6Address OTHER = Ipv6Address.parse("2001:db8:2000::2");

  private final PacketBuffer buffer = NativeMemory.packetBuffer(2048);
  private NetworkNamespace namespace;
  private TapDevice guest;
  private TapDevice link;
  private BridgeWatch watch;

  @BeforeEach
  void create() {
    namespace = NetworkNamespace.create();
    namespace.ip("link add br0 address 02:00:00:00:00:b0 type bridge mcast_snooping 0");
    namespace.ip("link set br0 addrgenmode none up");
    guest = tap("guest");
    link = tap("link");
    watch = namespace.run(() -> BridgeWatch.open("br0"));
    // Teaches the bridge where the two are, and waits until both ports forward.
    send(guest, frame(MacAddress.BROADCAST, GUEST, HOME, 59));
    send(link, frame(MacAddress.BROADCAST, ROUTER, OTHER, 59));
    drain(guest);
    drain(link);
  }

  @AfterEach
  void remove() {
    watch.close();
    guest.close();
    link.close();
    namespace.close();
  }

  @Test
  void picksAcknowledgementsToTheGuestAndNothingElse() throws Exception {
    assertEquals(List.of(), received());
    watch.watch(GUEST, HOME_AGENTS, false);
    byte[] mobility = frame(GUEST, ROUTER, HOME_AGENT, 135);
    byte[] esp = frame(GUEST, ROUTER, HOME_AGENT, 50);
    send(link, mobility);
    send(link, frame(GUEST, ROUTER, OTHER, 135));
    send(link, frame(GUEST, ROUTER, HOME_AGENT, 6));
    send(link, frame(MacAddress.BROADCAST, ROUTER, HOME_AGENT, 135));
    send(guest, frame(ROUTER, GUEST, HOME, 6));
    send(link, esp);
    assertEquals(List.of(hex(mobility), hex(esp)), received());
    watch.rest();
    send(link, mobility);
    assertEquals(List.of(), received());
  }

  @Test
  void picksAcknowledgementsOfEveryHomeAgent() throws Exception {
    List<Ipv6Address> many = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      many.add(Ipv6Address.parse("2001:db8:2000::1:" + Integer.toHexString(i)));
    }
    watch.watch(GUEST, many, true);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      byte[] frame = frame(GUEST, ROUTER, many.get(i), i % 2 == 0 ? 135 : 50);
      send(link, frame);
      expected.add(hex(frame));
    }
    send(link, frame(GUEST, ROUTER, many.get(16), 135));
    assertEquals(expected, received());
    watch.watch(GUEST, HOME_AGENTS, false);
    byte[] second = frame(GUEST, ROUTER, SECOND_AGENT, 135);
    send(link, second);
    assertEquals(List.of(hex(second)), received());
  }

  @Test
  void picksWhatTheGuestSendsWhereWanted() throws Exception {
    watch.watch(GUEST, HOME_AGENTS, true);
    byte[] unicast = frame(ROUTER, GUEST, HOME, 6);
    byte[] rarp = frame(MacAddress.BROADCAST, GUEST, HOME, 0);
    rarp[12] = (byte) 0x80;
    rarp[13] = 0x35;
    byte[] mobility = frame(GUEST, ROUTER, HOME_AGENT, 135);
    send(guest, unicast);
    send(guest, rarp);
    send(link, frame(GUEST, ROUTER, OTHER, 6));
    send(link, mobility);
    assertEquals(List.of(hex(unicast), hex(rarp), hex(mobility)), received());
  }

  @Test
  void theBridgeIsPromiscuousOnlyWhileWatching() throws Exception {
    assertFalse(isPromiscuous());
    watch.watch(GUEST, HOME_AGENTS, false);
    watch.watch(GUEST, HOME_AGENTS, true);
    assertTrue(isPromiscuous());
    watch.rest();
    watch.rest();
    assertFalse(isPromiscuous());
  }

  @Test
  void rfc6275_s11_5_5_theGuardKeepsTheAcknowledgementFromTheGuestButNotFromUs() throws Exception {
    watch.watch(GUEST, HOME_AGENTS, false);
    KernelQuiet quiet = new KernelQuiet("guard");
    byte[] mobility = frame(GUEST, ROUTER, HOME_AGENT, 135);
    byte[] esp = frame(GUEST, ROUTER, HOME_AGENT, 50);
    send(link, mobility);
    assertEquals(List.of(hex(mobility)), drain(guest));
    namespace.run(() -> {
      quiet.guard(HOME_AGENTS, List.of(HOME), List.of(0x1000L));
      return null;
    });
    byte[] data = frame(GUEST, ROUTER, HOME_AGENT, 6);
    byte[] foreignEsp = esp.clone();
    foreignEsp[14 + 40 + 3] = 1;
    for (byte[] frame : List.of(mobility, esp, foreignEsp, data)) {
      send(link, frame);
    }
    assertEquals(List.of(hex(foreignEsp), hex(data)), drain(guest));
    assertEquals(List.of(hex(mobility), hex(mobility), hex(esp), hex(foreignEsp)), received());
    namespace.run(() -> {
      quiet.unguard();
      return null;
    });
    send(link, mobility);
    assertEquals(List.of(hex(mobility)), drain(guest));
  }

  private TapDevice tap(String name) {
    TapSettings settings = new TapSettings(name, Optional.empty(), 0, Optional.of("br0"));
    return namespace.run(() -> TapDevice.open(settings, new Counters()));
  }

  private boolean isPromiscuous() {
    return namespace.ip("-d link show br0").contains("promiscuity 1");
  }

  /** The bridge forwards within the write, so what comes of a frame is there when this returns. */
  private static void send(TapDevice tap, byte[] frame) {
    assertTrue(tap.write(PacketBuffer.copyOf(frame)));
  }

  private List<String> received() throws Exception {
    List<String> frames = new ArrayList<>();
    while (watch.receive(buffer) != BridgeWatch.WOULD_BLOCK) {
      frames.add(hex(buffer.toBytes()));
    }
    return frames;
  }

  private List<String> drain(TapDevice tap) {
    try {
      List<String> frames = new ArrayList<>();
      while (tap.read(buffer) > 0) {
        frames.add(hex(buffer.toBytes()));
      }
      return frames;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** A frame with an IPv6 packet whose payload starts with SPI 0x1000, of header length 0. */
  private static byte[] frame(
      MacAddress destination, MacAddress source, Ipv6Address sourceAddress, int nextHeader) {
    String payload = "00001000" + "00000001".repeat(3);
    return HexFormat.of().parseHex(
        hex(destination.toBytes()) + hex(source.toBytes()) + "86dd"
            + "600000000010" + HexFormat.of().toHexDigits((byte) nextHeader) + "40"
            + hex(sourceAddress.toBytes()) + hex(HOME.toBytes()) + payload);
  }

  private static String hex(byte[] octets) {
    return HexFormat.of().formatHex(octets);
  }
}
