package org.kagemusha.daemon.lab;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.kagemusha.daemon.demo.DaemonProcess;
import org.kagemusha.daemon.demo.DemoConfiguration;
import org.kagemusha.daemon.demo.DemoProtection;

/** Kagemusha: one daemon beside the guest's bridge port, one as home agent. */
final class KagemushaSubject extends Subject {

  private final SubjectKind kind;
  private final DaemonSettings settings;
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
    DemoConfiguration configuration = configuration();
    try {
      agent = keep(configuration.startHomeAgent(network.homeAgent()));
      agent.await("ready", status -> true);
      daemon = keep(configuration.startDaemon("b", network.hypervisor(), "eth0"));
      daemon.await("ready", status -> !text(status, "care_of").isEmpty());
      network.startEnds(0, null);
      awaitPath();
      daemon.await("registered", status -> text(status, "state").equals("registered"));
    } catch (IOException e) {
      throw new IOException(e.getMessage() + logs(), e);
    }
  }

  private DemoConfiguration configuration() throws IOException {
    Path directory = network.directory().resolve(network.guest());
    Files.createDirectories(directory);
    DemoConfiguration configuration =
        new DemoConfiguration(
            directory, kind == SubjectKind.CLEAR ? DemoProtection.none : DemoProtection.required,
            "off");
    if (!settings.program().isEmpty()) {
      configuration.program(settings.program());
    }
    for (String end : List.of("ha", "b")) {
      configuration.set(end, "tap", "mtu", Integer.toString(network.mtu()));
      for (DaemonSettings.Setting setting : settings.settings()) {
        configuration.set(end, setting.section(), setting.key(), setting.value());
      }
    }
    if (kind != SubjectKind.CLEAR) {
      configuration.set("b", "provisioning", "algorithms", "[\"aes-gcm-128\"]");
    }
    if (kind == SubjectKind.ESP_UDP) {
      configuration.set("b", "tunnel", "encapsulation", "\"udp\"");
    }
    return configuration;
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
