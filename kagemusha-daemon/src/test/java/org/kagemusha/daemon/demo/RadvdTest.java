package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A home link whose router is somebody else's: radvd advertises, our home agent does not. */
@Tag("netns")
class RadvdTest {

  private static final String CONFIGURATION =
      """
      interface home {
        AdvSendAdvert on;
        MinRtrAdvInterval 1;
        MaxRtrAdvInterval 3;
        AdvIntervalOpt on;
        AdvHomeAgentFlag on;
        AdvHomeAgentInfo on;
        AdvDefaultLifetime 600;
        prefix 2001:db8:2000::/64 {
          AdvOnLink on;
          AdvAutonomous on;
          AdvRouterAddr on;
        };
      };
      """;

  @TempDir Path directory;

  @Test
  void rfc6275_s11_5_1_findsTheHomeLinkByAnotherRoutersAdvertisements() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.signalling, "off")) {
      Topology topology = laboratory.topology;
      laboratory.configuration.set("ha", "advertisement", "enabled", "false");
      final DaemonProcess agent = laboratory.homeAgent();
      startRadvd(laboratory);
      final DaemonProcess a = laboratory.daemonA();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      Laboratory.awaitState(a, "home");
      Sessions sessions = new Sessions(topology);
      try {
        laboratory.guestToB();
        a.ask("left");
        Laboratory.awaitState(b, "registered");
        alive(sessions);
        laboratory.guestToA();
        b.ask("left");
        Laboratory.eventually(
            "the binding is gone",
            () -> Laboratory.careOf(agent, Topology.HOME_ADDRESS).isEmpty());
        Laboratory.awaitState(a, "home");
        alive(sessions);
        assertNull(sessions.failure());
      } finally {
        sessions.close();
      }
      assertEquals(0, Laboratory.count(agent, "counters", "router_advertisements_sent"));
      assertEquals(
          List.of("default"),
          Laboratory.ip(topology.guest(), "-6 route show default").lines()
              .map(l -> l.split(" ")[0])
              .toList());
    }
  }

  private void startRadvd(Laboratory laboratory) throws IOException {
    Path file = directory.resolve("radvd.conf");
    Files.writeString(file, CONFIGURATION);
    Process radvd =
        new ProcessBuilder(
                "ip", "netns", "exec", laboratory.topology.homeAgent(), "radvd", "-n", "-m",
                "stderr", "-C", file.toString(), "-p", directory.resolve("radvd.pid").toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("radvd.log").toFile())
            .start();
    laboratory.keep((Closeable) radvd::destroyForcibly);
  }

  private static void alive(Sessions sessions) throws Exception {
    long up = sessions.tcpNumbersToCorrespondent();
    long down = sessions.tcpNumbersToGuest();
    Laboratory.eventually(
        "numbers come both ways",
        () ->
            sessions.tcpNumbersToCorrespondent() > up + 50
                && sessions.tcpNumbersToGuest() > down + 50);
  }
}
