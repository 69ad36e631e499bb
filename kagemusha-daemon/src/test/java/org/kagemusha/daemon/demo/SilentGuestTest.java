package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest that came home while no daemon listened, and that says nothing by itself: its kernel only
 * answers.
 */
@Tag("netns")
class SilentGuestTest {

  private static final String SOLICITATION =
      "icmpv6.type == 135 && icmpv6.nd.ns.target_address == " + Topology.HOME_ADDRESS;
  private static final String OF_GUEST = "eth.src == " + Topology.GUEST_MAC;

  @TempDir Path directory;

  @Test
  void rfc6275_s11_5_5_isAskedForAndItsBindingEnds() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off")) {
      final DaemonProcess agent = laboratory.homeAgent();
      final Wire wire = comeHomeUnheard(laboratory);
      assertEquals(1, Laboratory.careOf(agent, Topology.HOME_ADDRESS).size());

      Laboratory.awaitState(laboratory.daemonA(), "home");
      Laboratory.eventually(
          "the binding has ended",
          () -> Laboratory.careOf(agent, Topology.HOME_ADDRESS).isEmpty());

      assertTrue(
          laboratory
              .ping(laboratory.topology.correspondent(), "-c", "5", "-i", "0.05", "-W", "1",
                  Topology.HOME_ADDRESS)
              .contains(" 0% packet loss"));
      List<String> lines =
          wire.fields(
              SOLICITATION + " || " + OF_GUEST, "eth.src", "icmpv6.type", "icmpv6.nd.na.flag.s");
      assertTrue(lines.get(0).contains("\t135"), "the question first: " + lines);
      assertTrue(!lines.get(0).startsWith(Topology.GUEST_MAC), "of another: " + lines);
      assertTrue(
          lines.get(1).matches(Topology.GUEST_MAC + "\t136\t(1|True)"),
          "then the answer: " + lines);
      assertEquals(List.of(), wire.packets(Wire.FAULTY));
    }
  }

  @Test
  void isNotAskedForWhereItsVmIsExpected() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off")) {
      laboratory.homeAgent();
      final Wire wire = comeHomeUnheard(laboratory);

      DaemonProcess a = laboratory.daemonA();
      a.ask("prepare");
      long from = System.nanoTime();
      Laboratory.eventually(
          "more time than the question takes",
          () -> System.nanoTime() - from > TimeUnit.SECONDS.toNanos(7));

      assertEquals("waiting", Laboratory.state(a));
      assertEquals(List.of(), wire.packets(SOLICITATION));
      a.ask("arrived");
      Laboratory.awaitState(a, "home");
    }
  }

  /**
   * Moves the guest to B and back. B's daemon knows that it left; at A nobody listens.
   *
   * @return what is on the guest's wire at A
   */
  private Wire comeHomeUnheard(Laboratory laboratory) throws IOException, InterruptedException {
    Topology topology = laboratory.topology;
    laboratory.bootGuestAtHome();
    DaemonProcess b = laboratory.daemonB();
    laboratory.guestToB();
    b.ask("arrived");
    Laboratory.awaitState(b, "registered");
    b.ask("left");
    Laboratory.exec(
        topology.guest(), "nft",
        "add table ip6 mute; add chain ip6 mute output"
            + " { type filter hook output priority 0; policy drop; };"
            + " add rule ip6 mute output icmpv6 type { nd-neighbor-advert, echo-reply } accept");
    Wire wire =
        laboratory.keep(
            Wire.tap(topology.hypervisorA(), "vnet0", directory.resolve("silent.pcap")));
    laboratory.guestToA();
    return wire;
  }
}
