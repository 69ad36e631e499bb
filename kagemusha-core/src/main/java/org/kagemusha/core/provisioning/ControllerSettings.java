package org.kagemusha.core.provisioning;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * What the operator decides about a Home Agent Controller.
 *
 * @param homeAgent the home agent's address
 * @param homePrefix the home link's prefix
 * @param encapsulationPort where the home agent takes ESP in UDP, or 0
 * @param suites that may be chosen, the preferred first, at least one
 * @param validitySeconds how long associations are valid, 10 to 604800
 * @param maximumPackets sealed in one direction under one key
 * @param maximumOctets sealed in one direction under one key
 * @param graceSeconds how long replaced keys are believed, 1 to 60
 * @param nodes who may have keys
 */
public record ControllerSettings(
    Ipv6Address homeAgent,
    Ipv6Prefix homePrefix,
    int encapsulationPort,
    List<Ciphersuite> suites,
    long validitySeconds,
    long maximumPackets,
    long maximumOctets,
    int graceSeconds,
    List<ProvisionedNode> nodes) {

  /** Copies the lists. */
  public ControllerSettings {
    suites = List.copyOf(suites);
    nodes = List.copyOf(nodes);
  }
}
