package org.kagemusha.daemon.config;

import java.util.List;
import java.util.stream.Collectors;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.wire.Ipv6Address;

/** Checks that what is to be protected has an association, and that none is without use. */
final class Coverage {

  private Coverage() {}

  static void check(
      Section section,
      Protection protection,
      List<Ipv6Address> homeAddresses,
      List<AssociationConfig> associations) {
    check(
        section, "signalling", protection.signalling(), KeySource.Purpose.SIGNALLING,
        homeAddresses, associations);
    check(
        section, "payload", protection.payload(), KeySource.Purpose.PAYLOAD, homeAddresses,
        associations);
  }

  private static void check(
      Section section,
      String key,
      boolean wanted,
      KeySource.Purpose purpose,
      List<Ipv6Address> homeAddresses,
      List<AssociationConfig> associations) {
    for (Ipv6Address homeAddress : homeAddresses) {
      boolean covered =
          associations.stream()
              .anyMatch(one -> one.purpose() == purpose && homeAddress.equals(one.homeAddress()));
      if (wanted && !covered) {
        section.problem(
            key,
            "found no association for " + key + " of " + homeAddress + "; expected an association"
                + " section with purpose = \"" + key + "\", or " + key
                + " = \"none\" to do without protection");
      } else if (!wanted && covered) {
        section.problem(
            key,
            "found \"none\", but there is an association for " + key + " of " + homeAddress
                + "; expected " + key + " = \"esp\", or no such association");
      }
    }
  }

  static String words(List<?> list) {
    return list.stream().map(Object::toString).collect(Collectors.joining(", "));
  }
}
