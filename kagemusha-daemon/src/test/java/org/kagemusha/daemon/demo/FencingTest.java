package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.observe.MoveReport;

/** A host that nobody told of the guest's leaving must not take the binding back. */
@Tag("netns")
class FencingTest {

  @TempDir Path directory;

  @Test
  void aHostThatTheGuestLeftWithoutAWordDoesNotStealTheBinding() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off")) {
      laboratory.configuration.set("b", "binding", "lifetime", "\"12s\"");
      Topology topology = laboratory.topology;
      Wire wire =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("foreign.pcap")));
      DaemonProcess agent = laboratory.homeAgent();
      final DaemonProcess a = laboratory.daemonA();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      Laboratory.awaitState(a, "home");
      Sessions sessions = new Sessions(topology);
      try {
        laboratory.guestToB();
        a.ask("left");
        Laboratory.awaitState(b, "registered");

        report(a, b);

        laboratory.guestToA();
        Laboratory.eventually(
            "the binding is gone",
            () -> Laboratory.careOf(agent, Topology.HOME_ADDRESS).isEmpty());
        Laboratory.awaitState(a, "home");
        final long updates = Laboratory.count(b, "counters", "binding_updates_sent");
        // Past the refresh and past the end of the lifetime, as B counts them.
        Laboratory.eventually(
            "the binding that B believes in runs out",
            () -> {
              assertEquals(List.of(), Laboratory.careOf(agent, Topology.HOME_ADDRESS));
              return remaining(b) == 0;
            });
        assertEquals(updates, Laboratory.count(b, "counters", "binding_updates_sent"));

        b.close();
        DaemonProcess again = laboratory.daemonB();
        Laboratory.eventually("B waits", () -> Laboratory.state(again).equals("waiting"));
        assertEquals(0, Laboratory.count(again, "counters", "binding_updates_sent"));
        assertEquals(List.of(), Laboratory.careOf(agent, Topology.HOME_ADDRESS));

        long up = sessions.tcpNumbersToCorrespondent();
        long down = sessions.tcpNumbersToGuest();
        Laboratory.eventually(
            "the session lives",
            () ->
                sessions.tcpNumbersToCorrespondent() > up + 50
                    && sessions.tcpNumbersToGuest() > down + 50);
        assertNull(sessions.failure());
        sessions.finish();
        assertTrue(updates >= 1);
        assertEquals(
            updates, wire.packets("mip6.mhtype == 5").size(), "Binding Updates on the wire");
        assertEquals(List.of(), wire.packets(Wire.FAULTY));
      } finally {
        sessions.close();
      }
    }
  }

  /** What both ends of the move tell, in one timeline. */
  private static void report(DaemonProcess a, DaemonProcess b) throws Exception {
    Laboratory.eventually(
        "packets both ways",
        () -> b.ask("report").contains("first packet for the guest out of the tunnel"));
    JsonObject report = Laboratory.object(b.ask("report json"));
    assertEquals(
        1,
        MoveReport.merge(report, Laboratory.object(a.ask("report json 16"))), report.toString());
    JsonObject spans =
        report.getAsJsonArray("moves").get(0).getAsJsonObject().getAsJsonObject("spans_ms");
    assertTrue(spans.get("home_agent").getAsDouble() > 0, report.toString());
    assertTrue(spans.get("to_first_packet_down").getAsDouble() > 0, report.toString());
    assertTrue(MoveReport.text(report).contains("the daemon knows that it has left"));
  }

  private static long remaining(DaemonProcess daemon) throws java.io.IOException {
    return Laboratory.object(daemon.ask("status json"))
        .getAsJsonArray("bindings").get(0).getAsJsonObject().get("remaining_s").getAsLong();
  }
}
