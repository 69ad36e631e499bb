package org.kagemusha.core.provisioning;

import java.util.List;

/**
 * Who is at the other end of a TLS connection, as its verified certificate says.
 *
 * @param subject the distinguished name, RFC 4514, most specific first: {@code CN=hv-a,O=Example}
 * @param alternativeNames the subject alternative names: {@code dns:hv-a.example}, {@code
 *     ip:2001:db8::1} (canonical), {@code uri:...}, {@code email:...}
 * @param issuer the issuer's distinguished name, RFC 4514
 * @param serial the serial number, lower-case hexadecimal
 * @param notAfterMs when the certificate ends, milliseconds since 1970
 */
public record PeerIdentity(
    String subject,
    List<String> alternativeNames,
    String issuer,
    String serial,
    long notAfterMs) {

  /** Copies the list. */
  public PeerIdentity {
    alternativeNames = List.copyOf(alternativeNames);
  }
}
