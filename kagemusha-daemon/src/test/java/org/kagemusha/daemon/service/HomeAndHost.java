package org.kagemusha.daemon.service;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * A home link with its router, and a host abroad, in namespaces for both daemons as processes. How
 * a guest is connected to the host is the test's own affair.
 *
 * <pre>
 *   home link 2001:db8:2000::/64                foreign network 2001:db8:3000::/64
 *   [ home: br-home ::1, home agent ]--------------[ host: eth0 ::b, daemon ]
 *
 *                                                         [ guest ]
 * </pre>
 */
final class HomeAndHost {

  static final String GUEST_MAC = "52:54:00:12:34:10";

  final String home;
  final String host;
  final String guest;
  private final Path directory;

  /**
   * Nothing is there yet.
   *
   * @param suffix of the namespaces' names
   * @param directory for the daemons' files
   */
  HomeAndHost(String suffix, Path directory) {
    String process = suffix + ProcessHandle.current().pid();
    home = "home-" + process;
    host = "host-" + process;
    guest = "guest-" + process;
    this.directory = directory;
  }

  /** Addresses are usable at once, so that nothing has to be waited for. */
  void build() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"));
    for (String namespace : new String[] {home, host, guest}) {
      Daemon.run("ip", "netns", "add", namespace);
      ip(namespace, "link set lo up");
      in(namespace, "sysctl -qw net.ipv6.conf.all.accept_dad=0"
          + " net.ipv6.conf.default.accept_dad=0");
    }
    in(home, "sysctl -qw net.ipv6.conf.all.forwarding=1");
    ip(home, "link add br-home address 02:00:00:00:20:01 type bridge mcast_snooping 0");
    ip(home, "link set br-home up");
    ip(home, "address add 2001:db8:2000::1/64 dev br-home nodad");
    ip(home, "link add up0 type veth peer name eth0 netns " + host);
    ip(home, "address add 2001:db8:3000::1/64 dev up0 nodad");
    ip(home, "link set up0 up");
    ip(host, "link set eth0 up");
    ip(host, "address add 2001:db8:3000::b/64 dev eth0 nodad");
    ip(host, "route add default via 2001:db8:3000::1");
  }

  /** The guest's interface, which is there, gets its addresses. */
  void guestIsUp() throws Exception {
    ip(guest, "link set eth0 address " + GUEST_MAC + " up");
    ip(guest, "address add 2001:db8:2000::10/64 dev eth0 nodad");
  }

  static String ip(String namespace, String arguments) throws Exception {
    return Daemon.run(("ip -n " + namespace + " " + arguments).split(" "));
  }

  static String in(String namespace, String command) throws Exception {
    return Daemon.run(("ip netns exec " + namespace + " " + command).split(" "));
  }

  /** Pings the home link's router from the home address, among the guest's addresses. */
  void ping(String... options) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "ip", "netns", "exec", guest, "ping", "-c", "3", "-i", "0.2", "-W", "5", "-I",
                "2001:db8:2000::10"));
    command.addAll(List.of(options));
    command.add("2001:db8:2000::1");
    Daemon.run(command.toArray(String[]::new));
  }

  /** Writes a configuration, with control socket and state of its own; returns its path. */
  String write(String name, String text) throws Exception {
    Path file = directory.resolve(name + ".toml");
    Files.writeString(
        file,
        text + "[control]\nsocket = \"" + directory + "/" + name + ".sock\"\n[state]\n"
            + "directory = \"" + directory + "/state-" + name + "\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file.toString();
  }

  /** The command that asks a daemon without a JVM. */
  String[] control(String name, String request) {
    return Daemon.client(directory.resolve(name + ".sock"), request);
  }

  String ask(String name, String request) throws Exception {
    return Daemon.run(control(name, request));
  }

  JsonObject status(String name) throws Exception {
    return JsonParser.parseString(ask(name, "status json")).getAsJsonObject();
  }

  void remove() throws Exception {
    for (String namespace : new String[] {home, host, guest}) {
      new ProcessBuilder("ip", "netns", "delete", namespace).start().waitFor();
    }
  }
}
