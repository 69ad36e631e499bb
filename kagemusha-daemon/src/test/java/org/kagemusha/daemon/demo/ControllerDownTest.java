package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A controller that is not there, does not want us, is not itself, or is under attack. */
@Tag("netns")
class ControllerDownTest {

  private static final String PORT = "7872";

  @TempDir Path directory;

  private Laboratory laboratory;

  @BeforeEach
  void build() throws Exception {
    laboratory = new Laboratory(directory, DemoProtection.required, "off");
  }

  @AfterEach
  void end() throws Exception {
    laboratory.close();
  }

  @Test
  void keysThatAreHeldDoWithoutTheController() throws Exception {
    final DaemonProcess agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    final DaemonProcess b = laboratory.daemonB();
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
    final DaemonProcess agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    block();
    final DaemonProcess b = laboratory.daemonB();
    Grants.logged(
        b, "keys not granted", "controller [" + Topology.HOME_AGENT + "]:" + PORT, "retry=",
        "held=none");
    laboratory.guestToB();
    final String lost = laboratory.pingFromGuest("-c", "3", "-i", "0.2", "-W", "1",
        Topology.CORRESPONDENT);
    assertTrue(lost.contains("100% packet loss"), lost);
    assertEquals(0, Grants.bound(agent));
    Laboratory.eventually(
        "it asks again", () -> Grants.lines(b, "keys not granted", "retry=").size() >= 2);

    Laboratory.exec(laboratory.topology.foreignRouter(), "nft", "delete", "table", "ip6", "block");
    pings();
    Laboratory.awaitState(b, "registered");
    Grants.logged(b, "keys granted");
  }

  @Test
  void rfc6618_s5_5_4_aHostThatMayNotIsToldSo() throws Exception {
    laboratory.configuration.hosts(List.of("a"));
    final DaemonProcess agent = laboratory.homeAgent();
    final DaemonProcess b = laboratory.daemonB();
    Grants.logged(b, "keys not granted", "401", "retry=", "held=none");
    Grants.logged(agent, "refusal", Topology.HOME_ADDRESS, "CN=b", "serial=", "reason=");
    assertEquals(List.of(), Grants.of(agent));
    final IOException refused =
        assertThrows(IOException.class, () -> b.ask("prepare"));
    assertTrue(refused.getMessage().contains("401"), refused.getMessage());
  }

  @Test
  void rfc9525_s6_aControllerWithAnotherNameGetsNoRequest() throws Exception {
    laboratory.configuration.set("b", "provisioning", "server-name", "\"elsewhere.example\"");
    final DaemonProcess agent = laboratory.homeAgent();
    final DaemonProcess b = laboratory.daemonB();
    Grants.logged(b, "keys not granted", "certificate", "elsewhere.example", "retry=");
    assertEquals(List.of(), Grants.of(agent));
    assertEquals(List.of(), Grants.of(b));
  }

  @Test
  void connectionsThatAreNeverFinishedKeepNobodyElseFromKeys() throws Exception {
    final DaemonProcess agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    try (ScapyPeer flood =
        ScapyPeer.start(
            laboratory.topology.correspondent(), "half_open.py", Topology.HOME_AGENT, PORT,
            "300")) {
      Grants.logged(agent, "refusal", "reason=");
      final DaemonProcess b = laboratory.daemonB();
      Grants.prepared(b);
      laboratory.guestToB();
      pings();
      Laboratory.awaitState(b, "registered");
      flood.say("end");
      final long opened = flood.await("end").get("opened").getAsLong();
      assertTrue(opened > 600, "only " + opened + " connections were tried");
      final long lines = Grants.lines(agent, "refusal").size();
      assertTrue(lines < 200, lines + " lines in the log");
    }
  }

  /** From B's network nobody reaches the controller; tunnel and signalling are not touched. */
  private void block() throws IOException {
    final String router = laboratory.topology.foreignRouter();
    Laboratory.exec(router, "nft", "add", "table", "ip6", "block");
    Laboratory.exec(
        router, "nft", "add", "chain", "ip6", "block", "forward",
        "{ type filter hook forward priority 0; }");
    Laboratory.exec(
        router, "nft", "add", "rule", "ip6", "block", "forward", "tcp", "dport", PORT, "drop");
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
