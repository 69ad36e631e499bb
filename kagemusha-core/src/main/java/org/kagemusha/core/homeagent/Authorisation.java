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

  @SuppressWarnings({"unchecked", "rawtypes"})
  private final Ipv6Map<MobileNodeAuthorisation>[] byLength = new Ipv6Map[129];

  Authorisation(List<MobileNodeAuthorisation> mobileNodes) {
    for (MobileNodeAuthorisation node : mobileNodes) {
      for (Ipv6Prefix prefix : node.homeAddresses()) {
        if (byLength[prefix.length()] == null) {
          byLength[prefix.length()] = new Ipv6Map<>();
        }
        byLength[prefix.length()].put(prefix.address(), node);
      }
    }
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
