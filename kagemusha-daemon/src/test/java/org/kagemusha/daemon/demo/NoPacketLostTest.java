package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The guest moves between two foreign hosts and back while a thousand packets a second come for it:
 * from the word that it is paused on, none is lost and none comes twice.
 */
@Tag("netns")
class NoPacketLostTest {

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(
      value = DemoProtection.class,
      names = {"required", "disabled"})
  void everyPacketComesOnceWhereverTheGuestIs(DemoProtection protection) throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, protection, "off")) {
      for (String daemon : List.of("b", "c")) {
        // The namespace runs on while the VM is said to be paused: its frames must not count.
        laboratory.configuration.set(daemon, "binding", "arrival", "\"hook\"");
      }
      Topology topology = laboratory.topology;
      ThirdHypervisor third = laboratory.keep(ThirdHypervisor.build(topology));
      Wire wire =
          laboratory.keep(
              Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("foreign.pcap")));
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      DaemonProcess c =
          laboratory.keep(laboratory.configuration.startDaemon("c", third.namespace(), "eth0"));
      c.await("ready", status -> !Laboratory.text(status, "care_of").isEmpty());
      laboratory.guestToB();
      b.ask("prepare");
      b.ask("arrived");
      Laboratory.awaitState(b, "registered");
      Laboratory.eventually(
          "the correspondent reaches the guest",
          () -> laboratory.ping(
                  topology.correspondent(), "-c", "1", "-W", "1", Topology.HOME_ADDRESS)
              .contains(" 1 received"));
      try (NumberedStream stream = new NumberedStream(topology)) {
        move(
            stream, topology.hypervisorB(), third.namespace(), b, c, topology,
            from -> from.ask("left"));
        assertTrue(Laboratory.count(b, "counters", "handover_packets_forwarded") > 0);
        assertTrue(Laboratory.count(c, "counters", "handover_packets_received") > 0);
        // A hook that stops the daemon as soon as the VM has left loses nothing either.
        move(
            stream, third.namespace(), topology.hypervisorB(), c, b, topology,
            DaemonProcess::terminate);
        stream.stop();
        stream.settle();
        assertWhole(stream, b);
      }
      assertFalse(Laboratory.careOf(agent, Topology.HOME_ADDRESS).isEmpty());
      // Whoever knows RFC 5568 knows the two messages; their checksums are right.
      assertFalse(wire.packets("mip6.mhtype == 14").isEmpty());
      assertFalse(wire.packets("mip6.mhtype == 15").isEmpty());
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      if (protection == DemoProtection.required) {
        assertEquals(List.of(), wire.packets("ipv6.nxt == 41 && !esp"));
      }
    }
  }

  @Test
  void guestThatLeavesItsHomeLinkAndReturnsGetsWhatCameWhileItWasPaused() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      for (String daemon : List.of("a", "b")) {
        laboratory.configuration.set(daemon, "binding", "arrival", "\"hook\"");
      }
      Topology topology = laboratory.topology;
      laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess a = laboratory.daemonA();
      DaemonProcess b = laboratory.daemonB();
      a.ask("arrived");
      Laboratory.awaitState(a, "home");
      Laboratory.eventually(
          "the correspondent reaches the guest",
          () -> laboratory.ping(
                  topology.correspondent(), "-c", "1", "-W", "1", Topology.HOME_ADDRESS)
              .contains(" 1 received"));
      b.ask("prepare");
      try (NumberedStream stream = new NumberedStream(topology)) {
        passes(stream, 200);
        // A VMM stops its guest at one moment: nothing comes between this and the word of it.
        stream.hold();
        topology.moveGuest(topology.hypervisorA(), topology.hypervisorB());
        a.ask("paused");
        Laboratory.eventually(
            "copies are made",
            () -> Laboratory.object(a.ask("status json")).getAsJsonObject("forwarding")
                .get("state").getAsString().equals("keeping"));
        stream.resume();
        passes(stream, 200);
        a.ask("left");
        passes(stream, 50);
        b.ask("arrived");
        Laboratory.awaitState(b, "registered");
        passes(stream, 200);
        a.ask("prepare");
        b.ask("paused");
        topology.moveGuest(topology.hypervisorB(), topology.hypervisorA());
        passes(stream, 200);
        b.ask("left");
        a.ask("arrived");
        Laboratory.awaitState(a, "home");
        passes(stream, 200);
        stream.stop();
        stream.settle();
        assertWhole(stream, a, b);
      }
      assertTrue(Laboratory.count(a, "counters", "handover_packets_forwarded") >= 200);
      assertTrue(Laboratory.count(b, "counters", "handover_packets_forwarded") >= 200);
    }
  }

  /** What the host that the guest leaves is told. */
  private interface Departure {
    void of(DaemonProcess daemon) throws Exception;
  }

  private static void move(
      NumberedStream stream,
      String fromHost,
      String toHost,
      DaemonProcess from,
      DaemonProcess to,
      Topology topology,
      Departure departure)
      throws Exception {
    passes(stream, 300);
    assertTrue(
        List.of("ready", "fetching")
            .contains(
                Laboratory.object(from.ask("status json")).getAsJsonObject("forwarding")
                    .get("state").getAsString()));
    to.ask("prepare");
    from.ask("paused");
    topology.moveGuest(fromHost, toHost);
    passes(stream, 200);
    departure.of(from);
    passes(stream, 50);
    to.ask("arrived");
    Laboratory.awaitState(to, "registered");
    int until = stream.sent();
    Laboratory.eventually("packets come", () -> stream.received().contains(until));
  }

  /** Waits until so many more were sent. */
  private static void passes(NumberedStream stream, int packets) throws Exception {
    int until = stream.sent() + packets;
    Laboratory.eventually("packets are sent", () -> stream.sent() >= until);
  }

  private static void assertWhole(NumberedStream stream, DaemonProcess... daemons)
      throws Exception {
    List<Integer> missing = new ArrayList<>();
    List<Integer> twice = new ArrayList<>();
    Set<Integer> seen = new HashSet<>();
    for (int number : stream.received()) {
      if (!seen.add(number)) {
        twice.add(number);
      }
    }
    for (int number = 0; number < stream.sent(); number++) {
      if (!seen.contains(number)) {
        missing.add(number);
      }
    }
    StringBuilder counters = new StringBuilder();
    for (DaemonProcess daemon : daemons) {
      counters.append(daemon.ask("status json")).append('\n');
    }
    assertEquals(List.of(), missing, "lost; " + counters);
    assertEquals(List.of(), twice, "twice");
  }
}
