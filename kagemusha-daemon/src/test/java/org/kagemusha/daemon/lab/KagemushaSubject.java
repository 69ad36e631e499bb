package org.kagemusha.daemon.lab;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kagemusha.daemon.demo.DaemonProcess;
import org.kagemusha.daemon.demo.DemoConfiguration;
import org.kagemusha.daemon.demo.DemoGuest;
import org.kagemusha.daemon.demo.DemoProtection;
import org.kagemusha.daemon.demo.Topology;

/** Kagemusha: one daemon beside the guest's bridge port, one as home agent. */
final class KagemushaSubject extends Subject {

  /** How many daemons of a crowd start at the same time. */
  private static final int AT_ONCE = 4;

  /** All of them together are at rest when they take less than this part of a processor. */
  private static final double AT_REST = 0.1;

  private static final long LOOK_MS = 2000;
  private static final int MOST_LOOKS = 90;

  private final SubjectKind kind;
  private final DaemonSettings settings;
  private DemoConfiguration configuration;
  private DaemonProcess agent;
  private DaemonProcess daemon;

  KagemushaSubject(LabNetwork network, SubjectKind kind, DaemonSettings settings) {
    super(network);
    this.kind = kind;
    this.settings = settings;
  }

  @Override
  void start() throws IOException, InterruptedException {
    network.bridgeGuest();
    if (kind.isByKernel()) {
      network.sysctl(network.hypervisor(), "net/ipv6/conf/all/forwarding", "1");
    }
    configuration = configuration();
    try {
      agent = keep(configuration.startHomeAgent(network.homeAgent()));
      agent.await("ready", status -> true);
      daemon = keep(configuration.startDaemon("b", network.hypervisor(), "eth0"));
      daemon.await("ready", status -> !text(status, "care_of").isEmpty());
      if (kind.isOneEnd()) {
        new KernelTunnel(network).takeOver(text(daemon.ask("status json"), "care_of"));
        network.startEnds(0, Topology.HOME_AGENT);
      } else {
        network.startEnds(0, null);
      }
      awaitPath();
      daemon.await("registered", status -> text(status, "state").equals("registered"));
      if (kind.isOneEnd()) {
        leavesAllToTheKernel(agent);
      }
      if (kind.isByKernel()) {
        agent.await("kernel encapsulation", KagemushaSubject::isByKernel);
        daemon.await("kernel encapsulation", KagemushaSubject::isByKernel);
      }
      if (kind.isDirect()) {
        agent.await("direct sending", this::isDirect);
        daemon.await("direct sending", this::isDirect);
      }
    } catch (IOException e) {
      throw new IOException(e.getMessage() + logs(), e);
    }
  }

  /**
   * Starts idle daemons of other guests beside the one that works.
   *
   * @param oneBridge whether all have the guest's bridge; else each has its own
   * @return their proportional set size, average, MiB
   */
  double crowd(int count, boolean oneBridge) throws IOException, InterruptedException {
    List<DaemonProcess> all = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      DemoGuest guest =
          new DemoGuest(
              "idle" + number, "52:54:00:99:%02x:%02x".formatted(number >> 8, number & 0xff),
              "2001:db8:2000::9:%x".formatted(number), "kgi" + number);
      configuration.add(guest);
      String name = guest.name();
      configuration.set(name, "tap", "mtu", Integer.toString(network.mtu()));
      String bridge = oneBridge ? LabNetwork.BRIDGE : network.bridge(number);
      configuration.set(name, "tap", "bridge", '"' + bridge + '"');
      all.add(keep(configuration.startDaemon(name, network.hypervisor(), "eth0", guest)));
      if (number >= AT_ONCE) {
        awaitIdle(all.get(number - AT_ONCE));
      }
    }
    for (DaemonProcess one : all.subList(Math.max(0, count - AT_ONCE), count)) {
      awaitIdle(one);
    }
    // All at once, before each is waited for.
    keep(
        () ->
            all.forEach(
                one -> ProcessHandle.of(one.pid()).ifPresent(ProcessHandle::destroy)));
    List<Long> processes = all.stream().map(DaemonProcess::pid).toList();
    awaitRest(processes);
    return count == 0 ? 0 : CpuTime.pssMib(processes) / count;
  }

  /** Daemons practise after their start, longer than it takes; many do at the same time. */
  private static void awaitRest(List<Long> processes) throws IOException, InterruptedException {
    for (int look = 0; look < MOST_LOOKS; look++) {
      CpuTime before = CpuTime.read(processes);
      Tool.pause(LOOK_MS);
      double seconds = CpuTime.read(processes).since(before).processes();
      if (seconds < AT_REST * LOOK_MS / 1000.0) {
        return;
      }
    }
    throw new IOException("the idle daemons do not come to rest");
  }

  private static void awaitIdle(DaemonProcess one) throws IOException, InterruptedException {
    one.await("ready", status -> !text(status, "care_of").isEmpty());
  }

  private DemoConfiguration configuration() throws IOException {
    Path directory = network.directory().resolve(network.guest());
    Files.createDirectories(directory);
    DemoConfiguration made =
        new DemoConfiguration(
            directory, kind.isClear() ? DemoProtection.none : DemoProtection.required, "off");
    if (!settings.program().isEmpty()) {
      made.program(settings.program());
    }
    for (String end : List.of("ha", "b")) {
      made.set(end, "tap", "mtu", Integer.toString(network.mtu()));
      for (DaemonSettings.Setting setting : settings.settings()) {
        made.set(end, setting.section(), setting.key(), setting.value());
      }
    }
    if (!kind.isClear()) {
      made.set("b", "provisioning", "algorithms", "[\"aes-gcm-128\"]");
    }
    if (kind.isByKernel()) {
      for (String end : List.of("ha", "b")) {
        made.set(end, "tunnel", "kernel-encapsulation", "true");
      }
    }
    if (kind.isDirect()) {
      for (String end : List.of("ha", "b")) {
        made.set(end, "tunnel", "direct", "true");
      }
    }
    if (kind == SubjectKind.ESP_UDP) {
      made.set("b", "tunnel", "encapsulation", "\"udp\"");
    }
    return made;
  }

  private String logs() throws IOException {
    StringBuilder text = new StringBuilder();
    for (DaemonProcess process : new DaemonProcess[] {agent, daemon}) {
      if (process != null) {
        text.append("\n--- ").append(process.log()).append('\n')
            .append(Files.readString(process.log()));
      }
    }
    return text.toString();
  }

  private static void leavesAllToTheKernel(DaemonProcess agent) throws IOException {
    JsonObject counters =
        JsonParser.parseString(agent.ask("show counters json"))
            .getAsJsonObject()
            .getAsJsonObject("counters");
    for (String counter : List.of("tunnel_packets_sent", "tunnel_packets_received")) {
      if (counters.get(counter).getAsLong() != 0) {
        throw new IOException("the home agent's daemon has " + counter + ", not its kernel");
      }
    }
  }

  private static boolean isByKernel(String status) {
    return dataPath(status, "kernel_encapsulation").equals("yes");
  }

  /** Only packets make a daemon look for their next hop. */
  private boolean isDirect(String status) {
    if (dataPath(status, "direct").startsWith("yes")) {
      return true;
    }
    try {
      awaitPath();
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String dataPath(String status, String key) {
    JsonObject path = JsonParser.parseString(status).getAsJsonObject().getAsJsonObject("data_path");
    return path.get(key).getAsString();
  }

  private static String text(String status, String key) {
    JsonObject object = JsonParser.parseString(status).getAsJsonObject();
    return object.has(key) && !object.get(key).isJsonNull() ? object.get(key).getAsString() : "";
  }

  @Override
  List<Long> guestSide() {
    return List.of(daemon.pid());
  }

  @Override
  List<Long> farSide() {
    return List.of(agent.pid());
  }
}
