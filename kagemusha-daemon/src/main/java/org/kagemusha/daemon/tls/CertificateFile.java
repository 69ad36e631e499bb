package org.kagemusha.daemon.tls;

import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.util.io.pem.PemObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Certificates in PEM, checked as far as that can be done without a peer; RFC 5280. */
final class CertificateFile {

  private static final Logger log = LoggerFactory.getLogger(CertificateFile.class);

  private static final Set<String> TYPES = Set.of("CERTIFICATE", "X509 CERTIFICATE");

  /** id-Ed25519 and id-Ed448, RFC 8410 §3. */
  private static final Set<String> EDDSA = Set.of("1.3.101.112", "1.3.101.113");

  /** Indexes of the bits, RFC 5280 §4.2.1.3. */
  private static final int DIGITAL_SIGNATURE = 0;

  private static final int KEY_CERT_SIGN = 5;

  private CertificateFile() {}

  /**
   * The authorities that are in force. Others are left out with a warning, as long as one is left:
   * while authorities are exchanged a file has the old one and the new one.
   */
  static List<X509Certificate> authorities(Path path, Instant now) throws CredentialException {
    List<X509Certificate> inForce = new ArrayList<>();
    CredentialException last = null;
    for (X509Certificate certificate : read(path, "certificates of authorities")) {
      requireAuthority(path, certificate);
      try {
        requireInForce(path, certificate, now);
        inForce.add(certificate);
      } catch (CredentialException e) {
        log.warn("authority left out: {}", e.getMessage());
        last = e;
      }
    }
    if (inForce.isEmpty()) {
      throw last;
    }
    return List.copyOf(inForce);
  }

  /** This host's certificate, and what stands behind it. */
  static List<X509Certificate> own(Path path, Instant now) throws CredentialException {
    List<X509Certificate> chain = read(path, "this host's certificate");
    X509Certificate own = chain.get(0);
    requireInForce(path, own, now);
    boolean[] usage = own.getKeyUsage();
    if (usage != null && !usage[DIGITAL_SIGNATURE]) {
      // RFC 8446 §4.4.2.2: "the certificate MUST allow the key to be used for signing".
      throw new CredentialException(
          path + ": the Key Usage of the certificate of " + PeerIdentities.subject(own)
              + " does not allow signatures; expected digitalSignature (certtool: signing_key)");
    }
    return chain;
  }

  /** The first certificate of a file, whatever its state. */
  static X509Certificate first(Path path) throws CredentialException {
    return read(path, "a certificate").get(0);
  }

  private static List<X509Certificate> read(Path path, String holds) throws CredentialException {
    CredentialFile file = CredentialFile.read(path, holds);
    List<X509Certificate> certificates = new ArrayList<>();
    String other = "";
    for (PemObject block : file.blocks()) {
      if (TYPES.contains(block.getType())) {
        certificates.add(certificate(file, block));
      } else {
        other = block.getType();
      }
    }
    if (certificates.isEmpty()) {
      throw file.wrongType("a PEM block of type " + other);
    }
    return List.copyOf(certificates);
  }

  private static X509Certificate certificate(CredentialFile file, PemObject block)
      throws CredentialException {
    X509Certificate certificate;
    try {
      certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(block.getContent()));
    } catch (CertificateException | RuntimeException e) {
      throw file.broken(e);
    }
    if (EDDSA.contains(certificate.getSigAlgOID())
        || certificate.getPublicKey().getAlgorithm().startsWith("Ed")) {
      throw new CredentialException(
          file.path() + ": the certificate of " + PeerIdentities.subject(certificate)
              + " has an EdDSA key or signature, which cannot be used here; expected ECDSA or RSA");
    }
    return certificate;
  }

  private static void requireInForce(Path path, X509Certificate certificate, Instant now)
      throws CredentialException {
    String of = path + ": the certificate of " + PeerIdentities.subject(certificate);
    Date date = Date.from(now);
    if (date.after(certificate.getNotAfter())) {
      throw new CredentialException(
          of + " expired at " + certificate.getNotAfter().toInstant() + "; expected a renewed one");
    }
    if (date.before(certificate.getNotBefore())) {
      throw new CredentialException(
          of + " is valid only from " + certificate.getNotBefore().toInstant()
              + "; expected one that is in force, or a clock that is right");
    }
  }

  /** RFC 5280 §4.2.1.9, §4.2.1.3. */
  private static void requireAuthority(Path path, X509Certificate certificate)
      throws CredentialException {
    boolean[] usage = certificate.getKeyUsage();
    if (certificate.getBasicConstraints() < 0 || usage != null && !usage[KEY_CERT_SIGN]) {
      throw new CredentialException(
          path + ": " + PeerIdentities.subject(certificate)
              + " is no certificate authority; expected Basic Constraints CA:TRUE and Key Usage"
              + " keyCertSign");
    }
  }
}
