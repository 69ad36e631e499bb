package org.kagemusha.daemon.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The configuration files of the laboratory's daemons, as an operator would write them, and their
 * start. Keys are fresh for each laboratory.
 */
public final class DemoConfiguration {

  /** A protection of which the keys are published test vectors, for peers that are no daemon of ours. */
  public static final String CAPTURED_KEYS = "captured-keys";

  private static final int SIGNALLING_SPI = 1000;
  private static final int PAYLOAD_SPI = 2000;

  private final Path directory;
  private final String protection;
  private final String dad;
  private final KeySet signalling = new KeySet(SIGNALLING_SPI);
  private final KeySet payload = new KeySet(PAYLOAD_SPI);

  /**
   * @param directory takes configuration files, sockets, state and logs
   * @param protection {@code disabled}, {@code signalling}, {@code all} or {@link #CAPTURED_KEYS}
   * @param dad the home agent's duplicate address detection
   */
  public DemoConfiguration(Path directory, String protection, String dad) {
    this.directory = directory;
    this.protection = protection;
    this.dad = dad;
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
    return start(name, namespace, "run", daemonText(name, underlay));
  }

  private DaemonProcess start(String name, String namespace, String verb, String text)
      throws IOException {
    Path config = directory.resolve(name + ".toml");
    if (!Files.exists(config)) {
      Files.createFile(
          config,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(config, text);
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
        signalling = "%s"
        payload = "%s"

        [control]
        socket = "%s"

        [state]
        directory = "%s"

        [[mobile-node]]
        name = "vm1"
        home-address = "%s"
        care-of = "2001:db8:3000::/64"
        """
            .formatted(
                Topology.HOME_AGENT, dad, word(isSignallingProtected()), word(isPayloadProtected()),
                socket("ha"), state("ha"), Topology.HOME_ADDRESS)
        + associations("[[mobile-node.association]]", false);
  }

  private String daemonText(String name, String underlay) {
    return """
        [vm]
        name = "vm1"
        mac = "%s"
        home-address = "%s"

        [home]
        prefix = "2001:db8:2000::/64"
        agent = "%s"
        router = "%s"
        router-mac = "%s"

        [tap]
        name = "kagemusha0"
        bridge = "vms"

        [underlay]
        interface = "%s"

        [protection]
        signalling = "%s"
        payload = "%s"

        [control]
        socket = "%s"

        [state]
        directory = "%s"
        """
            .formatted(
                Topology.GUEST_MAC, Topology.HOME_ADDRESS, Topology.HOME_AGENT,
                Topology.ROUTER_LINK_LOCAL, Topology.ROUTER_MAC, underlay,
                word(isSignallingProtected()), word(isPayloadProtected()), socket(name),
                state(name))
        + associations("[[association]]", true);
  }

  private String associations(String table, boolean mobileNode) {
    StringBuilder text = new StringBuilder();
    if (isSignallingProtected()) {
      KeySet keys = protection.equals(CAPTURED_KEYS) ? KeySet.captured() : signalling;
      text.append(keys.text(table, "signalling", mobileNode));
    }
    if (isPayloadProtected()) {
      text.append(payload.text(table, "payload", mobileNode));
    }
    return text.toString();
  }

  private boolean isSignallingProtected() {
    return !protection.equals("disabled");
  }

  private boolean isPayloadProtected() {
    return protection.equals("all");
  }

  private static String word(boolean isProtected) {
    return isProtected ? "esp" : "none";
  }

  private Path socket(String name) {
    return directory.resolve(name + ".sock");
  }

  private Path state(String name) {
    return directory.resolve(name + ".state");
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
              table, purpose, spi + out, spi + 1 - out, integrityAlgorithm, encryption[out], integrity[out],
              encryption[1 - out], integrity[1 - out]);
    }

    private static String random(int octets) {
      byte[] key = new byte[octets];
      new SecureRandom().nextBytes(key);
      return HexFormat.of().formatHex(key);
    }
  }
}
