package org.kagemusha.daemon.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clear super-packets that the kernel puts into the tunnel, on a wire that others look at. */
@Tag("netns")
class KernelEncapsulationTest {

  private static final int OCTETS = 3 << 20;

  /** Both ends of the tunnel, or the guest, in any header but ICMPv6's quotations. */
  private static final String TUNNELLED = "ipv6.nxt == 41";

  private static final String OTHER_HOST_ADDRESS = "2001:db8:3000::33";

  @TempDir Path directory;

  private Laboratory laboratory() throws IOException {
    Laboratory laboratory = new Laboratory(directory, DemoProtection.none, "off");
    for (String daemon : List.of("ha", "a", "b")) {
      laboratory.configuration.set(daemon, "tunnel", "kernel-encapsulation", "true");
    }
    return laboratory;
  }

  private static void forwarding(String namespace, String value) throws IOException {
    Laboratory.exec(
        namespace, "sh", "-c", "echo " + value + " > /proc/sys/net/ipv6/conf/all/forwarding");
  }

  @Test
  void rfc2473_s3_1_whatTheKernelEncapsulatesIsWhatTheDaemonWouldHaveSent() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      Topology topology = laboratory.topology;
      laboratory.configuration.set("b", "underlay", "care-of", "\"host\"");
      String host = topology.hypervisorB();
      forwarding(host, "1");
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      awaitCorrespondent(laboratory);
      Laboratory.awaitState(b, "registered");
      assertEquals("yes", encapsulation(agent));
      assertEquals("yes", encapsulation(b));
      Path capture = directory.resolve("foreign.pcap");
      final Wire wire =
          laboratory.keep(Wire.tap(topology.foreignRouter(), "foreign", capture));

      PathMtuTest.transfer(topology, OCTETS);
      final long byKernelUp = given(b, host);
      final long byKernelDown = given(agent, topology.homeAgent());

      assertCounted(b, host);

      // In the middle of a transfer the host gets another address.
      CompletableFuture<Void> streaming = transferring(topology, 4 * OCTETS);
      Laboratory.eventually(
          "it streams by the kernel", () -> given(b, host) > byKernelUp + OCTETS / 2);
      Laboratory.ip(host, "addr add " + OTHER_HOST_ADDRESS + "/64 dev eth0 nodad");
      Laboratory.ip(host, "addr del 2001:db8:3000::3/64 dev eth0");
      Laboratory.eventually(
          "the other address is registered",
          () ->
              Laboratory.careOf(agent, Topology.HOME_ADDRESS)
                  .equals(List.of(OTHER_HOST_ADDRESS)));
      streaming.get();
      PathMtuTest.transfer(topology, OCTETS);
      assertEquals("yes", encapsulation(b));
      assertTrue(byKernelUp > OCTETS / 2, byKernelUp + " octets up by the kernel");
      assertTrue(byKernelDown > OCTETS / 2, byKernelDown + " octets down by the kernel");
      assertTrue(given(b, host) > 3 * byKernelUp / 2, "after the change too");
      assertTrue(given(agent, topology.homeAgent()) > 3 * byKernelDown / 2, "and down");

      assertEquals(List.of(), wire.packets(Wire.FAULTY));
      assertEquals(List.of(), wire.packets("(ipv6.routing || ipv6.fragment) && !mip6.mhtype"));
      // Nothing of the guest outside of the tunnel: its addresses are never in the first header.
      assertEquals(
          List.of(),
          wire.fields(
                  "ipv6.addr == " + Topology.HOME_ADDRESS, "ipv6.src", "ipv6.dst", "ipv6.nxt")
              .stream()
              .filter(line -> !line.contains("41"))
              .filter(line -> !line.contains("135") && !line.contains("60") && !line.contains("43"))
              .toList());
      assertOuterHeaders(wire);
      for (DaemonProcess one : List.of(agent, b)) {
        assertEquals(0, Laboratory.count(one, "drops", "offload_invalid"));
        assertEquals(0, Laboratory.count(one, "drops", "send_failed"));
        assertFalse(Files.readString(one.log()).contains("packet handling failed"));
      }

      // To the host's own address the guest is a stranger as well: that goes by the tunnel too.
      assertReachesItsHostByTheTunnel(laboratory, b, host);

      assertRulesEnd(laboratory, agent, b);
    }
  }

  /** Outer source and destination are the ends; traffic class and flow label the inner ones. */
  private static void assertOuterHeaders(Wire wire) throws Exception {
    List<String> headers =
        wire.fields(
            TUNNELLED + " && tcp", "ipv6.src", "ipv6.dst", "ipv6.tclass", "ipv6.flow", "ipv6.hlim",
            "ipv6.nxt", "frame.len");
    assertTrue(headers.size() > OCTETS / 1000, headers.size() + " packets");
    for (String line : headers) {
      String[] fields = line.split("\t");
      String[] sources = fields[0].split(",");
      String[] destinations = fields[1].split(",");
      assertEquals(2, sources.length, line);
      boolean up = sources[1].equals(Topology.HOME_ADDRESS);
      assertTrue(
          List.of("2001:db8:3000::3", OTHER_HOST_ADDRESS)
              .contains(up ? sources[0] : destinations[0]),
          line);
      assertEquals(Topology.HOME_AGENT, up ? destinations[0] : sources[0], line);
      for (int field : new int[] {2, 3}) {
        String[] both = fields[field].split(",");
        assertEquals(both[1], both[0], line);
      }
      // What the home agent routes it decrements; what leaves the guest's link nobody has yet.
      assertEquals(up ? "64" : "63", fields[4].split(",")[1], line);
      assertEquals("41,6", fields[5], line);
      assertTrue(Integer.parseInt(fields[6]) <= 1514, line);
    }
    assertTrue(headers.stream().anyMatch(l -> l.split("\t")[4].equals("63,64")), "by the kernel");
  }

  /** As many packets are counted as the interface has sent, but for what is not tunnelled. */
  private static void assertCounted(DaemonProcess b, String host) throws IOException {
    long counted = Laboratory.count(b, "counters", "tunnel_packets_sent");
    long sent =
        Long.parseLong(
            Laboratory.exec(host, "cat", "/sys/class/net/eth0/statistics/tx_packets").strip());
    assertTrue(counted <= sent, counted + " counted, " + sent + " sent");
    assertTrue(counted > sent - sent / 20 - 200, counted + " counted, " + sent + " sent");
  }

  private static void assertReachesItsHostByTheTunnel(
      Laboratory laboratory, DaemonProcess b, String host) throws Exception {
    Laboratory.exec(host, "nft", "add", "table", "ip6", "witness");
    Laboratory.exec(
        host, "nft", "add chain ip6 witness in { type filter hook prerouting priority -350; }");
    Laboratory.exec(
        host, "nft", "add rule ip6 witness in iifname kge* ip6 daddr " + OTHER_HOST_ADDRESS
            + " ip6 saddr " + Topology.HOME_ADDRESS + " counter");
    Process server =
        new ProcessBuilder("ip", "netns", "exec", host, "iperf3", "-6", "-s", "-1", "-p", "5999")
            .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      Laboratory.eventually(
          "the guest sends to its host",
          () -> {
            try {
              Laboratory.exec(
                  laboratory.topology.guest(), "iperf3", "-6", "-c", OTHER_HOST_ADDRESS, "-p",
                  "5999", "-n", "2M");
              return true;
            } catch (IOException e) {
              return false;
            }
          });
    } finally {
      server.destroyForcibly().waitFor();
    }
    assertTrue(
        Laboratory.exec(host, "nft", "list", "table", "ip6", "witness")
            .contains("counter packets 0 bytes 0"));
  }

  private static void assertRulesEnd(
      Laboratory laboratory, DaemonProcess agent, DaemonProcess b) throws Exception {
    String host = laboratory.topology.hypervisorB();
    assertEquals(4, rules(host).size());
    // Killed, it leaves its rules, which concern nobody; the next one takes them away.
    Shell.run("kill", "-KILL", Long.toString(b.pid()));
    Laboratory.eventually(
        "its interface is gone", () -> rules(host).stream().allMatch(r -> r.contains("detached")));
    DaemonProcess again = laboratory.daemonB();
    Laboratory.eventually("it works again", () -> encapsulation(again).equals("yes"));
    assertEquals(4, rules(host).size());
    assertTrue(rules(host).stream().noneMatch(rule -> rule.contains("detached")));
    again.close();
    assertEquals(List.of(), rules(host));
    agent.close();
    assertEquals(List.of(), rules(laboratory.topology.homeAgent()));
  }

  /** Transfers, meanwhile. */
  private static CompletableFuture<Void> transferring(Topology topology, int octets) {
    return CompletableFuture.runAsync(
        () -> {
          try {
            PathMtuTest.transfer(topology, octets);
          } catch (Exception e) {
            throw new CompletionException(e);
          }
        });
  }

  @Test
  void rfc2473_s7_2_whatIsTooBigForARouterOrForTheHostItselfIsSentSmaller() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      Topology topology = laboratory.topology;
      String host = topology.hypervisorB();
      forwarding(host, "1");
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      awaitCorrespondent(laboratory);
      Laboratory.awaitState(b, "registered");
      PathMtuTest.transfer(topology, OCTETS);

      // Here it is the host's kernel that answers the daemon.
      Laboratory.ip(host, "-6 route replace default via 2001:db8:3000::1 mtu 1400");
      transferByKernel(topology, b, host);
      assertTrue(tunnelMtu(b) <= 1360, tunnelMtu(b) + " octets");

      String router = topology.foreignRouter();
      Laboratory.ip(router, "-6 route replace default via 2001:db8:ffff::1 mtu 1330");
      Laboratory.ip(router, "-6 route replace 2001:db8:3000::/64 dev foreign mtu 1330");
      transferByKernel(topology, b, host);
      transferByKernel(topology, agent, topology.homeAgent());
      assertTrue(tunnelMtu(b) <= 1290, tunnelMtu(b) + " octets");
    }
  }

  private static int tunnelMtu(DaemonProcess b) throws IOException {
    return Integer.parseInt(Laboratory.text(b.ask("status json"), "tunnel_mtu"));
  }

  private static void transferByKernel(Topology topology, DaemonProcess daemon, String namespace)
      throws Exception {
    final long before = given(daemon, namespace);
    PathMtuTest.transfer(topology, OCTETS);
    long after = given(daemon, namespace);
    assertTrue(after - before > OCTETS / 2, before + " octets, then " + after);
  }

  @Test
  void rulesThatAnotherProgramRemovesComeBack() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      String host = laboratory.topology.hypervisorB();
      forwarding(host, "1");
      final DaemonProcess b = laboratory.daemonB();
      Laboratory.eventually("it is in use", () -> encapsulation(b).equals("yes"));
      Laboratory.eventually("its rules are there", () -> rules(host).size() == 4);
      for (String priority : List.of("100", "101", "102", "103")) {
        Laboratory.ip(host, "-6 rule del pref " + priority);
      }
      Laboratory.eventually("they come back", () -> rules(host).size() == 4);
      assertEquals("yes", encapsulation(b));
      Laboratory.ip(host, "-6 addr flush dev kge0");
      Laboratory.eventually(
          "its address comes back",
          () -> Laboratory.ip(host, "-6 addr show dev kge0").contains("2001:db8:3000:"));
      Laboratory.eventually("it is in use again", () -> encapsulation(b).equals("yes"));
      String guard = Laboratory.exec(host, "nft", "list", "ruleset");
      assertTrue(guard.contains("iifname \"kge0\" drop"), guard);
      assertTrue(guard.contains("iifname \"kge0\" ip6 saddr != "), guard);
    }
  }

  private static List<String> rules(String namespace) throws IOException {
    return Laboratory.ip(namespace, "-6 rule list").lines()
        .filter(rule -> rule.contains("kge"))
        .toList();
  }

  @Test
  void withoutForwardingTheDaemonEncapsulatesItself() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      Topology topology = laboratory.topology;
      String host = topology.hypervisorB();
      forwarding(host, "0");
      final DaemonProcess agent = laboratory.homeAgent();
      laboratory.bootGuestAtHome();
      final DaemonProcess b = laboratory.daemonB();
      laboratory.guestToB();
      awaitCorrespondent(laboratory);
      Laboratory.awaitState(b, "registered");
      assertEquals("yes", encapsulation(agent));
      assertTrue(encapsulation(b).startsWith("no (IPv6 forwarding is off"), encapsulation(b));
      assertTrue(Files.readString(b.log()).contains("kernel encapsulation not used cause="));
      final long before = given(b, host);
      PathMtuTest.transfer(topology, OCTETS);
      assertEquals(before, given(b, host));
      assertTrue(given(agent, topology.homeAgent()) > OCTETS / 2);
    }
  }

  @Test
  void aFirewallThatForwardsNothingIsFoundOut() throws Exception {
    try (Laboratory laboratory = laboratory()) {
      String host = laboratory.topology.hypervisorB();
      forwarding(host, "1");
      Laboratory.exec(host, "nft", "add", "table", "ip6", "closed");
      Laboratory.exec(
          host, "nft",
          "add chain ip6 closed f { type filter hook forward priority 0; policy drop; }");
      final DaemonProcess b = laboratory.daemonB();
      Laboratory.eventually(
          "it is said", () -> encapsulation(b).contains("does a firewall let pass"));
    }
  }

  private static void awaitCorrespondent(Laboratory laboratory) throws Exception {
    Laboratory.eventually(
        "the guest is reached abroad",
        () ->
            laboratory
                .pingFromGuest("-c", "1", "-W", "1", Topology.CORRESPONDENT)
                .contains(" 0% packet loss"));
  }

  private static String encapsulation(DaemonProcess daemon) throws IOException {
    JsonObject path = Laboratory.object(daemon.ask("status json")).getAsJsonObject("data_path");
    return path.get("kernel_encapsulation").getAsString();
  }

  /** Octets that a daemon has given to the kernel to be encapsulated. */
  private static long given(DaemonProcess daemon, String namespace) throws IOException {
    String line =
        Files.readAllLines(daemon.log()).stream()
            .filter(one -> one.contains("encapsulation=kernel by "))
            .findFirst()
            .orElseThrow();
    String name = line.replaceAll(".*encapsulation=kernel by (\\S+).*", "$1");
    return Long.parseLong(
        Laboratory.exec(namespace, "cat", "/sys/class/net/" + name + "/statistics/rx_bytes")
            .strip());
  }
}
