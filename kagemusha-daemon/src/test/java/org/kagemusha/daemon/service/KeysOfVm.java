package org.kagemusha.daemon.service;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.daemon.config.ConfigFile;
import org.kagemusha.daemon.config.VmConfig;

/** A VM's file and what a controller grants it. */
final class KeysOfVm {

  static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");
  static final Ipv6Address HOME_AGENT = Ipv6Address.parse("2001:db8:2000::1");

  static final String FRESH = "[provisioning]\nidentity = \"vm7@hv-a\"\n";

  private static final String VM =
      """
      [vm]
      mac = "52:54:00:12:34:10"
      home-address = "2001:db8:2000::10"
      [home]
      prefix = "2001:db8:2000::/64"
      agent = "2001:db8:2000::1"
      """;

  private KeysOfVm() {}

  static VmConfig config(Path directory, String text) throws Exception {
    Path file = directory.resolve("vm7.toml");
    Files.writeString(file, VM + text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return new ConfigFile(directory).readVm(file);
  }

  /** Keys whose octets are all 0x5e towards the home agent, and 0x7a towards the mobile node. */
  static Grant grant(int spi, Ciphersuite suite, boolean payloadProtected) {
    byte[] up = new byte[suite.encryption().keyOctets()];
    byte[] down = new byte[up.length];
    Arrays.fill(up, (byte) 0x5e);
    Arrays.fill(down, (byte) 0x7a);
    return new Grant(
        spi, suite, up, down, payloadProtected, HOME_AGENT,
        Ipv6Prefix.parse("2001:db8:2000::/64"), List.of(HOME), 3600, 1L << 32, 1L << 36, 4500);
  }

  static Grant grant(int spi) {
    return grant(spi, Ciphersuite.AES_128_GCM, true);
  }
}
