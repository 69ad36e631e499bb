package org.kagemusha.core.mobility;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;
import org.kagemusha.core.message.Captures;
import org.kagemusha.core.mobility.MobileNodeSettings.Location;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.PacketBuffer;

/**
 * Any octets on any of the three ways in, in any order: nothing is thrown, and a packet is answered
 * by fewer than twenty. The first octet of an input says where a chunk goes, the second how long it
 * is in units of eight octets.
 */
class MobileNodeFuzzTest {

  static Stream<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (String name : Captures.ALL) {
      for (byte[] frame : Captures.frames(name)) {
        for (int way = 0; way < 3; way++) {
          seeds.add(chunk(way, frame));
        }
      }
      for (byte[] packet : Captures.packets(name)) {
        seeds.add(chunk(3, packet));
      }
    }
    seeds.add(chunk(0, MobileNodeFixture.routerAdvertisement()));
    seeds.add(
        chunk(
            0,
            MobileNodeFixture.frame(
                MobileNodeFixture.udp(
                    MobileNodeFixture.HOME_ADDRESS, Ipv6Address.ALL_NODES, 8),
                MobileNodeFixture.ROUTER_MAC,
                MobileNodeFixture.GUEST_MAC)));
    return seeds.stream();
  }

  private static byte[] chunk(int way, byte[] octets) {
    byte[] chunk = new byte[2 + octets.length];
    chunk[0] = (byte) way;
    chunk[1] = (byte) ((octets.length + 7) / 8);
    System.arraycopy(octets, 0, chunk, 2, octets.length);
    return chunk;
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "10s")
  void nothingIsThrownAndNothingAmplified(byte[] octets) {
    if (octets == null) {
      return;
    }
    for (Location location : Location.values()) {
      MobileNodeFixture f = new MobileNodeFixture();
      f.settings = MobileNodeFixture.settings(location);
      f.start();
      f.pass(2 * MobileNodeFixture.SECOND);
      feed(f, octets);
      f.guestSends();
      feed(f, octets);
      f.pass(10 * MobileNodeFixture.SECOND);
      f.node.status(f.now);
    }
  }

  private static void feed(MobileNodeFixture f, byte[] octets) {
    int at = 0;
    while (octets.length - at > 2) {
      int length = Math.min((octets[at + 1] & 0xff) * 8, octets.length - at - 2);
      PacketBuffer buffer = PacketBuffer.copyOf(octets, at + 2, length);
      int sent = f.packets.size() + f.frames.size();
      switch (octets[at] & 3) {
        case 0 -> f.node.onHomeFrame(buffer, f.now);
        case 1 -> fromGuest(f, buffer);
        case 2 -> f.node.onBridgeFrame(buffer, f.now);
        default -> f.node.onUnderlayPacket(buffer, f.now);
      }
      int answers = f.packets.size() + f.frames.size() - sent;
      assertTrue(answers < 20, "one packet was answered by " + answers);
      at += 2 + Math.max(length, 1);
    }
  }

  private static void fromGuest(MobileNodeFixture f, PacketBuffer buffer) {
    if (buffer.length() >= 12) {
      MobileNodeFixture.GUEST_MAC.write(buffer.bytes(), buffer.offset() + 6);
    }
    f.node.onHomeFrame(buffer, f.now);
  }
}
