package org.kagemusha.daemon.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Configuration files for tests. */
final class ConfigTexts {

  static final String VM =
      """
      [vm]
      mac = "52:54:00:12:34:10"
      home-address = "2001:db8:2000::10"
      [home]
      prefix = "2001:db8:2000::/64"
      agent = "2001:db8:2000::1"
      """;

  static final String CLEAR = "[protection]\nsignalling = \"none\"\ninsecure = true\n";

  static final String HOME_AGENT =
      """
      [home-agent]
      address = "2001:db8:2000::1"
      prefix = "2001:db8:2000::/64"
      [tap]
      bridge = "br-home"
      """;

  private ConfigTexts() {}

  /** An association with keys in place. */
  static String association(String purpose, int spi) {
    return "[[association]]\npurpose = \"" + purpose + "\"\nspi-out = " + spi + "\nspi-in = "
        + (spi + 1) + "\n" + keys();
  }

  static String keys() {
    return "encryption-key-out = \"" + "1".repeat(32) + "\"\n"
        + "integrity-key-out = \"" + "2".repeat(64) + "\"\n"
        + "encryption-key-in = \"" + "3".repeat(32) + "\"\n"
        + "integrity-key-in = \"" + "4".repeat(64) + "\"\n";
  }

  static Path write(Path directory, String name, String text) throws IOException {
    Path file = directory.resolve(name);
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return file;
  }

  /** The problems of a VM's configuration, without the directory. */
  static String vmProblems(Path directory, String text) throws IOException {
    Path file = write(directory, "vm.toml", text);
    try {
      new ConfigFile((Path) null).readVm(file);
      return "";
    } catch (ConfigException e) {
      return e.getMessage().replace(directory + "/", "");
    }
  }

  /** The problems of a home agent's configuration, without the directory. */
  static String homeAgentProblems(Path directory, String text) throws IOException {
    Path file = write(directory, "ha.toml", text);
    try {
      new ConfigFile((Path) null).readHomeAgent(file);
      return "";
    } catch (ConfigException e) {
      return e.getMessage().replace(directory + "/", "");
    }
  }
}
