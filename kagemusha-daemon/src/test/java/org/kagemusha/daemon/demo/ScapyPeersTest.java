package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An independent implementation speaks each role with our other one, under ESP. */
@Tag("netns")
class ScapyPeersTest {

  private static final String CARE_OF = "2001:db8:3000::3";

  @TempDir Path directory;

  @Test
  void rfc6275_s11_7_1_registersAtAnIndependentHomeAgent() throws Exception {
    try (Laboratory laboratory =
        new Laboratory(directory, DemoProtection.captured, "off")) {
      Topology topology = laboratory.topology;
      ScapyPeer agent =
          laboratory.keep(
              ScapyPeer.start(topology.homeAgent(), "home_agent.py", "transit", "any"));
      DaemonProcess daemon = laboratory.daemonB();
      laboratory.configureGuestByHand();
      laboratory.guestToB();
      String ping = laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);

      JsonObject update = agent.await("update");
      assertEquals(Topology.HOME_ADDRESS, update.get("hoa").getAsString(), ping);
      String careOf = update.get("care_of").getAsString();
      assertEquals(careOf, update.getAsJsonArray("alternate").get(0).getAsString());
      assertTrue(careOf.startsWith("2001:db8:3000:"), careOf);
      Laboratory.eventually(
          "the acknowledgement is accepted",
          () -> Laboratory.text(daemon.ask("status json"), "state").equals("registered"));

      JsonObject echo = agent.await("echo");
      assertEquals(careOf, echo.get("outer").getAsString());
      assertEquals(64, echo.get("hop_limit").getAsInt());
    }
  }

  @Test
  void rfc6275_s10_3_1_servesAnIndependentMobileNode() throws Exception {
    try (Laboratory laboratory =
        new Laboratory(directory, DemoProtection.captured, "off")) {
      laboratory.homeAgent();
      ScapyPeer node =
          laboratory.keep(
              ScapyPeer.start(
                  laboratory.topology.hypervisorB(), "mobile_node.py", "eth0", CARE_OF));

      node.say("register");
      JsonObject accepted = node.await("acknowledgement");
      assertEquals(0, accepted.get("status").getAsInt());
      assertEquals(2, accepted.get("type").getAsInt());
      assertEquals(1, accepted.get("left").getAsInt());
      assertEquals(Topology.HOME_ADDRESS, accepted.get("hoa").getAsString());
      assertEquals(15, accepted.get("lifetime").getAsInt());

      node.say("ping");
      JsonObject echo = node.await("echo");
      assertEquals(Topology.CORRESPONDENT, echo.get("source").getAsString());
      assertEquals(Topology.HOME_ADDRESS, echo.get("destination").getAsString());

      // Spoofed, replayed and unprotected: silence. The old sequence number after them is answered,
      // so that nothing came between.
      node.say("spoof");
      node.say("replay");
      node.say("clear");
      node.say("old");
      JsonObject old = node.await("acknowledgement");
      assertEquals(135, old.get("status").getAsInt());
      assertEquals(accepted.get("sequence").getAsInt(), old.get("sequence").getAsInt());

      node.say("deregister");
      JsonObject gone = node.await("acknowledgement");
      assertEquals(0, gone.get("status").getAsInt());
      assertEquals(0, gone.get("lifetime").getAsInt());
      assertTrue(
          node.drain().stream().noneMatch(o -> o.get("event").getAsString().equals("echo")));
    }
  }
}
