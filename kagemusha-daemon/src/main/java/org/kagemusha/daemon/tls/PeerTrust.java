package org.kagemusha.daemon.tls;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Judges a peer's certificates: by the platform's path validation (RFC 5280 §6, with the Extended
 * Key Usage of the role and the server's name), then by the revocation lists, and by the time that
 * the authority itself is given, which the platform passes over. What is wrong is said together
 * with whose certificate it is.
 */
final class PeerTrust extends X509ExtendedTrustManager {

  private interface Check {
    void run() throws CertificateException;
  }

  private final X509ExtendedTrustManager platform;
  private final List<X509Certificate> authorities;
  private final RevocationLists revoked;

  PeerTrust(List<X509Certificate> authorities, RevocationLists revoked)
      throws GeneralSecurityException {
    this.authorities = authorities;
    this.revoked = revoked;
    this.platform = platform(authorities);
  }

  private static X509ExtendedTrustManager platform(List<X509Certificate> authorities)
      throws GeneralSecurityException {
    KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
    try {
      anchors.load(null, null);
    } catch (IOException e) {
      throw new AssertionError("nothing is read", e);
    }
    for (int i = 0; i < authorities.size(); i++) {
      anchors.setCertificateEntry("authority" + i, authorities.get(i));
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(anchors);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager extended) {
        return extended;
      }
    }
    throw new GeneralSecurityException("the platform has no X.509 trust manager");
  }

  /** Why this host's own certificates would not be believed here; null if they would. */
  String doubt(List<X509Certificate> own, Instant now) {
    List<X509Certificate> path = new ArrayList<>(own);
    // The anchor itself is no part of a path, RFC 5280 §6.1.
    path.removeIf(authorities::contains);
    if (path.isEmpty()) {
      return null;
    }
    try {
      PKIXParameters parameters =
          new PKIXParameters(
              authorities.stream()
                  .map(authority -> new TrustAnchor(authority, null))
                  .collect(Collectors.toSet()));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return null;
    } catch (GeneralSecurityException e) {
      return e.getMessage();
    }
  }

  private void check(X509Certificate[] chain, Check platformCheck) throws CertificateException {
    try {
      platformCheck.run();
    } catch (CertificateException e) {
      throw refusal(chain[0], reason(chain, e), validatorException(e));
    }
    for (X509Certificate certificate : chain) {
      if (revoked.contain(certificate)) {
        String reason =
            "it was revoked"
                + (certificate == chain[0]
                    ? ""
                    : " (" + PeerIdentities.subject(certificate) + " behind it)");
        throw refusal(
            chain[0],
            reason,
            new CertPathValidatorException(reason, null, null, -1, BasicReason.REVOKED));
      }
    }
    requireAuthorityInForce(chain);
  }

  private void requireAuthorityInForce(X509Certificate[] chain) throws CertificateException {
    for (X509Certificate certificate : chain) {
      for (X509Certificate authority : authorities) {
        if (inForce(authority) && issued(authority, certificate)) {
          return;
        }
      }
    }
    String reason = "the authority that issued it has expired";
    throw refusal(
        chain[0],
        reason,
        new CertPathValidatorException(reason, null, null, -1, BasicReason.EXPIRED));
  }

  private static boolean issued(X509Certificate authority, X509Certificate certificate) {
    if (authority.equals(certificate)) {
      return true;
    }
    if (!authority.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
      return false;
    }
    try {
      certificate.verify(authority.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static boolean inForce(X509Certificate certificate) {
    try {
      certificate.checkValidity();
      return true;
    } catch (CertificateException e) {
      return false;
    }
  }

  private static CertificateException refusal(
      X509Certificate certificate, String reason, Throwable cause) {
    return new CertificateException(
        "certificate refused subject=\"" + PeerIdentities.subject(certificate) + "\" issuer=\""
            + PeerIdentities.name(certificate.getIssuerX500Principal()) + "\" serial="
            + certificate.getSerialNumber().toString(16) + ": " + reason,
        cause);
  }

  private static String reason(X509Certificate[] chain, CertificateException error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateExpiredException) {
        return "it expired at " + chain[0].getNotAfter().toInstant() + ", or one behind it ("
            + cause.getMessage() + ")";
      }
      if (cause instanceof CertificateNotYetValidException) {
        return "it is valid only from " + chain[0].getNotBefore().toInstant()
            + ", or one behind it (" + cause.getMessage() + ")";
      }
      if (cause instanceof CertPathBuilderException) {
        return "no authority that is trusted here issued it";
      }
    }
    return error.getMessage();
  }

  /** By this cause the platform tells the peer what is wrong, as far as it does: the TLS alert. */
  private static Throwable validatorException(CertificateException error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertPathValidatorException) {
        return cause;
      }
    }
    return error;
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain, () -> platform.checkClientTrusted(chain, type, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain, () -> platform.checkServerTrusted(chain, type, engine));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain, () -> platform.checkClientTrusted(chain, type, socket));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain, () -> platform.checkServerTrusted(chain, type, socket));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type)
      throws CertificateException {
    check(chain, () -> platform.checkClientTrusted(chain, type));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type)
      throws CertificateException {
    check(chain, () -> platform.checkServerTrusted(chain, type));
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return platform.getAcceptedIssuers();
  }
}
