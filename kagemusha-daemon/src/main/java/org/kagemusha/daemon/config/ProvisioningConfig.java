package org.kagemusha.daemon.config;

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
    String mobileNodeId) {}
