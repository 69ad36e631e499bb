package org.kagemusha.daemon.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBufAllocator;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.daemon.LogLines;
import org.kagemusha.daemon.config.TlsFiles;

/** Files that serve, and files that do not: the message names file, problem and remedy. */
class TlsCredentialsTest {

  @TempDir Path directory;
  private TestPki pki;
  private TlsFiles good;

  @BeforeEach
  void issue() throws Exception {
    pki = new TestPki(directory, "Test CA");
    good = pki.leaf("hv-a").names("dns:hv-a.example", "dns:ha").write();
  }

  private static void assertRefused(TlsFiles files, Path named, String... words) {
    CredentialException error =
        assertThrows(CredentialException.class, () -> TlsCredentials.load(files));
    String message = error.getMessage();
    assertTrue(message.startsWith(named + ": "), message);
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
    assertTrue(message.contains("expected ") || message.contains("chmod "), message);
    assertFalse(message.contains("\n"), message);
  }

  private TlsFiles withKey(Path key) {
    return new TlsFiles(good.authority(), good.certificate(), key, null);
  }

  private TlsFiles withCertificate(Path certificate) {
    return new TlsFiles(good.authority(), certificate, good.key(), null);
  }

  private TlsFiles withAuthority(Path authority) {
    return new TlsFiles(authority, good.certificate(), good.key(), null);
  }

  private Path file(String name, String text) throws Exception {
    return pki.privateFile(name, text);
  }

  private List<TlsFiles> withEach(Path path) {
    return List.of(
        withKey(path), withCertificate(path), withAuthority(path), TestPki.withList(good, path));
  }

  @Test
  void goodFilesAreRead() throws Exception {
    PeerIdentity identity = TlsCredentials.load(good).identity();
    assertEquals("CN=hv-a", identity.subject());
    assertTrue(identity.serial().matches("[0-9a-f]+"));
    assertFalse(TlsCredentials.load(good).isRevoked(identity));
  }

  @Test
  void missingFilesAreTold() {
    Path none = directory.resolve("none.pem");
    withEach(none).forEach(files -> assertRefused(files, none, "no such file or directory"));
  }

  @Test
  void directoriesAreTold() throws Exception {
    Path folder = Files.createDirectory(directory.resolve("folder"));
    withEach(folder).forEach(files -> assertRefused(files, folder, "directory"));
  }

  @Test
  void emptyFilesAreTold() throws Exception {
    Path empty = file("empty.pem", "");
    withEach(empty).forEach(files -> assertRefused(files, empty, "empty"));
  }

  @Test
  void otherTextIsTold() throws Exception {
    Path text = file("text.pem", "This is no certificate.\n");
    withEach(text).forEach(files -> assertRefused(files, text, "no PEM block"));
  }

  @Test
  void damagedBlocksAreTold() throws Exception {
    for (String type : List.of("CERTIFICATE", "PRIVATE KEY", "X509 CRL")) {
      for (String body : List.of("AAAA", "MAA=", "!!!!", "")) {
        Path damaged =
            file("damaged.pem", "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type
                + "-----\n");
        withEach(damaged).forEach(files -> assertRefused(files, damaged));
        Path open = file("open.pem", "-----BEGIN " + type + "-----\n" + body + "\n");
        withEach(open).forEach(files -> assertRefused(files, open));
      }
    }
  }

  @Test
  void blocksOfTheWrongTypeAreTold() throws Exception {
    assertRefused(withKey(keyless(good.certificate())), directory.resolve("copy.pem"),
        "a private key");
    assertRefused(withCertificate(good.key()), good.key(), "PRIVATE KEY", "certificate");
    assertRefused(withAuthority(good.key()), good.key(), "PRIVATE KEY", "authorities");
    assertRefused(
        TestPki.withList(good, good.certificate()), good.certificate(), "CERTIFICATE",
        "revocation");
  }

  private Path keyless(Path certificate) throws Exception {
    return file("copy.pem", Files.readString(certificate));
  }

  @Test
  void aKeyInDerIsTold() throws Exception {
    Path der = file("key.der", "");
    Files.write(der, TestPki.ec().getPrivate().getEncoded());
    assertRefused(withKey(der), der, "found DER", "-inform DER");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r--r--", "rw-r-----", "rw----r--"})
  void aKeyThatOthersCanReadIsRefused(String mode) throws Exception {
    Files.setPosixFilePermissions(good.key(), PosixFilePermissions.fromString(mode));
    assertRefused(good, good.key(), "others than its owner", "chmod 600");
    TlsCredentials.load(good, true, Instant.now());
  }

  @Test
  void aFileThatMayNotBeReadIsTold() throws Exception {
    Files.setPosixFilePermissions(good.key(), PosixFilePermissions.fromString("---------"));
    assumeTrue(!Files.isReadable(good.key()), "root reads everything");
    assertRefused(good, good.key(), "permission denied");
  }

  @Test
  void theKeyOfAnotherCertificateIsTold() throws Exception {
    Path other = pki.leaf("hv-b").write().key();
    assertRefused(withKey(other), other, "not that of", good.certificate().toString(), "CN=hv-a");
    Path rsa =
        file(
            "rsa.pem",
            TestPki.pem("PRIVATE KEY", TestPki.pair("RSA", 2048).getPrivate().getEncoded()));
    assertRefused(withKey(rsa), rsa, "not that of");
  }

  @Test
  void anExpiredCertificateIsToldWithItsEnd() throws Exception {
    Instant end = Instant.parse("2020-02-03T04:05:06Z");
    TlsFiles files = pki.leaf("hv-old").between(end.minus(TestPki.DAY), end).write();
    assertRefused(
        files, files.certificate(), "CN=hv-old", "expired at 2020-02-03T04:05:06Z", "renewed");
  }

  @Test
  void aCertificateOfTheFutureIsToldWithItsBegin() throws Exception {
    Instant begin = Instant.parse("2045-02-03T04:05:06Z");
    TlsFiles files = pki.leaf("hv-new").between(begin, begin.plus(TestPki.DAY)).write();
    assertRefused(
        files, files.certificate(), "CN=hv-new", "only from 2045-02-03T04:05:06Z", "clock");
  }

  @Test
  void aCertificateThatMayNotSignIsTold() throws Exception {
    TlsFiles files = pki.leaf("hv-a").usage(KeyUsage.keyEncipherment).write();
    assertRefused(files, files.certificate(), "Key Usage", "digitalSignature");
  }

  @Test
  void aCertificateOfAnotherRoleIsToldToWhomAsks() throws Exception {
    TlsFiles files = pki.leaf("hv-a").purposes(KeyPurposeId.id_kp_clientAuth).write();
    TlsCredentials client = TlsCredentials.load(files);
    client.requireClientUse();
    String message =
        assertThrows(CredentialException.class, client::requireServerUse).getMessage();
    assertTrue(message.startsWith(files.certificate() + ": "), message);
    assertTrue(message.contains("expected Extended Key Usage serverAuth"), message);
    TlsFiles other = pki.leaf("ha").purposes(KeyPurposeId.id_kp_serverAuth).write();
    TlsCredentials server = TlsCredentials.load(other);
    server.requireServerUse();
    assertThrows(CredentialException.class, server::requireClientUse);
    for (KeyPurposeId[] purposes :
        new KeyPurposeId[][] {{}, {KeyPurposeId.anyExtendedKeyUsage}}) {
      TlsCredentials any = TlsCredentials.load(pki.leaf("any").purposes(purposes).write());
      any.requireServerUse();
      any.requireClientUse();
    }
  }

  @Test
  void anOwnCertificateOfAStrangerIsLogged() throws Exception {
    TestPki other = new TestPki(directory, "Other CA");
    TlsFiles strange = other.leaf("hv-a").write();
    try (LogLines log = new LogLines(TlsCredentials.class)) {
      TlsCredentials.load(good);
      assertEquals(List.of(), log.all());
      TlsCredentials.load(new TlsFiles(pki.file, strange.certificate(), strange.key(), null));
      assertEquals(1, log.warnings().size());
      assertTrue(
          log.warnings().get(0).contains("is not of the authorities that it trusts"),
          log.warnings().toString());
    }
  }

  @Test
  void anAuthorityMustBeOne() throws Exception {
    assertRefused(
        withAuthority(good.certificate()), good.certificate(), "no certificate authority",
        "CA:TRUE");
    X509Certificate mute =
        pki.leaf("Mute").authority().usage(KeyUsage.cRLSign)
            .signedBy(pki, "Test CA", TestPki.ec());
    Path file = file("mute.pem", TestPki.pem("CERTIFICATE", mute.getEncoded()));
    assertRefused(withAuthority(file), file, "no certificate authority", "keyCertSign");
  }

  @Test
  void anExpiredAuthorityIsLeftOutUnlessItIsTheOnlyOne() throws Exception {
    TestPki old = new TestPki(directory, "Old CA", Instant.now().minus(TestPki.DAY));
    assertRefused(withAuthority(old.file), old.file, "CN=Old CA", "expired");
    Path both = file("both.pem", Files.readString(old.file) + Files.readString(pki.file));
    try (LogLines log = new LogLines(CertificateFile.class)) {
      TlsCredentials.load(withAuthority(both));
      assertTrue(log.all().toString().contains("CN=Old CA expired"), log.all().toString());
    }
  }

  @Test
  void keysOfOtherToolsAreReadWithTextAroundThem() throws Exception {
    for (String[] make :
        new String[][] {
          {"openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
          {"openssl", "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"},
          {"openssl", "genrsa", "-traditional", "2048"},
          {"openssl", "ecparam", "-genkey", "-name", "prime256v1"},
          {"openssl", "ecparam", "-genkey", "-name", "secp384r1", "-noout"},
          {"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"}
        }) {
      String pem = TestPki.run(directory, 0, make).replaceFirst("(?s)^.*?(?=-----BEGIN)", "");
      Path key = file("key.pem", "Public Key Info:\n\tsecret: 0x30\n" + pem + "\nthe end\n");
      String name = String.join(" ", make);
      Path certificate = directory.resolve("cert.pem");
      TestPki.run(
          directory, 0, "openssl", "req", "-x509", "-new", "-key", key.toString(), "-subj",
          "/O=Example/CN=hv", "-days", "2", "-out", certificate.toString());
      TlsFiles files = new TlsFiles(good.authority(), certificate, key, null);
      assertEquals("CN=hv,O=Example", TlsCredentials.load(files).identity().subject(), name);
    }
  }

  @Test
  void keysThatCannotBeUsedAreTold() throws Exception {
    String[][] commands = {
      {"EdDSA", "openssl", "genpkey", "-algorithm", "ed25519"},
      {"EdDSA", "openssl", "genpkey", "-algorithm", "ed448"},
      {"another curve", "openssl", "ecparam", "-genkey", "-name", "secp256k1"},
      {"algorithm 1.3.101.110", "openssl", "genpkey", "-algorithm", "x25519"},
      {"password", "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-aes256", "-pass", "pass:secret"},
      {"password", "openssl", "genrsa", "-traditional", "-aes128", "-passout", "pass:secret",
        "2048"},
    };
    for (String[] command : commands) {
      String pem =
          TestPki.run(directory, 0, List.of(command).subList(1, command.length)
              .toArray(new String[0]));
      Path key = file("key.pem", pem);
      assertRefused(withKey(key), key, command[0]);
    }
  }

  @Test
  void anEddsaCertificateIsTold() throws Exception {
    TestPki.run(
        directory, 0, "openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout",
        "ed-key.pem", "-subj", "/CN=ed", "-out", "ed.pem");
    Path file = directory.resolve("ed.pem");
    assertRefused(withCertificate(file), file, "EdDSA", "ECDSA or RSA");
    assertRefused(withAuthority(file), file, "EdDSA");
  }

  @Test
  void anIntermediateAuthorityIsShownAndBelieved() throws Exception {
    TestPki below = new TestPki(directory, "Middle");
    X509Certificate middle =
        pki.leaf("Middle").authority().signedBy(pki, "Test CA", below.keys);
    TlsFiles files = below.leaf("hv").names("dns:ha").write();
    Path chain =
        file(
            "chain.pem",
            "text\n" + Files.readString(files.certificate()) + "more\n"
                + TestPki.pem("CERTIFICATE", middle.getEncoded()));
    TlsCredentials deep = TlsCredentials.load(new TlsFiles(pki.file, chain, files.key(), null));
    assertTrue(works(deep, deep));
    // A list that names the one in the middle takes all below it away.
    Path list =
        Files.write(
            directory.resolve("list.der"),
            pki.list(Instant.now().plus(TestPki.DAY), middle.getSerialNumber()));
    TlsCredentials plain = TlsCredentials.load(good);
    TlsCredentials strict = TlsCredentials.load(TestPki.withList(good, list));
    assertTrue(works(deep, plain));
    assertTrue(works(plain, strict));
    assertFalse(works(deep, strict));
  }

  private static boolean works(TlsCredentials client, TlsCredentials server) {
    return new Connection(
            client.clientHandler(ByteBufAllocator.DEFAULT, "ha", 1),
            server.serverHandler(ByteBufAllocator.DEFAULT))
        .works();
  }

  @Test
  void revocationListsAreReadInPemAndDer() throws Exception {
    BigInteger lost = new BigInteger(TlsCredentials.load(good).identity().serial(), 16);
    byte[] empty = pki.list(Instant.now().plus(TestPki.DAY));
    byte[] one = pki.list(Instant.now().plus(TestPki.DAY), lost);
    Path der = Files.write(directory.resolve("list.der"), one);
    Path pem =
        file("list.pem", "text\n" + TestPki.pem("X509 CRL", empty) + TestPki.pem("X509 CRL", one));
    for (Path list : List.of(der, pem)) {
      TlsCredentials credentials = TlsCredentials.load(TestPki.withList(good, list));
      PeerIdentity own = credentials.identity();
      assertTrue(credentials.isRevoked(own));
      assertTrue(credentials.isRevoked(renamed(own, "cn=test  ca")), "RFC 5280 section 7.1");
      assertFalse(credentials.isRevoked(renamed(own, "CN=Other CA")));
      assertFalse(credentials.isRevoked(renamed(own, "no name")));
    }
  }

  private static PeerIdentity renamed(PeerIdentity peer, String issuer) {
    return new PeerIdentity(
        peer.subject(), peer.alternativeNames(), issuer, peer.serial(), peer.notAfterMs());
  }

  @Test
  void anOutdatedListStillCountsAndIsLogged() throws Exception {
    BigInteger lost = new BigInteger(TlsCredentials.load(good).identity().serial(), 16);
    Path list =
        Files.write(
            directory.resolve("list.der"), pki.list(Instant.now().minus(TestPki.DAY), lost));
    try (LogLines log = new LogLines(RevocationLists.class)) {
      TlsCredentials credentials = TlsCredentials.load(TestPki.withList(good, list));
      assertTrue(credentials.isRevoked(credentials.identity()));
      String warnings = log.warnings().toString();
      assertTrue(warnings.contains("revocation list outdated"), warnings);
      assertTrue(warnings.contains(list.toString()), warnings);
    }
  }

  @Test
  void aListFromTheFutureStillCountsAndIsLogged() throws Exception {
    BigInteger lost = new BigInteger(TlsCredentials.load(good).identity().serial(), 16);
    Instant now = Instant.now();
    Path list =
        Files.write(
            directory.resolve("list.der"),
            pki.list(now.plus(TestPki.DAY), now.plus(TestPki.DAY.multipliedBy(2)), false, lost));
    try (LogLines log = new LogLines(RevocationLists.class)) {
      TlsCredentials credentials = TlsCredentials.load(TestPki.withList(good, list));
      assertTrue(credentials.isRevoked(credentials.identity()));
      assertEquals(1, log.warnings().size());
      assertTrue(
          log.warnings().get(0).startsWith(
              "revocation list from the future, it still counts file=" + list + " issuer="),
          log.warnings().toString());
    }
  }

  @Test
  void aHostWhoseOwnCertificateWasRevokedIsWarnedOfIt() throws Exception {
    BigInteger own = new BigInteger(TlsCredentials.load(good).identity().serial(), 16);
    Path list = directory.resolve("list.der");
    try (LogLines log = new LogLines(TlsCredentials.class)) {
      Files.write(list, pki.list(Instant.now().plus(TestPki.DAY), own.add(BigInteger.ONE)));
      TlsCredentials.load(TestPki.withList(good, list));
      assertEquals(List.of(), log.all());
      Files.write(list, pki.list(Instant.now().plus(TestPki.DAY), own));
      TlsCredentials.load(TestPki.withList(good, list));
      assertEquals(
          List.of(
              "this host's own certificate was revoked, others will refuse it file="
                  + good.certificate() + " crl=" + list),
          log.warnings());
    }
  }

  @Test
  void aListOfAStrangerIsRefused() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    for (TestPki other :
        List.of(new TestPki(elsewhere, "Other CA"), new TestPki(elsewhere, "Test CA"))) {
      Path list =
          Files.write(
              directory.resolve("list.der"), other.list(Instant.now().plus(TestPki.DAY)));
      assertRefused(TestPki.withList(good, list), list, "none of the authorities", other.name());
    }
  }

  @Test
  void rfc5280_s5_2_aListWithACriticalExtensionIsNotUsed() throws Exception {
    Path list =
        Files.write(
            directory.resolve("list.der"), pki.list(Instant.now().plus(TestPki.DAY), true));
    assertRefused(TestPki.withList(good, list), list, "not a complete one", "2.5.29.27");
  }
}
