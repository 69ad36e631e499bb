package org.kagemusha.tap.nft;

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
import org.kagemusha.core.wire.MacAddress;
import org.kagemusha.core.wire.PacketBuffer;
import org.kagemusha.tap.libc.KernelException;
import org.kagemusha.tap.libc.NativeMemory;
import org.kagemusha.tap.netns.NetworkNamespace;
import org.kagemusha.tap.tap.TapDevice;
import org.kagemusha.tap.tap.TapSettings;

/** A bridge abroad with two guests of one home link, and the taps of their two daemons. */
@Tag("netns")
class RouterFramesTest {

  private static final MacAddress ROUTER = MacAddress.parse("02:00:00:00:00:01");
  private static final MacAddress OTHER_ROUTER = MacAddress.parse("02:00:00:00:00:02");
  private static final MacAddress[] GUESTS = {
    MacAddress.parse("52:54:00:12:34:10"), MacAddress.parse("52:54:00:12:34:11")
  };
  private static final MacAddress[] STATIONS = {
    MacAddress.parse("02:00:00:00:01:10"), MacAddress.parse("02:00:00:00:01:11")
  };

  private final PacketBuffer buffer = NativeMemory.packetBuffer(2048);
  private final TapDevice[] guests = new TapDevice[2];
  private final TapDevice[] taps = new TapDevice[2];
  private final RouterFrames[] frames = new RouterFrames[2];
  private NetworkNamespace namespace;

  @BeforeEach
  void create() {
    namespace = NetworkNamespace.create();
    namespace.ip("link add br0 address 02:00:00:00:00:b0 type bridge mcast_snooping 0");
    namespace.ip("link set br0 addrgenmode none up");
    for (int i = 0; i < 2; i++) {
      guests[i] = tap("guest" + i);
      taps[i] = tap("tap" + i);
      frames[i] = new RouterFrames("vm-" + i, GUESTS[i], STATIONS[i]);
    }
    // Teaches the bridge where each is; its ports forward at once.
    for (int i = 0; i < 2; i++) {
      send(guests[i], frame(MacAddress.BROADCAST, GUESTS[i]));
      send(taps[i], frame(MacAddress.BROADCAST, STATIONS[i]));
    }
    for (int i = 0; i < 2; i++) {
      received(guests[i]);
      received(taps[i]);
    }
  }

  @AfterEach
  void remove() {
    for (int i = 0; i < 2; i++) {
      guests[i].close();
      taps[i].close();
    }
    namespace.close();
  }

  @Test
  void aFrameForTheRouterReachesTheGuestsOwnTapAlone() {
    String flooded = frame(ROUTER, GUESTS[0]);
    send(guests[0], flooded);
    assertEquals(List.of(List.of(flooded), List.of(flooded)), atTaps());
    assertEquals(List.of(flooded), received(guests[1]));

    for (int i = 0; i < 2; i++) {
      lead(i, ROUTER);
    }
    for (int i = 0; i < 2; i++) {
      send(guests[i], frame(ROUTER, GUESTS[i]));
      assertEquals(List.of(frame(STATIONS[i], GUESTS[i])), received(taps[i]));
      assertEquals(List.of(), received(taps[1 - i]));
      assertEquals(List.of(), received(guests[1 - i]));
    }

    String toGuest = frame(GUESTS[1], GUESTS[0]);
    send(guests[0], toGuest);
    assertEquals(List.of(toGuest), received(guests[1]), "no frame to another station");
    String toOther = frame(OTHER_ROUTER, GUESTS[0]);
    send(guests[0], toOther);
    assertEquals(List.of(List.of(toOther), List.of(toOther)), atTaps());
    received(guests[1]);

    lead(0, OTHER_ROUTER);
    send(guests[0], toOther);
    assertEquals(List.of(frame(STATIONS[0], GUESTS[0])), received(taps[0]));
    leadNone(0);
    send(guests[0], flooded);
    assertEquals(List.of(List.of(flooded), List.of(flooded)), atTaps());
    send(guests[1], frame(ROUTER, GUESTS[1]));
    assertEquals(List.of(frame(STATIONS[1], GUESTS[1])), received(taps[1]), "still led");
  }

  @Test
  void twoGuestsAreLookedUpByOneRule() {
    lead(0, ROUTER);
    lead(1, ROUTER);
    lead(0, ROUTER);
    String rules = namespace.exec("nft", "list", "table", "bridge", "kagemusha");
    assertEquals(1, rules.split("hook ", -1).length - 1, rules);
    assertEquals(1, rules.split("vmap @guests", -1).length - 1, rules);
    assertEquals(2, rules.split(": jump router-of-vm-", -1).length - 1, rules);
  }

  @Test
  void comesAgainAfterAFlushAndIsFoundByTheNextProcess() {
    lead(0, ROUTER);
    namespace.exec("nft", "flush", "ruleset");
    lead(0, ROUTER);
    send(guests[0], frame(ROUTER, GUESTS[0]));
    assertEquals(List.of(frame(STATIONS[0], GUESTS[0])), received(taps[0]));
    frames[0] = new RouterFrames("vm-0", GUESTS[0], STATIONS[0]);
    lead(0, ROUTER);
    frames[0] = new RouterFrames("vm-0", GUESTS[0], STATIONS[0]);
    leadNone(0);
    String rules = namespace.exec("nft", "list", "table", "bridge", "kagemusha");
    assertFalse(rules.contains("vm-0"), rules);
  }

  /** A host may have two bridges with one MAC address in both: the first keeps what it has. */
  @Test
  void aSecondGuestWithTheSameAddressIsRefused() {
    lead(0, ROUTER);
    RouterFrames same = new RouterFrames("same", GUESTS[0], STATIONS[1]);
    String cause =
        namespace.run(
            () -> {
              try {
                same.lead(ROUTER);
                return "";
              } catch (KernelException e) {
                return e.getMessage();
              }
            });
    assertTrue(cause.contains("File exists"), cause);
    send(guests[0], frame(ROUTER, GUESTS[0]));
    assertEquals(List.of(frame(STATIONS[0], GUESTS[0])), received(taps[0]));
  }

  private void lead(int guest, MacAddress router) {
    namespace.run(
        () -> {
          frames[guest].lead(router);
          return null;
        });
  }

  private void leadNone(int guest) {
    namespace.run(
        () -> {
          frames[guest].remove();
          return null;
        });
  }

  private TapDevice tap(String name) {
    TapSettings settings = new TapSettings(name, Optional.empty(), 0, Optional.of("br0"));
    return namespace.run(() -> TapDevice.open(settings, new Counters()));
  }

  /** The bridge forwards within the write, so what comes of a frame is there when this returns. */
  private static void send(TapDevice tap, String frame) {
    assertTrue(tap.write(PacketBuffer.copyOf(HexFormat.of().parseHex(frame))));
  }

  private List<List<String>> atTaps() {
    return List.of(received(taps[0]), received(taps[1]));
  }

  private List<String> received(TapDevice tap) {
    try {
      List<String> all = new ArrayList<>();
      while (tap.read(buffer) > 0) {
        all.add(hex(buffer.toBytes()));
      }
      return all;
    } catch (KernelException e) {
      throw new AssertionError(e);
    }
  }

  /** An IPv6 packet without anything in it. */
  private static String frame(MacAddress destination, MacAddress source) {
    return hex(destination.toBytes()) + hex(source.toBytes()) + "86dd"
        + "6000000000003b40" + "20010db8200000000000000000000010".repeat(2);
  }

  private static String hex(byte[] octets) {
    return HexFormat.of().formatHex(octets);
  }
}
