package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where payload must be protected, nothing that goes wrong puts it on the wire in clear. */
@Tag("netns")
class NoLeakTest {

  @TempDir Path directory;

  @Test
  void rfc4301_s4_4_1_discardsWhatItCannotProtect() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      Topology topology = laboratory.topology;
      laboratory.configuration.set("ha", "controller", "association-lifetime", "\"10s\"");
      laboratory.configuration.set("ha", "controller", "grace", "\"2s\"");
      final DaemonProcess agent = laboratory.homeAgent();
      final DaemonProcess a = laboratory.daemonA();
      laboratory.bootGuestAtHome();
      Laboratory.awaitState(a, "home");
      Path capture = directory.resolve("foreign.pcap");
      Path atHome = directory.resolve("home.pcap");
      final Wire wire =
          laboratory.keep(Wire.tap(topology.foreignRouter(), "foreign", capture));
      final Wire home = laboratory.keep(Wire.tap(topology.homeAgent(), "cn", atHome));
      try (Canary canary = new Canary(topology)) {
        canary.heard("at home", 50);

        // The guest arrives while B is starting and has no keys.
        laboratory.guestToB();
        a.ask("left");
        final DaemonProcess b = laboratory.daemonB();
        canary.heard("abroad", 50);

        Set<Long> used = new TreeSet<>();
        Laboratory.eventually(
            "keys are replaced twice",
            () -> {
              used.addAll(Grants.spis(b, "in-force"));
              return used.size() >= 3;
            });
        canary.heard("under new keys", 50);

        // Longer than any keys live.
        kill(agent);
        Laboratory.eventually("the keys have run out", () -> Grants.of(b).isEmpty());
        canary.sing(100);
        laboratory.homeAgent();
        canary.heard("after the home agent has come back", 50);

        kill(b);
        canary.sing(100);
        DaemonProcess again = laboratory.daemonB();
        canary.heard("after the daemon has come back", 50);

        laboratory.guestToA();
        again.ask("left");
        Laboratory.awaitState(a, "home");
        canary.heard("at home again", 50);
      }
      ClearTraffic.assertNone(wire, capture);
      // In clear are only the home agent's hint that it knows no keys, which protects nothing, and
      // the authenticated messages of a handover, which tell addresses and no payload.
      assertEquals(
          List.of(),
          wire.packets(
              "mip6.mhtype && !(mip6.mhtype == 7) && !(mip6.mhtype == 14)"
                  + " && !(mip6.mhtype == 15)"));
      home.stop();
      assertTrue(EspWire.having(atHome, Canary.SONG) > 500, "the canary was heard at home");
      assertTrue(EspWire.packets(capture).size() > 500, "and abroad in ESP");
    }
  }

  private static void kill(DaemonProcess daemon) throws Exception {
    Shell.run("kill", "-KILL", Long.toString(daemon.pid()));
  }
}
