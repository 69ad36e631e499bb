package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 at random moments: AES-GCM is broken by the first nonce that comes again. */
@Tag("netns")
class KeyReuseTest {

  private static final int KILLS = 6;

  @TempDir Path directory;

  @Test
  void rfc4106_s3_1_theSameKeyNeverHasTheSameNonceTwice() throws Exception {
    Random chance = new Random(4106);
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      Topology topology = laboratory.topology;
      Path capture = directory.resolve("foreign.pcap");
      final Wire wire =
          laboratory.keep(Wire.tap(topology.foreignRouter(), "foreign", capture));
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      try (Canary canary = new Canary(topology)) {
        canary.heard("before the first kill", 20);
        for (int kill = 0; kill < KILLS; kill++) {
          canary.sing(chance.nextInt(400));
          boolean killsAgent = kill % 3 == 2;
          Shell.run("kill", "-KILL", Long.toString(killsAgent ? agent.pid() : b.pid()));
          canary.sing(chance.nextInt(100));
          if (killsAgent) {
            agent = laboratory.homeAgent();
          } else {
            b = laboratory.daemonB();
          }
          if (chance.nextBoolean()) {
            // Else the next one comes while the daemons are finding together.
            canary.heard("after kill " + kill, 20);
          }
        }
        canary.heard("after the last kill", 100);
      }
      wire.stop();
      List<EspWire.Packet> packets = EspWire.packets(capture);
      Map<String, byte[]> seen = new HashMap<>();
      for (EspWire.Packet packet : packets) {
        byte[] before = seen.putIfAbsent(packet.identity(), packet.octets());
        if (before != null) {
          assertArrayEquals(before, packet.octets(), packet.identity());
        }
      }
      assertTrue(packets.size() > 200, "only " + packets.size() + " packets");
      int spis = EspWire.spis(packets, packet -> true).size();
      assertTrue(spis >= 4, "only " + spis + " SPIs");
    }
  }
}
