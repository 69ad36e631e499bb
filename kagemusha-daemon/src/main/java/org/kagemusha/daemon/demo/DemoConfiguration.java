package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The configuration files of the laboratory's daemons, as an operator would write them, and their
 * start. Keys are fresh for each laboratory.
 */
public final class DemoConfiguration {

  /** A protection whose keys are published test vectors, for peers that are no daemon of ours. */
  public static final String CAPTURED_KEYS = "captured-keys";

  /** What the home agent lets its guests register: the foreign network, and one that it becomes. */
  private static final String CARE_OF = "[\"2001:db8:3000::/64\", \"2001:db8:3001::/64\"]";

  private static final int SIGNALLING_SPI = 1000;
  private static final int PAYLOAD_SPI = 2000;

  private final Path directory;
  private final String protection;
  private final String dad;
  private final List<Vm> vms = new ArrayList<>();
  private final List<Setting> settings = new ArrayList<>();

  /**
   * @param directory takes configuration files, sockets, state and logs
   * @param protection {@code disabled}, {@code signalling}, {@code all} or {@link #CAPTURED_KEYS}
   * @param dad the home agent's duplicate address detection
   */
  public DemoConfiguration(Path directory, String protection, String dad) {
    this.directory = directory;
    this.protection = protection;
    this.dad = dad;
    add(DemoGuest.FIRST);
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
   * @param section without brackets
   * @param value as TOML has it, quotation marks included
   */
  public void set(String daemon, String section, String key, String value) {
    settings.add(new Setting(daemon, section, key, value));
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

  /** Starts the home agent. */
  public DaemonProcess startHomeAgent(Topology topology) throws IOException {
    return start("ha", topology.homeAgent(), "home-agent", homeAgentText());
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
    return startDaemon(name, namespace, underlay, DemoGuest.FIRST);
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
    return DaemonProcess.start(name, namespace, verb, config, socket(name), directory);
  }

  private String homeAgentText() {
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
                Topology.HOME_AGENT, dad, signalling(), payload(), socket("ha"),
                state("ha"))
        + vms.stream().map(this::mobileNodeText).collect(Collectors.joining());
  }

  private String mobileNodeText(Vm vm) {
    return """

        [[mobile-node]]
        name = "%s"
        home-address = "%s"
        care-of = %s
        """
            .formatted(vm.guest().name(), vm.guest().homeAddress(), CARE_OF)
        + associations(vm, "[[mobile-node.association]]", false);
  }

  private String daemonText(String name, String underlay, Vm vm) {
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
                signalling(), payload(), socket(name), state(name))
        + associations(vm, "[[association]]", true);
  }

  private String associations(Vm vm, String table, boolean mobileNode) {
    StringBuilder text = new StringBuilder();
    if (isSignallingProtected()) {
      KeySet keys = protection.equals(CAPTURED_KEYS) ? KeySet.captured() : vm.signalling();
      text.append(keys.text(table, "signalling", mobileNode));
    }
    if (isPayloadProtected()) {
      text.append(vm.payload().text(table, "payload", mobileNode));
    }
    return text.toString();
  }

  private String applied(String daemon, String text) {
    String changed = text;
    for (Setting setting : settings) {
      if (setting.daemon().equals(daemon)) {
        changed = setting.in(changed);
      }
    }
    return changed;
  }

  private boolean isSignallingProtected() {
    return !protection.equals("disabled");
  }

  private boolean isPayloadProtected() {
    return protection.equals("all");
  }

  private String signalling() {
    return isSignallingProtected()
        ? "signalling = \"esp\""
        : "signalling = \"none\"\ninsecure = true";
  }

  private String payload() {
    return isPayloadProtected() ? "required" : "disabled";
  }

  private Path state(String name) {
    return directory.resolve(name + ".state");
  }

  /** A guest and the keys of its associations. */
  private record Vm(DemoGuest guest, KeySet signalling, KeySet payload) {
    Vm(DemoGuest guest, int index) {
      this(guest, new KeySet(SIGNALLING_SPI + 10 * index), new KeySet(PAYLOAD_SPI + 10 * index));
    }
  }

  /** One key of one file. */
  private record Setting(String daemon, String section, String key, String value) {

    /** The last table of a file may be an array's: a section that is missing goes to the front. */
    String in(String text) {
      String line = key + " = " + value + "\n";
      String header = "[" + section + "]\n";
      int at = text.indexOf(header);
      if (at < 0) {
        return header + line + "\n" + text;
      }
      int from = at + header.length();
      int next = text.indexOf("\n[", from);
      int to = next < 0 ? text.length() : next;
      String others =
          text.substring(from, to).lines()
              .filter(one -> !one.startsWith(key + " "))
              .map(one -> one + "\n")
              .collect(Collectors.joining());
      return text.substring(0, from) + line + others + text.substring(to);
    }
  }

  private static final class KeySet {

    private final int spi;
    private final String integrityAlgorithm;
    private final String[] encryption;
    private final String[] integrity;

    private KeySet(int spi) {
      this(
          spi, "hmac-sha2-256-128", new String[] {random(16), random(16)},
          new String[] {random(32), random(32)});
    }

    private KeySet(int spi, String integrityAlgorithm, String[] encryption, String[] integrity) {
      this.spi = spi;
      this.integrityAlgorithm = integrityAlgorithm;
      this.encryption = encryption;
      this.integrity = integrity;
    }

    private static KeySet captured() {
      return new KeySet(
          SIGNALLING_SPI, "hmac-sha1-96",
          new String[] {"101112131415161718191a1b1c1d1e1f", "303132333435363738393a3b3c3d3e3f"},
          new String[] {
            "000102030405060708090a0b0c0d0e0f10111213", "202122232425262728292a2b2c2d2e2f30313233"
          });
    }

    private String text(String table, String purpose, boolean mobileNode) {
      int out = mobileNode ? 0 : 1;
      return """

          %s
          purpose = "%s"
          spi-out = %d
          spi-in = %d
          encryption = "aes-cbc-128"
          integrity = "%s"
          encryption-key-out = "%s"
          integrity-key-out = "%s"
          encryption-key-in = "%s"
          integrity-key-in = "%s"
          """
          .formatted(
              table, purpose, spi + out, spi + 1 - out, integrityAlgorithm, encryption[out],
              integrity[out], encryption[1 - out], integrity[1 - out]);
    }

    private static String random(int octets) {
      byte[] key = new byte[octets];
      new SecureRandom().nextBytes(key);
      return HexFormat.of().formatHex(key);
    }
  }
}
