package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
 * What happens to a host while a daemon runs: interfaces that come and go, and other settings. The
 * host has {@code eth0} with 2001:db8:3000::b and {@code br0}; nobody else is there.
 */
@Tag("netns")
@Timeout(120)
class TroubleNetnsTest {

  private static final String HOST = "trouble-kt" + ProcessHandle.current().pid();

  @TempDir Path directory;

  @BeforeEach
  void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"));
    Daemon.run("ip", "netns", "add", HOST);
    in("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    ip("link set lo up");
    ip("link add eth0 type veth peer name far0");
    ip("link set far0 up");
    ip("link set eth0 up");
    ip("address add 2001:db8:3000::b/64 dev eth0 nodad");
    ip("link add br0 address 02:00:00:00:bb:01 type bridge mcast_snooping 0");
    ip("link set br0 up");
  }

  @AfterEach
  void remove() throws Exception {
    new ProcessBuilder("ip", "netns", "delete", HOST).start().waitFor();
  }

  private static String ip(String arguments) throws Exception {
    return Daemon.run(("ip -n " + HOST + " " + arguments).split(" "));
  }

  private static String in(String command) throws Exception {
    return Daemon.run(("ip netns exec " + HOST + " " + command).split(" "));
  }

  private String vm(String mac, String homeAddresses, String agents, String careOf)
      throws Exception {
    Path file = directory.resolve("vm1.toml");
    Files.writeString(
        file,
        """
        [vm]
        mac = "%s"
        home-address = [%s]
        [home]
        prefix = "2001:db8:2000::/64"
        agent = [%s]
        [tap]
        bridge = "br0"
        [underlay]
        interface = "eth0"
        care-of = "%s"
        [binding]
        location = "foreign"
        [protection]
        signalling = "none"
        insecure = true
        [control]
        socket = "%s/vm1.sock"
        [state]
        directory = "%s/state"
        """
            .formatted(mac, homeAddresses, agents, careOf, directory, directory));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  private String vm() throws Exception {
    return vm("52:54:00:12:34:10", "\"2001:db8:2000::10\"", "\"2001:db8:2000::1\"", "own");
  }

  private Daemon started() throws Exception {
    return new Daemon(HOST, "run", vm())
        .await("ready name=vm1").await("care-of vm=vm1 .*new=2001:db8:3000");
  }

  private String reload() throws Exception {
    return Daemon.run(Daemon.client(directory.resolve("vm1.sock"), "reload"));
  }

  /** The rules of the guard, as soon as they say this: it is set beside the packets' thread. */
  private String guardWith(String text) throws Exception {
    String rules = "";
    for (int tries = 0; tries < 200; tries++) {
      rules = in("nft list table bridge kagemusha");
      if (rules.contains(text)) {
        return rules;
      }
    }
    throw new AssertionError(rules);
  }

  @Test
  void aReloadReachesGuardAndCareOfAddressAndAppliesNothingOfAnotherMac() throws Exception {
    try (Daemon vm = started()) {
      String rules = in("nft list table bridge kagemusha");
      assertTrue(rules.contains("ip6 saddr 2001:db8:2000::1 ip6 daddr 2001:db8:2000::10"), rules);
      vm(
          "52:54:00:12:34:99", "\"2001:db8:2000::10\", \"2001:db8:2000::11\"",
          "\"2001:db8:2000::1\", \"2001:db8:2000::5\"", "host");
      String answer = reload();
      assertEquals("a restart is needed for: [vm] mac", answer.strip());
      vm.await("care-of vm=vm1 .*new=2001:db8:3000::b");
      rules = guardWith("{ 2001:db8:2000::1, 2001:db8:2000::5 }");
      assertTrue(rules.contains("{ 2001:db8:2000::10, 2001:db8:2000::11 }"), rules);
      assertFalse(vm.text().contains("34:99"), vm.text());
      // Another agent alone does not concern the address of the host.
      vm("52:54:00:12:34:10", "\"2001:db8:2000::10\"", "\"2001:db8:2000::5\"", "host");
      assertEquals("", reload().strip());
    }
    assertEquals("", in("nft list ruleset").strip());
    assertFalse(ip("-6 address show dev eth0").contains("/128"));
  }

  @Test
  void theTapIsPutBackIntoItsBridgeAndADeletedBridgeEndsTheDaemon() throws Exception {
    try (Daemon vm = started()) {
      ip("link set km-vm1 nomaster");
      vm.await("tap put back into its bridge interface=km-vm1 bridge=br0");
      assertTrue(ip("link show km-vm1").contains("master br0"));
      ip("link delete br0");
      assertEquals(1, vm.end(), vm.text());
      assertTrue(vm.text().contains("cause=the bridge br0 was deleted"), vm.text());
    }
    try (Daemon vm = new Daemon(HOST, "run", vm())) {
      assertEquals(1, vm.end());
      assertTrue(vm.text().contains("start failed: "), vm.text());
      assertTrue(vm.text().contains("there is no interface br0"), vm.text());
      assertFalse(vm.text().contains("Exception"), vm.text());
    }
    assertFalse(ip("link show").contains("km-vm1"));
  }

  @Test
  void aTapThatIsDeletedEndsTheDaemon() throws Exception {
    try (Daemon vm = started()) {
      ip("link delete km-vm1");
      assertEquals(1, vm.end(), vm.text());
      assertTrue(vm.text().contains("the tap device km-vm1 was removed"), vm.text());
    }
  }

  @Test
  void theUnderlayMayGoDownAndComeBackAndBeMadeAnew() throws Exception {
    try (Daemon vm = started()) {
      ip("link set eth0 down");
      vm.await("care-of state=waiting-for-address .*coa=none");
      ip("link set eth0 up");
      ip("address add 2001:db8:3000::c/64 dev eth0 nodad");
      vm.await("(?s)coa=none.*care-of state=ready");
      ip("link delete eth0");
      vm.await("(?s)coa=none.*care-of state=ready.*coa=none");
      ip("link add eth0 type veth peer name far0");
      ip("link set far0 up");
      ip("link set eth0 up");
      ip("address add 2001:db8:4000::c/64 dev eth0 nodad");
      vm.await("care-of vm=vm1 .*new=2001:db8:4000");
      assertFalse(vm.text().contains("not removed"), vm.text());
    }
  }
}
