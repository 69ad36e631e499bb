package org.kagemusha.core.provisioning;

import java.util.List;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * A mobile node that gets its keys from the controller.
 *
 * @param name in audit lines
 * @param homeAddresses what it may register: addresses as prefixes of 128 bits, or prefixes
 * @param careOf where it may be; empty for anywhere
 * @param payload what its payload gets
 * @param hosts the certificates that may speak for it
 */
public record ProvisionedNode(
    String name,
    List<Ipv6Prefix> homeAddresses,
    List<Ipv6Prefix> careOf,
    PayloadProtection payload,
    List<CertificateRule> hosts) {

  /** Copies the lists. */
  public ProvisionedNode {
    homeAddresses = List.copyOf(homeAddresses);
    careOf = List.copyOf(careOf);
    hosts = List.copyOf(hosts);
  }
}
