package org.kagemusha.daemon.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLException;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.daemon.config.TlsFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One host's credentials as they were read; for any thread. */
public final class TlsCredentials {

  private static final Logger log = LoggerFactory.getLogger(TlsCredentials.class);

  private static final String PROTOCOL = "TLSv1.3";
  private static final List<String> CIPHERS =
      List.of("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256");

  /**
   * One second more than a ticket may live. RFC 8446 §4.6.1: "Servers MUST NOT use any value
   * greater than 604800 seconds (7 days)"; so the JDK's server, told to keep sessions for longer,
   * sends no NewSessionTicket at all, and there is nothing to resume.
   */
  private static final long NO_TICKETS_SECONDS = 604_800 + 1;

  /** RFC 5280 §4.2.1.12. */
  private static final String ANY_USE = "2.5.29.37.0";

  private static final String SERVER_USE = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT_USE = "1.3.6.1.5.5.7.3.2";

  private final TlsFiles files;
  private final List<X509Certificate> chain;
  private final PrivateKey key;
  private final PeerTrust trust;
  private final RevocationLists revoked;
  private final PeerIdentity identity;
  private SslContext server;

  private TlsCredentials(
      TlsFiles files,
      PrivateKey key,
      List<X509Certificate> chain,
      PeerTrust trust,
      RevocationLists revoked)
      throws SSLException {
    this.files = files;
    this.key = key;
    this.chain = chain;
    this.trust = trust;
    this.revoked = revoked;
    this.identity = PeerIdentities.of(chain.get(0));
    // If the platform refuses, it does so here and not at the first connection.
    client();
  }

  /**
   * Reads and checks: readable, in force, key and certificate together. Files in {@code
   * $CREDENTIALS_DIRECTORY} are guarded by systemd; any other key must be its owner's alone.
   *
   * @throws CredentialException if they cannot be used
   */
  public static TlsCredentials load(TlsFiles files) throws CredentialException {
    String credentials = System.getenv("CREDENTIALS_DIRECTORY");
    boolean guarded =
        credentials != null
            && !credentials.isEmpty()
            && files.key().startsWith(Path.of(credentials));
    return load(files, guarded, Instant.now());
  }

  static TlsCredentials load(TlsFiles files, boolean guarded, Instant now)
      throws CredentialException {
    List<X509Certificate> authorities = CertificateFile.authorities(files.authority(), now);
    List<X509Certificate> chain = CertificateFile.own(files.certificate(), now);
    PrivateKey key = PrivateKeyFile.read(files.key(), guarded);
    if (!belongTogether(key, chain.get(0).getPublicKey())) {
      throw new CredentialException(
          files.key() + ": the private key is not that of the first certificate in "
              + files.certificate() + " (" + PeerIdentities.subject(chain.get(0))
              + "); expected the two that were made together");
    }
    RevocationLists revoked =
        files.revoked() == null
            ? RevocationLists.none()
            : RevocationLists.read(files.revoked(), authorities, now);
    if (revoked.contain(chain.get(0))) {
      log.warn(
          "this host's own certificate was revoked, others will refuse it file={} crl={}",
          files.certificate(),
          files.revoked());
    }
    try {
      PeerTrust trust = new PeerTrust(authorities, revoked);
      String doubt = trust.doubt(chain, now);
      if (doubt != null) {
        log.warn(
            "this host's own certificate is not of the authorities that it trusts, others may refuse"
                + " it file={} ca={} cause={}",
            files.certificate(),
            files.authority(),
            doubt);
      }
      return new TlsCredentials(files, key, chain, trust, revoked);
    } catch (GeneralSecurityException | SSLException e) {
      throw new CredentialException(
          files.certificate() + ": TLS cannot be set up with it: " + e.getMessage(), e);
    }
  }

  /** Says whether a private key is that of a public key. */
  static boolean belongTogether(PrivateKey key, PublicKey publicKey) {
    if (!key.getAlgorithm().equals(publicKey.getAlgorithm())) {
      return false;
    }
    if (key instanceof RSAKey half && publicKey instanceof RSAKey otherHalf) {
      return half.getModulus().equals(otherHalf.getModulus());
    }
    byte[] message = {1, 2, 3};
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(key);
      signature.update(message);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(message);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private SslContextBuilder common(SslContextBuilder builder) {
    return builder
        .sslProvider(SslProvider.JDK)
        .protocols(PROTOCOL)
        .ciphers(CIPHERS)
        .trustManager(trust)
        .sessionCacheSize(1)
        .sessionTimeout(NO_TICKETS_SECONDS);
  }

  /**
   * TLS 1.3 only, the client's certificate demanded, no session is resumed. Made at the first call:
   * a mobile node, which is never a server, does without the classes.
   */
  public synchronized SslContext server() {
    if (server == null) {
      try {
        server =
            common(SslContextBuilder.forServer(new OwnKeyManager(key, chain)))
                .clientAuth(ClientAuth.REQUIRE)
                .build();
      } catch (SSLException e) {
        throw new IllegalStateException("TLS cannot be set up as a server", e);
      }
    }
    return server;
  }

  /**
   * TLS 1.3 only, with this host's certificate, no session is resumed: each call makes a new
   * context, which remembers none. The server's name is checked by RFC 2818 §3.1; an engine that
   * was not told the name therefore fails.
   */
  public SslContext client() {
    try {
      return common(SslContextBuilder.forClient().keyManager(new OwnKeyManager(key, chain)))
          .endpointIdentificationAlgorithm("HTTPS")
          .build();
    } catch (SSLException e) {
      throw new IllegalStateException("the same was built before", e);
    }
  }

  /** One connection's handler at the Home Agent Controller. */
  public SslHandler serverHandler(ByteBufAllocator allocator) {
    return server().newHandler(allocator);
  }

  /**
   * One connection's handler at a mobile node.
   *
   * @param serverName what the server's certificate must name: a DNS name, or an IPv6 or IPv4
   *     address in any text form, which must stand among its subject alternative names
   * @param port the server's TCP port
   */
  public SslHandler clientHandler(ByteBufAllocator allocator, String serverName, int port) {
    String bare =
        serverName.startsWith("[") && serverName.endsWith("]")
            ? serverName.substring(1, serverName.length() - 1)
            : serverName;
    return client().newHandler(allocator, PeerIdentities.address(bare), port);
  }

  /**
   * Makes sure that peers will take this host for a server, and that it can be one.
   *
   * @throws CredentialException if the certificate's Extended Key Usage says otherwise, or the
   *     platform refuses
   */
  public void requireServerUse() throws CredentialException {
    requireUse(SERVER_USE, "serverAuth (certtool: tls_www_server)");
    try {
      server();
    } catch (IllegalStateException e) {
      throw new CredentialException(
          files.certificate() + ": TLS cannot be set up with it: " + e.getCause().getMessage(), e);
    }
  }

  /**
   * Makes sure that peers will take this host for a client.
   *
   * @throws CredentialException if the certificate's Extended Key Usage says otherwise
   */
  public void requireClientUse() throws CredentialException {
    requireUse(CLIENT_USE, "clientAuth (certtool: tls_www_client)");
  }

  private void requireUse(String use, String name) throws CredentialException {
    List<String> uses;
    try {
      uses = chain.get(0).getExtendedKeyUsage();
    } catch (CertificateParsingException e) {
      throw new CredentialException(
          files.certificate() + ": damaged Extended Key Usage; expected " + name, e);
    }
    if (uses != null && !uses.contains(use) && !uses.contains(ANY_USE)) {
      throw new CredentialException(
          files.certificate() + ": the certificate of " + identity.subject()
              + " is for another role; expected Extended Key Usage " + name);
    }
  }

  /** Who this host is by its own certificate. */
  public PeerIdentity identity() {
    return identity;
  }

  /** Says whether a revocation list names a certificate; by issuer and serial number. */
  public boolean isRevoked(PeerIdentity peer) {
    return revoked.contain(peer.issuer(), peer.serial());
  }
}
