package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.qemu.GuestImage;
import org.kagemusha.daemon.qemu.GuestKernel;
import org.kagemusha.daemon.qemu.Qemu;

/**
 * Two libvirtd, our hook in both, and the VM's settings in its metadata alone: virsh moves the VM
 * there and back, gives a move up, and finds it again after libvirtd's restart. No daemon is
 * started or told anything but by the hook.
 */
@Tag("netns")
@Timeout(500)
class LibvirtMigrationTest {

  @TempDir Path directory;

  private Laboratory laboratory;
  private DaemonProcess agent;
  private LibvirtHost a;
  private LibvirtHost b;
  private VmSessions sessions;

  @BeforeEach
  void needsLibvirt() throws IOException {
    assumeTrue(System.getProperty("os.arch").equals("amd64"));
    assumeTrue(Files.isExecutable(Qemu.PROGRAM));
    assumeTrue(Files.isExecutable(Path.of("/usr/sbin/libvirtd")));
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/virsh")));
    assumeTrue(GuestKernel.find().isPresent());
  }

  @Test
  void virshMigratesThereAndBackAndGivesUpAndLibvirtdRestarts() throws Exception {
    try (Laboratory own =
        new Laboratory(directory, DemoProtection.required, "off", VirtualMachine.DESCRIBED)) {
      laboratory = own;
      a = own.keep(new LibvirtHost(own, "a", own.topology.hypervisorA(), "2001:db8:2000::a"));
      b = own.keep(new LibvirtHost(own, "b", own.topology.hypervisorB(), "2001:db8:3000::3"));
      agent = own.homeAgent();
      a.startLibvirtd();
      b.startLibvirtd();
      a.create(domain());
      VmSessions.awaitService(own.topology, VirtualMachine.DESCRIBED.homeAddress());
      awaitState(a, "home");
      try (VmSessions begun =
          VmSessions.begin(
              own.topology, VirtualMachine.DESCRIBED.homeAddress(), Sessions.UDP_INTERVAL_NS,
              false)) {
        sessions = begun;
        movesAbroad();
        staysWhenTheMoveIsGivenUp();
        staysWhenLibvirtdRestarts();
        movesHome();
        sessions.finish();
        assertNull(sessions.failure());
        assertEquals(0, sessions.ledgers().udpFromGuest().duplicated());
        assertEquals(0, sessions.ledgers().udpToGuest().duplicated());
      } catch (Exception | AssertionError e) {
        System.out.println(a.logs() + b.logs());
        throw e;
      }
    }
  }

  private Path domain() throws IOException {
    GuestImage image = GuestImage.build(GuestKernel.need(), directory);
    return Files.writeString(
        directory.resolve("vm1.xml"),
        Files.readString(LibvirtHost.resource("machine.xml"))
            .replace("@HOME@", VirtualMachine.DESCRIBED.homeAddress())
            .replace("@MAC@", VirtualMachine.DESCRIBED.mac())
            .replace("@AGENT@", Topology.HOME_AGENT)
            .replace("@KERNEL@", image.kernel().toString())
            .replace("@FILES@", image.files().toString()));
  }

  private void movesAbroad() throws Exception {
    assertEquals("", b.state());
    assertEquals(0, a.end(a.migrate(b)));
    awaitState(b, "registered");
    assertBoundAbroad();
    // Its source has let go: the daemon there is stopped.
    awaitState(a, "");
    awaitProgress();
  }

  private void staysWhenTheMoveIsGivenUp() throws Exception {
    // MiB a second: it would take a minute.
    final Process migration = b.migrate(a, "--bandwidth", "1");
    Laboratory.eventually("the destination is ready", () -> !a.state().isEmpty());
    Laboratory.eventually(
        "the migration runs", () -> b.virsh("domjobinfo", "vm1").contains("Unbounded"));
    assertTrue(List.of("waiting", "fenced").contains(a.state()), a.state());
    b.virsh("domjobabort", "vm1");
    assertNotEquals(0, b.end(migration));
    awaitState(a, "");
    assertEquals("running", b.virsh("domstate", "vm1").strip());
    assertEquals("registered", b.state());
    assertBoundAbroad();
    awaitProgress();
  }

  private void staysWhenLibvirtdRestarts() throws Exception {
    final String before = handover(b);
    final int calls = b.calls().size();
    b.stopLibvirtd();
    awaitProgress();
    b.startLibvirtd();
    Laboratory.eventually("the hook is called", () -> b.calls().size() > calls);
    assertEquals(List.of("start vm1"), b.calls().subList(calls, b.calls().size()));
    assertEquals("registered", b.state());
    assertEquals(before, handover(b));
    assertBoundAbroad();
    awaitProgress();
  }

  private void movesHome() throws Exception {
    assertEquals(0, b.end(b.migrate(a)));
    awaitState(a, "home");
    Laboratory.eventually("no binding", () -> careOf().isEmpty());
    awaitState(b, "");
    awaitProgress();
  }

  private void assertBoundAbroad() throws IOException {
    assertEquals(List.of(Laboratory.text(b.ask("status json"), "care_of")), careOf());
  }

  private List<String> careOf() throws IOException {
    return Laboratory.careOf(agent, VirtualMachine.DESCRIBED.homeAddress());
  }

  /** When the VM came to a host, and how often. */
  private static String handover(LibvirtHost host) throws IOException {
    return Laboratory.object(host.ask("status json")).getAsJsonObject("handover").toString();
  }

  private static void awaitState(LibvirtHost host, String state) throws Exception {
    Laboratory.eventually("state \"" + state + "\"", () -> host.state().equals(state));
  }

  private void awaitProgress() throws Exception {
    VirtualMachineTest.awaitProgress(sessions);
  }
}
