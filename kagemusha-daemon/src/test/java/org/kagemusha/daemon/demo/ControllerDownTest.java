package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A guest arrives while its host cannot reach the controller, or not easily. */
@Tag("netns")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControllerDownTest {

  private static final String PORT = "7872";

  @TempDir static Path directory;

  private Laboratory laboratory;
  private String router;
  private DaemonProcess agent;
  private DaemonProcess b;

  @BeforeAll
  void guestAtHome() throws Exception {
    laboratory = new Laboratory(directory, DemoProtection.required, "off");
    router = laboratory.topology.foreignRouter();
    Laboratory.exec(router, "nft", "add", "table", "ip6", "block");
    Laboratory.exec(
        router, "nft", "add", "chain", "ip6", "block", "forward",
        "{ type filter hook forward priority 0; }");
    agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
  }

  @AfterEach
  void guestHome() throws Exception {
    unblock();
    b.ask("release");
    Laboratory.eventually("no binding is left", () -> Grants.bound(agent) == 0);
    b.close();
    laboratory.guestToA();
  }

  @AfterAll
  void end() throws IOException {
    laboratory.close();
  }

  @Test
  void keysThatAreHeldDoWithoutTheController() throws Exception {
    b = laboratory.daemonB();
    Grants.prepared(b);
    final List<Long> held = Grants.spis(b);
    block();

    laboratory.guestToB();
    pings();
    Laboratory.awaitState(b, "registered");
    assertTrue(held.contains(Grants.agreed(b, agent)), "with the keys that were there");
  }

  @Test
  void aDaemonWithoutKeysSaysSoAndAsksAgain() throws Exception {
    block();
    b = laboratory.daemonB();
    laboratory.guestToB();
    Grants.logged(
        b, "keys not granted", "controller [" + Topology.HOME_AGENT + "]:" + PORT, "retry=",
        "held=none");
    final String lost = laboratory.pingFromGuest("-c", "3", "-i", "0.2", "-W", "1",
        Topology.CORRESPONDENT);
    assertTrue(lost.contains("100% packet loss"), lost);
    assertEquals(0, Grants.bound(agent));
    Laboratory.eventually(
        "it asks again", () -> Grants.lines(b, "keys not granted", "retry=").size() >= 2);

    unblock();
    pings();
    Laboratory.awaitState(b, "registered");
    Grants.logged(b, "keys granted");
  }

  @Test
  void connectionsThatAreNeverFinishedKeepNobodyElseFromKeys() throws Exception {
    final long beganNs = System.nanoTime();
    try (Wire wire =
            Wire.tap(laboratory.topology.homeAgent(), "cn", directory.resolve("flood.pcap"));
        ScapyPeer flood =
            ScapyPeer.start(
                laboratory.topology.correspondent(), "half_open.py", Topology.HOME_AGENT, PORT,
                "300")) {
      Grants.logged(agent, "refusal", "[" + Topology.CORRESPONDENT + "]", "reason=");
      b = laboratory.daemonB();
      Grants.prepared(b);
      laboratory.guestToB();
      pings();
      Laboratory.awaitState(b, "registered");
      flood.say("end");
      final long opened = flood.await("end").get("opened").getAsLong();
      final long seconds = (System.nanoTime() - beganNs) / 1_000_000_000L + 1;
      assertTrue(opened > 600, "only " + opened + " connections were tried");
      final long lines = Grants.lines(agent, "refusal").size();
      assertTrue(lines < 200, lines + " lines in the log");
      // Each ServerHello is a key agreement and a signature: handshakes-per-second is 10.
      final int answered = wire.packets("tls.handshake.type == 2").size();
      assertTrue(
          answered > 0 && answered <= 10 * seconds + 5, answered + " in " + seconds + " s");
    }
  }

  /** From B's network nobody reaches the controller; tunnel and signalling are not touched. */
  private void block() throws IOException {
    Laboratory.exec(
        router, "nft", "add", "rule", "ip6", "block", "forward", "tcp", "dport", PORT, "drop");
  }

  private void unblock() throws IOException {
    Laboratory.exec(router, "nft", "flush", "chain", "ip6", "block", "forward");
  }

  private void pings() throws Exception {
    Laboratory.eventually(
        "the guest reaches the correspondent",
        () ->
            laboratory
                .pingFromGuest("-c", "10", "-i", "0.02", "-W", "1", Topology.CORRESPONDENT)
                .contains(" 0% packet loss"));
  }
}
