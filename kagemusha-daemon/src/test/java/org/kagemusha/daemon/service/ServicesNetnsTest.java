package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

  private static final String SUFFIX = "-kt" + ProcessHandle.current().pid();
  private static final String HOME = "home" + SUFFIX;
  private static final String HOST = "host" + SUFFIX;
  private static final String GUEST = "guest" + SUFFIX;
  private static final String INSECURE = "signalling = \"none\"\ninsecure = true\n";

  @TempDir Path directory;

  @BeforeEach
  void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"));
    for (String namespace : new String[] {HOME, HOST, GUEST}) {
      Daemon.run("ip", "netns", "add", namespace);
      ip(namespace, "link set lo up");
      // Addresses are usable at once, so that nothing has to be waited for.
      in(namespace, "sysctl -qw net.ipv6.conf.all.accept_dad=0"
          + " net.ipv6.conf.default.accept_dad=0");
    }
    in(HOME, "sysctl -qw net.ipv6.conf.all.forwarding=1");
    ip(HOME, "link add br-home address 02:00:00:00:20:01 type bridge mcast_snooping 0");
    ip(HOME, "link set br-home up");
    ip(HOME, "address add 2001:db8:2000::1/64 dev br-home nodad");
    ip(HOME, "link add up0 type veth peer name eth0 netns " + HOST);
    ip(HOME, "address add 2001:db8:3000::1/64 dev up0 nodad");
    ip(HOME, "link set up0 up");
    ip(HOST, "link set eth0 up");
    ip(HOST, "address add 2001:db8:3000::b/64 dev eth0 nodad");
    ip(HOST, "route add default via 2001:db8:3000::1");
    ip(HOST, "link add br0 address 02:00:00:00:bb:01 type bridge mcast_snooping 0");
    ip(HOST, "link set br0 up");
    ip(HOST, "link add port0 type veth peer name eth0 netns " + GUEST);
    ip(HOST, "link set port0 master br0 up");
    ip(GUEST, "link set eth0 address 52:54:00:12:34:10 up");
    ip(GUEST, "address add 2001:db8:2000::10/64 dev eth0 nodad");
  }

  @AfterEach
  void remove() throws Exception {
    for (String namespace : new String[] {HOME, HOST, GUEST}) {
      new ProcessBuilder("ip", "netns", "delete", namespace).start().waitFor();
    }
  }

  private static String ip(String namespace, String arguments) throws Exception {
    return Daemon.run(("ip -n " + namespace + " " + arguments).split(" "));
  }

  private static String in(String namespace, String command) throws Exception {
    return Daemon.run(("ip netns exec " + namespace + " " + command).split(" "));
  }

  private String write(String name, String text) throws Exception {
    Path file = directory.resolve(name + ".toml");
    Files.writeString(
        file,
        text + "[control]\nsocket = \"" + directory + "/" + name + ".sock\"\n[state]\n"
            + "directory = \"" + directory + "/state-" + name + "\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  private String homeAgent(String associations) throws Exception {
    return write(
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
    return write(
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

  private String ctl(String name, String request) throws Exception {
    String client = Path.of("..", "etc", "kagemusha-ctl").toAbsolutePath().toString();
    return Daemon.run(("sh " + client + " -s " + directory + "/" + name + ".sock " + request)
        .split(" "));
  }

  private JsonObject status(String name) throws Exception {
    return JsonParser.parseString(ctl(name, "status json")).getAsJsonObject();
  }

  private static void ping() throws Exception {
    // From the home address: the guest has made itself another by autoconfiguration.
    in(GUEST, "ping -c 3 -i 0.2 -W 5 -I 2001:db8:2000::10 2001:db8:2000::1");
  }

  @Test
  void aGuestAbroadReachesItsHomeUnderEsp() throws Exception {
    try (Daemon agent = new Daemon(HOME, "home-agent", homeAgent(associations(false)));
        Daemon vm = new Daemon(HOST, "run", vm("10m", associations(true)))) {
      agent.await("ready name=ha");
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      ctl("vm1", "arrived");
      vm.await("registered vm=vm1");
      ping();
      JsonObject mobileNode = status("vm1");
      assertEquals("registered", mobileNode.get("state").getAsString());
      assertTrue(
          mobileNode.getAsJsonObject("handover").get("arrival_to_first_downlink_ms").getAsDouble()
              > 0);
      assertTrue(
          mobileNode.getAsJsonObject("counters").get("tunnel_packets_received").getAsInt() >= 3);
      JsonObject binding = status("ha").getAsJsonArray("bindings").get(0).getAsJsonObject();
      assertTrue(binding.get("payload_protected").getAsBoolean());
      ip(HOME, "address delete 2001:db8:2000::1/64 dev br-home");
      agent.await("home agent's address is gone");
      ip(HOME, "address add 2001:db8:2000::1/64 dev br-home nodad");
      agent.await("home agent's address is back");
      String neighbours = ctl("ha", "show neighbours");
      assertTrue(neighbours.contains("2001:db8:2000::1 "), neighbours);
      assertTrue(neighbours.contains("02:00:00:00:20:01"), neighbours);
      assertTrue(ctl("ha", "show neighbours json").contains("\"state\": \"reachable\""));
      assertTrue(ctl("vm1", "show sa").contains("payload"));
      assertFalse(ctl("vm1", "show sa").contains("1111"));
      vm.signal("TERM");
      agent.signal("TERM");
      assertEquals(0, vm.end(), vm.text());
      assertEquals(0, agent.end(), agent.text());
    }
    assertEquals("", in(HOST, "nft list ruleset").strip());
    assertEquals("", in(HOME, "nft list ruleset").strip());
    assertFalse(ip(HOST, "-6 address show dev eth0").contains("/128"));
    assertFalse(ip(HOST, "link show").contains("km-vm1"));
    assertFalse(Files.exists(directory.resolve("vm1.sock")));
  }

  @Test
  void aKillLeavesTheRulesAndTheNextStartGoesOn() throws Exception {
    try (Daemon agent = new Daemon(HOME, "home-agent", homeAgent(""))) {
      agent.await("ready name=ha");
      String config = vm("10m", "");
      try (Daemon first = new Daemon(HOST, "run", config)) {
        first.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
        try (Daemon second = new Daemon(HOST, "run", config)) {
          assertEquals(1, second.end());
          assertTrue(second.text().contains("another daemon already serves"), second.text());
        }
        ctl("vm1", "arrived");
        first.await("registered vm=vm1");
        first.signal("KILL");
        first.end();
      }
      assertTrue(in(HOST, "nft list ruleset").contains("kagemusha_vm1"));
      try (Daemon again = new Daemon(HOST, "run", config)) {
        again.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
        again.signal("USR1");
        again.await("registered vm=vm1");
        ping();
        again.signal("WINCH");
        again.await("guest left");
        assertEquals("fenced", status("vm1").get("state").getAsString());
      }
      assertEquals("", in(HOST, "nft list ruleset").strip());
    }
  }

  @Test
  void aReloadKeepsTheBindingAndAMistakeChangesNothing() throws Exception {
    try (Daemon agent = new Daemon(HOME, "home-agent", homeAgent(""));
        Daemon vm = new Daemon(HOST, "run", vm("10m", ""))) {
      agent.await("ready name=ha");
      vm.await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
      ctl("vm1", "arrived");
      vm.await("registered vm=vm1");
      vm("10m", "[nonsense]\n");
      Process refused =
          new ProcessBuilder(
                  "sh", Path.of("..", "etc", "kagemusha-ctl").toAbsolutePath().toString(), "-s",
                  directory + "/vm1.sock", "reload")
              .redirectErrorStream(true)
              .start();
      String reason = new String(refused.getInputStream().readAllBytes());
      assertEquals(1, refused.waitFor());
      assertTrue(reason.contains("nothing was changed"), reason);
      assertTrue(reason.contains("[nonsense]") || reason.contains("nonsense: unknown key"), reason);
      vm("1m", "");
      vm.signal("HUP");
      vm.await("reloaded name=vm1");
      vm.await("bu sent .*lifetime=60s");
      ping();
      assertEquals("registered", status("vm1").get("state").getAsString());
      assertTrue(Files.size(capture()) > 300);
    }
  }

  private Path capture() throws Exception {
    Path file = directory.resolve("both.pcapng");
    Process capture =
        new ProcessBuilder(
                "sh", Path.of("..", "etc", "kagemusha-ctl").toAbsolutePath().toString(), "-s",
                directory + "/vm1.sock", "capture", "1")
            .redirectOutput(file.toFile())
            .start();
    ping();
    assertEquals(0, capture.waitFor());
    return file;
  }
}
