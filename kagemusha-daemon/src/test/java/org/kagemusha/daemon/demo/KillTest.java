package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 in the middle of everything: silence on the wire, and no sequence number ever again. */
@Tag("netns")
class KillTest {

  @TempDir Path directory;

  @Test
  void rfc4303_s3_3_3_neverRepeatsASequenceNumberThroughKillAndMove() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.manual, "off")) {
      Topology topology = laboratory.topology;
      Wire wire =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("kill.pcap")));
      laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      pings(laboratory);
      registered(b);

      Shell.run("sh", "-c", "kill -KILL " + b.pid());
      // The home agent goes on tunnelling to a host that knows nothing of tunnels now.
      laboratory.ping(topology.correspondent(), "-c", "10", "-i", "0.05", "-W", "1",
          Topology.HOME_ADDRESS);
      DaemonProcess again = laboratory.daemonB();
      pings(laboratory);
      registered(again);

      laboratory.guestToA();
      again.ask("left");
      // The guest's own reports of its arrival may be over before the daemon is there to hear them.
      DaemonProcess a = laboratory.daemonA();
      Laboratory.eventually(
          "at home", () -> Laboratory.text(a.ask("status json"), "state").equals("home"));
      laboratory.guestToB();
      a.ask("left");
      pings(laboratory);
      registered(again);

      Map<String, Long> last = new HashMap<>();
      List<String> lines = wire.fields("esp", "esp.spi", "esp.sequence");
      assertTrue(lines.size() > 50, "only " + lines.size() + " ESP packets");
      for (String line : lines) {
        String[] columns = line.split("\t");
        long sequence = Long.parseLong(columns[1]);
        Long before = last.put(columns[0], sequence);
        // tshark shows the low half of an extended sequence number.
        assertTrue(
            before == null || Integer.compareUnsigned((int) sequence, before.intValue()) > 0
                || (int) sequence - before.intValue() > 0,
            columns[0] + ": " + before + ", then " + sequence);
      }
      assertFalse(last.isEmpty());
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
    }
  }

  private static void pings(Laboratory laboratory) throws Exception {
    Laboratory.eventually(
        "the guest reaches the correspondent",
        () ->
            laboratory
                .pingFromGuest("-c", "20", "-i", "0.02", "-W", "1", Topology.CORRESPONDENT)
                .contains(" 0% packet loss"));
  }

  private static void registered(DaemonProcess daemon) throws Exception {
    Laboratory.eventually(
        "registered",
        () -> Laboratory.text(daemon.ask("status json"), "state").equals("registered"));
  }
}
