package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.List;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * The Home Agent Controller, RFC 6618.
 *
 * @param listen the address it listens at
 * @param port the TCP port
 * @param tls its credentials
 * @param suites that may be chosen, the preferred first
 * @param validitySeconds how long associations are valid, 10 to 604800
 * @param maximumPackets sealed in one direction under one key, 16 to 2^48
 * @param maximumOctets sealed in one direction under one key, 2^16 to 2^50
 * @param graceSeconds how long replaced keys are believed, 1 to 60
 * @param handshakesPerSecond how many TLS handshakes may begin in a second, 1 to 10000
 * @param maximumConnections at one time, 1 to 10000
 * @param handshakeTimeoutMs within which a session must have ended, 100 to 60000
 */
public record ControllerConfig(
    Ipv6Address listen,
    int port,
    TlsFiles tls,
    List<Ciphersuite> suites,
    long validitySeconds,
    long maximumPackets,
    long maximumOctets,
    int graceSeconds,
    int handshakesPerSecond,
    int maximumConnections,
    int handshakeTimeoutMs) {

  private static final long USUAL_PACKETS = 1L << 32;
  private static final long MOST_PACKETS = 1L << 48;
  private static final long USUAL_OCTETS = 64L << 30;
  private static final long FEWEST_OCTETS = 1L << 16;
  private static final long MOST_OCTETS = 1L << 50;

  /**
   * @param homeAgent the home agent's address
   * @param credentials {@code $CREDENTIALS_DIRECTORY}, or null
   * @return null without the section
   */
  static ControllerConfig read(Section section, Ipv6Address homeAgent, Path credentials) {
    if (!section.isPresent()) {
      return null;
    }
    long validityMs = section.durationMs("association-lifetime", 3_600_000, 10_000, 604_800_000);
    long graceMs = section.durationMs("grace", 5_000, 1_000, 60_000);
    if (graceMs >= validityMs) {
      section.problem(
          "grace",
          "found " + DurationText.format(graceMs) + "; expected less than association-lifetime, "
              + DurationText.format(validityMs));
    }
    return new ControllerConfig(
        section.parsed(
            "listen", homeAgent, "a routable IPv6 unicast address", VmConfig::routable),
        (int) section.integer("port", ProvisioningConfig.PORT, 1, 65_535),
        TlsFiles.read(section, "server", credentials),
        SuiteReader.read(section),
        validityMs / 1000,
        section.integer("maximum-packets", USUAL_PACKETS, 16, MOST_PACKETS),
        section.octets("maximum-octets", USUAL_OCTETS, FEWEST_OCTETS, MOST_OCTETS),
        (int) (graceMs / 1000),
        (int) section.integer("handshakes-per-second", 10, 1, 10_000),
        (int) section.integer("maximum-connections", 64, 1, 10_000),
        (int) section.durationMs("handshake-timeout", 5_000, 100, 60_000));
  }
}
