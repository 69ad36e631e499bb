package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.kagemusha.daemon.tls.TrialRole;

/**
 * The configuration files of the laboratory's daemons, as an operator would write them, and their
 * start. Keys are fresh for each laboratory.
 */
public final class DemoConfiguration {

  /** What the home agent lets its guests register: the foreign network, and one that it becomes. */
  private static final String CARE_OF = "[\"2001:db8:3000::/64\", \"2001:db8:3001::/64\"]";

  private static final int SIGNALLING_SPI = 1000;
  private static final int PAYLOAD_SPI = 2000;

  private final Path directory;
  private final DemoProtection protection;
  private final DemoAuthority authority;
  private final String dad;
  private final List<Vm> vms = new ArrayList<>();
  private final List<DemoSetting> settings = new ArrayList<>();
  private List<String> hosts = List.of("a", "b", "c", "a2", "b2");
  private List<String> program = DaemonProcess.ownProgram();

  /**
   * @param directory takes configuration files, sockets, state and logs
   * @param protection where keys come from, and what ESP covers
   * @param dad the home agent's duplicate address detection
   */
  public DemoConfiguration(Path directory, DemoProtection protection, String dad) {
    this(directory, protection, dad, DemoGuest.FIRST);
  }

  /** As the other, with another first guest. */
  DemoConfiguration(Path directory, DemoProtection protection, String dad, DemoGuest first) {
    this.directory = directory;
    this.protection = protection;
    this.authority = new DemoAuthority(directory.resolve("pki"));
    this.dad = dad;
    add(first);
  }

  /** Makes the home agent serve another guest too. */
  public void add(DemoGuest guest) {
    vms.add(new Vm(guest, vms.size()));
  }

  /**
   * Writes a key of one daemon's file otherwise than the laboratory does by itself; for its next
   * start or reload.
   *
   * @param daemon the name of the daemon, {@code ha} for the home agent
   * @param section without its outer brackets; of an array of tables, the first
   * @param value as TOML has it, quotation marks included; null for a file without the key
   */
  public void set(String daemon, String section, String key, String value) {
    settings.add(new DemoSetting(daemon, section, key, value));
  }

  /** The laboratory's certificates. */
  public DemoAuthority authority() {
    return authority;
  }

  /** The daemons whose certificates may speak for the guests; for the next start or reload. */
  public void hosts(List<String> daemons) {
    hosts = List.copyOf(daemons);
  }

  /**
   * Starts daemons by a command of its own.
   *
   * @param words the command, to which verb and configuration file are added
   */
  public void program(List<String> words) {
    program = List.copyOf(words);
  }

  /** The configuration file of a daemon. */
  public Path file(String daemon) {
    return directory.resolve(daemon + ".toml");
  }

  /** The control socket of a daemon. */
  public Path socket(String daemon) {
    return directory.resolve(daemon + ".sock");
  }

  /** Writes the file of a daemon of the first guest anew, while the daemon runs. */
  public void rewriteDaemon(String name, String underlay) throws IOException {
    Files.writeString(file(name), applied(name, daemonText(name, underlay, vms.get(0))));
  }

  /** Writes the file of the home agent anew, while it runs. */
  public void rewriteHomeAgent() throws IOException {
    Files.writeString(file("ha"), applied("ha", homeAgentText()));
  }

  /** Starts the home agent. */
  public DaemonProcess startHomeAgent(Topology topology) throws IOException {
    return startHomeAgent(topology.homeAgent());
  }

  /** Starts the home agent in a namespace that has the home link's bridge. */
  public DaemonProcess startHomeAgent(String namespace) throws IOException {
    return start("ha", namespace, "home-agent", homeAgentText());
  }

  /**
   * Starts the daemon of one hypervisor.
   *
   * @param name names its files
   * @param namespace the hypervisor's
   * @param underlay the hypervisor's interface towards the routed network
   */
  public DaemonProcess startDaemon(String name, String namespace, String underlay)
      throws IOException {
    return startDaemon(name, namespace, underlay, vms.get(0).guest());
  }

  /** As {@link #startDaemon(String, String, String)}, for another guest that was added. */
  public DaemonProcess startDaemon(
      String name, String namespace, String underlay, DemoGuest guest) throws IOException {
    Vm vm = vms.stream().filter(one -> one.guest().equals(guest)).findFirst().orElseThrow();
    return start(name, namespace, "run", daemonText(name, underlay, vm));
  }

  private DaemonProcess start(String name, String namespace, String verb, String text)
      throws IOException {
    Path config = file(name);
    if (!Files.exists(config)) {
      Files.createFile(
          config,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(config, applied(name, text));
    Files.createDirectories(state(name));
    return DaemonProcess.start(
        program, name, namespace, verb, config, socket(name), directory);
  }

  private String homeAgentText() throws IOException {
    return """
        [home-agent]
        name = "ha"
        address = "%s"
        prefix = "2001:db8:2000::/64"
        dad = "%s"

        [tap]
        name = "kagemusha0"
        bridge = "home"
        mac = "52:54:00:20:00:02"

        [advertisement]
        minimum-interval = "1s"
        maximum-interval = "3s"

        [protection]
        %s
        payload = "%s"

        [control]
        socket = "%s"

        [state]
        directory = "%s"
        """
            .formatted(
                Topology.HOME_AGENT, dad, signalling(), protection.payload(), socket("ha"),
                state("ha"))
        + controllerText()
        + vms.stream().map(this::mobileNodeText).collect(Collectors.joining());
  }

  private String mobileNodeText(Vm vm) {
    return """

        [[mobile-node]]
        name = "%s"
        home-address = "%s"
        care-of = %s
        %s
        """
            .formatted(vm.guest().name(), vm.guest().homeAddress(), CARE_OF, hostsLine())
        + associations(vm, "[[mobile-node.association]]", false);
  }

  private String daemonText(String name, String underlay, Vm vm) throws IOException {
    DemoGuest guest = vm.guest();
    return """
        [vm]
        name = "%s"
        mac = "%s"
        home-address = "%s"

        [home]
        prefix = "2001:db8:2000::/64"
        agent = "%s"
        router = "%s"
        router-mac = "%s"

        [tap]
        name = "%s"
        bridge = "vms"

        [underlay]
        interface = "%s"

        [protection]
        %s
        payload = "%s"

        [control]
        socket = "%s"

        [state]
        directory = "%s"
        """
            .formatted(
                guest.name(), guest.mac(), guest.homeAddress(), Topology.HOME_AGENT,
                Topology.ROUTER_LINK_LOCAL, Topology.ROUTER_MAC, guest.tap(), underlay,
                signalling(), protection.payload(), socket(name), state(name))
        + provisioningText(name)
        + associations(vm, "[[association]]", true);
  }

  private String controllerText() throws IOException {
    if (!protection.isProvisioned()) {
      return "";
    }
    return "\n[controller]\n"
        + authority.lines("ha", TrialRole.HOME_AGENT)
        + hosts.stream()
            .map(
                host ->
                    "\n[[host]]\nname = \"" + host + "\"\nsan = \"dns:" + host
                        + ".laboratory\"\n")
            .collect(Collectors.joining());
  }

  private String hostsLine() {
    return protection.isProvisioned()
        ? hosts.stream().collect(Collectors.joining("\", \"", "hosts = [\"", "\"]"))
        : "";
  }

  private String provisioningText(String name) throws IOException {
    return protection.isProvisioned()
        ? "\n[provisioning]\n" + authority.lines(name, TrialRole.HOST)
        : "";
  }

  private String associations(Vm vm, String table, boolean mobileNode) {
    StringBuilder text = new StringBuilder();
    if (protection.hasStaticSignalling()) {
      DemoKeys keys =
          protection == DemoProtection.captured
              ? DemoKeys.captured(SIGNALLING_SPI)
              : vm.signalling();
      text.append(keys.text(table, "signalling", mobileNode));
    }
    if (protection.hasStaticPayload()) {
      text.append(vm.payload().text(table, "payload", mobileNode));
    }
    return text.toString();
  }

  private String applied(String daemon, String text) {
    String changed = text;
    for (DemoSetting setting : settings) {
      if (setting.daemon().equals(daemon)) {
        changed = setting.in(changed);
      }
    }
    return changed;
  }

  private String signalling() {
    return protection == DemoProtection.none
        ? "signalling = \"none\"\ninsecure = true"
        : "signalling = \"esp\"";
  }

  private Path state(String name) {
    return directory.resolve(name + ".state");
  }

  /** A guest and the keys of its associations. */
  private record Vm(DemoGuest guest, DemoKeys signalling, DemoKeys payload) {
    Vm(DemoGuest guest, int index) {
      this(
          guest, new DemoKeys(SIGNALLING_SPI + 10 * index),
          new DemoKeys(PAYLOAD_SPI + 10 * index));
    }
  }
}
