package org.kagemusha.daemon.tls;

import java.security.cert.X509Certificate;
import org.kagemusha.core.provisioning.PeerIdentity;

/** Identities out of certificates. */
public final class PeerIdentities {

  private PeerIdentities() {}

  /** What a verified certificate says of its holder. */
  public static PeerIdentity of(X509Certificate certificate) {
    throw new IllegalStateException("skeleton");
  }
}
