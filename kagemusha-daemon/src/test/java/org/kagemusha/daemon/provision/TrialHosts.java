package org.kagemusha.daemon.provision;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.kagemusha.core.provisioning.Ciphersuite;
import org.kagemusha.core.provisioning.Grant;
import org.kagemusha.core.provisioning.ProvisioningRequest;
import org.kagemusha.core.wire.Ipv6Address;
import org.kagemusha.core.wire.Ipv6Prefix;
import org.kagemusha.daemon.config.TlsFiles;
import org.kagemusha.daemon.tls.TlsCredentials;
import org.kagemusha.daemon.tls.TrialAuthority;
import org.kagemusha.daemon.tls.TrialRole;

/** An authority, what it issues, and the JDK's own TLS as a peer that is none of ours. */
final class TrialHosts {

  static final Ipv6Address HOME = Ipv6Address.parse("2001:db8:2000::10");

  private static final Duration DAY = Duration.ofDays(1);

  private final Path directory;
  private final TrialAuthority authority;

  TrialHosts(Path directory, String name) throws Exception {
    this.directory = directory;
    authority = TrialAuthority.create(directory, name, DAY);
  }

  /** Files of a host, with the authority's revocation list. */
  TlsFiles files(String name, TrialRole role, Duration validity, String... names)
      throws Exception {
    TrialAuthority.Issued issued = authority.issue(name, List.of(names), role, validity);
    return new TlsFiles(
        TrialAuthority.certificateFile(directory),
        issued.certificateFile(),
        issued.keyFile(),
        TrialAuthority.revocationFile(directory));
  }

  TlsCredentials host(String name) throws Exception {
    return TlsCredentials.load(files(name, TrialRole.HOST, DAY));
  }

  TlsFiles homeAgentFiles(String... names) throws Exception {
    return files("home-agent", TrialRole.HOME_AGENT, DAY, names);
  }

  void revoke(String name) throws Exception {
    authority.revoke(directory.resolve(name + "-cert.pem"));
  }

  /** The JDK's TLS with a certificate, or with none (null); it trusts everybody. */
  static SSLContext context(TlsFiles files) throws Exception {
    KeyManager[] keys = null;
    if (files != null) {
      X509Certificate certificate;
      try (InputStream stream = Files.newInputStream(files.certificate())) {
        certificate =
            (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(stream);
      }
      String pem = Files.readString(files.key()).replaceAll("-----[^-]*-----|\\s", "");
      PrivateKey key =
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("own", key, new char[0], new X509Certificate[] {certificate});
      KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
      factory.init(store, new char[0]);
      keys = factory.getKeyManagers();
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {new Trusting()}, null);
    return context;
  }

  private static final class Trusting implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  /** A TLS connection from a loopback address; nothing is said yet. */
  static SSLSocket connect(SSLContext context, InetSocketAddress server) throws Exception {
    SSLSocket socket =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(
                    server.getAddress(), server.getPort(), InetAddress.getLoopbackAddress(), 0);
    socket.setSoTimeout(20_000);
    return socket;
  }

  static ProvisioningRequest request() {
    return new ProvisioningRequest(
        "vm1@hv-a.example",
        List.of(HOME),
        Ipv6Address.parse("2001:db8:3000::5"),
        true,
        List.of(Ciphersuite.AES_256_GCM, Ciphersuite.AES_128_GCM));
  }

  static Grant grant() {
    byte[] one = new byte[Ciphersuite.AES_256_GCM.encryption().keyOctets()];
    byte[] other = one.clone();
    Arrays.fill(one, (byte) 0x55);
    Arrays.fill(other, (byte) 0xaa);
    return new Grant(
        0x1234567, Ciphersuite.AES_256_GCM, one, other, true,
        Ipv6Address.parse("2001:db8:2000::1"), Ipv6Prefix.parse("2001:db8:2000::/64"),
        List.of(HOME), 3600, 1L << 32, 1L << 36, 4500);
  }
}
