package org.kagemusha.daemon.service;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.kagemusha.core.wire.MacAddress;

/**
 * A random number that stays with this host, so that addresses made from it are the same after a
 * restart and others elsewhere (RFC 7217 §5, secret_key).
 */
final class HostSecret {

  private static final int OCTETS = 16;

  private final byte[] octets;

  private HostSecret(byte[] octets) {
    this.octets = octets;
  }

  /** Reads the secret of a state directory, or makes one; several daemons may do so at once. */
  static HostSecret of(Path stateDirectory) throws IOException {
    Path file = stateDirectory.resolve("host-secret");
    if (!Files.exists(file)) {
      Path mine = stateDirectory.resolve("host-secret." + ProcessHandle.current().pid());
      byte[] fresh = new byte[OCTETS];
      new SecureRandom().nextBytes(fresh);
      DurableFile.write(mine, HexFormat.of().formatHex(fresh));
      try {
        // Unlike a move, a link never replaces the secret that another daemon has made meanwhile.
        Files.createLink(file, mine);
      } catch (FileAlreadyExistsException e) {
        // The other daemon's secret serves.
        assert Files.exists(file);
      } finally {
        Files.delete(mine);
      }
    }
    try {
      return new HostSecret(HexFormat.of().parseHex(Files.readString(file).strip()));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " does not hold hexadecimal digits; remove it", e);
    }
  }

  byte[] octets() {
    return octets.clone();
  }

  /** A locally administered unicast MAC address for the daemon as a station behind its tap. */
  MacAddress stationMac(String interfaceName) {
    return derive((byte) 0x02, interfaceName);
  }

  /**
   * The MAC address of the tap interface itself. It must be another than the station's: a bridge
   * takes frames to the address of a port for its own and does not send them out of the port. The
   * first octet is so high that a bridge adopts the address of any other port first.
   */
  MacAddress portMac(String interfaceName) {
    return derive((byte) 0xfe, interfaceName);
  }

  private MacAddress derive(byte first, String interfaceName) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(octets);
      byte[] hash = digest.digest(interfaceName.getBytes(StandardCharsets.UTF_8));
      byte[] mac = {first, hash[1], hash[2], hash[3], hash[4], hash[5]};
      return MacAddress.of(mac);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
