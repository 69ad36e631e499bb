package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.tls.TrialAuthority;
import org.kagemusha.daemon.tls.TrialRole;

/** Certificates that will not do: each is refused, and both ends say why. */
@Tag("netns")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ControllerRefusalTest {

  @TempDir static Path directory;

  private Laboratory laboratory;
  private DaemonProcess agent;

  @BeforeAll
  void begin() throws Exception {
    laboratory = new Laboratory(directory, DemoProtection.required, "off");
    laboratory.configuration.hosts(List.of("a", "b", "c"));
    agent = laboratory.homeAgent();
  }

  @AfterAll
  void end() throws IOException {
    laboratory.close();
  }

  @Test
  void rfc6618_s5_5_4_aHostThatMayNotIsToldSo() throws Exception {
    // Of the right authority, but of no host in the home agent's file.
    try (DaemonProcess stranger = daemon("e")) {
      final IOException refused = assertThrows(IOException.class, () -> stranger.ask("prepare"));
      assertTrue(refused.getMessage().contains("401"), refused.getMessage());
      Grants.logged(stranger, "keys not granted", "401", "retry=", "held=none");
      Grants.logged(agent, "refusal", Topology.HOME_ADDRESS, "CN=e", "serial=", "reason=");
      nobodyHasKeys(stranger);
    }
  }

  @Test
  void rfc9525_s6_aControllerWithAnotherNameGetsNoRequest() throws Exception {
    laboratory.configuration.set("b", "provisioning", "server-name", "\"elsewhere.example\"");
    try (DaemonProcess b = daemon("b")) {
      Grants.logged(b, "keys not granted", "certificate", "elsewhere.example", "retry=");
      nobodyHasKeys(b);
    }
  }

  @Test
  void rfc5280_s6_1_aCertificateOfAnotherAuthorityIsRefused() throws Exception {
    Path other = directory.resolve("other");
    TrialAuthority.Issued issued =
        TrialAuthority.create(other, "Laboratory", Duration.ofDays(1))
            .issue("c", List.of("dns:c.laboratory"), TrialRole.HOST, Duration.ofDays(1));
    laboratory.configuration.set(
        "c", "provisioning", "certificate", "\"" + issued.certificateFile() + "\"");
    laboratory.configuration.set("c", "provisioning", "key", "\"" + issued.keyFile() + "\"");
    try (DaemonProcess c = daemon("c")) {
      Grants.logged(c, "keys not granted", "does not accept our certificate", "retry=");
      Grants.logged(agent, "refusal", "CN=c", "reason=");
      nobodyHasKeys(c);
    }
  }

  private DaemonProcess daemon(String name) throws Exception {
    DaemonProcess daemon =
        laboratory.configuration.startDaemon(
            name, laboratory.topology.hypervisorB(), "eth0");
    daemon.await("ready", status -> true);
    return daemon;
  }

  private void nobodyHasKeys(DaemonProcess daemon) throws IOException {
    assertEquals(List.of(), Grants.of(agent));
    assertEquals(List.of(), Grants.of(daemon));
  }
}
