package org.kagemusha.daemon.config;

import java.nio.file.Path;
import java.util.List;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * Where a mobile node gets its keys, RFC 6618.
 *
 * @param controller the Home Agent Controller's address
 * @param port its TCP port
 * @param serverName the name or address that its certificate must have
 * @param tls this host's credentials
 * @param suites that are proposed, the preferred first
 * @param mobileNodeId the Network Access Identifier, RFC 6618 §5.5.1
 */
public record ProvisioningConfig(
    Ipv6Address controller,
    int port,
    String serverName,
    TlsFiles tls,
    List<Ciphersuite> suites,
    String mobileNodeId) {

  /** RFC 6618 §8.3: mipv6tls. */
  static final int PORT = 7872;

  private static final String HOST_NAME =
      "(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
          + "(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*";

  /** RFC 7542 §2.2, its ASCII part; §2.1: 253 octets can be relied upon. */
  private static final String IDENTIFIER =
      "(?=.{3,253}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
          + "@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*";

  /**
   * @param name the VM's
   * @param agents the home agents; the first is the controller by default
   * @param credentials {@code $CREDENTIALS_DIRECTORY}, or null
   * @return null without the section
   */
  static ProvisioningConfig read(
      Section section, String name, List<Ipv6Address> agents, Path credentials) {
    if (!section.isPresent()) {
      return null;
    }
    Ipv6Address controller =
        section.parsed(
            "controller", agents.isEmpty() ? null : agents.get(0),
            "a routable IPv6 unicast address", VmConfig::routable);
    return new ProvisioningConfig(
        controller,
        (int) section.integer("port", PORT, 1, 65_535),
        section.parsed(
            "server-name", String.valueOf(controller), "a DNS name or an IPv6 address",
            ProvisioningConfig::serverName),
        TlsFiles.read(section, "client", credentials),
        SuiteReader.read(section),
        section.parsed(
            "identity", name + "@kagemusha",
            "a network access identifier, such as \"vm1@kagemusha\" (RFC 7542)",
            text -> matching(text, IDENTIFIER)));
  }

  private static String serverName(String text) {
    return text.indexOf(':') >= 0
        ? Ipv6Address.parse(text).toString()
        : matching(text, HOST_NAME);
  }

  private static String matching(String text, String pattern) {
    if (!text.matches(pattern)) {
      throw new IllegalArgumentException("not as expected");
    }
    return text;
  }
}
