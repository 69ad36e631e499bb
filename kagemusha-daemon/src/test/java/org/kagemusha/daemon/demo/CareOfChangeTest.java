package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The foreign network changes its addresses under a guest in the middle of its sessions. */
@Tag("netns")
class CareOfChangeTest {

  private static final String OTHER_HOST_ADDRESS = "2001:db8:3000::33";

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"signalling, none", "required, udp"})
  void rfc6275_s11_7_1_registersTheHostsNewAddressAtOnce(
      DemoProtection protection, String encapsulation) throws Exception {
    try (Laboratory laboratory = laboratory(protection, encapsulation)) {
      laboratory.configuration.set("b", "underlay", "care-of", "\"host\"");
      String host = laboratory.topology.hypervisorB();
      changes(
          laboratory,
          "2001:db8:3000::3",
          OTHER_HOST_ADDRESS,
          () -> {
            Laboratory.ip(host, "addr add " + OTHER_HOST_ADDRESS + "/64 dev eth0 nodad");
            Laboratory.ip(host, "addr del 2001:db8:3000::3/64 dev eth0");
          });
    }
  }

  @ParameterizedTest
  @CsvSource({"manual, none", "required, udp"})
  void rfc6275_s11_7_1_registersAnAddressOfItsOwnWhenThePrefixIsRenumbered(
      DemoProtection protection, String encapsulation) throws Exception {
    try (Laboratory laboratory = laboratory(protection, encapsulation)) {
      Topology topology = laboratory.topology;
      String host = topology.hypervisorB();
      Laboratory.ip(topology.homeAgent(), "route add 2001:db8:3001::/64 via 2001:db8:ffff::2");
      changes(
          laboratory,
          "2001:db8:3000:",
          "2001:db8:3001:",
          () -> {
            Laboratory.ip(
                topology.foreignRouter(), "addr add 2001:db8:3001::1/64 dev foreign nodad");
            Laboratory.ip(host, "addr add 2001:db8:3001::3/64 dev eth0 nodad");
            Laboratory.ip(host, "route replace default via 2001:db8:3001::1");
            Laboratory.ip(host, "addr del 2001:db8:3000::3/64 dev eth0");
          });
    }
  }

  private Laboratory laboratory(DemoProtection protection, String encapsulation)
      throws IOException {
    Laboratory laboratory = new Laboratory(directory, protection, "off");
    laboratory.configuration.set("b", "tunnel", "encapsulation", "\"" + encapsulation + "\"");
    return laboratory;
  }

  private interface Change {
    void make() throws Exception;
  }

  private void changes(Laboratory laboratory, String before, String after, Change change)
      throws Exception {
    Topology topology = laboratory.topology;
    Wire wire =
        laboratory.keep(
            Wire.tap(topology.foreignRouter(), "foreign", directory.resolve("foreign.pcap")));
    DaemonProcess agent = laboratory.homeAgent();
    laboratory.bootGuestAtHome();
    DaemonProcess b = laboratory.daemonB();
    Sessions sessions = new Sessions(topology);
    try {
      laboratory.guestToB();
      Laboratory.awaitState(b, "registered");
      assertTrue(careOf(agent).startsWith(before), careOf(agent));

      change.make();

      // The lifetime is ten minutes: only a Binding Update of its own accord does this in time.
      Laboratory.eventually("the new address is registered", () -> careOf(agent).startsWith(after));
      Laboratory.awaitState(b, "registered");
      assertEquals(careOf(agent), Laboratory.text(b.ask("status json"), "care_of"));
      long up = sessions.tcpNumbersToCorrespondent();
      long down = sessions.tcpNumbersToGuest();
      Laboratory.eventually(
          "traffic goes on",
          () ->
              sessions.tcpNumbersToCorrespondent() > up + 50
                  && sessions.tcpNumbersToGuest() > down + 50);
      assertNull(sessions.failure());
      sessions.finish();
      String tunnelled = " && (ipv6.nxt == 41 || esp)";
      assertTrue(
          wire.packets("ipv6.src == " + careOf(agent) + tunnelled).size() > 10, "from the new");
      assertTrue(
          wire.packets("ipv6.dst == " + careOf(agent) + tunnelled).size() > 10, "to the new");
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets(Wire.UNWANTED_ERRORS));
    } finally {
      sessions.close();
    }
  }

  private static String careOf(DaemonProcess agent) throws IOException {
    List<String> all = Laboratory.careOf(agent, Topology.HOME_ADDRESS);
    return all.isEmpty() ? "" : all.get(0);
  }
}
