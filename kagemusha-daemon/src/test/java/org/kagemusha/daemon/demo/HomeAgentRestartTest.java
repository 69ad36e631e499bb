package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A home agent that was killed knows no bindings, and the next refresh is minutes away. */
@Tag("netns")
class HomeAgentRestartTest {

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(names = {"signalling", "manual", "required"})
  void rfc6275_s11_3_6_theMobileNodeRegistersAtOnceWithAHomeAgentThatForgotIt(
      DemoProtection protection) throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, protection, "off")) {
      Wire wire =
          laboratory.keep(
              Wire.tap(
                  laboratory.topology.foreignRouter(), "foreign",
                  directory.resolve("foreign.pcap")));
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      try (Sessions sessions = new Sessions(laboratory.topology)) {
        laboratory.guestToB();
        Laboratory.awaitState(b, "registered");

        Shell.run("kill", "-KILL", Long.toString(agent.pid()));
        DaemonProcess again = laboratory.homeAgent();

        Laboratory.eventually(
            "the binding is there again",
            () -> Laboratory.careOf(again, Topology.HOME_ADDRESS).size() == 1);
        long up = sessions.tcpNumbersToCorrespondent();
        long down = sessions.tcpNumbersToGuest();
        Laboratory.eventually(
            "the session goes on",
            () ->
                sessions.tcpNumbersToCorrespondent() > up + 50
                    && sessions.tcpNumbersToGuest() > down + 50);
        assertNull(sessions.failure());
        wire.stop();
      }
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
    }
  }

  @Test
  void rfc7296_s1_5_aHomeAgentThatForgotItsGuestsSaysSoInUdp() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.required, "off")) {
      laboratory.configuration.set("b", "tunnel", "encapsulation", "\"udp\"");
      Wire wire =
          laboratory.keep(
              Wire.tap(
                  laboratory.topology.foreignRouter(), "foreign",
                  directory.resolve("foreign.pcap")));
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      EncapsulationAutoTest.rule(laboratory, EncapsulationAutoTest.NO_NATIVE);
      try (Sessions sessions = new Sessions(laboratory.topology)) {
        laboratory.guestToB();
        Laboratory.awaitState(b, "registered");

        Shell.run("kill", "-KILL", Long.toString(agent.pid()));
        DaemonProcess again = laboratory.homeAgent();

        Laboratory.eventually(
            "the binding is there again",
            () -> Laboratory.careOf(again, Topology.HOME_ADDRESS).size() == 1);
        UdpEncapsulationTest.goesOn(sessions, System.nanoTime(), "B");
      }
      String notification = "isakmp.notify.msgtype == 11";
      assertFalse(wire.packets(notification).isEmpty());
      assertEquals(
          List.of(),
          wire.packets(
              notification + " && (isakmp.exchangetype != 37 || ipv6.src != "
                  + Topology.HOME_AGENT + ")"));
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
    }
  }
}
