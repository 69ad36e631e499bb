package org.kagemusha.daemon.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A topology with daemons in it, all of which end with the test. */
final class Laboratory implements AutoCloseable {

  /** Long, for a machine that does other work as well; what holds at all holds much sooner. */
  private static final int LIMIT_SECONDS = 45;

  private static final AtomicInteger COUNT = new AtomicInteger();

  final Topology topology;
  final DemoConfiguration configuration;
  final Path directory;
  private final Deque<Closeable> toClose = new ArrayDeque<>();

  Laboratory(Path directory, DemoProtection protection, String dad) throws IOException {
    this(directory, protection, dad, DemoGuest.FIRST);
  }

  /** With another guest than a namespace. */
  Laboratory(Path directory, DemoProtection protection, String dad, DemoGuest guest)
      throws IOException {
    this.directory = directory;
    topology =
        Topology.build("kgt" + ProcessHandle.current().pid() + "x" + COUNT.incrementAndGet());
    toClose.push(topology);
    configuration = new DemoConfiguration(directory, protection, dad, guest);
    for (Device device : underlay()) {
      NetworkCard.leavesToHardware(device.namespace(), device.name(), false);
    }
  }

  /** An interface. */
  record Device(String namespace, String name) {}

  /** Where the hosts of daemons send outer packets to, and receive them from. */
  List<Device> underlay() {
    return List.of(
        new Device(topology.hypervisorB(), "eth0"), new Device(topology.homeAgent(), "transit"));
  }

  /** Which way packets take through all daemons that are started from now on. */
  void dataPath(boolean offloads, boolean coalescing, int batch) {
    for (String daemon : List.of("ha", "a", "b", "b2", "c")) {
      configuration.set(daemon, "tap", "offloads", String.valueOf(offloads));
      configuration.set(daemon, "tunnel", "coalescing", String.valueOf(coalescing));
      configuration.set(daemon, "tunnel", "batch", String.valueOf(batch));
    }
  }

  /** As if no system call could do more than one packet. */
  void packetByPacket() {
    dataPath(false, false, 1);
  }

  /** Gives every interface an MTU. */
  void mtu(int octets) throws IOException {
    for (String namespace : topology.namespaces()) {
      exec(
          namespace, "sh", "-c",
          "for d in $(ls /sys/class/net); do"
              + " [ $d = lo ] || ip link set dev $d mtu " + octets + " || exit 1; done");
    }
  }

  <T extends Closeable> T keep(T resource) {
    toClose.push(resource);
    return resource;
  }

  DaemonProcess homeAgent() throws IOException, InterruptedException {
    DaemonProcess agent = keep(configuration.startHomeAgent(topology));
    agent.await("ready", status -> true);
    return agent;
  }

  DaemonProcess daemonA() throws IOException, InterruptedException {
    DaemonProcess daemon =
        keep(configuration.startDaemon("a", topology.hypervisorA(), "vms"));
    daemon.await("ready", status -> true);
    return daemon;
  }

  /** The daemon of another guest abroad. */
  DaemonProcess daemonB(SecondGuest second) throws IOException, InterruptedException {
    DaemonProcess daemon =
        keep(
            configuration.startDaemon("b2", topology.hypervisorB(), "eth0", SecondGuest.DESCRIBED));
    daemon.await("ready", status -> !text(status, "care_of").isEmpty());
    return daemon;
  }

  DaemonProcess daemonB() throws IOException, InterruptedException {
    DaemonProcess daemon =
        keep(configuration.startDaemon("b", topology.hypervisorB(), "eth0"));
    daemon.await("ready", status -> !text(status, "care_of").isEmpty());
    return daemon;
  }

  /** Boots the guest at home and waits for its address and default route. */
  void bootGuestAtHome() throws IOException, InterruptedException {
    topology.startGuest();
    Demo.awaitGuestAddress(topology);
  }

  /** Gives the guest its address and default route by hand, where no home agent advertises. */
  void configureGuestByHand() throws IOException {
    Shell.run("ip", "-n", topology.guest(), "link", "set", "eth0", "up");
    Shell.run("ip", "-n", topology.guest(), "addr", "add", Topology.HOME_ADDRESS + "/64", "dev",
        "eth0", "nodad");
    Shell.run("ip", "-n", topology.guest(), "route", "add", "default", "via",
        Topology.ROUTER_LINK_LOCAL, "dev", "eth0");
    Shell.run("ip", "-n", topology.guest(), "neigh", "replace", Topology.ROUTER_LINK_LOCAL,
        "lladdr", Topology.ROUTER_MAC, "dev", "eth0", "nud", "stale");
  }

  void guestToB() throws IOException {
    topology.moveGuest(topology.hypervisorA(), topology.hypervisorB());
  }

  void guestToA() throws IOException {
    topology.moveGuest(topology.hypervisorB(), topology.hypervisorA());
  }

  /** Pings from the guest; returns ping's own output, whatever its outcome. */
  String pingFromGuest(String... arguments) throws IOException {
    return ping(topology.guest(), arguments);
  }

  /** Pings from a namespace; returns ping's own output, whatever its outcome. */
  String ping(String namespace, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace, "ping"));
    command.addAll(List.of(arguments));
    try {
      return Shell.run("", command);
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  /** Waits until a daemon is in a state. */
  static void awaitState(DaemonProcess daemon, String state)
      throws IOException, InterruptedException {
    eventually(state, () -> state(daemon).equals(state));
  }

  static String state(DaemonProcess daemon) throws IOException {
    return text(daemon.ask("status json"), "state");
  }

  /** How often a daemon counted an event or a drop. */
  static long count(DaemonProcess daemon, String kind, String name) throws IOException {
    return object(daemon.ask("show counters json")).getAsJsonObject(kind).get(name).getAsLong();
  }

  /** The care-of addresses that a home agent holds for a home address. */
  static List<String> careOf(DaemonProcess agent, String homeAddress) throws IOException {
    List<String> found = new ArrayList<>();
    for (JsonElement one : object(agent.ask("status json")).getAsJsonArray("bindings")) {
      JsonObject binding = one.getAsJsonObject();
      if (binding.get("home_address").getAsString().equals(homeAddress)) {
        found.add(binding.get("care_of").getAsString());
      }
    }
    return found;
  }

  /** Runs ip(8) in a namespace. */
  static String ip(String namespace, String arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "-n", namespace));
    command.addAll(List.of(arguments.split(" ")));
    return Shell.run("", command);
  }

  /** Runs a command in a namespace. */
  static String exec(String namespace, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
    command.addAll(List.of(arguments));
    return Shell.run("", command);
  }

  /** Asks until a condition holds; bounded. */
  static void eventually(String what, Condition condition)
      throws IOException, InterruptedException {
    long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!condition.holds()) {
      if (System.nanoTime() > giveUp) {
        throw new AssertionError(what + ": not within " + LIMIT_SECONDS + " s");
      }
      Shell.run("true");
    }
  }

  interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  static String text(String status, String key) {
    JsonObject object = object(status);
    return object.has(key) && !object.get(key).isJsonNull() ? object.get(key).getAsString() : "";
  }

  static JsonObject object(String json) {
    return JsonParser.parseString(json).getAsJsonObject();
  }

  @Override
  public void close() throws IOException {
    while (!toClose.isEmpty()) {
      toClose.pop().close();
    }
  }
}
