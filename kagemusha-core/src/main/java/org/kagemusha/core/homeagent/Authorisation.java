package org.kagemusha.core.homeagent;

import java.util.List;
import org.kagemusha.core.homeagent.HomeAgentSettings.MobileNodeAuthorisation;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Map;
import org.kagemusha.core.wire.Ipv6Prefix;

/**
 * Who may register a home address, by longest prefix; the cost depends on how many prefix lengths
 * the configuration uses, not on the number of mobile nodes.
 */
final class Authorisation {

  private static final Ipv6Prefix ANYWHERE = Ipv6Prefix.of(Ipv6Address.UNSPECIFIED, 0);

  @SuppressWarnings({"unchecked", "rawtypes"})
  private final Ipv6Map<MobileNodeAuthorisation>[] byLength = new Ipv6Map[129];

  /** Where any mobile node may be: prefixes, by length. */
  @SuppressWarnings({"unchecked", "rawtypes"})
  private final Ipv6Map<Ipv6Prefix>[] careOfByLength = new Ipv6Map[129];

  Authorisation(List<MobileNodeAuthorisation> mobileNodes) {
    for (MobileNodeAuthorisation node : mobileNodes) {
      if (node.careOfAddresses().isEmpty()) {
        addCareOf(ANYWHERE);
      }
      node.careOfAddresses().forEach(this::addCareOf);
      for (Ipv6Prefix prefix : node.homeAddresses()) {
        if (byLength[prefix.length()] == null) {
          byLength[prefix.length()] = new Ipv6Map<>();
        }
        byLength[prefix.length()].put(prefix.address(), node);
      }
    }
  }

  private void addCareOf(Ipv6Prefix prefix) {
    if (careOfByLength[prefix.length()] == null) {
      careOfByLength[prefix.length()] = new Ipv6Map<>();
    }
    careOfByLength[prefix.length()].put(prefix.address(), prefix);
  }

  /** Says whether there is a mobile node that may be at a care-of address. */
  boolean allowsCareOf(Ipv6Address careOf) {
    for (int length = 0; length <= 128; length++) {
      Ipv6Map<Ipv6Prefix> prefixes = careOfByLength[length];
      if (prefixes != null
          && prefixes.get(Ipv6Prefix.of(careOf, length).address()) != null) {
        return true;
      }
    }
    return false;
  }

  /** The authorisation with the longest prefix that holds a home address, or null. */
  MobileNodeAuthorisation of(Ipv6Address homeAddress) {
    for (int length = 128; length >= 0; length--) {
      Ipv6Map<MobileNodeAuthorisation> nodes = byLength[length];
      if (nodes != null) {
        MobileNodeAuthorisation node = nodes.get(Ipv6Prefix.of(homeAddress, length).address());
        if (node != null) {
          return node;
        }
      }
    }
    return null;
  }

  /** Says whether a mobile node may be at a care-of address. */
  static boolean allowsCareOf(MobileNodeAuthorisation node, Ipv6Address careOf) {
    if (node.careOfAddresses().isEmpty()) {
      return true;
    }
    for (Ipv6Prefix prefix : node.careOfAddresses()) {
      if (prefix.contains(careOf)) {
        return true;
      }
    }
    return false;
  }
}
