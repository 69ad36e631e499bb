package org.kagemusha.daemon.config;

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
 * @param validitySeconds how long associations are valid
 * @param maximumPackets sealed in one direction under one key
 * @param maximumOctets sealed in one direction under one key
 * @param graceSeconds how long replaced keys are believed
 * @param handshakesPerSecond how many TLS handshakes may begin in a second
 * @param maximumConnections at one time
 * @param handshakeTimeoutMs within which a session must have ended
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
    int handshakeTimeoutMs) {}
