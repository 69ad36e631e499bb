package org.kagemusha.daemon.config;

import java.util.List;
import java.util.stream.Collectors;
import org.kagemusha.core.ipsec.KeySource;
import org.kagemusha.core.ipsec.PayloadProtection;
import org.kagemusha.core.wire.Ipv6Address;

/** Checks that what is to be protected has an association, and that none is without use. */
final class Coverage {

  private Coverage() {}

  /**
   * Checks a mobile node with static keys.
   *
   * @param fresh what the file would have for fresh keys
   */
  static void check(
      Section section,
      String fresh,
      Protection protection,
      List<Ipv6Address> homeAddresses,
      List<AssociationConfig> associations) {
    if (protection.payload() == PayloadProtection.OPPORTUNISTIC) {
      section.problem(
          "payload",
          "found \"opportunistic\" without " + fresh + "; expected \"required\" or"
              + " \"disabled\", or " + fresh + ": with static keys no home agent"
              + " says, authenticated, that it cannot");
    }
    for (Ipv6Address homeAddress : homeAddresses) {
      boolean signalling = covers(associations, KeySource.Purpose.SIGNALLING, homeAddress);
      if (protection.signalling() && !signalling) {
        section.problem(
            "signalling",
            "found no keys for signalling of " + homeAddress + "; expected " + fresh
                + ", or an association section with purpose = \"signalling\"");
      } else if (!protection.signalling() && signalling) {
        section.problem(
            "signalling",
            "found \"none\", but there is an association for signalling of " + homeAddress
                + "; expected signalling = \"esp\", or no such association");
      }
      checkPayload(section, protection.payload(), homeAddress, associations);
    }
  }

  private static void checkPayload(
      Section section,
      PayloadProtection payload,
      Ipv6Address homeAddress,
      List<AssociationConfig> associations) {
    boolean covered = covers(associations, KeySource.Purpose.PAYLOAD, homeAddress);
    if (payload == PayloadProtection.REQUIRED && !covered) {
      section.problem(
          "payload",
          "found no association for payload of " + homeAddress + "; expected an association"
              + " section with purpose = \"payload\", or payload = \"disabled\" to do without"
              + " protection");
    } else if (payload == PayloadProtection.DISABLED && covered) {
      section.problem(
          "payload",
          "found \"disabled\", but there is an association for payload of " + homeAddress
              + "; expected payload = \"required\", or no such association");
    }
  }

  /**
   * Checks a mobile node that is given fresh keys.
   *
   * @param section which tells its protection
   * @param owner which holds its associations
   * @param fresh what in the file says so
   */
  static void checkFresh(
      Section section,
      Section owner,
      String fresh,
      Protection protection,
      List<AssociationConfig> associations) {
    if (!associations.isEmpty()) {
      owner.problem(
          "association",
          "found static keys beside " + fresh + "; expected one or the other: fresh keys end with"
              + " each move, static ones would stay good for whoever has them");
    }
    if (!protection.signalling()) {
      section.problem(
          "signalling",
          "found \"none\" in [protection] together with " + fresh + "; expected \"esp\":"
              + " fresh keys protect signalling always");
    }
  }

  private static boolean covers(
      List<AssociationConfig> associations, KeySource.Purpose purpose, Ipv6Address homeAddress) {
    return associations.stream()
        .anyMatch(one -> one.purpose() == purpose && homeAddress.equals(one.homeAddress()));
  }

  static String words(List<?> list) {
    return list.stream().map(Object::toString).collect(Collectors.joining(", "));
  }
}
