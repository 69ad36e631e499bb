package org.kagemusha.daemon.tls;

import java.util.Locale;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** What a trial's certificate is for: its Extended Key Usage, RFC 5280 §4.2.1.12. */
public enum TrialRole {
  /** A hypervisor: TLS client. */
  HOST(KeyPurposeId.id_kp_clientAuth),
  /** A home agent: TLS server. */
  HOME_AGENT(KeyPurposeId.id_kp_serverAuth),
  /** Both on one machine. */
  BOTH(KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_serverAuth);

  private final KeyPurposeId[] purposes;

  TrialRole(KeyPurposeId... purposes) {
    this.purposes = purposes;
  }

  KeyPurposeId[] purposes() {
    return purposes.clone();
  }

  /** The word on the command line: {@code host}, {@code home-agent}, {@code both}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
