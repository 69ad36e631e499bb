package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.tls.TrialAuthority;

/** A host that may no longer speak for the guest loses its keys when the home agent reloads. */
@Tag("netns")
class RevocationTest {

  @TempDir Path directory;

  private Laboratory laboratory;
  private DaemonProcess agent;
  private DaemonProcess b;
  private Canary canary;
  private Wire wire;
  private Path capture;

  @BeforeEach
  void guestAbroad() throws Exception {
    laboratory = new Laboratory(directory, DemoProtection.required, "off");
    capture = directory.resolve("foreign.pcap");
    wire =
        laboratory.keep(Wire.tap(laboratory.topology.foreignRouter(), "foreign", capture));
    agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    b = laboratory.daemonB();
    laboratory.guestToB();
    canary = laboratory.keep(new Canary(laboratory.topology));
    canary.heard("abroad", 20);
    Laboratory.awaitState(b, "registered");
  }

  @AfterEach
  void end() throws Exception {
    laboratory.close();
  }

  @Test
  void rfc5280_s5_aRevokedCertificateEndsItsKeysAtOnce() throws Exception {
    Path list = laboratory.configuration.authority().revocationFile();
    Path certificate = laboratory.configuration.authority().certificate("b");
    final String before = Files.readString(list);
    Files.writeString(list, before.substring(before.length() / 2));
    final IOException damaged = assertThrows(IOException.class, () -> agent.ask("reload"));
    assertTrue(damaged.getMessage().contains(list.toString()), damaged.getMessage());
    canary.heard("after a list that cannot be read changed nothing", 20);

    Files.writeString(list, before);
    TrialAuthority.open(certificate.getParent()).revoke(certificate);
    final long spi = Grants.agreed(b, agent);
    agent.ask("reload");

    assertRevoked(spi, "revoked");
    Grants.logged(b, "keys not granted", "does not accept our certificate");
    Grants.logged(agent, "refusal", "CN=b", "it was revoked");

    Files.writeString(list, before);
    agent.ask("reload");
    canary.heard("after the certificate was given back", 20);
    ClearTraffic.assertNone(wire, capture);
  }

  @Test
  void rfc6618_s5_5_4_aHostThatIsTakenOutOfTheFileEndsItsKeysAtOnce() throws Exception {
    laboratory.configuration.hosts(List.of("a"));
    laboratory.configuration.rewriteHomeAgent();
    final long spi = Grants.agreed(b, agent);
    agent.ask("reload");

    assertRevoked(spi, "withdrawn");
    Grants.logged(b, "keys not granted", "401");
    Grants.logged(agent, "refusal", "CN=b", Topology.HOME_ADDRESS);

    laboratory.configuration.hosts(List.of("a", "b"));
    laboratory.configuration.rewriteHomeAgent();
    agent.ask("reload");
    canary.heard("after the host was put in again", 20);
    ClearTraffic.assertNone(wire, capture);
  }

  /** The reload has been answered: nothing is to be waited for. */
  private void assertRevoked(long spi, String reason) throws Exception {
    assertEquals(0, Grants.bound(agent));
    assertTrue(!Grants.spis(agent).contains(spi), "the keys have ended");
    String hex = String.format("spi=0x%08x", spi);
    Grants.logged(agent, "revocation", "host=b", "node=vm1", hex, "reason=" + reason);
    final long up = canary.heardByCorrespondent();
    final long down = canary.heardByGuest();
    canary.sing(200);
    assertTrue(
        canary.heardByCorrespondent() - up < 20 && canary.heardByGuest() - down < 20,
        "the guest is cut off both ways");
    assertEquals(0, Grants.bound(agent));
  }
}
