package org.kagemusha.core.provisioning;

import java.util.Objects;

/**
 * Which certificates are a host's: all that is given must match exactly.
 *
 * @param host the host's name, in audit lines
 * @param subject the subject's distinguished name, RFC 4514, or null for any
 * @param alternativeName one of the subject alternative names as in {@link
 *     PeerIdentity#alternativeNames}, or null for any
 * @param issuer the issuer's distinguished name, or null for any that is trusted
 */
public record CertificateRule(
    String host, String subject, String alternativeName, String issuer) {

  /**
   * @throws IllegalArgumentException if neither subject nor alternative name is given: the rule
   *     would name nobody
   */
  public CertificateRule {
    Objects.requireNonNull(host);
    if (subject == null && alternativeName == null) {
      throw new IllegalArgumentException("host " + host + " has neither subject nor san");
    }
  }

  /** Says whether a certificate is this host's. */
  public boolean matches(PeerIdentity peer) {
    return (subject == null || subject.equals(peer.subject()))
        && (alternativeName == null || peer.alternativeNames().contains(alternativeName))
        && (issuer == null || issuer.equals(peer.issuer()));
  }
}
