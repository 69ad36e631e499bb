package org.kagemusha.daemon.tls;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CRLHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;

/**
 * A certificate authority in a directory, for trials: {@code cacert.pem}, {@code cakey.pem}, {@code
 * cacrl.pem}, and what it issues. The profile is that of RFC 5280; keys are EC P-256, signatures
 * ECDSA with SHA-256. Its key lies on the disk as it is: for more than trials use an authority
 * whose key is guarded.
 */
public final class TrialAuthority {

  /** The longest common name, ub-common-name of RFC 5280 appendix A.1. */
  private static final int LONGEST_NAME = 64;

  /** Certificates begin a little earlier, for hosts whose clocks are late. */
  private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

  private static final String SIGNATURE = "SHA256withECDSA";
  private static final String FILE_NAME = "[A-Za-z0-9_][A-Za-z0-9._-]*";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path directory;
  private final X509Certificate certificate;
  private final PrivateKey key;

  /**
   * What was issued.
   *
   * @param certificateFile PEM
   * @param keyFile PKCS #8 in PEM, mode 0600
   * @param certificate the certificate
   */
  public record Issued(Path certificateFile, Path keyFile, X509Certificate certificate) {}

  private TrialAuthority(Path directory, X509Certificate certificate, PrivateKey key) {
    this.directory = directory;
    this.certificate = certificate;
    this.key = key;
  }

  /** The authority's certificate. */
  public static Path certificateFile(Path directory) {
    return directory.resolve("cacert.pem");
  }

  /** The authority's private key. */
  public static Path keyFile(Path directory) {
    return directory.resolve("cakey.pem");
  }

  /** The list of what it has revoked. */
  public static Path revocationFile(Path directory) {
    return directory.resolve("cacrl.pem");
  }

  /**
   * Makes an authority, and its directory (mode 0700) if there is none.
   *
   * @param name its common name
   * @param validity how long it is valid
   * @throws IOException if it cannot be written, or there is one already
   * @throws IllegalArgumentException if the name is empty or too long; the message is for the user
   */
  public static TrialAuthority create(Path directory, String name, Duration validity)
      throws IOException {
    X500Name subject = subject(name);
    if (!Files.isDirectory(directory)) {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    for (Path file :
        List.of(certificateFile(directory), keyFile(directory), revocationFile(directory))) {
      NewFile.refuseExisting(file);
    }
    try {
      KeyPair pair = keyPair();
      Instant now = Instant.now();
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  subject,
                  serial(),
                  Date.from(now.minus(CLOCK_SKEW)),
                  Date.from(now.plus(validity)),
                  subject,
                  pair.getPublic())
              // RFC 5280 §4.2.1.9: no authority below this one.
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  identifiers.createSubjectKeyIdentifier(pair.getPublic()))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  identifiers.createAuthorityKeyIdentifier(pair.getPublic()));
      X509Certificate certificate = signed(builder, pair.getPrivate());
      TrialAuthority authority = new TrialAuthority(directory, certificate, pair.getPrivate());
      NewFile.createPrivate(keyFile(directory), pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
      NewFile.createPublic(
          revocationFile(directory), authority.signedList(authority.emptyList(), BigInteger.ONE));
      NewFile.createPublic(
          certificateFile(directory), pem("CERTIFICATE", certificate.getEncoded()));
      return authority;
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("cannot make an authority: " + e.getMessage(), e);
    }
  }

  /**
   * Opens what {@link #create} has made.
   *
   * @throws CredentialException if its files are not there or not in order
   */
  public static TrialAuthority open(Path directory) throws CredentialException {
    X509Certificate certificate =
        CertificateFile.authorities(certificateFile(directory), Instant.now()).get(0);
    PrivateKey key = PrivateKeyFile.read(keyFile(directory), false);
    if (!TlsCredentials.belongTogether(key, certificate.getPublicKey())
        || !key.getAlgorithm().equals("EC")) {
      throw new CredentialException(
          keyFile(directory) + ": not the EC key of " + certificateFile(directory)
              + "; expected the files that `kagemusha pki init` wrote");
    }
    return new TrialAuthority(directory, certificate, key);
  }

  /** Its certificate. */
  public X509Certificate certificate() {
    return certificate;
  }

  /**
   * Issues a certificate with a new key, {@code NAME-cert.pem} and {@code NAME-key.pem}.
   *
   * @param name of the files, and the common name
   * @param alternativeNames {@code dns:...}, {@code ip:...}, {@code uri:...}, {@code email:...}; if
   *     there is none, the name itself as {@code dns:} where it can be one
   * @param validity how long it is valid; at most as long as the authority
   * @throws IOException if it cannot be written, or there is such a file already
   * @throws IllegalArgumentException if a name is of a wrong form; the message is for the user
   */
  public Issued issue(
      String name, List<String> alternativeNames, TrialRole role, Duration validity)
      throws IOException {
    if (!name.matches(FILE_NAME)) {
      throw new IllegalArgumentException(
          "found the name \"" + name + "\"; expected letters, digits, \".\", \"_\" and \"-\"");
    }
    Path certificateFile = directory.resolve(name + "-cert.pem");
    Path keyFile = directory.resolve(name + "-key.pem");
    NewFile.refuseExisting(certificateFile);
    NewFile.refuseExisting(keyFile);
    List<String> names =
        alternativeNames.isEmpty() && AlternativeNames.isDnsName(name)
            ? List.of("dns:" + name)
            : alternativeNames;
    try {
      KeyPair pair = keyPair();
      Instant now = Instant.now();
      Date begin = latest(Date.from(now.minus(CLOCK_SKEW)), certificate.getNotBefore());
      Date end = Date.from(now.plus(validity));
      JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  certificate,
                  serial(),
                  begin,
                  end.after(certificate.getNotAfter()) ? certificate.getNotAfter() : end,
                  subject(name),
                  pair.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage, false, new ExtendedKeyUsage(role.purposes()))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  identifiers.createSubjectKeyIdentifier(pair.getPublic()))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  identifiers.createAuthorityKeyIdentifier(certificate.getPublicKey()));
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName, false, AlternativeNames.parse(names));
      }
      X509Certificate issued = signed(builder, key);
      NewFile.createPrivate(keyFile, pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
      NewFile.createPublic(certificateFile, pem("CERTIFICATE", issued.getEncoded()));
      return new Issued(certificateFile, keyFile, issued);
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("cannot issue a certificate: " + e.getMessage(), e);
    }
  }

  /**
   * Puts a certificate on the revocation list.
   *
   * @return false if it was there already
   * @throws CredentialException if the certificate is not this authority's, or the list is damaged
   * @throws IOException if the list cannot be written
   */
  public boolean revoke(Path certificateFile) throws CredentialException, IOException {
    X509Certificate lost = CertificateFile.first(certificateFile);
    X509CRL list = RevocationLists.single(revocationFile(directory));
    try {
      lost.verify(certificate.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new CredentialException(
          certificateFile + ": not issued by " + PeerIdentities.subject(certificate)
              + "; expected a certificate of this authority",
          e);
    }
    try {
      list.verify(certificate.getPublicKey());
      if (list.getRevokedCertificate(lost.getSerialNumber()) != null) {
        return false;
      }
      X509v2CRLBuilder builder =
          emptyList()
              .addCRL(new JcaX509CRLHolder(list))
              .addCRLEntry(lost.getSerialNumber(), Date.from(Instant.now()), 0);
      NewFile.replacePublic(
          revocationFile(directory), signedList(builder, number(list).add(BigInteger.ONE)));
      return true;
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new CredentialException(
          revocationFile(directory) + ": not this authority's list: " + e.getMessage(), e);
    }
  }

  /** It need not be renewed as long as the authority is valid: nobody would in a trial. */
  private X509v2CRLBuilder emptyList() {
    return new JcaX509v2CRLBuilder(certificate, Date.from(Instant.now()))
        .setNextUpdate(certificate.getNotAfter());
  }

  private String signedList(X509v2CRLBuilder builder, BigInteger number)
      throws IOException, GeneralSecurityException, OperatorCreationException {
    builder.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate.getPublicKey()));
    builder.addExtension(Extension.cRLNumber, false, new CRLNumber(number));
    return pem("X509 CRL", builder.build(signer(key)).getEncoded());
  }

  /** The CRL number, RFC 5280 §5.2.3: a sequence that only rises. */
  private static BigInteger number(X509CRL list) {
    byte[] extension = list.getExtensionValue(Extension.cRLNumber.getId());
    return extension == null
        ? BigInteger.ZERO
        : ASN1Integer.getInstance(ASN1OctetString.getInstance(extension).getOctets()).getValue();
  }

  private static X509Certificate signed(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter().getCertificate(builder.build(signer(key)));
  }

  private static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
    return new JcaContentSignerBuilder(SIGNATURE).build(key);
  }

  private static KeyPair keyPair() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  /** RFC 5280 §4.1.2.2: positive, at most 20 octets. 127 bits are random, all are as long. */
  private static BigInteger serial() {
    return new BigInteger(128, RANDOM).setBit(127);
  }

  private static Date latest(Date one, Date other) {
    return one.after(other) ? one : other;
  }

  private static X500Name subject(String name) {
    if (name.isBlank() || name.length() > LONGEST_NAME) {
      throw new IllegalArgumentException(
          "found a name of " + name.length() + " characters; expected 1 to " + LONGEST_NAME);
    }
    return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, name).build();
  }

  private static String pem(String type, byte[] der) throws IOException {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, der));
    }
    return text.toString();
  }
}
