package org.kagemusha.daemon.tls;

import io.netty.handler.ssl.SslContext;
import org.kagemusha.core.provisioning.PeerIdentity;
import org.kagemusha.daemon.config.TlsFiles;

/** One host's credentials as they were read; immutable, for any thread. */
public final class TlsCredentials {

  private TlsCredentials() {}

  /**
   * Reads and checks: readable, in force, key and certificate together.
   *
   * @throws CredentialException if they cannot be used
   */
  public static TlsCredentials load(TlsFiles files) throws CredentialException {
    throw new CredentialException("skeleton");
  }

  /** TLS 1.3 only, the client's certificate demanded, no session is resumed. */
  public SslContext server() {
    throw new IllegalStateException("skeleton");
  }

  /** TLS 1.3 only, with this host's certificate, no session is resumed. */
  public SslContext client() {
    throw new IllegalStateException("skeleton");
  }

  /** Who this host is by its own certificate. */
  public PeerIdentity identity() {
    throw new IllegalStateException("skeleton");
  }

  /** Says whether a revocation list names a certificate; by issuer and serial number. */
  public boolean isRevoked(PeerIdentity peer) {
    throw new IllegalStateException("skeleton");
  }
}
