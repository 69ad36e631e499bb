package org.kagemusha.daemon.tls;

import com.google.common.net.InetAddresses;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;

/** Subject alternative names as they are written here: {@code dns:NAME}, {@code ip:ADDRESS}. */
final class AlternativeNames {

  private static final String DNS_NAME =
      "(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*";

  private AlternativeNames() {}

  static boolean isDnsName(String text) {
    return text.length() <= 253 && text.matches(DNS_NAME);
  }

  /**
   * For a certificate, RFC 5280 §4.2.1.6.
   *
   * @throws IllegalArgumentException if one is of no known form; the message is for the user
   */
  static GeneralNames parse(List<String> texts) {
    List<GeneralName> names = new ArrayList<>();
    for (String text : texts) {
      int colon = text.indexOf(':');
      String value = text.substring(colon + 1);
      String kind = colon < 0 ? "" : text.substring(0, colon);
      if (kind.equals("dns") && isDnsName(value)) {
        names.add(new GeneralName(GeneralName.dNSName, value));
      } else if (kind.equals("ip")
          && value.indexOf('%') < 0
          && InetAddresses.isInetAddress(value)) {
        names.add(new GeneralName(GeneralName.iPAddress, PeerIdentities.address(value)));
      } else if (kind.equals("uri") && value.matches("[!-~]+")) {
        names.add(new GeneralName(GeneralName.uniformResourceIdentifier, value));
      } else if (kind.equals("email") && value.matches("[!-~]+@[!-~]+")) {
        names.add(new GeneralName(GeneralName.rfc822Name, value));
      } else {
        throw new IllegalArgumentException(
            "found the alternative name \"" + text
                + "\"; expected dns:NAME, ip:ADDRESS, uri:URI or email:ADDRESS");
      }
    }
    return new GeneralNames(names.toArray(new GeneralName[0]));
  }
}
