package org.kagemusha.core.provisioning;

import java.util.List;
import org.kagemusha.core.wire.Ipv6Address;

/**
 * What a mobile node asks its Home Agent Controller for, over both requests of RFC 6618 §5.8.
 *
 * @param mobileNodeId the Network Access Identifier of §5.5.1, such as {@code vm1@hv-a.example}
 * @param homeAddresses those it wants to speak for, at least one
 * @param careOf where it is, or null if it does not know yet
 * @param payloadProtected the scope it proposes (§5.6.4): whether ESP covers payload too
 * @param suites in order of preference, at least one (§5.6.5)
 */
public record ProvisioningRequest(
    String mobileNodeId,
    List<Ipv6Address> homeAddresses,
    Ipv6Address careOf,
    boolean payloadProtected,
    List<Ciphersuite> suites) {

  /** Copies the lists. */
  public ProvisioningRequest {
    homeAddresses = List.copyOf(homeAddresses);
    suites = List.copyOf(suites);
  }
}
