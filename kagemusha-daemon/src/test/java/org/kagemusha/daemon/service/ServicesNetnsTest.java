package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.kagemusha.daemon.service.HomeAndHost.in;
import static org.kagemusha.daemon.service.HomeAndHost.ip;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Both daemons as processes.
 *
 * <pre>
 *   home link 2001:db8:2000::/64                foreign network 2001:db8:3000::/64
 *   [ home: br-home ::1, home agent ]--------------[ host: eth0 ::b, br0, daemon ]
 *                                                            |
 *                                                         [ guest ::10 ]
 * </pre>
 */
@Tag("netns")
@Timeout(120)
class ServicesNetnsTest {

  private static final String INSECURE = "signalling = \"none\"\ninsecure = true\n";

  @TempDir Path directory;
  private HomeAndHost net;

  @BeforeEach
  void build() throws Exception {
    net = new HomeAndHost("kt", directory);
    net.build();
    ip(net.host, "link add br0 address 02:00:00:00:bb:01 type bridge mcast_snooping 0");
    ip(net.host, "link set br0 up");
    ip(net.host, "link add port0 type veth peer name eth0 netns " + net.guest);
    ip(net.host, "link set port0 master br0 up");
    net.guestIsUp();
  }

  @AfterEach
  void remove() throws Exception {
    net.remove();
  }

  private String homeAgent(String associations) throws Exception {
    return net.write(
        "ha",
        """
        [home-agent]
        address = "2001:db8:2000::1"
        prefix = "2001:db8:2000::/64"
        dad = "off"
        [tap]
        bridge = "br-home"
        """
            + (associations.isEmpty() ? "[protection]\n" + INSECURE : "")
            + "[[mobile-node]]\nname = \"vm1\"\nhome-address = \"2001:db8:2000::10\"\n"
            + (associations.isEmpty() ? "" : "payload = \"required\"\n")
            + associations.replace("[[association]]", "[[mobile-node.association]]"));
  }

  private String vm(String lifetime, String associations) throws Exception {
    return net.write(
        "vm1",
        """
        [vm]
        mac = "52:54:00:12:34:10"
        home-address = "2001:db8:2000::10"
        [home]
        prefix = "2001:db8:2000::/64"
        agent = "2001:db8:2000::1"
        router = "fe80::ff:fe00:2001"
        router-mac = "02:00:00:00:20:01"
        [tap]
        bridge = "br0"
        [binding]
        location = "foreign"
        """
            + "lifetime = \"" + lifetime + "\"\n[protection]\n"
            + (associations.isEmpty() ? INSECURE : "payload = \"required\"\n")
            + associations);
  }

  /** Two pairs; the other end has the directions exchanged. */
  private static String associations(boolean mobileNode) {
    StringBuilder text = new StringBuilder();
    int spi = 1000;
    for (String purpose : new String[] {"signalling", "payload"}) {
      text.append("[[association]]\npurpose = \"").append(purpose).append("\"\n");
      String[] ways = mobileNode ? new String[] {"out", "in"} : new String[] {"in", "out"};
      int digit = 1;
      for (String way : ways) {
        text.append("spi-").append(way).append(" = ").append(spi++).append('\n');
        text.append("encryption-key-").append(way).append(" = \"")
            .append(Integer.toString(digit++).repeat(32)).append("\"\n");
        text.append("integrity-key-").append(way).append(" = \"")
            .append(Integer.toString(digit++).repeat(64)).append("\"\n");
      }
    }
    return text.toString();
  }

  @Test
  void aGuestAbroadReachesItsHomeUnderEsp() throws Exception {
    try (Daemon agent = new Daemon(net.home, "home-agent", homeAgent(associations(false)));
        Daemon vm = new Daemon(net.host, "run", vm("10m", associations(true)))) {
      agent.await("ready name=ha");
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      assertEquals(List.of(), tunnelSockets());
      assertFalse(takesTunnels());
      net.ask("vm1", "prepare");
      assertTrue(takesTunnels());
      assertEquals(List.of("0029", "0032"), tunnelSockets());
      net.ask("vm1", "arrived");
      vm.await("registered vm=vm1");
      net.ping();
      JsonObject mobileNode = net.status("vm1");
      assertEquals("registered", mobileNode.get("state").getAsString());
      assertTrue(
          mobileNode.getAsJsonObject("handover").get("arrival_to_first_downlink_ms").getAsDouble()
              > 0);
      assertTrue(
          mobileNode.getAsJsonObject("counters").get("tunnel_packets_received").getAsInt() >= 3);
      JsonObject binding = net.status("ha").getAsJsonArray("bindings").get(0).getAsJsonObject();
      assertTrue(binding.get("payload_protected").getAsBoolean());
      ip(net.home, "address delete 2001:db8:2000::1/64 dev br-home");
      agent.await("home agent's address is gone");
      ip(net.home, "address add 2001:db8:2000::1/64 dev br-home nodad");
      agent.await("home agent's address is back");
      String neighbours = net.ask("ha", "show neighbours");
      assertTrue(neighbours.contains("2001:db8:2000::1 "), neighbours);
      assertTrue(neighbours.contains("02:00:00:00:20:01"), neighbours);
      assertTrue(net.ask("ha", "show neighbours json").contains("\"state\": \"reachable\""));
      assertTrue(net.ask("vm1", "show sa").contains("payload"));
      assertFalse(net.ask("vm1", "show sa").contains("1111"));
      vm.signal("TERM");
      agent.signal("TERM");
      assertEquals(0, vm.end(), vm.text());
      assertEquals(0, agent.end(), agent.text());
    }
    assertEquals("", in(net.host, "nft list ruleset").strip());
    assertEquals("", in(net.home, "nft list ruleset").strip());
    assertFalse(ip(net.host, "-6 address show dev eth0").contains("/128"));
    assertFalse(ip(net.host, "link show").contains("km-vm1"));
    assertFalse(Files.exists(directory.resolve("vm1.sock")));
  }

  private boolean takesTunnels() throws Exception {
    return net.status("vm1").getAsJsonObject("data_path").get("tunnels").getAsBoolean();
  }

  /** The protocols of the host's raw sockets for tunnels, IPv6 in IPv6 (29) and ESP (32). */
  private List<String> tunnelSockets() throws Exception {
    return in(net.host, "cat /proc/net/raw6").lines()
        .flatMap(line -> Pattern.compile(":(0029|0032) ").matcher(line).results())
        .map(found -> found.group(1))
        .sorted()
        .toList();
  }

  @Test
  void aKillLeavesTheRulesAndTheNextStartGoesOn() throws Exception {
    try (Daemon agent = new Daemon(net.home, "home-agent", homeAgent(""))) {
      agent.await("ready name=ha");
      String config = vm("10m", "");
      try (Daemon first = new Daemon(net.host, "run", config)) {
        first.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
        try (Daemon second = new Daemon(net.host, "run", config)) {
          assertEquals(1, second.end());
          assertTrue(second.text().contains("another daemon already serves"), second.text());
        }
        net.ask("vm1", "arrived");
        first.await("registered vm=vm1");
        first.signal("KILL");
        first.end();
      }
      assertTrue(in(net.host, "nft list ruleset").contains("of-vm1"));
      try (Daemon again = new Daemon(net.host, "run", config)) {
        again.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
        again.signal("USR1");
        again.await("registered vm=vm1");
        net.ping();
        again.signal("WINCH");
        again.await("guest left");
        assertEquals("fenced", net.status("vm1").get("state").getAsString());
      }
      assertEquals("", in(net.host, "nft list ruleset").strip());
    }
  }

  @Test
  void aReloadKeepsTheBindingAndAMistakeChangesNothing() throws Exception {
    try (Daemon agent = new Daemon(net.home, "home-agent", homeAgent(""));
        Daemon vm = new Daemon(net.host, "run", vm("10m", ""))) {
      agent.await("ready name=ha");
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      net.ask("vm1", "arrived");
      vm.await("registered vm=vm1");
      vm("10m", "[nonsense]\n");
      Process refused =
          new ProcessBuilder(net.control("vm1", "reload")).redirectErrorStream(true).start();
      String reason = new String(refused.getInputStream().readAllBytes());
      assertEquals(1, refused.waitFor());
      assertTrue(reason.contains("nothing was changed"), reason);
      assertTrue(reason.contains("[nonsense]") || reason.contains("nonsense: unknown key"), reason);
      vm("1m", "");
      vm.signal("HUP");
      vm.await("reloaded name=vm1");
      vm.await("bu sent .*lifetime=60s");
      net.ping();
      assertEquals("registered", net.status("vm1").get("state").getAsString());
      assertTrue(Files.size(capture()) > 300);
    }
  }

  private Path capture() throws Exception {
    Path file = directory.resolve("both.pcapng");
    Process capture =
        new ProcessBuilder(net.control("vm1", "capture 1"))
            .redirectOutput(file.toFile())
            .start();
    net.ping();
    assertEquals(0, capture.waitFor());
    return file;
  }
}
