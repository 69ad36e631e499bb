package org.kagemusha.daemon.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kagemusha.daemon.config.TlsFiles;

/** Whom the two ends believe. */
class HandshakeTest {

  private static final ByteBufAllocator ALLOCATOR = ByteBufAllocator.DEFAULT;
  private static final int PORT = 7872;
  private static final String SERVER = "ha.example";

  @TempDir Path directory;
  private TestPki pki;
  private TlsCredentials host;
  private TlsCredentials agent;

  @BeforeEach
  void issue() throws Exception {
    pki = new TestPki(directory, "Test CA");
    host = load(pki.leaf("hv-a").names("dns:hv-a.example").write());
    agent = load(pki.leaf("ha").names("dns:" + SERVER, "ip:2001:db8:2000::1").write());
  }

  private static TlsCredentials load(TlsFiles files) throws CredentialException {
    return TlsCredentials.load(files);
  }

  private static TlsCredentials loadAt(TlsFiles files, Instant now) throws CredentialException {
    return TlsCredentials.load(files, false, now);
  }

  private static Connection connect(TlsCredentials client, TlsCredentials server) {
    return connect(client, SERVER, server);
  }

  private static Connection connect(TlsCredentials client, String name, TlsCredentials server) {
    return new Connection(
        client.clientHandler(ALLOCATOR, name, PORT), server.serverHandler(ALLOCATOR));
  }

  private static void assertServerRefuses(Connection connection, String... words) {
    assertFalse(connection.works());
    for (String word : words) {
      assertTrue(connection.serverErrors().contains(word), connection.serverErrors());
    }
  }

  private static void assertClientRefuses(Connection connection, String... words) {
    assertFalse(connection.works());
    for (String word : words) {
      assertTrue(connection.clientErrors().contains(word), connection.clientErrors());
    }
  }

  @Test
  void bothEndsProveWhoTheyAreOverTls13() throws Exception {
    Connection connection = connect(host, agent);
    assertTrue(connection.works(), connection::clientErrors);
    assertEquals("TLSv1.3", connection.serverSession().getProtocol());
    assertEquals("TLS_AES_256_GCM_SHA384", connection.serverSession().getCipherSuite());
    assertEquals(host.identity(), PeerIdentities.of(connection.serverSession()));
    assertEquals(agent.identity(), PeerIdentities.of(connection.clientSession()));
    assertEquals("CN=hv-a", host.identity().subject());
    assertEquals("CN=Test CA", host.identity().issuer());
    assertEquals(List.of("dns:hv-a.example"), host.identity().alternativeNames());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        SERVER, "HA.Example", "2001:db8:2000::1", "2001:DB8:2000:0:0:0:0:1",
        "2001:0db8:2000:0000:0000:0000:0.0.0.1", "[2001:db8:2000::1]"
      })
  void theServersNameMatchesInAnyTextForm(String name) {
    Connection connection = connect(host, name, agent);
    assertTrue(connection.works(), connection::clientErrors);
  }

  @ParameterizedTest
  @ValueSource(strings = {"other.example", "2001:db8:2000::2", "192.0.2.1", "ha"})
  void aServerOfAnotherNameIsRefused(String name) {
    assertClientRefuses(connect(host, name, agent), "certificate refused subject=\"CN=ha\"");
  }

  @Test
  void withoutAServerNameNobodyIsBelieved() {
    assertFalse(
        new Connection(host.client().newHandler(ALLOCATOR), agent.serverHandler(ALLOCATOR))
            .works());
  }

  @Test
  void anExpiredCertificateIsRefused() throws Exception {
    Instant end = Instant.now().minus(TestPki.DAY);
    TlsFiles files =
        pki.leaf("hv-old").names("dns:" + SERVER).between(end.minus(TestPki.DAY), end).write();
    TlsCredentials old = loadAt(files, end.minusSeconds(60));
    assertServerRefuses(connect(old, agent), "subject=\"CN=hv-old\"", "it expired at");
    assertClientRefuses(connect(host, old), "subject=\"CN=hv-old\"", "it expired at");
  }

  @Test
  void aCertificateThatIsNotYetValidIsRefused() throws Exception {
    Instant begin = Instant.now().plusSeconds(3600);
    TlsFiles files =
        pki.leaf("hv-new").names("dns:" + SERVER).between(begin, begin.plusSeconds(9)).write();
    TlsCredentials early = loadAt(files, begin.plusSeconds(1));
    assertServerRefuses(connect(early, agent), "subject=\"CN=hv-new\"", "it is valid only from");
    assertClientRefuses(connect(host, early), "subject=\"CN=hv-new\"", "it is valid only from");
  }

  @Test
  void aRevokedCertificateIsRefused() throws Exception {
    byte[] list =
        pki.list(
            Instant.now().plus(TestPki.DAY),
            new BigInteger(host.identity().serial(), 16),
            new BigInteger(agent.identity().serial(), 16));
    Path file = Files.write(directory.resolve("list.der"), list);
    TlsCredentials strictAgent =
        load(TestPki.withList(pki.leaf("ha2").names("dns:" + SERVER).write(), file));
    TlsCredentials strictHost = load(TestPki.withList(pki.leaf("hv-b").write(), file));
    assertServerRefuses(connect(host, strictAgent), "subject=\"CN=hv-a\"", "it was revoked");
    Connection other = connect(strictHost, agent);
    assertClientRefuses(other, "subject=\"CN=ha\"", "it was revoked");
    assertServerRefuses(other, "certificate_revoked");
    assertTrue(connect(strictHost, strictAgent).works());
    assertTrue(strictAgent.isRevoked(host.identity()));
    assertFalse(strictAgent.isRevoked(strictHost.identity()));
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefused() throws Exception {
    TestPki other = new TestPki(directory, "Other CA");
    TlsFiles files = other.leaf("hv-a").names("dns:" + SERVER).write();
    TlsCredentials stranger =
        load(new TlsFiles(pki.file, files.certificate(), files.key(), null));
    assertServerRefuses(
        connect(stranger, agent), "issuer=\"CN=Other CA\"", "no authority that is trusted here");
    assertClientRefuses(
        connect(host, stranger), "issuer=\"CN=Other CA\"", "no authority that is trusted here");
  }

  @Test
  void anAuthorityOfTheSameNameIsNotTheSame() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    TlsFiles files = new TestPki(elsewhere, "Test CA").leaf("hv-a").names("dns:" + SERVER).write();
    TlsCredentials stranger =
        load(new TlsFiles(pki.file, files.certificate(), files.key(), null));
    assertServerRefuses(connect(stranger, agent), "certificate refused");
    assertClientRefuses(connect(host, stranger), "certificate refused");
  }

  @Test
  void anAuthorityThatExpiresWhileWeRunIsNotBelievedAnyLonger() throws Exception {
    Instant end = Instant.now().minusSeconds(60);
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    TestPki ended = new TestPki(elsewhere, "Ended CA", end);
    Instant before = end.minusSeconds(60);
    TlsCredentials one = loadAt(ended.leaf("hv-a").write(), before);
    TlsCredentials two = loadAt(ended.leaf("ha").names("dns:" + SERVER).write(), before);
    assertClientRefuses(connect(one, two), "the authority that issued it has expired");
  }

  @Test
  void theExtendedKeyUsageMustBeThatOfTheRole() throws Exception {
    TlsCredentials clientOnly =
        load(
            pki.leaf("client").names("dns:" + SERVER).purposes(KeyPurposeId.id_kp_clientAuth)
                .write());
    TlsCredentials serverOnly =
        load(
            pki.leaf("server").names("dns:" + SERVER).purposes(KeyPurposeId.id_kp_serverAuth)
                .write());
    assertTrue(connect(clientOnly, serverOnly).works());
    assertServerRefuses(
        connect(serverOnly, agent), "subject=\"CN=server\"", "TLS client authentication");
    assertClientRefuses(
        connect(host, clientOnly), "subject=\"CN=client\"", "TLS server authentication");
  }

  @Test
  void rfc5280_s4_2_1_12_withoutExtendedKeyUsageAnyPurposeIsAllowed() throws Exception {
    TlsCredentials any =
        load(pki.leaf("any").names("dns:" + SERVER).purposes().usage(null).write());
    assertTrue(connect(any, any).works());
  }

  @Test
  void rsaKeysServeAsWell() throws Exception {
    TlsCredentials rsa =
        load(pki.leaf("rsa").names("dns:" + SERVER).keys(TestPki.pair("RSA", 2048)).write());
    assertTrue(connect(rsa, rsa).works());
  }

  private SslContextBuilder stranger() {
    return SslContextBuilder.forClient().sslProvider(SslProvider.JDK)
        .trustManager(pki.certificate);
  }

  @Test
  void aClientWithoutACertificateIsRefused() throws Exception {
    SslHandler anonymous = stranger().build().newHandler(ALLOCATOR, SERVER, PORT);
    assertServerRefuses(
        new Connection(anonymous, agent.serverHandler(ALLOCATOR)), "Empty client certificate");
  }

  @Test
  void olderProtocolsAreRefused() throws Exception {
    SslHandler old = stranger().protocols("TLSv1.2").build().newHandler(ALLOCATOR, SERVER, PORT);
    Connection connection = new Connection(old, agent.serverHandler(ALLOCATOR));
    assertServerRefuses(connection, "TLSv1.2");
    assertTrue(connection.clientErrors().contains("protocol_version"), connection::clientErrors);
  }

  /** Believes everybody, and counts how often a certificate was shown. */
  private static final class Counting implements X509TrustManager {
    private final AtomicInteger shown = new AtomicInteger();

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      shown.incrementAndGet();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      shown.incrementAndGet();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  private static SslContext ordinaryServer(TlsFiles files, Counting trust) throws Exception {
    return SslContextBuilder.forServer(files.certificate().toFile(), files.key().toFile())
        .sslProvider(SslProvider.JDK)
        .clientAuth(ClientAuth.REQUIRE)
        .trustManager(trust)
        .build();
  }

  @Test
  void theServerResumesNoSessionOfAClientThatWould() throws Exception {
    TlsFiles files = pki.leaf("ha").names("dns:" + SERVER).write();
    TlsCredentials ours = load(files);
    Counting ofOurs = new Counting();
    Counting ofOrdinary = new Counting();
    SslContextBuilder client =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.JDK)
            .endpointIdentificationAlgorithm("")
            .keyManager(files.certificate().toFile(), files.key().toFile());
    SslContext toOurs = client.trustManager(ofOurs).build();
    SslContext toOrdinary = client.trustManager(ofOrdinary).build();
    SslContext ordinary = ordinaryServer(files, new Counting());
    for (int i = 0; i < 3; i++) {
      assertTrue(
          new Connection(
                  toOurs.newHandler(ALLOCATOR, SERVER, PORT), ours.serverHandler(ALLOCATOR))
              .works());
      assertTrue(
          new Connection(
                  toOrdinary.newHandler(ALLOCATOR, SERVER, PORT), ordinary.newHandler(ALLOCATOR))
              .works());
    }
    assertEquals(1, ofOrdinary.shown.get(), "an ordinary server is resumed");
    assertEquals(3, ofOurs.shown.get());
  }

  @Test
  void theClientResumesNoSessionOfAServerThatWould() throws Exception {
    Counting seen = new Counting();
    SslContext ordinary = ordinaryServer(pki.leaf("ha").names("dns:" + SERVER).write(), seen);
    for (int i = 0; i < 3; i++) {
      assertTrue(
          new Connection(
                  host.clientHandler(ALLOCATOR, SERVER, PORT), ordinary.newHandler(ALLOCATOR))
              .works());
    }
    assertEquals(3, seen.shown.get());
  }
}
