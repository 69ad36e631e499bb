package org.kagemusha.daemon.tls;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemWriter;
import org.kagemusha.daemon.config.TlsFiles;

/** An authority that also issues what it should not. */
final class TestPki {

  static final Duration DAY = Duration.ofDays(1);

  private static long serial = 0x1000;

  final Path directory;
  final KeyPair keys = ec();
  final X509Certificate certificate;
  final Path file;

  TestPki(Path directory, String name) throws Exception {
    this(directory, name, Instant.now().plus(DAY));
  }

  TestPki(Path directory, String name, Instant end) throws Exception {
    this.directory = directory;
    Instant begin = Instant.now().minus(DAY.multipliedBy(20));
    certificate = new Leaf(name).between(begin, end).authority().signedBy(this, name, keys);
    file = directory.resolve(name.replaceAll("\\W", "") + ".pem");
    Files.writeString(file, pem("CERTIFICATE", certificate.getEncoded()));
  }

  /** A certificate in the making; by default one that is good for both roles. */
  final class Leaf {
    private final String subject;
    private final List<String> names = new ArrayList<>();
    private KeyPurposeId[] purposes = {
      KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_serverAuth
    };
    private Integer usage = KeyUsage.digitalSignature;
    private Instant begin = Instant.now().minus(DAY);
    private Instant end = Instant.now().plus(DAY);
    private boolean authority;
    private KeyPair pair;

    Leaf(String subject) {
      this.subject = subject;
    }

    Leaf names(String... texts) {
      names.addAll(List.of(texts));
      return this;
    }

    Leaf purposes(KeyPurposeId... some) {
      purposes = some;
      return this;
    }

    Leaf usage(Integer bits) {
      usage = bits;
      return this;
    }

    Leaf between(Instant one, Instant other) {
      begin = one;
      end = other;
      return this;
    }

    Leaf authority() {
      authority = true;
      usage = KeyUsage.keyCertSign | KeyUsage.cRLSign;
      purposes = new KeyPurposeId[0];
      return this;
    }

    Leaf keys(KeyPair own) {
      pair = own;
      return this;
    }

    X509Certificate signedBy(TestPki issuer, String issuerName, KeyPair own) throws Exception {
      var builder =
          new JcaX509v3CertificateBuilder(
              new X500Name("CN=" + issuerName),
              BigInteger.valueOf(serial++),
              Date.from(begin),
              Date.from(end),
              new X500Name("CN=" + subject),
              own.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      if (usage != null) {
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
      }
      if (purposes.length > 0) {
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
      }
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName, false, AlternativeNames.parse(names));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(issuer.keys.getPrivate())));
    }

    /** Writes certificate and key; the authority is that of the enclosing object. */
    TlsFiles write() throws Exception {
      KeyPair own = pair == null ? ec() : pair;
      String base = "leaf" + serial;
      Path certificateFile = directory.resolve(base + "-cert.pem");
      Files.writeString(
          certificateFile,
          pem("CERTIFICATE", signedBy(TestPki.this, name(), own).getEncoded()));
      Path keyFile =
          privateFile(base + "-key.pem", pem("PRIVATE KEY", own.getPrivate().getEncoded()));
      return new TlsFiles(file, certificateFile, keyFile, null);
    }
  }

  Leaf leaf(String subject) {
    return new Leaf(subject);
  }

  String name() {
    return certificate.getSubjectX500Principal().getName().substring("CN=".length());
  }

  Path privateFile(String name, String text) throws IOException {
    Path path = Files.writeString(directory.resolve(name), text);
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
  }

  /** A revocation list, DER. */
  byte[] list(Instant nextUpdate, BigInteger... serials) throws Exception {
    return list(nextUpdate, false, serials);
  }

  /** A revocation list, DER; perhaps only what is new since another one, RFC 5280 §5.2.4. */
  byte[] list(Instant nextUpdate, boolean delta, BigInteger... serials) throws Exception {
    return list(Instant.now().minus(DAY.multipliedBy(10)), nextUpdate, delta, serials);
  }

  /** The same, made at another time than ten days ago. */
  byte[] list(Instant thisUpdate, Instant nextUpdate, boolean delta, BigInteger... serials)
      throws Exception {
    var builder = new JcaX509v2CRLBuilder(certificate, Date.from(thisUpdate));
    builder.setNextUpdate(Date.from(nextUpdate));
    for (BigInteger lost : serials) {
      builder.addCRLEntry(lost, new Date(), 0);
    }
    if (delta) {
      builder.addExtension(Extension.deltaCRLIndicator, true, new CRLNumber(BigInteger.ONE));
    }
    return new JcaX509CRLConverter()
        .getCRL(
            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())))
        .getEncoded();
  }

  static TlsFiles withList(TlsFiles files, Path list) {
    return new TlsFiles(files.authority(), files.certificate(), files.key(), list);
  }

  static KeyPair ec() {
    return pair("EC", 256);
  }

  static KeyPair pair(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  static String pem(String type, byte[] der) throws IOException {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(new PemObject(type, der));
    }
    return text.toString();
  }

  /** Runs a witness; fails unless its status is the expected one; its output. */
  static String run(Path directory, int status, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != status) {
      process.destroyForcibly();
      throw new AssertionError(String.join(" ", command) + ":\n" + output);
    }
    return output;
  }
}
