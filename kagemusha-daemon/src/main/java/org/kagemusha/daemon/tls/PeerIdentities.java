package org.kagemusha.daemon.tls;

import com.google.common.net.InetAddresses;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.core.wire.Ipv6Address;

/** Identities out of certificates. */
public final class PeerIdentities {

  /** GeneralName's tags, RFC 5280 §4.2.1.6. */
  private static final int EMAIL = 1;

  private static final int DNS = 2;
  private static final int URI = 6;
  private static final int IP = 7;

  private PeerIdentities() {}

  /**
   * What a verified certificate says of its holder. Alternative names that cannot be read, or are
   * of other types, are left out: they give no rights.
   */
  public static PeerIdentity of(X509Certificate certificate) {
    return new PeerIdentity(
        subject(certificate),
        alternativeNames(certificate),
        name(certificate.getIssuerX500Principal()),
        certificate.getSerialNumber().toString(16),
        certificate.getNotAfter().getTime());
  }

  /**
   * What the peer's certificate says, when the handshake is done.
   *
   * @throws SSLPeerUnverifiedException if the peer has shown none
   */
  public static PeerIdentity of(SSLSession session) throws SSLPeerUnverifiedException {
    return of((X509Certificate) session.getPeerCertificates()[0]);
  }

  /** The distinguished name of the holder, RFC 4514. */
  static String subject(X509Certificate certificate) {
    return name(certificate.getSubjectX500Principal());
  }

  /** A distinguished name, RFC 4514, most specific first; fit for one line of a log. */
  static String name(X500Principal principal) {
    return printable(plain(principal.getName(X500Principal.RFC2253)));
  }

  /**
   * The platform escapes each {@code =} and {@code #}, where RFC 4514 §2.4 wants neither except a
   * {@code #} at a value's begin; other tools, whose output rules are copied from, do not.
   */
  private static String plain(String name) {
    StringBuilder plain = new StringBuilder();
    boolean valueBegins = false;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean escapes = c == '\\' && i + 1 < name.length();
      if (escapes) {
        char escaped = name.charAt(++i);
        if (escaped != '=' && (escaped != '#' || valueBegins)) {
          plain.append(c);
        }
        c = escaped;
      }
      plain.append(c);
      valueBegins = c == '=' && !escapes;
    }
    return plain.toString();
  }

  private static List<String> alternativeNames(X509Certificate certificate) {
    Collection<List<?>> found;
    try {
      found = certificate.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      return List.of();
    }
    List<String> names = new ArrayList<>();
    if (found != null) {
      for (List<?> pair : found) {
        if (pair.get(1) instanceof String text) {
          switch ((Integer) pair.get(0)) {
            case EMAIL -> names.add("email:" + printable(text));
            case DNS -> names.add("dns:" + printable(text).toLowerCase(Locale.ROOT));
            case URI -> names.add("uri:" + printable(text));
            case IP -> names.add("ip:" + address(text));
            default -> { }
          }
        }
      }
    }
    return names;
  }

  /** An IPv4 or IPv6 address in its canonical text, RFC 5952; other text as it is. */
  static String address(String text) {
    if (!InetAddresses.isInetAddress(text)) {
      return text;
    }
    return text.indexOf(':') >= 0 && InetAddresses.forString(text).getAddress().length == 16
        ? Ipv6Address.parse(text).toString()
        : InetAddresses.toAddrString(InetAddresses.forString(text));
  }

  /** RFC 4514 §2.4: any character may be written as {@code \} and two hexadecimal digits. */
  private static String printable(String text) {
    StringBuilder printable = new StringBuilder();
    text.chars()
        .forEach(
            c -> {
              if (c < ' ' || c == 0x7f) {
                printable.append(String.format("\\%02X", c));
              } else {
                printable.append((char) c);
              }
            });
    return printable.toString();
  }
}
