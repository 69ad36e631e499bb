package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon leaves on its host: nothing at an orderly stop, silence after kill -9. */
@Tag("netns")
class OrderlyStopTest {

  @TempDir Path directory;

  @Test
  void leavesNothingBehindAndStartsAgainAfterAKill() throws Exception {
    try (Laboratory laboratory = new Laboratory(directory, DemoProtection.manual, "off")) {
      Topology topology = laboratory.topology;
      String hypervisor = topology.hypervisorB();
      final String before = everything(hypervisor);
      final String homeBefore = everything(topology.homeAgent());
      DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(b, "registered");
      final String careOf = Laboratory.careOf(agent, Topology.HOME_ADDRESS).get(0);

      DaemonProcess second =
          laboratory.keep(laboratory.configuration.startDaemon("b", hypervisor, "eth0"));
      IOException refused =
          assertThrows(IOException.class, () -> second.await("alone", status -> false));
      assertTrue(refused.getMessage().contains("b ended with status"), refused.getMessage());
      assertEquals("registered", Laboratory.state(b));
      String pings =
          laboratory.pingFromGuest("-c", "5", "-i", "0.05", "-W", "1", Topology.CORRESPONDENT);
      assertTrue(pings.contains(" 0% packet loss"), pings);

      Shell.run("kill", "-KILL", Long.toString(b.pid()));
      Laboratory.eventually(
          "the tap ends with its process",
          () -> !Laboratory.ip(hypervisor, "-br link").contains("kagemusha0"));
      String tables = tables(hypervisor);
      assertTrue(tables.contains("table ip6 kagemusha"), tables);
      DaemonProcess again = laboratory.daemonB();
      laboratory.pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT);
      Laboratory.awaitState(again, "registered");
      assertEquals(tables, tables(hypervisor));
      assertEquals(List.of(careOf), Laboratory.careOf(agent, Topology.HOME_ADDRESS));
      assertEquals(
          1,
          Laboratory.ip(hypervisor, "-6 -o addr show dev eth0").lines()
              .filter(l -> l.contains(careOf + "/"))
              .count());

      again.close();
      assertEquals(before, everything(hypervisor));
      assertFalse(Files.exists(laboratory.configuration.socket("b")));
      agent.close();
      assertEquals(homeBefore, everything(topology.homeAgent()));
      assertFalse(Files.exists(laboratory.configuration.socket("ha")));
    }
  }

  private static String tables(String namespace) throws IOException {
    return Laboratory.exec(namespace, "nft", "list", "tables");
  }

  /** Links, addresses, routes, rules, tables, sockets: not what the kernel changes by itself. */
  private static String everything(String namespace) throws IOException {
    return String.join(
        "\n",
        Laboratory.ip(namespace, "-br link").replaceAll("(?m)^(\\S+) +\\S+ +(\\S+).*", "$1 $2"),
        Laboratory.ip(namespace, "-6 -o addr show scope global").replaceAll(" +valid_lft.*", ""),
        Laboratory.ip(namespace, "-6 route show table all proto static"),
        Laboratory.ip(namespace, "-6 rule show"),
        Laboratory.ip(namespace, "-6 neigh show proxy"),
        tables(namespace),
        Laboratory.exec(namespace, "ss", "-Hnwtu0a"));
  }
}
