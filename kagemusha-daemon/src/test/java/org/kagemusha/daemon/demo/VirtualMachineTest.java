package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kagemusha.daemon.qemu.GuestKernel;
import org.kagemusha.daemon.qemu.Monitor;
import org.kagemusha.daemon.qemu.Qemu;

/**
 * A real virtual machine is migrated live, there and back, while its correspondent holds sessions
 * with it. No verb tells the daemons anything: they see QEMU's monitor, and the guest's frames.
 */
@Tag("netns")
@Timeout(400)
class VirtualMachineTest {

  @TempDir Path directory;

  private final MigrationFigures figures = new MigrationFigures();
  private Laboratory laboratory;
  private VirtualMachine vm;
  private DaemonProcess agent;
  private DaemonProcess a;
  private DaemonProcess b;

  @BeforeEach
  void needsQemu() throws IOException {
    assumeTrue(System.getProperty("os.arch").equals("amd64"));
    assumeTrue(Files.isExecutable(Qemu.PROGRAM));
    assumeTrue(GuestKernel.find().isPresent());
  }

  @Test
  void sessionsSurviveMigrationsThereAndBackAndAFailedOne() throws Exception {
    vm = new VirtualMachine(directory, 0, done -> {});
    try (Laboratory own =
        new Laboratory(directory, DemoProtection.required, "off", VirtualMachine.DESCRIBED)) {
      laboratory = own;
      vm.configure(laboratory.configuration);
      laboratory.keep(vm);
      vm.boot(laboratory.topology);
      agent = laboratory.homeAgent();
      a = laboratory.daemonA();
      b = laboratory.daemonB();
      VmSessions.awaitService(laboratory.topology, VirtualMachine.DESCRIBED.homeAddress());
      Laboratory.awaitState(a, "home");
      final StreamWatch watch = laboratory.keep(new StreamWatch(laboratory));
      try (VmSessions sessions =
          VmSessions.begin(
              laboratory.topology, VirtualMachine.DESCRIBED.homeAddress(),
              Sessions.UDP_INTERVAL_NS, false)) {
        awaitProgress(sessions);
        movesAbroad(sessions);
        staysAbroadWhenTheDestinationFails(sessions);
        movesHome(sessions);
        sessions.finish();
        figures.print(System.out, sessions, watch.frames());
        assertNull(sessions.failure());
        assertEquals(0, sessions.ledgers().udpFromGuest().duplicated());
        assertEquals(0, sessions.ledgers().udpToGuest().duplicated());
      }
    }
  }

  private void movesAbroad(VmSessions sessions) throws Exception {
    final MovableGuest.Moved moved = vm.move();
    Laboratory.awaitState(b, "registered");
    assertEquals(
        List.of(Laboratory.text(b.ask("status json"), "care_of")),
        Laboratory.careOf(agent, VirtualMachine.DESCRIBED.homeAddress()));
    assertEquals("running", Laboratory.text(b.ask("status json"), "vmm"));
    assertTrue(
        List.of("qmp", "announcement", "first-frame").contains(trigger(b)), trigger(b));
    Laboratory.awaitState(a, "fenced");
    awaitProgress(sessions);
    figures.add("B", moved, handover(b));
  }

  /** The VM goes on where it was; the daemon of the destination has never seen it. */
  private void staysAbroadWhenTheDestinationFails(VmSessions sessions) throws Exception {
    final String careOf = Laboratory.text(b.ask("status json"), "care_of");
    final int arrivals = moves(a);
    final Qemu destination = vm.incoming();
    Laboratory.eventually(
        "incoming", () -> Laboratory.text(a.ask("status json"), "vmm").equals("incoming"));
    final Monitor source = vm.qemu().monitor();
    final int heard = source.count();
    source.capability("pause-before-switchover", true);
    vm.migrate(destination);
    source.await(heard, "STOP");
    Laboratory.awaitState(b, "paused");
    destination.kill();
    source.ask("migrate-continue", "{\"state\": \"pre-switchover\"}");
    vm.awaitStatus(source, "failed");
    source.await(heard, "RESUME");
    vm.abandon(destination);
    source.capability("pause-before-switchover", false);
    awaitProgress(sessions);
    Laboratory.awaitState(b, "registered");
    assertEquals(
        List.of(careOf), Laboratory.careOf(agent, VirtualMachine.DESCRIBED.homeAddress()));
    assertEquals(arrivals, moves(a));
    assertNotEquals("home", Laboratory.state(a));
  }

  private void movesHome(VmSessions sessions) throws Exception {
    final MovableGuest.Moved moved = vm.move();
    Laboratory.awaitState(a, "home");
    Laboratory.eventually(
        "no binding",
        () -> Laboratory.careOf(agent, VirtualMachine.DESCRIBED.homeAddress()).isEmpty());
    Laboratory.awaitState(b, "fenced");
    awaitProgress(sessions);
    figures.add("A", moved, handover(a));
  }

  /** Numbers and datagrams go on both ways. */
  static void awaitProgress(VmSessions sessions) throws Exception {
    final long up = sessions.tcpNumbersToCorrespondent();
    final long down = sessions.tcpNumbersToGuest();
    Laboratory.eventually(
        "TCP both ways",
        () -> {
          assertNull(sessions.failure());
          return sessions.tcpNumbersToCorrespondent() > up + 20
              && sessions.tcpNumbersToGuest() > down + 20;
        });
  }

  private static String trigger(DaemonProcess daemon) throws IOException {
    return handover(daemon).get("trigger").getAsString();
  }

  private static int moves(DaemonProcess daemon) throws IOException {
    return handover(daemon).get("moves").getAsInt();
  }

  private static JsonObject handover(DaemonProcess daemon) throws IOException {
    return Laboratory.object(daemon.ask("status json")).getAsJsonObject("handover");
  }
}
